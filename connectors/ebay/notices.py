"""What happened to an eBay order since it was placed: parcels, refunds, a cancellation. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from msgspec.structs import replace

from connectors.ebay import order_wire as wire
from connectors.ebay import words
from connectors.ebay.purse import Purse
from connectors.wire import instant
from hub.domain.order import ForeignShipment, RefundNotice

UNPROVEN = "marked as shipped"
"""Id of a shipment that only the status of its lines tells of."""


def shipments(order: wire.Order) -> tuple[ForeignShipment, ...]:
    """Every parcel eBay knows of, ours as well; and units that are called shipped without any parcel."""
    made = tuple(
        ForeignShipment(
            external_id=parcel.fulfillment_id,
            lines=_lines(parcel),
            carrier=parcel.shipping_carrier_code,
            tracking_number=parcel.shipment_tracking_number,
            shipped_at=instant(parcel.shipped_date, f"$.shippingFulfillments[{i}].shippedDate")
            if parcel.shipped_date
            else None,
        )
        for i, parcel in enumerate(order.shipping_fulfillments)
    )
    told = units(made)
    called = {it.line_item_id: it.quantity for it in order.line_items if it.line_item_fulfillment_status == "FULFILLED"}
    rest = {line: quantity - told[line] for line, quantity in called.items() if quantity > told[line]}
    return (*made, ForeignShipment(external_id=UNPROVEN, lines=rest)) if rest else made


def _lines(parcel: wire.Fulfillment) -> dict[str, int]:
    count: Counter[str] = Counter()
    for line in parcel.line_items:
        count[line.line_item_id] += line.quantity
    return dict(count)


def units(parcels: Sequence[ForeignShipment]) -> Counter[str]:
    """Units shipped, by line."""
    count: Counter[str] = Counter()
    for parcel in parcels:
        count.update(parcel.lines)
    return count


Placed = tuple[wire.Refund, str]
"""A refund and its path."""


def refund_notices(order: wire.Order, purse: Purse) -> tuple[RefundNotice, ...]:
    """Refunds that have gone through, each once: eBay tells one of a line at the order as well, or only there."""
    found: dict[str, RefundNotice] = {}
    for refund, path in _told(order, purse):
        name = refund.refund_id or refund.refund_reference_id
        gone = refund.refund_status in ("", words.GIVEN_BACK)
        if not (name and gone and refund.refund_date and refund.amount) or name in found:
            continue
        found[name] = RefundNotice(
            order_id=order.order_id,
            external_id=name,
            at=instant(refund.refund_date, f"{path}.refundDate"),
            amount=abs(purse.amount(refund.amount, f"{path}.amount")),
            currency=purse.currency,
        )
    return tuple(found.values())


def _told(order: wire.Order, purse: Purse) -> list[Placed]:
    """Every refund, perhaps twice under one name. One that was made of a line has its id there, and at the order only a
    reference: it goes by the id, which it had from the beginning, and by the status, which lines do not tell."""
    whole = [(refund, f"$.paymentSummary.refunds[{i}]") for i, refund in enumerate(order.payment_summary.refunds)]
    known = {refund.refund_id for refund, _ in whole if refund.refund_id}
    of_lines: list[Placed] = []
    for i, line in enumerate(order.line_items):
        for n, refund in enumerate(line.refunds):
            placed = refund, f"$.lineItems[{i}].refunds[{n}]"
            twin = None if refund.refund_id in known else next((it for it in whole if _same(it, placed, purse)), None)
            if twin is not None:
                whole.remove(twin)
                status, at = twin[0].refund_status, refund.refund_date or twin[0].refund_date
                placed = replace(refund, refund_status=status, refund_date=at), placed[1]
            of_lines.append(placed)
    return [*whole, *of_lines]


def _same(whole: Placed, of_line: Placed, purse: Purse) -> bool:
    """Whether a refund that the order tells by reference is one that a line tells by id: as much, on the same day."""
    if whole[0].refund_id or not of_line[0].refund_id or whole[0].amount is None or of_line[0].amount is None:
        return False
    amounts = [abs(purse.amount(refund.amount, f"{path}.amount")) for refund, path in (whole, of_line)]
    times = [instant(it.refund_date, f"{path}.refundDate") for it, path in (whole, of_line) if it.refund_date]
    return amounts[0] == amounts[1] and (len(times) < 2 or abs(times[0] - times[1]) < timedelta(days=1))


def cancel_reason(order: wire.Order) -> str:
    """Why, as far as eBay tells."""
    asked = order.cancel_status.cancel_requests
    if order.cancel_status.cancel_state != words.CANCELED or not asked:
        return ""
    return asked[-1].cancel_reason or f"cancelled by {asked[-1].cancel_initiator.lower() or 'eBay'}"
