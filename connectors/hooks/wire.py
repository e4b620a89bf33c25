"""What is sent: `{"type": …, "timestamp": …, "data": {…}}`, as Standard Webhooks 1.0 recommends.

Amounts are whole numbers of the currency's minor unit, times are RFC 3339 in UTC, ids are text. `order_id` is the
channel's own, `channel` the name of the account that the order came by.
"""

from __future__ import annotations

from datetime import datetime
from typing import TypeAlias

from msgspec import Struct


class Line(Struct, frozen=True):
    """Units of one order line, by the channel's line id."""

    line_id: str
    quantity: int


class ShipmentCreated(Struct, frozen=True, kw_only=True):
    """Data of shipment.created: a parcel is with its carrier. `reference` is unique for the parcel."""

    reference: str
    channel: str
    order_id: str
    order_number: str
    lines: tuple[Line, ...]
    carrier: str
    service: str
    tracking_number: str
    tracking_url: str
    shipped_at: datetime
    location: str


class StatusChanged(Struct, frozen=True, kw_only=True):
    """Data of order.status_changed: `status` is accepted, out_for_delivery, delivered, exception …"""

    reference: str
    channel: str
    order_id: str
    order_number: str
    status: str
    at: datetime
    tracking_number: str


class StockChanged(Struct, frozen=True, kw_only=True):
    """Data of stock.changed: `available` is absolute. A lower `version` than one seen before is old news."""

    sku: str
    listing_id: str
    available: int
    version: int


class OrderCancelled(Struct, frozen=True, kw_only=True):
    """Data of order.cancelled: line id → units in `lines`; none means the whole order."""

    reference: str
    channel: str
    order_id: str
    order_number: str
    reason: str
    lines: dict[str, int]


class OrderRefunded(Struct, frozen=True, kw_only=True):
    """Data of order.refunded: money that goes back; `lines` as in order.cancelled."""

    reference: str
    channel: str
    order_id: str
    order_number: str
    amount: int
    currency: str
    reason: str
    lines: dict[str, int]


class ReturnLine(Struct, frozen=True):
    """Units of one order line that come back: `quantity` as the channel told, `received` of them already counted."""

    line_id: str
    sku: str
    quantity: int
    received: int
    reason: str


class ReturnChanged(Struct, frozen=True, kw_only=True):
    """Data of return.status_changed: `number` is the RMA number, `reference` the same for all news of one return.
    `status` is requested, approved, in_transit, received, closed, declined or cancelled."""

    reference: str
    channel: str
    order_id: str
    order_number: str
    number: str
    status: str
    at: datetime
    requested_at: datetime
    reason: str
    lines: tuple[ReturnLine, ...]
    tracking_number: str
    carrier: str


class Ping(Struct, frozen=True):
    """Data of ping."""

    account: str


Data: TypeAlias = ShipmentCreated | StatusChanged | StockChanged | OrderCancelled | OrderRefunded | ReturnChanged | Ping


class Event(Struct, frozen=True):
    """The body of every post. `timestamp` is when it happened, which is not when it is sent."""

    type: str
    timestamp: datetime
    data: Data
