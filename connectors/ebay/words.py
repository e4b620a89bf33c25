"""eBay's words and ours. A word that is in none of these tables is reported as unknown, never guessed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from hub.domain.order import PaymentStatus, ReturnStatus


class Standing(NamedTuple):
    """What an order's payment status says."""

    status: PaymentStatus
    paid: bool = False
    pending: bool = False


PAYMENTS: Mapping[str, Standing] = {
    "PENDING": Standing(PaymentStatus.PENDING, pending=True),
    "FAILED": Standing(PaymentStatus.FAILED),
    "PAID": Standing(PaymentStatus.CAPTURED, paid=True),
    "PARTIALLY_REFUNDED": Standing(PaymentStatus.CAPTURED, paid=True),
    # All of the money went back: what has not left by then does not leave (see `mapper.held_back`).
    "FULLY_REFUNDED": Standing(PaymentStatus.CAPTURED, paid=True),
}
"""OrderPaymentStatusEnum."""

PAYMENT: Mapping[str, PaymentStatus] = {
    "PENDING": PaymentStatus.PENDING,
    "FAILED": PaymentStatus.FAILED,
    "PAID": PaymentStatus.CAPTURED,
}
"""PaymentStatusEnum, of one payment."""

FULFILLED = "FULFILLED"
FULFILLMENT = frozenset({"NOT_STARTED", "IN_PROGRESS", FULFILLED})
"""Words for how far an order or a line is shipped. Units are counted from the fulfillments."""

CANCELED, ASKED = "CANCELED", "IN_PROGRESS"
CANCEL = frozenset({"NONE_REQUESTED", ASKED, CANCELED})
"""CancelStateEnum. While somebody asks for a cancellation, the order waits."""

GIVEN_BACK = "REFUNDED"
REFUND = frozenset({GIVEN_BACK, "PENDING", "FAILED"})
"""RefundStatusEnum: only REFUNDED has moved money."""

SHIPPED_BY_US: Mapping[str, bool] = {
    "SHIP_TO": True,
    "SELLER_DEFINED": True,
    "PREPARE_FOR_PICKUP": True,
    "DIGITAL": False,
    "FULFILLED_BY_EBAY": False,
}
"""FulfillmentInstructionsType → whether the goods leave the merchant's house."""

CARRIER: Mapping[str, str] = {
    "dhl": "DHL",
    "dhlexpress": "DHL",
    "dhlpaket": "DHL",
    "deutschepost": "DeutschePost",
    "dpd": "DPD",
    "fedex": "FedEx",
    "gls": "GLS",
    "hermes": "Hermes",
    "parcelforce": "ParcelForce",
    "royalmail": "RoyalMail",
    "ups": "UPS",
    "usps": "USPS",
}
"""A carrier's name in small letters → ShippingCarrierCodeType. Others go as they are written, without spaces."""

CANCEL_REASON: Mapping[str, str] = {
    "customer": "BUYER_ASKED_CANCEL",
    "buyer": "BUYER_ASKED_CANCEL",
    "address": "ADDRESS_ISSUES",
    "payment": "ORDER_UNPAID",
}
"""Our reason → CancelReasonEnum of the Post-Order API."""

CANNOT = "OUT_OF_STOCK_OR_CANNOT_FULFILL"
"""What every other reason of a merchant's own is at eBay."""

REFUND_REASON: Mapping[str, str] = {
    "customer": "BUYER_CANCEL",
    "cancelled": "SELLER_CANCEL",
    "inventory": "SELLER_CANCEL",
    "stock": "SELLER_CANCEL",
    "lost": "ITEM_NOT_RECEIVED",
    "missing": "ITEM_NOT_RECEIVED",
    "return": "BUYER_RETURN",
    "broken": "ITEM_NOT_AS_DESCRIBED",
    "damaged": "ITEM_NOT_AS_DESCRIBED",
    "wrong": "ITEM_NOT_AS_DESCRIBED",
    "not_as_described": "ITEM_NOT_AS_DESCRIBED",
    "shipping": "SHIPPING_DISCOUNT",
}
"""Our reason → ReasonForRefundEnum; anything else is OTHER_ADJUSTMENT."""

WAITING = "CANCEL_REQUESTED"
REJECTED = frozenset({"CANCEL_REJECTED", "INVALID"})
"""CancelStatusEnum of the Post-Order API: a buyer's wish that waits for us, and wishes that came to nothing."""

GRAMS: Mapping[str, str] = {"GRAM": "1", "KILOGRAM": "1000", "POUND": "453.59237", "OUNCE": "28.349523125"}
"""WeightUnitOfMeasureEnum → grams, exact by definition."""

RETURN: Mapping[str, ReturnStatus] = {
    **dict.fromkeys(
        (
            "INITIAL",
            "RETURN_REQUESTED",
            "RETURN_REQUESTED_TIMEOUT",
            "WAITING_FOR_RMA",
            "PARTIAL_REFUND_REQUESTED",
            "PARTIAL_REFUND_DECLINED",
            "PARTIAL_REFUND_INITIATED",
            "PARTIAL_REFUND_FAILED",
            "LESS_THAN_A_FULL_REFUND_ISSUED",
            "REPLACEMENT_REQUESTED",
            "REPLACEMENT_WAITING_FOR_RMA",
        ),
        ReturnStatus.REQUESTED,
    ),
    **dict.fromkeys(
        (
            "WAITING_FOR_RETURN_LABEL",
            "RETURN_LABEL_REQUESTED",
            "RETURN_LABEL_PENDING",
            "RETURN_LABEL_PENDING_TIMEOUT",
            "READY_FOR_SHIPPING",
            "ITEM_READY_TO_SHIP",
            "REPLACEMENT_LABEL_REQUESTED",
            "REPLACEMENT_STARTED",
            "REPLACEMENT_SHIPPED",
            "REPLACEMENT_DELIVERED",
            "REPLACED",
        ),
        ReturnStatus.APPROVED,
    ),
    "ITEM_SHIPPED": ReturnStatus.IN_TRANSIT,
    "ITEM_DELIVERED": ReturnStatus.RECEIVED,
    "CLOSED": ReturnStatus.CLOSED,
    "REPLACEMENT_CLOSED": ReturnStatus.CLOSED,
    "ITEM_KEPT": ReturnStatus.CANCELLED,
    "RETURN_REJECTED": ReturnStatus.DECLINED,
}
"""ReturnStatusEnum and, where that does not say, ReturnStateEnum of the Post-Order API. What is only about money leaves
the goods where they are: the hub never takes an open return a step back."""

ESCALATED = "ESCALATED"
RETURN_BESIDE = frozenset({"", "UNKNOWN", ESCALATED})
"""Statuses that do not say where the goods are: the state does."""

RETURN_SENT = frozenset({"ITEM_SHIPPED", "ITEM_DELIVERED"})
"""States of a return whose goods have left the buyer."""

RETURN_WITHDRAWN = frozenset({"BUYER_CLOSED", "BUYER_NO_ACTION"})
"""CloseReturnReasonEnum: the buyer let it be."""

RETURN_SATISFIED = frozenset({"BUYER_RECEIVED_REFUND", "BUYER_RECEIVED_REPLACEMENT"})
"""BuyerCloseReturnReasonEnum: the buyer closed it because it had come to its end."""
