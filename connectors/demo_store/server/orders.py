"""Makes believable orders from a seed: exact sums, real addresses, and on request a few that have something wrong."""

from __future__ import annotations

import random
import re
from datetime import datetime
from typing import Any, NamedTuple

from connectors.demo_store.server import people
from connectors.demo_store.server.goods import GOODS, Good, price
from connectors.demo_store.server.stores import Store
from hub.domain.money import major

FLAWS = ("bad_postcode", "no_house_number", "unknown_sku", "payment_pending", "cancelled_soon")

Document = dict[str, Any]


class Made(NamedTuple):
    """A new order, and what is wrong with it: one of `FLAWS`, or nothing."""

    order: Document
    flaw: str


class Customers:
    """The buyers of one store; the same seed gives the same orders. Numbers run from `first`."""

    def __init__(self, store: Store, seed: int, *, first: int = 1001, flawed: float = 0.0) -> None:
        self._store = store
        self._rng = random.Random(f"{store.key}:{seed}")  # noqa: S311 - a demo's customers, no secret
        self._next = first
        self._flawed = flawed

    def buy(self, now: datetime) -> Made:
        """The next order, placed at `now`."""
        number, self._next = self._next, self._next + 1
        home = people.address(self._rng, self._rng.choice(self._store.countries))
        order = self._order(number, home, now)
        flaw = self._rng.choice(FLAWS) if self._rng.random() < self._flawed else ""
        if flaw:
            spoil(order, flaw, self._store)
        elif self._store.pays_late:
            leave_unpaid(order, self._store)
        return Made(order, flaw)

    def _order(self, number: int, home: Document, now: datetime) -> Document:
        store = self._store
        goods = self._rng.sample(GOODS, k=self._rng.choice((1, 1, 1, 2, 2, 3)))
        items = [self._item(f"{number}-{place}", good) for place, good in enumerate(goods, 1)]
        charges = [self._shipping(items)]
        tax = sum(part["tax"] for part in (*items, *charges))
        due = sum(item["unit_price"] * item["quantity"] - item["discount"] for item in items)
        due += sum(charge["amount"] - charge["discount"] for charge in charges)
        due += 0 if store.tax_included else tax
        paid = "payment.captured" if store.captures else "payment.authorized"
        payment = {"id": f"pay_{store.key}_{number}", "gateway": "demo_payments", "status": store.words[paid]}
        order: Document = {
            "id": f"ord_{store.key}_{number}",
            "number": f"{store.key[:2].upper()}-{number}",
            "created_at": stamp(now),
            "updated_at": stamp(now),
            "currency": store.currency,
            "total": due,
            "tax": tax,
            "tax_included": store.tax_included,
            "status": store.words["open"],
            "payment_status": store.words[paid],
            "customer": people.customer(self._rng, home, number),
            "shipping_address": home,
            "billing_address": home,
            "items": items,
            "charges": charges,
            "payments": [{**payment, "amount": due, "last4": f"{self._rng.randrange(10_000):04}"}],
            "risks": [{"level": "low", "source": "Demo Guard"}] if self._rng.random() < 0.3 else [],
            "shipments": [],
            "cancelled_at": None,
            "cancel_reason": "",
        }
        return in_major_units(order)

    def _item(self, line: str, good: Good) -> Document:
        quantity, each = self._rng.choice((1, 1, 1, 2, 3)), price(good, self._store.currency)
        tenth = self._store.discounts and self._rng.random() < 0.3
        discount = quantity * each // 10 if tenth else 0
        return {
            "id": f"line_{line}",
            "title": good.title,
            "sku": good.sku,
            "variant_id": variant_id(self._store, good),
            "quantity": quantity,
            "unit_price": each,
            "discount": discount,
            "tax": tax_on(quantity * each - discount, self._store),
            "cancelled": 0,
            "shipped": 0,
            "weight_grams": good.grams,
        }

    def _shipping(self, items: list[Document]) -> Document:
        """Shipping costs about a small bowl's third, and nothing above five of them where a store gives discounts."""
        bowl = price(GOODS[2], self._store.currency)
        worth = sum(item["unit_price"] * item["quantity"] for item in items)
        amount = bowl // 3
        discount = amount if self._store.discounts and worth > 5 * bowl else 0
        tax = tax_on(amount - discount, self._store)
        return {"kind": "shipping", "title": "Standard", "amount": amount, "discount": discount, "tax": tax}


def tax_on(amount: int, store: Store) -> int:
    """The tax on `amount`, or inside it where prices include tax; half a unit rounds up."""
    base = 1000 + store.tax_permille if store.tax_included else 1000
    return (2 * amount * store.tax_permille + base) // (2 * base)


def in_major_units(order: Document) -> Document:
    """`order` with its integer amounts as the decimal strings of the API."""
    currency = order["currency"]
    for part in (order, *order["items"], *order["charges"], *order["payments"]):
        for name in ("total", "tax", "unit_price", "discount", "amount"):
            if name in part:
                part[name] = major(part[name], currency)
    return order


def spoil(order: Document, flaw: str, store: Store) -> None:
    """Gives `order` the flaw; cancelled_soon shows only later."""
    address = order["shipping_address"]
    if flaw == "bad_postcode":
        address["postcode"] = "12"
    elif flaw == "no_house_number":
        address["street"] = " ".join(re.sub(r"[\d\-]+", " ", address["street"]).split()).strip(" ,")
    elif flaw == "unknown_sku":
        order["items"][0].update(sku="MYSTERY-1", title="Mystery box", variant_id="var_unknown")
    elif flaw == "payment_pending":
        leave_unpaid(order, store)


def leave_unpaid(order: Document, store: Store) -> None:
    """The buyer has ordered and not paid."""
    order["status"] = store.words["pending"]
    order["payment_status"] = order["payments"][0]["status"] = store.words["payment.pending"]


def variant_id(store: Store, good: Good) -> str:
    """The store's own id of a thing that it sells."""
    return f"var_{store.key}_{GOODS.index(good) + 1:03}"


def stamp(at: datetime) -> str:
    """A time as the API writes it: UTC, milliseconds, so that stamps sort as text."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
