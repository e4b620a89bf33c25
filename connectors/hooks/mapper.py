"""What the hub tells → events. Pure; functions are named by what they return."""

from __future__ import annotations

from datetime import UTC, datetime

from connectors.hooks import wire
from connectors.hooks.words import PING, TYPES
from hub.domain.outgoing import (
    CancellationRequest,
    Kind,
    RefundRequest,
    ReturnUpdate,
    Shipment,
    StatusUpdate,
    StockLevel,
)


def shipment_created(shipment: Shipment) -> wire.Event:
    """A parcel is with its carrier."""
    data = wire.ShipmentCreated(
        reference=shipment.reference,
        channel=shipment.channel,
        order_id=shipment.order_id,
        order_number=shipment.order_number,
        lines=tuple(wire.Line(line.line_id, line.quantity) for line in shipment.lines),
        carrier=shipment.carrier,
        service=shipment.service,
        tracking_number=shipment.tracking_number,
        tracking_url=shipment.tracking_url,
        shipped_at=shipment.shipped_at.astimezone(UTC),
        location=shipment.location,
    )
    return wire.Event(TYPES[Kind.PUSH_SHIPMENT], data.shipped_at, data)


def status_changed(update: StatusUpdate) -> wire.Event:
    """An order or parcel has come further."""
    data = wire.StatusChanged(
        reference=update.reference,
        channel=update.channel,
        order_id=update.order_id,
        order_number=update.order_number,
        status=update.status,
        at=update.at.astimezone(UTC),
        tracking_number=update.tracking_number,
    )
    return wire.Event(TYPES[Kind.PUSH_STATUS], data.at, data)


def stock_changed(level: StockLevel, now: datetime) -> wire.Event:
    """How many units may be sold."""
    data = wire.StockChanged(
        sku=level.sku, listing_id=level.listing_id, available=level.available, version=level.version
    )
    return wire.Event(TYPES[Kind.PUSH_STOCK], now, data)


def order_cancelled(request: CancellationRequest, now: datetime) -> wire.Event:
    """An order, or units of it, will not come."""
    data = wire.OrderCancelled(
        reference=request.reference,
        channel=request.channel,
        order_id=request.order_id,
        order_number=request.order_number,
        reason=request.reason,
        lines=request.lines,
    )
    return wire.Event(TYPES[Kind.PUSH_CANCELLATION], now, data)


def order_refunded(request: RefundRequest, now: datetime) -> wire.Event:
    """Money goes back."""
    data = wire.OrderRefunded(
        reference=request.reference,
        channel=request.channel,
        order_id=request.order_id,
        order_number=request.order_number,
        amount=request.amount,
        currency=request.currency,
        reason=request.reason,
        lines=request.lines,
    )
    return wire.Event(TYPES[Kind.PUSH_REFUND], now, data)


def return_changed(update: ReturnUpdate) -> wire.Event:
    """A return has come further."""
    data = wire.ReturnChanged(
        reference=update.reference,
        channel=update.channel,
        order_id=update.order_id,
        order_number=update.order_number,
        number=update.number,
        status=update.status,
        at=update.at.astimezone(UTC),
        requested_at=update.requested_at.astimezone(UTC),
        reason=update.reason,
        lines=tuple(wire.ReturnLine(it.line_id, it.sku, it.quantity, it.received, it.reason) for it in update.lines),
        tracking_number=update.tracking_number,
        carrier=update.carrier,
    )
    return wire.Event(TYPES[Kind.PUSH_RETURN], data.at, data)


def ping(account: str, now: datetime) -> wire.Event:
    """Nothing happened: is anybody there?"""
    return wire.Event(PING, now, wire.Ping(account))
