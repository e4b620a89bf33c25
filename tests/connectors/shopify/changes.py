"""What the mutations of the Admin API do to the double's shop, refusals included."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from graphql import GraphQLError

from hub.domain.outgoing import Kind
from tests.connectors.shopify.engine import idempotency_key
from tests.connectors.shopify.nodes import Node, fulfillment_node, gid, refund_node
from tests.connectors.shopify.state import NOW, ShopState, tail


def error(message: str, field: Sequence[str] = (), code: str | None = None) -> Node:
    """A user error; `code` for the mutations whose errors have one."""
    return {"message": message, "field": list(field) or None, "code": code}


class Changes(ShopState):
    """A shop that can be changed. Method names are those of the mutations."""

    def __init__(self, shop: str) -> None:
        super().__init__(shop)
        self._answered: dict[str, tuple[str, Node]] = {}

    def fulfillment_create(self, info: Any, fulfillment: Node, **_: Any) -> Node:
        taken: list[tuple[Node, int]] = []
        number = ""
        for part in fulfillment["lineItemsByFulfillmentOrder"]:
            found = self._open(part["fulfillmentOrderId"])
            if found is None:
                return {"userErrors": [error("Fulfillment order does not exist or is not open.", ["fulfillment"])]}
            number, order = found
            for wanted in part["fulfillmentOrderLineItems"]:
                line = next((line for line in order["lines"] if line["id"] == wanted["id"]), None)
                if line is None or not 0 < wanted["quantity"] <= line["remaining"]:
                    return {"userErrors": [error("Invalid fulfillment order line item quantity requested.")]}
                taken.append((line, wanted["quantity"]))
        made = self._fulfill(number, fulfillment, taken)
        self.did(Kind.PUSH_SHIPMENT)
        return {"fulfillment": fulfillment_node(made), "userErrors": []}

    def _open(self, gid_: str) -> tuple[str, Node] | None:
        for number, orders in self.fulfillment_orders.items():
            for order in orders:
                if order["id"] == gid_ and order["status"] in ("OPEN", "IN_PROGRESS"):
                    return number, order
        return None

    def _fulfill(self, number: str, asked: Node, taken: Sequence[tuple[Node, int]]) -> Node:
        for line, units in taken:
            line["remaining"] -= units
        for order in self.fulfillment_orders[number]:
            if not any(line["remaining"] for line in order["lines"]):
                order["status"] = "CLOSED"
        tracking = asked.get("trackingInfo") or {}
        made = {
            "id": next(self.ids),
            "order_id": int(number),
            "status": "success",
            "created_at": NOW,
            "updated_at": NOW,
            "tracking_company": tracking.get("company"),
            "tracking_number": tracking.get("number"),
            "tracking_url": tracking.get("url"),
            "line_items": [{"id": line["line"], "quantity": units} for line, units in taken],
        }
        self.orders[number]["fulfillments"].append(made)
        self.orders[number]["updated_at"] = NOW
        self.fulfillments.append(
            {
                "order_id": number,
                "tracking_number": tracking.get("number"),
                "company": tracking.get("company"),
                "url": tracking.get("url"),
                "notify": asked.get("notifyCustomer"),
                "lines": {str(line["line"]): units for line, units in taken},
            }
        )
        return made

    def fulfillment_event_create(self, info: Any, fulfillmentEvent: Node) -> Node:
        fulfillment = tail(fulfillmentEvent["fulfillmentId"])
        if not any(str(f["id"]) == fulfillment for order in self.orders.values() for f in order["fulfillments"]):
            return {"userErrors": [error("Fulfillment does not exist.")]}
        happened = fulfillmentEvent.get("happenedAt") or NOW
        made = {
            "id": gid("FulfillmentEvent", next(self.ids)),
            "status": fulfillmentEvent["status"],
            "happenedAt": happened,
        }
        self.events.setdefault(fulfillment, []).append(made)
        self.did(Kind.PUSH_STATUS)
        return {"fulfillmentEvent": made, "userErrors": []}

    def once(self, info: Any, asked: Node, make: Callable[[Node], Node]) -> Node:
        """Mandatory idempotency of 2026-04: the same key with the same input gives the first answer again."""
        key = idempotency_key(info)
        if not key:
            raise GraphQLError("The @idempotent directive is required.", extensions={"code": "BAD_REQUEST"})
        text = json.dumps(asked, sort_keys=True)
        if key in self._answered:
            before, answer = self._answered[key]
            if before != text:
                return {
                    "userErrors": [error("Key was used with other input.", code="IDEMPOTENCY_KEY_PARAMETER_MISMATCH")]
                }
            return answer
        answer: Node = make(asked)
        if not answer["userErrors"]:
            self._answered[key] = (text, answer)
        return answer

    def inventory_set(self, info: Any, input: Node) -> Node:  # noqa: A002
        return self.once(info, input, self._set)

    def _set(self, asked: Node) -> Node:
        for each in asked["quantities"]:
            place = (each["inventoryItemId"], each["locationId"])
            if place not in self.levels:
                return {"userErrors": [error("Not stocked here.", code="ITEM_NOT_STOCKED_AT_LOCATION")]}
            if "changeFromQuantity" not in each:
                return {"userErrors": [error("changeFromQuantity is required.", code="COMPARE_QUANTITY_REQUIRED")]}
            if each["changeFromQuantity"] not in (None, self.levels[place]):
                return {"userErrors": [error("Stale.", code="CHANGE_FROM_QUANTITY_STALE")]}
        for each in asked["quantities"]:
            self.levels[each["inventoryItemId"], each["locationId"]] = each["quantity"]
        self.did(Kind.PUSH_STOCK)
        return {"inventoryAdjustmentGroup": {"id": gid("InventoryAdjustmentGroup", next(self.ids))}, "userErrors": []}

    def order_cancel(self, info: Any, orderId: str, reason: str, **_: Any) -> Node:
        order = self.orders.get(tail(orderId))
        refusal = None
        if order is None:
            refusal = error("Order does not exist", code="NOT_FOUND")
        elif order.get("cancelled_at"):
            refusal = error("Order has already been cancelled", code="INVALID")
        elif any(f["status"] == "success" for f in order["fulfillments"]):
            refusal = error("Cannot cancel an order with fulfillments", code="INVALID")
        if refusal or order is None:
            return {"job": None, "orderCancelUserErrors": [refusal]}
        order |= {"cancelled_at": NOW, "cancel_reason": reason.lower(), "updated_at": NOW}
        self.did(Kind.PUSH_CANCELLATION)
        return {"job": {"id": gid("Job", next(self.ids))}, "orderCancelUserErrors": []}

    def refund_create(self, info: Any, input: Node) -> Node:  # noqa: A002
        return self.once(info, input, self._refund)

    def _refund(self, asked: Node) -> Node:
        number = tail(asked["orderId"])
        order = self.orders[number]
        moved = asked.get("transactions") or []
        paid = {t["id"]: t for t in self.transactions[number]}
        for each in moved:
            parent = paid.get(each.get("parentId"))
            back = [
                t for t in paid.values() if t["parentTransaction"] and t["parentTransaction"]["id"] == each["parentId"]
            ]
            left = _amount(parent) - sum(map(_amount, back)) if parent else Decimal(0)
            if Decimal(each["amount"]) > left:
                return {"userErrors": [error("Refund amount is greater than net payment received", ["transactions"])]}
        made = {
            "id": next(self.ids),
            "order_id": int(number),
            "created_at": NOW,
            "note": asked.get("note"),
            "refund_line_items": [
                {"line_item_id": int(tail(each["lineItemId"])), "quantity": each["quantity"],
                 "restock_type": each.get("restockType", "NO_RESTOCK").lower()}
                for each in asked.get("refundLineItems") or ()
            ],
        }  # fmt: skip
        order["refunds"].append(made)
        for each in moved:
            currency = paid[each["parentId"]]["amountSet"]["presentmentMoney"]["currencyCode"]
            self.transactions[number].append(self.transaction("REFUND", each["amount"], currency, each["parentId"]))
        self.did(Kind.PUSH_REFUND if moved else Kind.PUSH_CANCELLATION)
        return {"refund": refund_node(made), "userErrors": []}

    def webhook_create(self, info: Any, topic: str, webhookSubscription: Node) -> Node:
        if topic.startswith("RETURNS_") and "read_returns" not in self.scopes:
            return {"userErrors": [error("You cannot create a webhook subscription with the specified topic")]}
        taken = any(s["topic"] == topic and s["uri"] == webhookSubscription["uri"] for s in self.subscriptions.values())
        if taken:
            return {"userErrors": [error("Address for this topic has already been taken", ["webhookSubscription"])]}
        made = self.subscribe(topic, webhookSubscription["uri"])
        return {"webhookSubscription": made, "userErrors": []}

    def webhook_update(self, info: Any, id: str, webhookSubscription: Node) -> Node:  # noqa: A002
        if id not in self.subscriptions:
            return {"userErrors": [error("Webhook subscription does not exist")]}
        self.subscriptions[id] |= webhookSubscription
        return {"webhookSubscription": self.subscriptions[id], "userErrors": []}


def _amount(transaction: Node) -> Decimal:
    return Decimal(transaction["amountSet"]["presentmentMoney"]["amount"])
