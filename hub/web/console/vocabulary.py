"""The words and colours of states and fields: phases, parcels, returns, messages, holds. Tables only.

What is said in sentences stands in `words.py`; a key that is not here is shown as its own words.
"""

from __future__ import annotations

from collections.abc import Mapping

PHASE_WORDS: Mapping[str, str] = {
    "exception": "Needs help", "on_hold": "On hold", "awaiting_payment": "Awaiting payment",
    "backordered": "Out of stock", "amending": "Being changed", "draft": "Draft", "reviewing": "In review",
    "ready_to_route": "Ready to route", "routed": "Routed", "picking": "Picking", "packed": "Packed",
    "partially_shipped": "Partly shipped", "shipped": "Shipped", "partially_delivered": "Partly delivered",
    "delivered": "Delivered", "closed": "Closed", "return_open": "Return open",
    "partially_returned": "Partly returned", "returned": "Returned", "cancelled": "Cancelled", "rejected": "Rejected",
}  # fmt: skip
"""Phase → words, in the order in which the console shows them: what needs people first."""

PHASE_TONES: Mapping[str, str] = {
    "exception": "bad", "rejected": "idle", "cancelled": "idle", "draft": "idle", "on_hold": "wait",
    "awaiting_payment": "wait", "backordered": "wait", "amending": "wait", "reviewing": "work",
    "ready_to_route": "work", "routed": "work", "picking": "work", "packed": "work", "partially_shipped": "move",
    "shipped": "move", "partially_delivered": "move", "delivered": "good", "closed": "good", "return_open": "back",
    "partially_returned": "back", "returned": "back",
}  # fmt: skip

PARCEL_WORDS: Mapping[str, str] = {
    "packed": "Packed", "manifested": "Packed", "handed_over": "Handed to the carrier", "cancelled": "Cancelled",
    "delivered": "Delivered", "returned_to_sender": "Returned to sender", "lost": "Lost", "damaged": "Damaged",
    "pre_transit": "Announced to the carrier", "in_transit": "On its way", "out_for_delivery": "Out for delivery",
    "available_for_pickup": "Ready for pick-up", "failed_attempt": "Delivery was attempted",
    "exception": "Delayed by the carrier", "return_to_sender": "On its way back", "unknown": "News from the carrier",
}  # fmt: skip

PARCEL_TONES: Mapping[str, str] = {
    "delivered": "good", "lost": "bad", "damaged": "bad", "exception": "bad", "failed_attempt": "wait",
    "returned_to_sender": "back", "return_to_sender": "back", "cancelled": "idle", "packed": "work",
}  # fmt: skip

RETURN_WORDS: Mapping[str, str] = {
    "requested": "Asked for", "approved": "Approved", "awaiting_parcel": "Waiting for the parcel",
    "in_transit": "On its way back", "received": "Received", "inspected": "Inspected", "closed": "Closed",
    "declined": "Declined", "cancelled": "Cancelled", "expired": "Expired",
}  # fmt: skip

RETURN_TONES: Mapping[str, str] = {
    "requested": "wait", "received": "good", "inspected": "good", "closed": "good", "declined": "idle",
    "cancelled": "idle", "expired": "idle",
}  # fmt: skip

TRACKING_HEADLINES: Mapping[str, str] = {
    "delivered": "Your order has arrived", "closed": "Your order has arrived",
    "partially_delivered": "Part of your order has arrived", "shipped": "Your order is on its way",
    "partially_shipped": "Part of your order is on its way", "packed": "Your order is packed",
    "cancelled": "This order was cancelled", "rejected": "This order was not accepted",
    "backordered": "We are waiting for stock", "awaiting_payment": "We are waiting for your payment",
    "return_open": "Your return is under way", "returned": "Your order came back",
    "partially_returned": "Part of your order came back",
}  # fmt: skip

REASONS: Mapping[str, str] = {
    "payment": "Payment", "fraud": "Fraud check", "address": "Address", "stock": "Stock", "credit": "Credit limit",
    "customs": "Customs", "mapping": "Mapping", "duplicate": "Possible duplicate", "channel_pending": "Channel",
    "customer": "Customer", "manual": "Needs a look", "rule": "A rule of yours",
}  # fmt: skip

RESOLUTIONS: Mapping[str, str] = {
    "accept": "Accept as it is", "cancel": "Cancel the order", "retry": "Try again", "wait": "Keep waiting",
    "use_address": "Correct the address", "use_suggestion": "Use the suggested address",
    "split": "Ship what is there", "ship_elsewhere": "Ship from elsewhere",
    "request_payment": "Ask for another payment",
}  # fmt: skip

MESSAGE_WORDS: Mapping[str, str] = {
    "buy_label": "Buy label", "void_label": "Void label", "push_shipment": "Shipment to channel",
    "push_status": "Status to channel", "push_stock": "Stock to channel",
    "push_cancellation": "Cancellation to channel", "push_refund": "Refund to channel",
    "push_return": "News of a return", "capture_payment": "Capture payment", "void_payment": "Void payment",
    "refund_payment": "Refund payment", "notify": "Message to customer",
}  # fmt: skip

MESSAGE_TONES: Mapping[str, str] = {
    "sent": "good", "dead": "bad", "refused": "bad", "pending": "wait", "sending": "work", "dropped": "idle",
}  # fmt: skip

WORK_TONES: Mapping[str, str] = {
    "planned": "idle", "scheduled": "idle", "open": "work", "picking": "work", "picked": "work", "packed": "work",
    "labeled": "work", "dispatched": "move", "short": "bad", "done": "good", "cancelled": "idle",
}  # fmt: skip

ADDRESS_FIELDS = (
    ("name", "Name"), ("company", "Company"), ("line1", "Street and number"), ("line2", "Address line 2"),
    ("postcode", "Postcode"), ("city", "City"), ("region", "Region or state"), ("country", "Country (two letters)"),
    ("phone", "Phone"),
)  # fmt: skip
"""The fields of an address form: name of the field, words."""
