"""Shopify's returns → the hub's notices. Pure.

A webhook counts at the time when Shopify says it was triggered; a return that was read with its order at the latest
time that either of them names.
"""

from __future__ import annotations

from datetime import datetime

from connectors.shopify import wire_returns as wire
from connectors.shopify import words
from connectors.shopify.graphql_mapper import number, whole
from connectors.shopify.mapper import required
from connectors.wire import decode, instant
from hub.domain.order import ReturnedLine, ReturnNotice, ReturnStatus
from hub.errors import BadPayload


def told(body: bytes, at: datetime | None) -> ReturnNotice:
    """Body of a returns/* webhook that was triggered at `at`. Raises `BadPayload`, also where that is not known.
    Reasons are spelled as the API spells them."""
    back = decode(body, wire.Return)
    if at is None:
        raise BadPayload("X-Shopify-Triggered-At", "a return does not say when it changed, and the header does not")
    asked = back.status.lower() in words.RETURN_ASKED
    return ReturnNotice(
        order_id=required(back.order.id if back.order else back.order_id, "$.order_id"),
        external_id=number(back.id),
        at=at,
        status=words.RETURN.get(back.status.lower()),
        word=back.status.lower(),
        number=back.name or "",
        lines=tuple(
            ReturnedLine(
                line_id=number(item.fulfillment_line_item.line_item.id),
                quantity=item.quantity,
                reason=(item.return_reason or "").lower().replace("_", "-"),
            )
            for item in back.return_line_items or ()
            if item.fulfillment_line_item is not None
        ),
        requested_at=at if asked else None,
    )


def of_order(body: bytes) -> tuple[ReturnNotice, ...]:
    """The returns inside a pulled order, each as it then stood."""
    order = decode(body, wire.Holder)
    changed = instant(order.updated_at, "$.updated_at")
    return tuple(_node(back, order.id, changed, f"$.returns[{i}]") for i, back in enumerate(order.returns or ()))


def _node(back: wire.Node, order_id: str, changed: datetime, path: str) -> ReturnNotice:
    created = instant(back.created_at, f"{path}.created_at")
    moments = [instant(at, path) for at in (back.approved_at, back.closed_at) if at is not None]
    lines = tuple(_line(line, line.sold) for line in whole(back.lines, f"{path}.lines") if line.sold is not None)
    tracking = _tracking(back)
    return ReturnNotice(
        order_id=number(order_id),
        external_id=number(back.id),
        at=max(changed, created, *moments),
        status=_status(back.status.lower(), lines),
        word=back.status.lower(),
        number=back.name,
        lines=lines,
        tracking_number=tracking.number or "",
        carrier=tracking.carrier or "",
        requested_at=created,
    )


def _line(line: wire.Line, sold: wire.Sold) -> ReturnedLine:
    return ReturnedLine(
        line_id=number(sold.line.id),
        quantity=line.quantity or 0,
        received=line.processed or 0,
        reason=line.reason.handle if line.reason else "",
    )


def _status(word: str, lines: tuple[ReturnedLine, ...]) -> ReturnStatus | None:
    """An open return of which everything was processed has been received; Shopify has no word for that."""
    status = words.RETURN.get(word)
    processed = bool(lines) and all(line.received >= line.quantity for line in lines)
    return ReturnStatus.RECEIVED if status is ReturnStatus.APPROVED and processed else status


def _tracking(back: wire.Node) -> wire.Tracking:
    """The last parcel that can be followed."""
    found = wire.Tracking()
    for reverse in back.reverse.nodes:
        for delivery in reverse.deliveries.nodes:
            tracking = delivery.deliverable.tracking if delivery.deliverable else None
            found = tracking if tracking is not None and tracking.number else found
    return found
