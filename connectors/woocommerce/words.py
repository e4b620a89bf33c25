"""WooCommerce's words and ours. A word that is in none of these tables is reported as unknown, never guessed.

Sources: REST API v3, "Order properties" (the statuses of WooCommerce itself); statuses that tracking plugins add.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Standing(StrEnum):
    """What an order's status says of it."""

    CART = "cart"
    PENDING = "pending"
    FAILED = "failed"
    OPEN = "open"
    SHIPPED = "shipped"
    REFUNDED = "refunded"
    CANCELLED = "cancelled"


ORDER: Mapping[str, Standing] = {
    # The block checkout keeps carts as orders of this status until they are placed.
    "checkout-draft": Standing.CART,
    "auto-draft": Standing.PENDING,
    "draft": Standing.PENDING,
    "pending": Standing.PENDING,
    "on-hold": Standing.PENDING,
    "failed": Standing.FAILED,
    "processing": Standing.OPEN,
    "completed": Standing.SHIPPED,
    "refunded": Standing.REFUNDED,
    "cancelled": Standing.CANCELLED,
    "trash": Standing.CANCELLED,
    # Added by the common tracking plugins (Advanced Shipment Tracking and its kin).
    "partial-shipped": Standing.OPEN,
    "shipped": Standing.SHIPPED,
    "delivered": Standing.SHIPPED,
}
"""Status of an order → what it says."""

PROGRESS: Mapping[Standing | None, int] = {
    Standing.CART: 0,
    Standing.PENDING: 0,
    Standing.FAILED: 1,
    Standing.OPEN: 2,
    None: 3,
    Standing.SHIPPED: 4,
    Standing.REFUNDED: 5,
    Standing.CANCELLED: 6,
}
"""Which of two revisions of one second is the later one: WooCommerce counts whole seconds, and an order often goes
through two statuses in one. A word that nobody knows comes after those that would let the order go."""

OFFLINE = frozenset({"", "bacs", "cheque", "cod", "manual", "other"})
"""Payment methods whose money WooCommerce cannot give back by itself: a refund there is only written down."""

CONTAINERS_UNSOLD = frozenset({"grouped", "external"})
"""Types of product that are never sold from this store's own stock."""

VARIABLE = frozenset({"variable", "variable-subscription"})
"""Types of product that are sold as their variations."""

NEWS: Mapping[str, str] = {
    "shipped": "Parcel handed to the carrier",
    "in_transit": "Parcel in transit",
    "out_for_delivery": "Parcel out for delivery",
    "available_for_pickup": "Parcel ready for pickup",
    "failed_attempt": "Delivery attempted",
    "delivered": "Parcel delivered",
    "exception": "Trouble with the parcel",
    "return_to_sender": "Parcel on its way back",
    "lost": "Parcel lost",
}
"""Our status of a parcel → how an order note says it. Others are not written down."""

GRAMS: Mapping[str, str] = {"g": "1", "kg": "1000", "lbs": "453.59237", "oz": "28.349523125"}
"""Unit of weight of a store → grams, exact by definition."""


def standing(status: str) -> Standing | None:
    """What a status says, with or without the `wc-` that the database has; None for a word we do not know."""
    return ORDER.get(status.strip().lower().removeprefix("wc-"))
