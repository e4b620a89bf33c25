"""What the double's shop knows, and what may happen to it: Vendure's default processes, as its source documents them.

Sources: `default-order-process.ts`, `default-fulfillment-process.ts`, `order-line.entity.ts`, and a Vendure 3.7.3 that
was asked. `updatedAt` of an order moves when its totals change, and not with its state, payments or fulfillments.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.connectors.vendure.engine import Failed

Node = dict[str, Any]

START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)

ORDER_MOVES = {
    "PaymentAuthorized": ("PaymentSettled", "Cancelled", "Modifying", "ArrangingAdditionalPayment"),
    "PaymentSettled": (
        "PartiallyDelivered", "Delivered", "PartiallyShipped", "Shipped", "Cancelled", "Modifying",
        "ArrangingAdditionalPayment",
    ),
    "PartiallyShipped": ("Shipped", "PartiallyDelivered", "Cancelled", "Modifying"),
    "Shipped": ("PartiallyDelivered", "Delivered", "Cancelled", "Modifying"),
    "PartiallyDelivered": ("Delivered", "Cancelled", "Modifying"),
    "Delivered": ("Cancelled",),
}  # fmt: skip
FULFILLMENT_MOVES = {
    "Created": ("Pending",),
    "Pending": ("Shipped", "Delivered", "Cancelled"),
    "Shipped": ("Delivered", "Cancelled"),
    "Delivered": ("Cancelled",),
}
ADDRESS = {
    "fullName": "Ada Byron", "company": None, "streetLine1": "Hauptstr. 1", "streetLine2": None, "city": "Berlin",
    "province": None, "postalCode": "10115", "countryCode": "DE", "phoneNumber": "+4930123456",
}  # fmt: skip
NOWHERE = dict.fromkeys(ADDRESS)


def iso(at: datetime) -> str:
    """As Vendure writes times."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Shop:
    """One shop. `at` is its clock: it moves by what happens, and by `pass_time`."""

    def __init__(self) -> None:
        self.at = START
        self.orders: dict[str, Node] = {}
        self.variants: dict[str, Node] = {}
        self.ids = itertools.count(1)
        for number, (sku, price) in enumerate((("POT-S", 2499), ("POT-L", 3950), ("CUP-1", 725)), 1):
            self.add_variant(str(number), sku, price)

    def pass_time(self, seconds: float = 1.0) -> datetime:
        """Lets the clock run."""
        self.at += timedelta(seconds=seconds)
        return self.at

    def now(self) -> str:
        """Whole seconds, as a shop on SQLite or an old MySQL keeps them."""
        return iso(self.at.replace(microsecond=0))

    def next_id(self) -> str:
        return str(next(self.ids))

    def add_variant(self, number: str, sku: str, price: int, on_hand: int = 100) -> Node:
        """A thing for sale, stocked at both locations."""
        levels = [{"stockLocationId": at, "stockOnHand": on_hand, "stockAllocated": 0} for at in ("1", "2")]
        self.variants[number] = {
            "id": number, "sku": sku, "name": f"Thing {sku}", "price": price, "priceWithTax": round(price * 1.19),
            "currencyCode": "EUR", "stockLevels": levels,
        }  # fmt: skip
        return self.variants[number]

    # ---------------------------------------------------------------- orders

    def place(self, lines: Sequence[tuple[str, int]], state: str = "PaymentSettled", **more: Any) -> Node:
        """An order that a buyer places now; an empty `state` leaves it a cart. `more` replaces fields."""
        order_id = self.next_id()
        order: Node = {
            "id": order_id, "code": f"CODE{order_id:0>12}", "state": state or "AddingItems", "type": "Regular",
            "active": not state, "orderPlacedAt": iso(self.at) if state else None, "updatedAt": self.now(),
            "currencyCode": "EUR", "lines": [self._line(variant, count) for variant, count in lines],
            "customer": {
                "id": "9", "firstName": "Ada", "lastName": "Byron", "emailAddress": "ada@example.com",
                "phoneNumber": None,
            },
            "shippingAddress": dict(ADDRESS), "billingAddress": dict(NOWHERE), "surcharges": [], "payments": [],
            "fulfillments": [], "history": [], "shipping": 500,
        } | more  # fmt: skip
        self.orders[order_id] = order
        if state:
            self._pay(order, "Settled" if state == "PaymentSettled" else "Authorized")
            for entry in ("ORDER_STATE_TRANSITION", "ORDER_PAYMENT_TRANSITION", "ORDER_STATE_TRANSITION"):
                self.note(order, entry)
        return order

    def _line(self, variant: str, count: int) -> Node:
        self.level(variant)["stockAllocated"] += count
        return {"id": self.next_id(), "variant": variant, "quantity": count, "placed": count, "discount": 0}

    def _pay(self, order: Node, state: str) -> None:
        order["payments"].append({
            "id": self.next_id(), "updatedAt": self.now(), "method": "card", "amount": gross(order, self),
            "state": state, "transactionId": f"tx-{order['id']}", "refunds": [],
        })  # fmt: skip

    def level(self, variant: str) -> Node:
        """Stock at the first location, which orders are taken from."""
        level: Node = self.variants[variant]["stockLevels"][0]
        return level

    def note(self, order: Node, kind: str, data: Node | None = None) -> None:
        """An entry of the history."""
        order["history"].append({"id": self.next_id(), "createdAt": self.now(), "type": kind, "data": data or {}})

    def find(self, order_id: str) -> Node:
        if order_id not in self.orders:
            raise Failed("ENTITY_NOT_FOUND", f'No Order with the id "{order_id}" could be found')
        return self.orders[order_id]

    def move(self, order: Node, state: str) -> None:
        """The order's state: nothing but its history tells when."""
        order["state"] = state
        self.note(order, "ORDER_STATE_TRANSITION", {"to": state})

    def settle(self, order: Node) -> None:
        """The merchant takes the money that was authorized."""
        for payment in order["payments"]:
            payment |= {"state": "Settled", "updatedAt": self.now()}
        self.note(order, "ORDER_PAYMENT_TRANSITION")
        self.move(order, "PaymentSettled")


# ---------------------------------------------------------------- what it comes to


def gross(order: Node, shop: Shop) -> int:
    """`totalWithTax`."""
    return sum(priced(line, shop)["proratedLinePriceWithTax"] for line in order["lines"]) + int(order["shipping"])


def net(order: Node, shop: Shop) -> int:
    """`total`; shipping bears no tax here."""
    return sum(priced(line, shop)["proratedLinePrice"] for line in order["lines"]) + int(order["shipping"])


def priced(line: Node, shop: Shop) -> Node:
    """The prices of a line: list prices are net, discounts are for the units that were ordered."""
    unit, count = int(shop.variants[line["variant"]]["price"]), int(line["quantity"])
    left = unit - (line["discount"] / line["placed"] if count else 0)
    return {
        "unitPrice": unit, "unitPriceWithTax": half_up(unit * 1.19),
        "linePrice": unit * count, "linePriceWithTax": half_up(unit * 1.19 * count),
        "proratedUnitPrice": half_up(left), "proratedUnitPriceWithTax": half_up(left * 1.19),
        "proratedLinePrice": half_up(left * count), "proratedLinePriceWithTax": half_up(left * 1.19 * count),
    }  # fmt: skip


def half_up(value: float) -> int:
    """`Math.round`."""
    return int(value + 0.5)
