"""What one Medusa shop knows, and what may happen to it: rules and refusals as in @medusajs/core-flows 2.21."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from connectors.playing.manners import Refused
from tests.connectors.medusa.documents import Document, restate
from tests.connectors.medusa.totals import decorate


class Shop:
    """The state. `now` moves a second with each change; `effects`: (what, reference) of all that was done."""

    def __init__(self) -> None:
        self.orders: dict[str, Document] = {}
        self.variants: dict[str, Document] = {}
        self.options: dict[str, Document] = {"so_01": {"id": "so_01", "shipping_profile_id": "sp_01"}}
        self.effects: list[tuple[str, str]] = []
        self.default_location: str | None = None
        self._now = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
        self._made = 0

    def now(self) -> str:
        """The time of a change."""
        self._now += timedelta(seconds=1)
        return self._now.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def add(self, order: Document) -> str:
        """Puts an order into the shop; returns its id."""
        self.orders[order["id"]] = order
        return str(order["id"])

    def order(self, order_id: str) -> Document:
        """An order that is there."""
        if order_id not in self.orders:
            raise Refused(404, f"Order id not found: {order_id}")
        return self.orders[order_id]

    def _id(self, prefix: str) -> str:
        self._made += 1
        return f"{prefix}_{self._made:026d}"

    def _moved(self, order: Document) -> None:
        order["updated_at"], order["version"] = self.now(), order["version"] + 1
        restate(decorate(order))

    # ---------------------------------------------------------------- goods

    def pack(self, order_id: str, body: Document) -> None:
        """POST …/fulfillments."""
        known(body, {"items"}, {"location_id", "no_notification", "metadata", "shipping_option_id", "additional_data"})
        order = self.order(order_id)
        lines = {item["id"]: item for item in order["items"]}
        if order["status"] == "canceled":
            raise Refused(400, f"Order with id {order_id} has been canceled.")
        if not body["items"]:
            raise Refused(400, "No items to fulfill")
        strange = [given["id"] for given in body["items"] if given["id"] not in lines]
        if strange:
            raise Refused(400, f"Items with ids {', '.join(strange)} does not exist in order with id {order_id}.")
        if len({lines[given["id"]]["requires_shipping"] for given in body["items"]}) > 1:
            raise Refused(400, "Fulfillment can only be created entirely with items with shipping or items without "
                               "shipping. Split this request into 2 fulfillments.")  # fmt: skip
        ways = [way["shipping_option_id"] for way in order["shipping_methods"]] or ["so_01"]
        profile = self.options[body.get("shipping_option_id") or ways[0]]["shipping_profile_id"]
        for given in body["items"]:
            line = lines[given["id"]]
            if line["requires_shipping"] and line["variant"]["product"]["shipping_profile"]["id"] != profile:
                raise Refused(400, f"Shipping profile {profile} does not match the shipping profile of the order item")
        for given in body["items"]:
            left = lines[given["id"]]["quantity"] - lines[given["id"]]["detail"]["fulfilled_quantity"]
            if given["quantity"] > left:
                raise Refused(400, f"Quantity to fulfill exceeds the reserved quantity for the item: {given['id']}")
        for given in body["items"]:
            lines[given["id"]]["detail"]["fulfilled_quantity"] += given["quantity"]
        order["fulfillments"].append(self._fulfillment(body, lines))
        self._moved(order)

    def _fulfillment(self, body: Document, lines: dict[str, Document]) -> Document:
        at = self.now()
        packed = [
            {
                "id": self._id("fulit"), "line_item_id": given["id"],
                "inventory_item_id": part["inventory_item_id"],
                "quantity": given["quantity"] * part["required_quantity"],
            }
            for given in body["items"]
            for part in (lines[given["id"]]["variant"] or {}).get("inventory_items") or ()
        ]  # fmt: skip
        return {
            "id": self._id("ful"), "provider_id": "manual_manual", "created_at": at, "updated_at": at, "packed_at": at,
            "shipped_at": None, "delivered_at": None, "canceled_at": None, "metadata": body.get("metadata"),
            "items": packed, "labels": [], "location_id": body.get("location_id"), "told": None,
        }  # fmt: skip

    def ship(self, order_id: str, fulfillment_id: str, body: Document) -> None:
        """POST …/shipments."""
        known(body, {"items"}, {"labels", "no_notification", "metadata", "additional_data"})
        order, fulfillment = self.order(order_id), self._of(order_id, fulfillment_id)
        for label in body.get("labels", ()):
            known(label, {"tracking_number", "tracking_url", "label_url"}, set())
            if any(label[url] not in ("", "#") and urlsplit(label[url]).scheme not in ("http", "https")
                   for url in ("tracking_url", "label_url")):  # fmt: skip
                raise Refused(400, "URL must use http: or https: scheme")
        if fulfillment["shipped_at"]:
            raise Refused(400, "Shipment has already been created")
        at = self.now()
        fulfillment |= {"shipped_at": at, "updated_at": at, "told": not body.get("no_notification", False)}
        fulfillment["labels"] = [{"id": self._id("fulla")} | label for label in body.get("labels", ())]
        self._count(order, fulfillment, "shipped_quantity")

    def deliver(self, order_id: str, fulfillment_id: str, body: Document) -> None:
        """POST …/mark-as-delivered."""
        known(body, set(), {"no_notification"})
        order, fulfillment = self.order(order_id), self._of(order_id, fulfillment_id)
        if fulfillment["delivered_at"]:
            raise Refused(400, "Fulfillment has already been marked delivered")
        fulfillment["delivered_at"] = fulfillment["updated_at"] = self.now()
        self._count(order, fulfillment, "delivered_quantity")

    def unpack(self, order_id: str, fulfillment_id: str, body: Document) -> None:
        """POST …/fulfillments/{id}/cancel."""
        known(body, set(), {"no_notification", "additional_data"})
        order, fulfillment = self.order(order_id), self._of(order_id, fulfillment_id)
        if fulfillment["shipped_at"]:
            raise Refused(400, f"Cannot cancel a shipped fulfillment: {fulfillment_id}")
        fulfillment["canceled_at"] = fulfillment["updated_at"] = self.now()
        self._count(order, fulfillment, "fulfilled_quantity", -1)

    def _of(self, order_id: str, fulfillment_id: str) -> Document:
        for each in self.order(order_id)["fulfillments"]:
            if each["id"] == fulfillment_id:
                return dict_of(each)
        raise Refused(400, f"Fulfillment with id {fulfillment_id} not found in the order")

    def _count(self, order: Document, fulfillment: Document, field: str, sign: int = 1) -> None:
        for item in order["items"]:
            for packed in fulfillment["items"]:
                if packed["line_item_id"] == item["id"]:
                    needs = {p["inventory_item_id"]: p["required_quantity"] for p in item["variant"]["inventory_items"]}
                    item["detail"][field] += sign * packed["quantity"] // needs[packed["inventory_item_id"]]
                    break
        self._moved(order)

    # ---------------------------------------------------------------- money

    def capture(self, order_id: str, amount: float | None = None) -> None:
        """A person captures the order's payments, whole or in part: the order's own `updated_at` does not move."""
        order = self.order(order_id)
        for collection in order["payment_collections"]:
            for payment in collection["payments"]:
                taken, at = payment["amount"] if amount is None else amount, self.now()
                payment["captures"].append({"id": self._id("capt"), "amount": taken, "created_at": at})
                collection["updated_at"] = at
        restate(order)

    def refund(self, payment_id: str, body: Document) -> Document:
        """POST /admin/payments/{id}/refund. Writes a credit line as its shadow, and so moves the order."""
        known(body, set(), {"amount", "refund_reason_id", "note"})
        order, collection, payment = self._payment(payment_id)
        amount = body.get("amount", payment["amount"])
        if not isinstance(amount, int | float) or amount <= 0:
            raise Refused(400, "Refund amount must be greater than 0.")
        taken = sum(each["amount"] for each in payment["captures"])
        if round(taken - sum(each["amount"] for each in payment["refunds"]) - amount, 4) < 0:
            raise Refused(400, "You are not allowed to refund more than the captured amount")
        refund = {"id": self._id("ref"), "amount": amount, "note": body.get("note"), "created_at": self.now()}
        payment["refunds"].append(refund | {"refund_reason": None})
        collection["updated_at"] = self.now()
        credit = {"id": self._id("ordcl"), "amount": amount, "reference": "payment_collection"}
        order["credit_lines"].append(credit | {"reference_id": collection["id"]})
        self._moved(order)
        return payment

    def _payment(self, payment_id: str) -> tuple[Document, Document, Document]:
        for order in self.orders.values():
            for collection in order["payment_collections"]:
                for payment in collection["payments"]:
                    if payment["id"] == payment_id:
                        return order, collection, payment
        raise Refused(404, f"Payment with id: {payment_id} was not found")

    def cancel(self, order_id: str) -> None:
        """POST …/cancel: voids what was authorized, refunds what was captured."""
        order = self.order(order_id)
        if order["status"] == "canceled":
            raise Refused(400, f"Order with id {order_id} has been canceled.")
        if any(not each["canceled_at"] for each in order["fulfillments"]):
            raise Refused(400, "All fulfillments must be canceled before canceling an order")
        for payment in [p for collection in order["payment_collections"] for p in collection["payments"]]:
            taken = sum(each["amount"] for each in payment["captures"])
            left = taken - sum(each["amount"] for each in payment["refunds"])
            if left > 0:
                self.refund(payment["id"], {"amount": left})
            elif not taken:
                payment["canceled_at"] = payment["updated_at"] = self.now()
        order["status"], order["canceled_at"] = "canceled", self.now()
        self._moved(order)

    # ---------------------------------------------------------------- stock

    def level(self, item_id: str, location_id: str, stocked: int, *, new: bool) -> None:
        """POST /admin/inventory-items/{id}/location-levels, and …/{location_id}."""
        for levels in self._levels(item_id):
            there = [each for each in levels if each["location_id"] == location_id]
            if new and there:
                raise Refused(400, f"Inventory level with item_id: {item_id}, location_id: {location_id} exists")
            if not new and not there:
                raise Refused(404, f"Inventory level for item {item_id} and location {location_id} not found")
            if new:
                levels.append({"location_id": location_id, "stocked_quantity": stocked, "reserved_quantity": 0})
            else:
                there[0]["stocked_quantity"] = stocked
            return
        raise Refused(404, f"InventoryItem with id: {item_id} was not found")

    def _levels(self, item_id: str) -> Iterable[list[Document]]:
        for variant in self.variants.values():
            for part in variant["inventory_items"]:
                if part["inventory_item_id"] == item_id:
                    yield part["inventory"]["location_levels"]


def known(body: Document, needed: set[str], allowed: set[str]) -> None:
    """Medusa's validators are strict: what is missing and what is unknown is refused."""
    for name in sorted(needed - body.keys()):
        raise Refused(400, f"Invalid request: Field '{name}' is required")
    strange = body.keys() - needed - allowed
    if strange:
        raise Refused(400, f"Invalid request: Unrecognized fields: '{', '.join(sorted(strange))}'")


def dict_of(value: Any) -> Document:
    """`value`, known to be an object."""
    assert isinstance(value, dict)
    return value
