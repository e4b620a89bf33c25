"""What the Admin API can be told to do with an order or a variant, and how it refuses: with a member of the union."""

from __future__ import annotations

from typing import Any

from hub.domain.outgoing import Kind
from tests.connectors.vendure.engine import Failed
from tests.connectors.vendure.state import FULFILLMENT_MOVES, ORDER_MOVES, Node, Shop, gross

GONE = ("Shipped", "Delivered")


def error(kind: str, message: str, **more: Any) -> Node:
    """A member of a union that says why not."""
    words = "".join(f"_{c}" if c.isupper() else c.upper() for c in kind).lstrip("_")
    return {"__typename": kind, "errorCode": words, "message": message} | more


class Changes(Shop):
    """The shop with its mutations. `reference` is that of the call being served."""

    def __init__(self) -> None:
        super().__init__()
        self.reference = ""
        self.effects: list[tuple[Kind, str]] = []

    def did(self, kind: Kind) -> None:
        """Notes an effect under the reference of the call."""
        self.effects.append((kind, self.reference))

    # ---------------------------------------------------------------- fulfillments

    def add_fulfillment(self, asked: Node) -> Node:
        """Adds it in the state Pending; the same once more is another one."""
        if asked["handler"]["code"] != "manual-fulfillment":
            return error("InvalidFulfillmentHandlerError", "The FulfillmentHandler could not be found")
        lines = asked["lines"]
        if not sum(part["quantity"] for part in lines):
            return error("EmptyOrderLineSelectionError", "At least one OrderLine must be specified")
        order = self._order_of([part["orderLineId"] for part in lines])
        if any(part["quantity"] > self.left(order, part["orderLineId"]) for part in lines):
            message = "One or more OrderItems are already part of a Fulfillment"
            return error("ItemsAlreadyFulfilledError", message)
        arguments = {given["name"]: given["value"] for given in asked["handler"]["arguments"]}
        made: Node = {
            "id": self.next_id(), "createdAt": self.now(), "updatedAt": self.now(), "state": "Pending",
            "method": arguments.get("method", ""), "trackingCode": arguments.get("trackingCode", ""),
            "lines": [dict(part) for part in lines],
        }  # fmt: skip
        order["fulfillments"].append(made)
        for part in lines:
            level = self.level(self._line_of(order, part["orderLineId"])["variant"])
            level["stockAllocated"] -= part["quantity"]
            level["stockOnHand"] -= part["quantity"]
        self.note(order, "ORDER_FULFILLMENT")
        return {"__typename": "Fulfillment", "id": made["id"]}

    def move_fulfillment(self, wanted: str, state: str) -> Node:
        """Moves it and, when all or some of the order has left or arrived, the order."""
        order, made = self._fulfillment(wanted)
        if state not in FULFILLMENT_MOVES.get(made["state"], ()):
            why = f"Cannot transition Fulfillment from {made['state']!r} to {state!r}"
            return error("FulfillmentStateTransitionError", "Cannot transition", transitionError=why)
        made |= {"state": state, "updatedAt": self.now()}
        self.note(order, "ORDER_FULFILLMENT_TRANSITION")
        self._follow(order, state)
        self.did(Kind.PUSH_STATUS if state == "Delivered" else Kind.PUSH_SHIPMENT)
        return {"__typename": "Fulfillment", "id": wanted}

    def _follow(self, order: Node, state: str) -> None:
        states = GONE if state == "Shipped" else ("Delivered",)
        sent = sum(p["quantity"] for f in order["fulfillments"] if f["state"] in states for p in f["lines"])
        whole = sent >= sum(line["quantity"] for line in order["lines"])
        to = state if whole else f"Partially{state}"
        if to in ORDER_MOVES.get(order["state"], ()):
            self.move(order, to)

    def left(self, order: Node, line_id: str) -> int:
        """Units of a line that are in no fulfillment."""
        taken = [p for f in order["fulfillments"] if f["state"] != "Cancelled" for p in f["lines"]]
        units = sum(part["quantity"] for part in taken if part["orderLineId"] == line_id)
        return int(self._line_of(order, line_id)["quantity"]) - units

    def _fulfillment(self, wanted: str) -> tuple[Node, Node]:
        for order in self.orders.values():
            for made in order["fulfillments"]:
                if made["id"] == wanted:
                    return order, made
        raise Failed("ENTITY_NOT_FOUND", f'No Fulfillment with the id "{wanted}" could be found')

    def _order_of(self, lines: list[str]) -> Node:
        for order in self.orders.values():
            if {line["id"] for line in order["lines"]} >= set(lines):
                return order
        raise Failed("ENTITY_NOT_FOUND", f'No OrderLine with the id "{lines[0]}" could be found')

    def _line_of(self, order: Node, line_id: str) -> Node:
        return next(line for line in order["lines"] if line["id"] == line_id)

    # ---------------------------------------------------------------- cancelling, paying back

    def cancel(self, asked: Node) -> Node:
        """Takes units off the lines; an order without units is Cancelled. The order's `updatedAt` moves."""
        order = self.find(asked["orderId"])
        if order["active"]:
            return error("CancelActiveOrderError", "Cannot cancel an active Order", orderState=order["state"])
        every = [{"orderLineId": line["id"], "quantity": line["quantity"]} for line in order["lines"]]
        lines = asked.get("lines") or every
        for part in lines:
            if part["quantity"] > self._line_of(order, part["orderLineId"])["quantity"]:
                return error("QuantityTooGreatError", "The specified quantity is greater than the available OrderItems")
        for part in lines:
            line = self._line_of(order, part["orderLineId"])
            line["quantity"] -= part["quantity"]
            self.level(line["variant"])["stockAllocated"] -= part["quantity"]
        if asked.get("cancelShipping"):
            order["shipping"] = 0
        order["updatedAt"] = self.now()
        data = {"lines": lines, "reason": asked.get("reason"), "shippingCancelled": bool(asked.get("cancelShipping"))}
        self.note(order, "ORDER_CANCELLATION", data)
        if not sum(line["quantity"] for line in order["lines"]):
            self.move(order, "Cancelled")
        self.did(Kind.PUSH_CANCELLATION)
        return {"__typename": "Order", "id": order["id"]}

    def refund(self, asked: Node, state: str = "Settled") -> Node:
        """Pays back. The deprecated sums are columns that must not be empty."""
        if asked.get("shipping") is None or asked.get("adjustment") is None:
            raise Failed("", "NOT NULL constraint failed: refund.shipping")
        if not asked.get("amount"):
            return error("NothingToRefundError", "Nothing to refund")
        order, payment = self._payment(asked["paymentId"])
        if order["state"] == "PaymentAuthorized":
            return error("RefundOrderStateError", "Cannot refund", orderState=order["state"])
        most = payment["amount"] - sum(r["total"] for r in payment["refunds"] if r["state"] != "Failed")
        if asked["amount"] > most:
            return error(
                "RefundAmountError", "The amount specified exceeds the refundable amount", maximumRefundable=most
            )
        made = {
            "id": self.next_id(), "createdAt": self.now(), "updatedAt": self.now(), "total": asked["amount"],
            "state": state, "reason": asked.get("reason"), "lines": [],
        }  # fmt: skip
        payment["refunds"].append(made)
        self.note(order, "ORDER_REFUND_TRANSITION")
        self.did(Kind.PUSH_REFUND)
        return {"__typename": "Refund", "id": made["id"]}

    def _payment(self, wanted: str) -> tuple[Node, Node]:
        for order in self.orders.values():
            for payment in order["payments"]:
                if payment["id"] == wanted:
                    return order, payment
        raise Failed("ENTITY_NOT_FOUND", f'No Payment with the id "{wanted}" could be found')

    def add_payment(self, order: Node, amount: int) -> Node:
        """Splits what was paid: `amount` of it by another payment."""
        first = order["payments"][0]
        first["amount"] = gross(order, self) - amount
        order["payments"].append({**first, "id": self.next_id(), "amount": amount, "refunds": []})
        added: Node = order["payments"][-1]
        return added

    # ---------------------------------------------------------------- stock

    def update_variants(self, asked: list[Node]) -> list[Node]:
        """Sets stock; a location that is none breaks a constraint of the database."""
        for change in asked:
            if change["id"] not in self.variants:
                raise Failed("ENTITY_NOT_FOUND", f'No ProductVariant with the id "{change["id"]}" could be found')
            known = {level["stockLocationId"]: level for level in self.variants[change["id"]]["stockLevels"]}
            for level in change.get("stockLevels") or ():
                if level["stockLocationId"] not in known:
                    raise Failed("", "FOREIGN KEY constraint failed")
                known[level["stockLocationId"]]["stockOnHand"] = level["stockOnHand"]
        self.did(Kind.PUSH_STOCK)
        return [{"__typename": "ProductVariant", "id": change["id"]} for change in asked]
