"""eBay's returns → the hub's notices. Pure.

eBay says of no return when it changed, only when things were done about it, and not all of them: what it tells counts
when it was read.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from connectors.ebay import return_wire as wire
from connectors.ebay import words
from connectors.wire import decode, instant
from hub.domain.order import ReturnedLine, ReturnNotice, ReturnStatus


def told(body: bytes, read_at: datetime | None) -> ReturnNotice:
    """A return as it stood at `read_at`; without that (a replay) at the latest moment that it names. Raises
    `BadPayload`."""
    back = decode(body, wire.Told)
    summary = back.summary
    asked = instant(summary.creation_info.creation_date.value, "$.summary.creationInfo.creationDate.value")
    parcel = _parcel(back.detail)
    return ReturnNotice(
        order_id=summary.order_id,
        external_id=summary.return_id,
        at=read_at or max((asked, *_moments(back.detail))),
        status=status(back),
        word=summary.status or summary.state,
        number=summary.return_id,
        lines=_lines(back),
        reason=summary.creation_info.reason.lower(),
        tracking_number=parcel.tracking_number,
        carrier=parcel.carrier_name or parcel.carrier_used,
        requested_at=asked,
    )


def status(back: wire.Told) -> ReturnStatus | None:
    """Where the return stands; None for a word that nobody knows. One that was escalated stands where it stood before:
    eBay decides of the money, and the goods may come all the same."""
    said = words.RETURN.get(back.summary.status)
    if back.summary.status in words.RETURN_BESIDE:
        escalated = ReturnStatus.REQUESTED if back.summary.status == words.ESCALATED else None
        said = words.RETURN.get(back.summary.state, escalated)
    if said is ReturnStatus.CLOSED and _withdrawn(back.detail):
        return ReturnStatus.CANCELLED
    return said


def _withdrawn(detail: wire.Detail) -> bool:
    """Whether nothing comes back after all: the buyer let it be before anything was sent."""
    closing = detail.close_info
    if closing is None or closing.return_close_reason not in words.RETURN_WITHDRAWN:
        return False
    sent = any(step.to_state in words.RETURN_SENT for step in detail.response_history)
    return not sent and closing.buyer_close_reason not in words.RETURN_SATISFIED


def _moments(detail: wire.Detail) -> Iterator[datetime]:
    for i, step in enumerate(detail.response_history):
        if step.creation_date is not None:
            yield instant(step.creation_date.value, f"$.detail.responseHistory[{i}].creationDate.value")


def _parcel(detail: wire.Detail) -> wire.Tracking:
    """The parcel that can be followed; the last where there are several."""
    shipment = detail.return_shipment_info or wire.Shipment()
    parcels = [*shipment.all_shipment_trackings, shipment.shipment_tracking or wire.Tracking()]
    return next((it for it in reversed(parcels) if it.tracking_number), wire.Tracking())


def _lines(back: wire.Told) -> tuple[ReturnedLine, ...]:
    """The line that comes back, as the order names it: the only one of that listing, or the one of that transaction.
    None where that is not to be told, as with two variations of one listing."""
    item = back.summary.creation_info.item
    same = [line for line in back.order_lines if line.legacy_item_id == item.item_id]
    exact = [line for line in same if line.line_item_id == item.transaction_id]
    found = exact or (same if len(same) == 1 else [])
    return tuple(ReturnedLine(line_id=line.line_item_id, quantity=item.return_quantity) for line in found[:1])
