"""Transactions of a receipt as lines, and what was shipped of them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from html import unescape

from connectors.etsy import wire, words
from connectors.etsy.amounts import moment
from connectors.etsy.keys import variant_key
from connectors.etsy.sums import Sums
from hub.domain import money
from hub.domain.order import ChannelLine, ForeignShipment


def channel_lines(receipt: wire.Receipt, sums: Sums) -> tuple[ChannelLine, ...]:
    """One line a transaction. Etsy tells tax for the whole receipt only, so lines have none."""
    off = discounts(receipt, sums)
    return tuple(
        ChannelLine(
            external_id=str(line.transaction_id),
            title=title(line),
            quantity=line.quantity,
            unit_price=sums.prices[index],
            sku=(line.sku or "").strip(),
            listing_id=variant_key(line.listing_id, line.product_data),
            discount=off[index],
            fulfilled=line.quantity if left(receipt, line) else 0,
            requires_shipping=not line.is_digital,
        )
        for index, line in enumerate(receipt.transactions)
    )


def title(line: wire.Transaction) -> str:
    """The listing's title with what the buyer chose and wrote: a personalized thing cannot be made without it."""
    chosen = [
        f"{unescape(one.formatted_name)}: {unescape(one.formatted_value or '')}".strip()
        for one in line.variations or ()
        if one.formatted_name or one.formatted_value
    ]
    return unescape(line.title or "").strip() + (f" ({', '.join(chosen)})" if chosen else "")


def discounts(receipt: wire.Receipt, sums: Sums) -> list[int]:
    """The coupon of each line, where Etsy tells them and they add up to the receipt's discount; else that discount in
    proportion to what the lines cost."""
    told = [coupon(line, sums.currency) for line in receipt.transactions]
    if sum(told) == sums.discount:
        return told
    worth = [max(0, price * line.quantity) for price, line in zip(sums.prices, receipt.transactions, strict=True)]
    return money.split(sums.discount, worth) if worth else []


def coupon(line: wire.Transaction, currency: str) -> int:
    """`shop_coupon` in minor units; 0 for an amount that cannot be exact, which the receipt's own then decides."""
    try:
        return money.minor(line.shop_coupon or 0, currency)
    except ValueError:
        return 0


def left(receipt: wire.Receipt, line: wire.Transaction) -> bool:
    """Whether a line counts as shipped. Etsy itself delivers what is digital."""
    standing = words.STATUS.get(words.folded(receipt.status), words.UNTOLD)
    if line.is_digital or standing.cancelled:
        return False
    return bool(receipt.is_shipped or standing.shipped or line.shipped_timestamp)


def shipments(receipt: wire.Receipt, lines: Sequence[ChannelLine]) -> tuple[ForeignShipment, ...]:
    """The tracking numbers of a receipt, oldest first.

    Etsy does not tell which goods went with which number, and counts a receipt as shipped with its first: so the first
    carries all lines that are shipped, and the others none. If that first one is ours, so is what it carries.
    """
    gone = {line.external_id: line.fulfilled for line in lines if line.fulfilled}
    told = sorted(
        enumerate(receipt.shipments or ()), key=lambda it: (it[1].shipment_notification_timestamp or 0, it[0])
    )
    if not told and gone:
        return (ForeignShipment(external_id=f"{receipt.receipt_id}:completed", lines=gone),)
    return tuple(_shipment(receipt, index, one, gone if place == 0 else {}) for place, (index, one) in enumerate(told))


def _shipment(receipt: wire.Receipt, index: int, one: wire.Shipment, gone: dict[str, int]) -> ForeignShipment:
    at, path = one.shipment_notification_timestamp, f"$.shipments[{index}].shipment_notification_timestamp"
    return ForeignShipment(
        external_id=str(one.receipt_shipping_id or f"{receipt.receipt_id}:{index}"),
        lines=gone,
        carrier=one.carrier_name or "",
        tracking_number=(one.tracking_code or "").strip(),
        shipped_at=moment(at, path) if at is not None else None,
    )
