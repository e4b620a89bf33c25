"""Shopify's words and ours. A word that is in none of these tables is reported as unknown, never guessed."""

from __future__ import annotations

from typing import NamedTuple

from hub.domain.order import PaymentStatus, ReturnStatus


class Standing(NamedTuple):
    """What a financial status says: the payment's own standing, and whether the order counts as paid or pending."""

    status: PaymentStatus | None
    paid: bool = False
    pending: bool = False


UNTOLD = Standing(None)

FINANCIAL = {
    "pending": Standing(PaymentStatus.PENDING, pending=True),
    "authorized": Standing(PaymentStatus.AUTHORIZED),
    "partially_paid": Standing(PaymentStatus.CAPTURED),
    "paid": Standing(PaymentStatus.CAPTURED, paid=True),
    "partially_refunded": Standing(PaymentStatus.CAPTURED, paid=True),
    # All of the money went back: what has not left by then does not leave (see `mapper.held_back`).
    "refunded": Standing(PaymentStatus.CAPTURED, paid=True),
    "voided": Standing(PaymentStatus.VOIDED),
    "expired": Standing(PaymentStatus.EXPIRED),
}

FULFILLMENT = frozenset({"", "unfulfilled", "partial", "fulfilled", "restocked"})
"""Fulfillment words of an order. We count units instead, so knowing them is all that is needed."""

DISPLAY_FULFILLMENT = {
    "PARTIALLY_FULFILLED": "partial",
    "FULFILLED": "fulfilled",
    "RESTOCKED": "restocked",
    # The Admin API tells apart kinds of "not yet" that webhooks do not: both ways must read the same.
    "UNFULFILLED": None,
    "OPEN": None,
    "IN_PROGRESS": None,
    "ON_HOLD": None,
    "SCHEDULED": None,
    "PENDING_FULFILLMENT": None,
    "REQUEST_DECLINED": None,
}
"""Admin API word of an order → webhook word."""

SHIPPED = "success"
"""The one status of a fulfillment in which goods have left."""

SHIPMENT = {
    "success": "shipped",
    "pending": "pending",
    "open": "pending",
    "cancelled": "cancelled",
    "error": "failed",
    "failure": "failed",
}
"""Status of a fulfillment → status of a `ShipmentNotice`."""

RESTOCKED = frozenset({"cancel", "return", "legacy_restock"})

RETURN = {
    "requested": ReturnStatus.REQUESTED,
    "open": ReturnStatus.APPROVED,
    "closed": ReturnStatus.CLOSED,
    "declined": ReturnStatus.DECLINED,
    "canceled": ReturnStatus.CANCELLED,
}
"""Status of a return."""

RETURN_ASKED = frozenset({"requested"})
"""The status in which a return begins when a buyer asks for it."""

NO_RETURN = "NO_RETURN"
"""The return status of an order of which nothing comes back."""

RISK = {"LOW": "low", "MEDIUM": "medium", "HIGH": "high"}
"""Assessments; NONE and PENDING say nothing."""

EVENT = {
    "pre_transit": "LABEL_PRINTED",
    "shipped": "CARRIER_PICKED_UP",
    "in_transit": "IN_TRANSIT",
    "out_for_delivery": "OUT_FOR_DELIVERY",
    "available_for_pickup": "READY_FOR_PICKUP",
    "failed_attempt": "ATTEMPTED_DELIVERY",
    "delivered": "DELIVERED",
    "return_to_sender": "FAILURE",
    "lost": "FAILURE",
}
"""Our status of a parcel → FulfillmentEventStatus. Others have no counterpart and are not sent."""

CANCEL_REASON = {
    "customer": "CUSTOMER",
    "declined": "DECLINED",
    "payment": "DECLINED",
    "fraud": "FRAUD",
    "inventory": "INVENTORY",
    "stock": "INVENTORY",
    "staff": "STAFF",
}
"""Our reason → OrderCancelReason; anything else is OTHER and goes into the staff note."""

TOPICS = {
    "orders/create": "ORDERS_CREATE",
    "orders/updated": "ORDERS_UPDATED",
    "orders/paid": "ORDERS_PAID",
    "orders/cancelled": "ORDERS_CANCELLED",
    "refunds/create": "REFUNDS_CREATE",
    "fulfillments/create": "FULFILLMENTS_CREATE",
    "fulfillments/update": "FULFILLMENTS_UPDATE",
    "app/uninstalled": "APP_UNINSTALLED",
    "returns/request": "RETURNS_REQUEST",
    "returns/approve": "RETURNS_APPROVE",
    "returns/decline": "RETURNS_DECLINE",
    "returns/cancel": "RETURNS_CANCEL",
    "returns/close": "RETURNS_CLOSE",
    "returns/reopen": "RETURNS_REOPEN",
}
"""Topics we subscribe to, with the API's names. returns/update, returns/process and reverse_deliveries/* name no order:
what they say is read with the order. orders/edited is left out: it carries only what changed, and Shopify sends
orders/updated with the whole order beside it. The compliance topics (customers/data_request, customers/redact,
shop/redact) cannot be subscribed by API: they are set in the app's own configuration."""

RETURNS_SCOPE = "read_returns"
"""What an app must be granted to hear of returns. Apps that were made before we asked for it go on without."""

GRAMS = {"GRAMS": "1", "KILOGRAMS": "1000", "POUNDS": "453.59237", "OUNCES": "28.349523125"}
"""Unit of weight → grams, exact by definition."""
