"""What one demo store knows: its orders, stock and subscriptions, and what may happen to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.demo_store.server.goods import GOODS, price
from connectors.demo_store.server.orders import Document, stamp, variant_id
from connectors.demo_store.server.stores import Store
from connectors.playing.manners import Effects, Refused
from hub.domain.money import major, minor
from hub.domain.outgoing import Kind

Tell = Callable[[str, Document], None]


class Books:
    """The state of one store. `tell(topic, body)` is called for what its webhooks should say. Returns: `returning`."""

    def __init__(self, store: Store, tell: Tell, now: Callable[[], datetime]) -> None:
        self.store = store
        self.orders: dict[str, Document] = {}
        self.flaws: dict[str, str] = {}
        self.hooks: dict[str, Document] = {}
        self.stock: dict[str, Document] = {}
        self.effects = Effects()
        self._range = {variant_id(store, good) for good in GOODS}
        self.tell = tell
        self._now = now

    # ------------------------------------------------------------ reading

    def changed(self, since: str, after: str, limit: int) -> Document:
        """One page of orders by (updated_at, id); `after` is the mark that the page before gave as `next`."""
        floor = tuple(after.split("|", 1)) if after else (since, "")
        ranked = sorted((order["updated_at"], order["id"]) for order in self.orders.values())
        behind = [mark for mark in ranked if mark > floor and mark[0] >= since]
        more = "|".join(behind[limit - 1]) if len(behind) > limit else None
        return {"orders": [self.orders[mark[1]] for mark in behind[:limit]], "next": more}

    def products(self, after: str, limit: int) -> Document:
        """One page of the range."""
        currency = self.store.currency
        rows = [
            {
                "id": variant_id(self.store, good),
                "sku": good.sku,
                "title": good.title,
                "gtin": good.gtin,
                "price": major(price(good, currency), currency),
                "currency": currency,
                "weight_grams": good.grams,
            }
            for good in GOODS
        ]
        rows = [row for row in rows if str(row["id"]) > after]
        return {"products": rows[:limit], "next": rows[limit - 1]["id"] if len(rows) > limit else None}

    def find(self, order_id: str) -> Document:
        """An order by its id. Raises `Refused`."""
        if order_id not in self.orders:
            raise Refused(404, f"no order {order_id}")
        return self.orders[order_id]

    # ------------------------------------------------------------ what the store's own people and buyers do

    def touch(self, order: Document) -> str:
        """Marks a change; an order's revisions never share a time."""
        last = datetime.fromisoformat(order["updated_at"])
        order["updated_at"] = stamp(max(self._now(), last + timedelta(milliseconds=1)))
        return str(order["updated_at"])

    def pay(self, order: Document) -> None:
        """The buyer pays what was pending."""
        word = self.store.words["payment.captured"]
        order["status"] = self.store.words["open"]
        order["payment_status"] = order["payments"][0]["status"] = word
        self.touch(order)
        self.tell("order.paid", order)

    def give_up(self, order: Document, reason: str) -> None:
        """The buyer cancels, unless the goods have left already."""
        if order["shipments"] or order["cancelled_at"]:
            return
        at = self._mark_cancelled(order, reason)
        self.tell("order.cancelled", {"order_id": order["id"], "cancelled_at": at, "reason": reason})

    def _mark_cancelled(self, order: Document, reason: str) -> str:
        order["status"], order["cancel_reason"] = self.store.words["cancelled"], reason
        order["cancelled_at"] = at = self.touch(order)
        for item in order["items"]:
            item["cancelled"] = item["quantity"] - item["shipped"]
        return at

    # ------------------------------------------------------------ what the API is asked to do

    def do(self, what: str, subject: str, key: str, body: Document) -> Document:
        """Makes a change once, however often it is asked for under `key`. Raises `Refused`."""
        if what not in ACTIONS:
            raise Refused(404, f"there is no {what}")
        kind, action = ACTIONS[what]
        return self.effects.once(kind, key, {"subject": subject, **body}, lambda: action(self, subject, body))

    def ship(self, order_id: str, body: Document) -> Document:
        """Records a shipment with its tracking number."""
        order = self.find(order_id)
        if order["cancelled_at"]:
            raise Refused(409, f"{order_id} is cancelled")
        lines = {item["id"]: item for item in order["items"]}
        units = self._units(order, body.get("items"))
        for line, count in units.items():
            lines[line]["shipped"] += count
        shipment = {
            "id": f"shp_{order_id}_{len(order['shipments']) + 1}",
            "items": units,
            "carrier": text(body, "carrier"),
            "tracking_number": text(body, "tracking_number"),
            "shipped_at": text(body, "shipped_at"),
        }
        order["shipments"].append(shipment)
        if all(item["shipped"] + item["cancelled"] >= item["quantity"] for item in order["items"]):
            order["status"] = self.store.words["shipped"]
        self._echo("shipment.created", {"order_id": order_id, "created_at": self.touch(order), "shipment": shipment})
        return {"id": shipment["id"], "status": "created"}

    def set_status(self, order_id: str, body: Document) -> Document:
        """Keeps a status; those that the store has a word for become the order's own."""
        order, status = self.find(order_id), text(body, "status")
        if status in self.store.words:
            order["status"] = self.store.words[status]
            self.touch(order)
        return {"id": f"{order_id}:{status}", "status": status}

    def set_stock(self, variant: str, body: Document) -> Document:
        """Keeps the level with the highest version."""
        if variant not in self._range:
            raise Refused(404, f"no variant {variant}")
        known = self.stock.get(variant, {"version": -1})
        if int(body["version"]) > known["version"]:
            self.stock[variant] = {name: body[name] for name in ("sku", "available", "version")}
        return {"id": variant, "status": str(self.stock[variant]["available"])}

    def cancel(self, order_id: str, body: Document) -> Document:
        """Cancels the whole order or some units, as long as they have not left."""
        order, reason = self.find(order_id), str(body.get("reason", ""))
        units = self._units(order, body.get("items") or None)
        for item in order["items"]:
            item["cancelled"] += units.get(item["id"], 0)
        told = {"order_id": order_id, "cancelled_at": "", "reason": reason, "items": units}
        if all(item["cancelled"] >= item["quantity"] for item in order["items"]):
            told["cancelled_at"] = self._mark_cancelled(order, reason)
        else:
            told["cancelled_at"] = self.touch(order)
        self._echo("order.cancelled", told)
        return {"id": f"can_{order_id}", "status": "cancelled"}

    def refund(self, order_id: str, body: Document) -> Document:
        """Gives money back, never more than was paid."""
        order, currency = self.find(order_id), self.store.currency
        if body.get("currency") != currency:
            raise Refused(422, f"{order_id} was paid in {currency}")
        back = minor(text(body, "amount"), currency)
        before = order.setdefault("refunded", 0)
        if back <= 0 or before + back > minor(order["total"], currency):
            raise Refused(422, "a refund cannot be more than was paid")
        order["refunded"] = before + back
        refund = {"id": f"ref_{order_id}_{before + back}", "order_id": order_id, "created_at": self.touch(order)}
        self._echo("refund.created", {**refund, **{name: body[name] for name in ("amount", "currency")}})
        return {"id": refund["id"], "status": "refunded"}

    def _echo(self, topic: str, body: Document) -> None:
        if self.store.echoes:
            self.tell(topic, body)

    def _units(self, order: Document, asked: Mapping[str, Any] | None) -> dict[str, int]:
        """Units by line, all that is open when none are named. Raises `Refused` for more than there are."""
        free = {item["id"]: item["quantity"] - item["shipped"] - item["cancelled"] for item in order["items"]}
        units = {line: int(count) for line, count in (asked or free).items() if asked or count}
        if not units:
            raise Refused(409, f"nothing of {order['id']} is open any more")
        for line, count in units.items():
            if not 0 < count <= free.get(line, 0):
                raise Refused(422, f"{line}: {count} units asked for, {free.get(line, 0)} are open")
        return units


ACTIONS: Mapping[str, tuple[Kind, Callable[[Books, str, Document], Document]]] = {
    "shipments": (Kind.PUSH_SHIPMENT, Books.ship),
    "status": (Kind.PUSH_STATUS, Books.set_status),
    "stock": (Kind.PUSH_STOCK, Books.set_stock),
    "cancellations": (Kind.PUSH_CANCELLATION, Books.cancel),
    "refunds": (Kind.PUSH_REFUND, Books.refund),
}
"""Last part of the path → what is recorded, and how."""


def text(body: Document, name: str) -> str:
    """A field that must be there. Raises `Refused`."""
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise Refused(422, f"{name} is required")
    return value


def utc(text: str) -> str:
    """A time of a query as a stamp; empty stays empty. Raises `Refused`."""
    try:
        return stamp(datetime.fromisoformat(text).astimezone(UTC)) if text else ""
    except ValueError:
        raise Refused(422, f"{text!r} is not a time") from None
