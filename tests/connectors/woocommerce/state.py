"""What a WooCommerce store holds, and its rules. Written from the v3 documentation and the source of WooCommerce: what
moves `date_modified`, when a refund completes an order, what a webhook carries, how WordPress reads times."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from hub.domain.outgoing import Kind

KEY = "ck_4f1d0c8a6f5b4d7e9a2b3c4d5e6f7a8b9c0d1e2f"
SECRET = "cs_9b8a7c6d5e4f3a2b1c0d9e8f7a6b5c4d3e2f1a0b"
HOOK_SECRET = "lantern-walnut-8842-quartz"

STATUSES = ("pending", "processing", "on-hold", "completed", "cancelled", "refunded", "failed", "checkout-draft")
REFUNDING = frozenset({"stripe", "woocommerce_payments"})
"""Gateways that can give money back."""


class Fault(Exception):
    """An error as WordPress words it."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


@dataclass(frozen=True)
class Posted:
    """A delivery as the store would post it to one webhook."""

    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Store:
    """One store. `clock` is its time; it moves only when a test moves it."""

    zone: str = "UTC"
    clock: datetime = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
    orders: dict[int, dict[str, Any]] = field(default_factory=dict)
    refunds: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    notes: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    products: dict[int, dict[str, Any]] = field(default_factory=dict)
    webhooks: dict[int, dict[str, Any]] = field(default_factory=dict)
    effects: list[tuple[Kind, str]] = field(default_factory=list)
    posted: list[Posted] = field(default_factory=list)
    emails: list[str] = field(default_factory=list)
    ignore_stock: bool = False
    ids: int = 9000

    def next_id(self) -> int:
        self.ids += 1
        return self.ids

    # ------------------------------------------------------------ orders

    def add_order(self, order: dict[str, Any], topic: str = "order.created") -> int:
        """An order that was placed; its times are kept where it brings them."""
        made = {"status": "processing", "refunds": [], "meta_data": [], **order}
        made.setdefault("id", self.next_id())
        self.orders[made["id"]] = made
        if "date_modified_gmt" not in made:
            self._stamp(made, "date_created")
            self.touch(made)
        self.tell(topic, made["id"])
        return int(made["id"])

    def change(self, order_id: int, **changes: Any) -> dict[str, Any]:
        """Somebody saves the order."""
        order = self.orders[order_id]
        if changes.get("status") == "completed" and not order.get("date_completed_gmt"):
            self._stamp(order, "date_completed")
        order.update(changes)
        self.touch(order)
        self.tell("order.updated", order_id)
        return order

    def touch(self, order: dict[str, Any]) -> None:
        self._stamp(order, "date_modified")

    def _stamp(self, order: dict[str, Any], name: str) -> None:
        local = self.clock.astimezone(ZoneInfo(self.zone))
        order[name] = local.strftime("%Y-%m-%dT%H:%M:%S")
        order[f"{name}_gmt"] = self.clock.strftime("%Y-%m-%dT%H:%M:%S")

    def trash(self, order_id: int) -> None:
        """Into the trash: no list shows it but the trash's own, and a webhook tells its number."""
        self.orders[order_id]["status"] = "trash"
        self.touch(self.orders[order_id])
        self.tell("order.deleted", order_id)

    def write(self, order_id: int, body: Mapping[str, Any], reference: str) -> dict[str, Any]:
        """PUT /orders/{id}: status and meta data, which replaces what has the same key."""
        if "status" in body and body["status"] not in STATUSES:
            raise Fault(400, "rest_invalid_param", "Invalid parameter(s): status")
        order = self.orders[order_id]
        before = len(_records(order))
        for entry in body.get("meta_data", ()):
            rest = [kept for kept in order["meta_data"] if kept["key"] != entry["key"]]
            order["meta_data"] = [*rest, {"id": self.next_id(), **entry}]
        changes = {"status": body["status"]} if "status" in body else {}
        for _ in range(len(_records(order)) - before):
            self.effects.append((Kind.PUSH_SHIPMENT, reference))
        if changes.get("status") == "cancelled":
            self.effects.append((Kind.PUSH_CANCELLATION, reference))
        if changes.get("status") == "completed" and order["status"] != "completed":
            self.emails.append(f"completed {order_id}")
        return self.change(order_id, **changes)

    def note(self, order_id: int, body: Mapping[str, Any], reference: str) -> dict[str, Any]:
        if not body.get("note"):
            raise Fault(400, "rest_missing_callback_param", "Missing parameter(s): note")
        made = {
            "id": self.next_id(),
            "author": "system",
            "date_created_gmt": self.clock.strftime("%Y-%m-%dT%H:%M:%S"),
            "note": body["note"],
            "customer_note": bool(body.get("customer_note")),
        }
        self.notes.setdefault(order_id, []).append(made)
        if made["customer_note"]:
            self.emails.append(f"note {order_id}")
        if not body["note"].startswith("Shipped"):
            self.effects.append((Kind.PUSH_STATUS, reference))
        return made

    # ------------------------------------------------------------ refunds

    def refund(self, order_id: int, body: Mapping[str, Any], reference: str = "") -> dict[str, Any]:
        """wc_create_refund: more than is left is refused, a gateway that cannot refuses too, all of it back makes the
        order refunded, and the order is modified."""
        order, amount = self.orders[order_id], Decimal(str(body.get("amount", 0)))
        left = Decimal(order["total"]) + sum(Decimal(row["total"]) for row in order["refunds"])
        if amount < 0 or amount > left:
            raise Fault(500, "woocommerce_rest_cannot_create_order_refund", "Invalid refund amount.")
        if body.get("api_refund", True) and order.get("payment_method") not in REFUNDING:
            why = "The payment gateway for this order does not support automatic refunds."
            raise Fault(500, "woocommerce_rest_cannot_create_order_refund", why)
        known = {line["id"] for line in order["line_items"]}
        lines = [self._refunded(line) for line in body.get("line_items", ()) if line["id"] in known]
        made = {
            "id": self.next_id(),
            "date_created_gmt": self.clock.strftime("%Y-%m-%dT%H:%M:%S"),
            "amount": str(amount),
            "reason": body.get("reason") or "",
            "refunded_payment": bool(body.get("api_refund", True)),
            "restocked": bool(body.get("api_restock", True)),
            "line_items": lines,
        }
        self.refunds.setdefault(order_id, []).append(made)
        order["refunds"] = [{"id": made["id"], "reason": made["reason"], "total": f"-{amount}"}, *order["refunds"]]
        if reference:
            self.effects.append((Kind.PUSH_REFUND if amount else Kind.PUSH_CANCELLATION, reference))
        self.change(order_id, **({"status": "refunded"} if amount == left else {}))
        return made

    def _refunded(self, line: Mapping[str, Any]) -> dict[str, Any]:
        taxes = [{"id": tax["id"], "total": f"-{tax['refund_total']}"} for tax in line.get("refund_tax", ())]
        return {
            "id": self.next_id(),
            "quantity": -line.get("quantity", 0),
            "total": f"-{line['refund_total']}",
            "taxes": taxes,
            "meta_data": [{"id": self.next_id(), "key": "_refunded_item_id", "value": str(line["id"])}],
        }

    # ------------------------------------------------------------ stock and products

    def stock(self, product_id: int, body: Mapping[str, Any], reference: str) -> dict[str, Any]:
        product = self.products[product_id]
        if not self.ignore_stock:
            product |= {"manage_stock": body["manage_stock"], "stock_quantity": body["stock_quantity"]}
        self.effects.append((Kind.PUSH_STOCK, reference))
        return product

    # ------------------------------------------------------------ webhooks

    def tell(self, topic: str, order_id: int) -> None:
        """What WC_Webhook::deliver posts to each active webhook of the topic, once."""
        for hook in self.webhooks.values():
            if hook["topic"] == topic and hook["status"] == "active":
                body = json.dumps({"id": order_id} if topic == "order.deleted" else self.orders[order_id])
                self.posted.append(self.delivery(hook, topic, body.encode()))

    def delivery(self, hook: Mapping[str, Any], topic: str, body: bytes) -> Posted:
        second = str(int(self.clock.timestamp()))
        signature = base64.b64encode(hmac.new(hook["secret"].encode(), body, hashlib.sha256).digest()).decode()
        return Posted(
            hook["delivery_url"],
            {
                "content-type": "application/json",
                "x-wc-webhook-source": "https://shop.example/",
                "x-wc-webhook-topic": topic,
                "x-wc-webhook-resource": topic.partition(".")[0],
                "x-wc-webhook-event": topic.partition(".")[2],
                "x-wc-webhook-signature": signature,
                "x-wc-webhook-id": str(hook["id"]),
                "x-wc-webhook-delivery-id": hashlib.md5(f"{hook['id']}{second}".encode()).hexdigest(),
            },
            body,
        )

    def fails(self, hook_id: int) -> None:
        """A delivery was not answered with 2xx, 301 or 302."""
        hook = self.webhooks[hook_id]
        if hook["failures"] > 5:
            hook["status"] = "disabled"
        else:
            hook["failures"] += 1


