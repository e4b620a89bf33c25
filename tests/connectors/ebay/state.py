"""What eBay holds for one seller, and its rules, from eBay's own documents: sell_fulfillment, sell_inventory,
commerce_notification (their OAS3 files) and the Post-Order API's pages."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from hub.domain.outgoing import Kind

Node = dict[str, Any]

REASONS = frozenset(
    {
        "BUYER_CANCEL",
        "SELLER_CANCEL",
        "ITEM_NOT_RECEIVED",
        "BUYER_RETURN",
        "ITEM_NOT_AS_DESCRIBED",
        "OTHER_ADJUSTMENT",
        "SHIPPING_DISCOUNT",
    }
)
SELLERS = frozenset({"ADDRESS_ISSUES", "BUYER_ASKED_CANCEL", "ORDER_UNPAID", "OUT_OF_STOCK_OR_CANNOT_FULFILL"})
"""Reasons that a seller may cancel for."""


class Refused(Exception):
    """eBay refuses with `status` and an error id."""

    def __init__(self, status: int, error_id: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.error_id = error_id


def stamp(at: datetime) -> str:
    """A time as eBay writes it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


@dataclass(slots=True)
class State:
    """Everything by its id. `clock` is when the next change happens; each takes a second."""

    orders: dict[str, Node] = field(default_factory=dict)
    parcels: dict[str, list[Node]] = field(default_factory=dict)
    cancellations: list[Node] = field(default_factory=list)
    items: dict[str, Node] = field(default_factory=dict)
    offers: dict[str, list[Node]] = field(default_factory=dict)
    destinations: dict[str, Node] = field(default_factory=dict)
    subscriptions: dict[str, Node] = field(default_factory=dict)
    effects: list[tuple[Kind, str]] = field(default_factory=list)
    global_shipping: set[str] = field(default_factory=set)
    clock: datetime = datetime(2024, 11, 1, 8, 0, tzinfo=UTC)
    number: int = 0
    alert_email: str = "ops@example.com"
    fail_refunds: bool = False
    break_refunds: bool = False

    def add_order(self, order: Node) -> str:
        """Takes an order as getOrder gives it."""
        self.orders[order["orderId"]] = order
        self.parcels.setdefault(order["orderId"], [])
        return str(order["orderId"])

    def touch(self, order: Node) -> None:
        """The order changes now."""
        self.clock += timedelta(seconds=1)
        order["lastModifiedDate"] = stamp(self.clock)

    def order(self, order_id: str) -> Node:
        """Raises `Refused` for one that is not there."""
        if order_id not in self.orders:
            raise Refused(404, 32100, f"Invalid Order Id: {order_id}")
        return self.orders[order_id]

    def take(self, kind: Kind, reference: str) -> str:
        """Notes that a push took effect; returns a new id."""
        self.number += 1
        self.effects.append((kind, reference))
        return str(5_000_000_000 + self.number)

    # ---------------------------------------------------------------- orders

    def page(self, query: Mapping[str, str], now: datetime) -> Node:
        """getOrders: by creation date, oldest first; or those that are named, whatever else is asked. Raises
        `Refused`."""
        if "orderIds" in query:
            names = query["orderIds"].split(",")
            if len(names) > 50:
                raise Refused(400, 30700, "Too many order IDs")
            return {"orders": [self.orders[name] for name in names if name in self.orders], "total": len(names)}
        limit, offset = int(query.get("limit", 50)), int(query.get("offset", 0))
        if not 1 <= limit <= 200:
            raise Refused(400, 31100, f"Invalid limit: {limit}")
        begin, end = self._window(query.get("filter", ""), now)
        found = [it for it in self.orders.values() if begin <= it["lastModifiedDate"] <= end]
        found.sort(key=lambda it: (it["creationDate"], it["orderId"]))
        page = [it | {"cancelStatus": it["cancelStatus"] | {"cancelRequests": []}} for it in found]
        return {"href": "", "total": len(found), "limit": limit, "offset": offset, "orders": page[offset:][:limit]}

    def _window(self, text: str, now: datetime) -> tuple[str, str]:
        if not text:
            return "", "9999"
        match = re.fullmatch(r"lastmodifieddate:\[(\S+?Z)\.\.(\S+Z)?\]", text)
        if match is None:
            raise Refused(400, 30800, f"Invalid filter value {text} for filter lastmodifieddate")
        begin, end = match[1], match[2] or "9999"
        if begin > stamp(now) or (match[2] and end > stamp(now)):
            raise Refused(400, 30850, "Start and end dates can't be in the future")
        if begin > end:
            raise Refused(400, 30840, "Start date should be before end date")
        return begin, end

    # ---------------------------------------------------------------- parcels

    def ship(self, order_id: str, told: Node, reference: str) -> str:
        """createShippingFulfillment; the id is the tracking number. Raises `Refused`."""
        order = self.order(order_id)
        lines = {it["lineItemId"]: int(it.get("quantity", 1)) for it in told["lineItems"]}
        number, carrier = told.get("trackingNumber", ""), told.get("shippingCarrierCode", "")
        if len(lines) != len(told["lineItems"]):
            raise Refused(400, 32210, "Duplicate line item in the request")
        if bool(number) != bool(carrier) or (number and not number.isalnum()):
            raise Refused(400, 32300, "Invalid shipment tracking number or carrier")
        if order_id in self.global_shipping and len(lines) > 1:
            raise Refused(400, 34300, "Mark As Shipped for multiple Global Shipping Program line items not supported")
        self._fit(order, lines)
        self.take(Kind.PUSH_SHIPMENT, reference)
        made = {
            "fulfillmentId": number or "999",
            "lineItems": [{"lineItemId": line, "quantity": units} for line, units in lines.items()],
            "shippedDate": told["shippedDate"],
        }
        if number:
            made |= {"shipmentTrackingNumber": number, "shippingCarrierCode": carrier}
        self.parcels[order_id].append(made)
        self._mark(order)
        return str(made["fulfillmentId"])

    def _fit(self, order: Node, lines: Mapping[str, int]) -> None:
        gone = self.shipped(order["orderId"])
        known = {it["lineItemId"]: it["quantity"] for it in order["lineItems"]}
        for line, units in lines.items():
            if line not in known:
                raise Refused(400, 32200, f"Invalid line item id: {line}")
            if gone[line] + units > known[line]:
                raise Refused(400, 32600, "Invalid input data")

    def shipped(self, order_id: str) -> Counter[str]:
        """Units by line."""
        count: Counter[str] = Counter()
        for parcel in self.parcels[order_id]:
            for line in parcel["lineItems"]:
                count[line["lineItemId"]] += line["quantity"]
        return count

    def _mark(self, order: Node) -> None:
        gone = self.shipped(order["orderId"])
        for line in order["lineItems"]:
            units = gone[line["lineItemId"]]
            whole = "FULFILLED" if units >= line["quantity"] else "IN_PROGRESS"
            line["lineItemFulfillmentStatus"] = whole if units else "NOT_STARTED"
        states = {it["lineItemFulfillmentStatus"] for it in order["lineItems"]}
        order["orderFulfillmentStatus"] = states.pop() if len(states) == 1 else "IN_PROGRESS"
        base = f"https://api.ebay.com/sell/fulfillment/v1/order/{order['orderId']}/shipping_fulfillment"
        order["fulfillmentHrefs"] = [f"{base}/{it['fulfillmentId']}" for it in self.parcels[order["orderId"]]]
        self.touch(order)

    # ---------------------------------------------------------------- money back

    def refund(self, order_id: str, told: Node, reference: str) -> Node:
        """issueRefund, of the whole order. Raises `Refused`."""
        if order_id not in self.orders:
            raise Refused(404, 34913, "Can not find the order.")
        order, amount = self.orders[order_id], told.get("orderLevelRefundAmount") or {}
        if told.get("reasonForRefund") not in REASONS:
            raise Refused(400, 34903, "The refund reason must be specified.")
        if len(told.get("comment", "")) > 100:
            raise Refused(400, 34921, "The comment exceeds the length limit.")
        value = Decimal(str(amount.get("value", "0")))
        if value <= 0 or value != value.quantize(Decimal("0.01")):
            raise Refused(400, 34907, "The amount value must be positive and within two decimals.")
        total = order["pricingSummary"]["total"]
        if amount.get("currency") != (total.get("convertedFromCurrency") or total["currency"]):
            raise Refused(400, 34909, "The amount currency isn't correct.")
        refunds = order["paymentSummary"]["refunds"]
        back = sum(Decimal(it["amount"]["value"]) for it in refunds)
        if back + value > Decimal(total.get("convertedFromValue") or total["value"]):
            raise Refused(400, 34915, "The refund amount exceeds order amount.")
        if self.break_refunds:
            raise Refused(500, 34900, "There was a problem with an eBay internal system or process.")
        if self.fail_refunds:
            return {"refundStatus": "FAILED"}
        made = self.take(Kind.PUSH_REFUND, reference)
        refunds.append({"refundId": made, "refundStatus": "PENDING", "amount": dict(amount)})
        self.touch(order)
        return {"refundId": made, "refundStatus": "PENDING"}

    def settle_refunds(self, order_id: str) -> None:
        """The money arrives: what was pending is refunded, and gets eBay's own reference beside its id."""
        order = self.orders[order_id]
        for refund in order["paymentSummary"]["refunds"]:
            if refund["refundStatus"] == "PENDING":
                name = f"52{refund['refundId']}"
                refund |= {"refundStatus": "REFUNDED", "refundDate": stamp(self.clock), "refundReferenceId": name}
        order["orderPaymentStatus"] = "PARTIALLY_REFUNDED"
        self.touch(order)

    # ---------------------------------------------------------------- cancellations

    def cancel(self, told: Node, reference: str) -> Node:
        """Create Cancellation, by the seller. Raises `Refused`."""
        order = self._legacy(told.get("legacyOrderId", ""))
        if told.get("cancelReason") not in SELLERS:
            raise Refused(400, 1006, "Invalid cancel reason.")
        open_ = [it for it in self.cancellations if it["legacyOrderId"] == order["legacyOrderId"]]
        shipped = order["orderFulfillmentStatus"] != "NOT_STARTED"
        if open_ or shipped:
            why = "CANCELLATION_EXIST" if open_ else "SHIPPED_ORDER"
            return {"orderEligibilityResult": {"eligible": False, "failureReason": [why]}}
        made = self.take(Kind.PUSH_CANCELLATION, reference)
        found = {"cancelId": made, "legacyOrderId": order["legacyOrderId"], "cancelStatus": "CANCEL_PENDING"}
        self.cancellations.append(found)
        self.close_cancellation(found)
        return {"cancelId": made}

    def ask_cancellation(self, order_id: str) -> str:
        """The buyer wants the order cancelled."""
        order = self.orders[order_id]
        self.number += 1
        made = {
            "cancelId": str(5_000_000_000 + self.number),
            "legacyOrderId": order["legacyOrderId"],
            "cancelStatus": "CANCEL_REQUESTED",
        }
        self.cancellations.append(made)
        order["cancelStatus"]["cancelState"] = "IN_PROGRESS"
        self.touch(order)
        return str(made["cancelId"])

    def approve(self, cancel_id: str, reference: str) -> None:
        """Approve Cancellation Request. Raises `Refused`."""
        found = next((it for it in self.cancellations if it["cancelId"] == cancel_id), None)
        if found is None or found["cancelStatus"] != "CANCEL_REQUESTED":
            raise Refused(409, 1500, "The cancellation is not waiting for approval.")
        self.take(Kind.PUSH_CANCELLATION, reference)
        self.close_cancellation(found)

    def close_cancellation(self, found: Node) -> None:
        """The cancellation goes through."""
        found["cancelStatus"] = "CANCEL_CLOSED_WITH_REFUND"
        order = self._legacy(found["legacyOrderId"])
        self.touch(order)
        order["cancelStatus"] |= {"cancelState": "CANCELED", "cancelledDate": order["lastModifiedDate"]}

    def _legacy(self, mark: str) -> Node:
        found = next((it for it in self.orders.values() if it["legacyOrderId"] == mark), None)
        if found is None:
            raise Refused(404, 1104, f"The order {mark} was not found.")
        return found

    # ---------------------------------------------------------------- stock

    def add_item(self, sku: str, quantity: int, offers: int = 1) -> None:
        """An item with live offers."""
        self.items[sku] = {
            "sku": sku,
            "product": {"title": f"Thing {sku}", "ean": ["4006381333931"]},
            "packageWeightAndSize": {"weight": {"value": 1.5, "unit": "POUND"}},
            "availability": {"shipToLocationAvailability": {"quantity": quantity}},
        }
        self.offers[sku] = [
            {"offerId": f"{sku}-{n}", "sku": sku, "status": "PUBLISHED", "format": "FIXED_PRICE",
             "availableQuantity": quantity}
            for n in range(offers)
        ]  # fmt: skip

    def set_stock(self, requests: list[Node], reference: str) -> list[Node]:
        """bulkUpdatePriceQuantity. Raises `Refused`."""
        skus = [it.get("sku") for it in requests]
        if len(requests) > 25 or len(set(skus)) != len(skus):
            raise Refused(400, 25002, "Any User error. SKUs must be 25 at most, and unlike.")
        answers: list[Node] = []
        for request in requests:
            answers += self._set_one(request, reference)
        return answers

    def _set_one(self, request: Node, reference: str) -> list[Node]:
        sku = request["sku"]
        known = {it["offerId"]: it for it in self.offers.get(sku, ())}
        if sku not in self.items or any(it["offerId"] not in known for it in request.get("offers", ())):
            error = {"errorId": 25702, "message": f"{sku} could not be found or is not available in the system."}
            return [{"sku": sku, "statusCode": 404, "errors": [error]}]
        self.take(Kind.PUSH_STOCK, reference)
        level = request["shipToLocationAvailability"]["quantity"]
        self.items[sku]["availability"]["shipToLocationAvailability"]["quantity"] = level
        answers = [{"sku": sku, "statusCode": 200}]
        for offer in request.get("offers", ()):
            known[offer["offerId"]]["availableQuantity"] = offer["availableQuantity"]
            answers.append({"sku": sku, "offerId": offer["offerId"], "statusCode": 200})
        return answers
