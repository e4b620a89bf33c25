"""An order of WooCommerce as a `ChannelOrder`. Pure; the same for webhooks and for lists."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from connectors.woocommerce import wire, words
from connectors.woocommerce.lines import channel_lines, charges, fractions, notes, rounding, text, units
from connectors.woocommerce.people import address, buyer
from connectors.woocommerce.purse import Purse
from connectors.woocommerce.tracking import completed, shipments
from connectors.woocommerce.words import PROGRESS, Standing
from hub.domain.order import (
    Buyer,
    ChannelLine,
    ChannelOrder,
    ChannelPayment,
    Erasure,
    ForeignShipment,
    News,
    PaymentStatus,
    RefundNotice,
)
from hub.errors import BadPayload

NONE: Mapping[str, int] = {}


def news(order: wire.Order, refunds: Sequence[wire.Refund] | None = None) -> tuple[News, ...]:
    """The order and the refunds it lists; nothing for a cart, or an order that nobody has put anything into yet, nor
    where it is `unsettled`. `refunds`: what each is for, None when that is not known. Raises `BadPayload`."""
    empty = not (order.line_items or order.fee_lines or order.shipping_lines)
    if empty or words.standing(order.status) is Standing.CART:
        return ()
    told = channel_order(order, refunds)
    known: tuple[News, ...] = (
        () if refunds is None and unsettled(order) else (told, *refund_notices(order, refunds or ()))
    )
    if not any(extra.key == "_anonymized" and extra.value == "yes" for extra in order.meta_data):
        return known
    erasure = Erasure(kind="erase_person", order_ids=(told.external_id,))
    return (*(nobodys(it) if isinstance(it, ChannelOrder) else it for it in known), erasure)


def unsettled(order: wire.Order) -> bool:
    """Whether goods may still leave of which units were refunded: which ones, an order alone does not say, and told
    without it they would be shipped. Such an order is polled, with its refunds."""
    standing = words.standing(order.status)
    left = standing is Standing.SHIPPED or order.date_completed_gmt is not None
    return bool(order.refunds) and not left and not is_over(order, standing)


def nobodys(told: ChannelOrder) -> ChannelOrder:
    """An order whose buyer the store has forgotten: it says "[deleted]" wherever a person was, and 0 for the
    transaction, none of which is news of an address or a payment."""
    return msgspec.structs.replace(told, buyer=Buyer(), ship_to=None, bill_to=None, payments=(), note="")


def channel_order(order: wire.Order, refunds: Sequence[wire.Refund] | None = None) -> ChannelOrder:
    """The order as it stands at its last modification. `total` is before refunds, as WooCommerce keeps it.

    Units that were refunded before they were shipped count as cancelled, once it is known which they are.
    """
    purse = Purse.of(order.currency, order.prices_include_tax)
    standing = words.standing(order.status)
    told = shipments(order)
    lines = channel_lines(order, purse, cancelled_units(order, told, refunds or ()))
    total, tax = purse.near(order.total, "$.total"), purse.near(order.total_tax, "$.total_tax")
    parts = charges(order, purse)
    modified = moment(order.date_modified_gmt or order.date_created_gmt, "$.date_modified_gmt")
    over = is_over(order, standing)
    return ChannelOrder(
        external_id=str(order.id),
        number=str(order.number or order.id),
        placed_at=moment(order.date_created_gmt, "$.date_created_gmt") if order.date_created_gmt else modified,
        revised_at=revised_at(order, modified, refunds),
        currency=order.currency,
        total=total,
        shop_currency=order.currency,
        shop_total=total,
        tax_included=order.prices_include_tax,
        tax_total=tax,
        lines=lines,
        charges=(*parts, *rounding(total, lines, parts, 0 if purse.gross else tax)),
        buyer=buyer(order),
        ship_to=address(order.shipping, order.billing),
        bill_to=address(order.billing),
        payments=payments(order, standing, total),
        paid=order.date_paid_gmt is not None,
        pending=standing is Standing.PENDING,
        shipments=_shipped(order, standing, lines, told),
        cancelled_at=modified if over else None,
        cancel_reason=f"{order.status} at the store" if over else "",
        words={"status": order.status},
        unknown_words=unknown_words(order, purse, told),
        note=notes(order),
    )


def revised_at(order: wire.Order, modified: datetime, refunds: Sequence[wire.Refund] | None) -> datetime:
    """The second of the last modification, with what tells revisions of one second apart in its fraction: how far the
    order has come, how many refunds it has, and whether it is known what they are for."""
    progress = PROGRESS[words.standing(order.status)] * 10_000 + min(len(order.refunds), 99) * 100
    return modified.replace(microsecond=0) + timedelta(microseconds=progress + (refunds is not None))


def is_over(order: wire.Order, standing: Standing | None) -> bool:
    """Whether nothing more is to be shipped: cancelled, trashed, or all of the money went back before anything left."""
    never_shipped = order.date_completed_gmt is None
    return standing is Standing.CANCELLED or (standing is Standing.REFUNDED and never_shipped)


def cancelled_units(
    order: wire.Order, told: Sequence[ForeignShipment], refunds: Sequence[wire.Refund]
) -> Mapping[str, int]:
    """Units by line id that were refunded and never left. Refunded units of what was shipped are returns."""
    if words.standing(order.status) is Standing.SHIPPED or order.date_completed_gmt:
        return NONE
    gone = _gone(told)
    back: Counter[str] = Counter()
    for refund in refunds:
        back.update(refunded_units(refund))
    return {
        str(line.id): min(back[str(line.id)], max(0, units(line, f"$.line_items[{i}]") - gone[str(line.id)]))
        for i, line in enumerate(order.line_items)
    }


def refunded_units(refund: wire.Refund) -> dict[str, int]:
    """Units by line id that a refund gives back."""
    found: Counter[str] = Counter()
    for line in refund.line_items:
        count = -line.quantity
        if count.is_finite() and 0 < count <= 1_000_000 and count == count.to_integral_value():
            for extra in line.meta_data:
                if extra.key == "_refunded_item_id":
                    found[str(extra.value)] += int(count)
    return dict(found)


def refund_notices(order: wire.Order, refunds: Sequence[wire.Refund]) -> tuple[RefundNotice, ...]:
    """One notice for each refund that moved money. Without details it counts as made when the order was modified."""
    known = {refund.id: refund for refund in refunds}
    purse = Purse.of(order.currency, order.prices_include_tax)
    found = []
    for i, row in enumerate(order.refunds):
        detail = known.get(row.id, wire.Refund(id=row.id))
        amount = abs(purse.near(row.total, f"$.refunds[{i}].total"))
        if amount:
            at = detail.date_created_gmt or order.date_modified_gmt or order.date_created_gmt
            notice = RefundNotice(
                order_id=str(order.id),
                external_id=str(row.id),
                at=moment(at, f"$.refunds[{i}].date_created_gmt"),
                amount=amount,
                currency=order.currency,
                lines=refunded_units(detail),
                reason=text(row.reason),
            )
            found.append(notice)
    return tuple(found)


def payments(order: wire.Order, standing: Standing | None, total: int) -> tuple[ChannelPayment, ...]:
    """The order's payment. One that WooCommerce lets go without having the money (cash on delivery) is promised;
    before that there is none to speak of, unless the gateway has given it an id."""
    status = _payment_status(order, standing)
    if not total or status is None:
        return ()
    name = (order.transaction_id or "").strip()
    return (
        ChannelPayment(
            external_id=name or f"order:{order.id}", status=status, amount=total, gateway=order.payment_method or ""
        ),
    )


def _payment_status(order: wire.Order, standing: Standing | None) -> PaymentStatus | None:
    if order.date_paid_gmt is not None:
        return PaymentStatus.CAPTURED
    if standing is Standing.FAILED:
        return PaymentStatus.FAILED
    if standing in {Standing.OPEN, Standing.SHIPPED}:
        return PaymentStatus.AUTHORIZED
    return PaymentStatus.PENDING if standing is Standing.PENDING and order.transaction_id else None


def _shipped(
    order: wire.Order, standing: Standing | None, lines: Sequence[ChannelLine], told: tuple[ForeignShipment, ...]
) -> tuple[ForeignShipment, ...]:
    """The parcels; where the order counts as shipped, all of its units are in one."""
    done = standing is Standing.SHIPPED or (standing is Standing.REFUNDED and order.date_completed_gmt is not None)
    if not done:
        return told
    gone = _gone(told)
    left = {line.external_id: line.quantity - gone[line.external_id] for line in lines if line.requires_shipping}
    at = moment(order.date_completed_gmt, "$.date_completed_gmt") if order.date_completed_gmt else None
    return completed(told, {name: count for name, count in left.items() if count > 0}, at)


def _gone(told: Sequence[ForeignShipment]) -> Counter[str]:
    gone: Counter[str] = Counter()
    for shipment in told:
        gone.update(shipment.lines)
    return gone


def unknown_words(order: wire.Order, purse: Purse, told: Sequence[ForeignShipment]) -> tuple[str, ...]:
    """What a person must look at: a status of a plugin's own, a quantity that is no number of pieces, a total that
    cannot be paid, and a parcel that left without saying what is in it, while the order still counts as to be shipped:
    somebody else has sent all or a part of it."""
    found = [] if words.standing(order.status) else [f"status={order.status}"]
    found += fractions(order)
    found += [] if purse.exact(order.total) else [f"total={order.total}"]
    if words.standing(order.status) is Standing.OPEN:
        found += [f"shipped={parcel.carrier} {parcel.tracking_number}"[:200] for parcel in told if not parcel.lines]
    return tuple(found)


def moment(told: str | None, path: str) -> datetime:
    """A `_gmt` time: UTC, though it does not say so. Raises `BadPayload`."""
    try:
        at = datetime.fromisoformat(told or "")
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadPayload(path, f"{str(told)[:40]!r} is not a time") from None