def _records(order: Mapping[str, Any]) -> list[Any]:
    return [it for entry in order["meta_data"] if entry["key"] == "_crossdock_shipments" for it in entry["value"]]


# ---------------------------------------------------------------- times, as WordPress reads them


def understood(text: str, zone: str) -> str:
    """WP_Date_Query: a time without an offset is the site's own, one with an offset is converted to it; a time that the
    site's clocks skip is moved on, as PHP does. What is compared is the result's face, whichever column is meant."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise Fault(400, "rest_invalid_param", "Invalid parameter(s): modified_after") from None
    place = ZoneInfo(zone)
    local = at.astimezone(place) if at.tzinfo else at.replace(tzinfo=place).astimezone(UTC).astimezone(place)
    return local.strftime("%Y-%m-%dT%H:%M:%S")


def changed_after(order: Mapping[str, Any], query: Mapping[str, str], zone: str) -> bool:
    """Whether `modified_after` lets an order through: later than, not at."""
    if "modified_after" not in query:
        return True
    column = "date_modified_gmt" if query.get("dates_are_gmt") == "true" else "date_modified"
    return bool(order[column] > understood(query["modified_after"], zone))


def seconds(count: int) -> timedelta:
    return timedelta(seconds=count)


def ordered(orders: Iterable[dict[str, Any]], query: Mapping[str, str]) -> list[dict[str, Any]]:
    """By the column and direction that are asked for; newest first without."""
    names = {"date": "date_created_gmt", "modified": "date_modified_gmt", "id": "id"}
    if query.get("orderby", "date") not in names or query.get("order", "desc") not in ("asc", "desc"):
        raise Fault(400, "rest_invalid_param", "Invalid parameter(s): orderby")
    column = names[query.get("orderby", "date")]
    found = sorted(orders, key=lambda order: (order.get(column, ""), order["id"]))
    return found if query.get("order") == "asc" else found[::-1]
