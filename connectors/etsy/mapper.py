"""A receipt of Etsy as an order of ours, and the refunds it tells of. Pure.

Source: the contract `etsy_3.0.0.json`. Etsy escapes texts as HTML ("Woman&#39;s"), which no label should show.
"""

from __future__ import annotations

from datetime import datetime
from html import unescape

from connectors.etsy import wire, words
from connectors.etsy.amounts import minor, moment
from connectors.etsy.lines import channel_lines, shipments
from connectors.etsy.sums import Sums, charges, sums_of
from hub.domain import money
from hub.domain.order import (
    Address,
    Buyer,
    ChannelOrder,
    ChannelPayment,
    PaymentStatus,
    RefundNotice,
)


def news(receipt: wire.Receipt) -> tuple[ChannelOrder | RefundNotice, ...]:
    """The order, then its refunds. Raises `BadPayload`."""
    return (channel_order(receipt), *refund_notices(receipt))


def channel_order(receipt: wire.Receipt) -> ChannelOrder:
    """The order as it stands. Raises `BadPayload` for money that cannot be told exactly, and for missing times."""
    sums, revised_at = sums_of(receipt), _revised(receipt)
    standing = words.STATUS.get(words.folded(receipt.status), words.UNTOLD)
    lines = channel_lines(receipt, sums)
    return ChannelOrder(
        external_id=str(receipt.receipt_id),
        number=str(receipt.receipt_id),
        placed_at=moment(receipt.created_timestamp or receipt.create_timestamp, "$.created_timestamp"),
        revised_at=revised_at,
        currency=sums.currency,
        total=sums.total,
        tax_included=sums.tax_included,
        tax_total=sums.tax_total,
        lines=lines,
        charges=charges(receipt, sums),
        buyer=buyer(receipt),
        ship_to=address(receipt),
        payments=(payment(receipt, sums, standing),),
        paid=bool(receipt.is_paid),
        pending=held_back(receipt, standing),
        shipments=shipments(receipt, lines),
        # Etsy does not tell when a receipt was canceled; its last change is the closest there is.
        cancelled_at=revised_at if standing.cancelled else None,
        words={"status": receipt.status},
        unknown_words=unknown_words(receipt),
        note=note(receipt, sums),
    )


def held_back(receipt: wire.Receipt, standing: words.Standing) -> bool:
    """Whether Etsy does not let the order go: it is not paid yet, or all the money went back before it was shipped."""
    return (standing.pending and not receipt.is_paid) or (standing.refunded and not receipt.is_shipped)


def payment(receipt: wire.Receipt, sums: Sums, standing: words.Standing) -> ChannelPayment:
    """What was paid, through Etsy or another way. A canceled receipt has a grand total of zero; what had been asked for
    is then the sum of its parts."""
    status = PaymentStatus.CAPTURED if receipt.is_paid else PaymentStatus.PENDING
    if standing.cancelled and not receipt.is_paid:
        status = PaymentStatus.VOIDED
    asked = sums.total or (max(0, sums.parts) if standing.cancelled else 0)
    gateway = receipt.payment_method or ""
    return ChannelPayment(external_id=str(receipt.receipt_id), status=status, amount=asked, gateway=gateway)


def refund_notices(receipt: wire.Receipt) -> tuple[RefundNotice, ...]:
    """Refunds whose money went back. They have no id: their time and amount, and which of several alike, name them."""
    currency, seen, found = receipt.grandtotal.currency_code, dict[str, int](), []
    for index, refund in enumerate(receipt.refunds or ()):
        path = f"$.refunds[{index}]"
        amount = minor(refund.amount, currency, f"{path}.amount")
        mark = f"{receipt.receipt_id}:{refund.created_timestamp}:{amount}"
        seen[mark] = seen.get(mark, 0) + 1
        if not words.REFUND.get(words.folded(refund.status), False):
            continue
        notice = RefundNotice(
            order_id=str(receipt.receipt_id),
            external_id=f"{mark}:{seen[mark]}",
            at=moment(refund.created_timestamp, f"{path}.created_timestamp"),
            amount=amount,
            currency=currency,
            reason=text(refund.reason) or text(refund.note_from_issuer),
        )
        found.append(notice)
    return tuple(found)


def buyer(receipt: wire.Receipt) -> Buyer:
    """Who bought. Etsy gives the e-mail address only to apps that were granted it."""
    who = str(receipt.buyer_user_id) if receipt.buyer_user_id is not None else ""
    return Buyer(external_id=who, name=text(receipt.name), email=(receipt.buyer_email or "").strip())


def address(receipt: wire.Receipt) -> Address | None:
    """Where the goods go; None where Etsy hides the whole address from this app, or there is none."""
    parts = (receipt.first_line, receipt.second_line, receipt.city, receipt.state, receipt.zip, receipt.country_iso)
    if not any((part or "").strip() for part in parts):
        return None
    country = (receipt.country_iso or "").strip().upper()
    return Address(
        name=text(receipt.name),
        line1=text(receipt.first_line),
        line2=text(receipt.second_line),
        city=text(receipt.city),
        region=text(receipt.state),
        postcode=text(receipt.zip),
        country=country if len(country) == 2 and country.isascii() and country.isalpha() else "",
    )


def note(receipt: wire.Receipt, sums: Sums) -> str:
    """What the buyer wrote, and what makes it a gift."""
    said = [text(receipt.message_from_buyer)]
    message, sender = text(receipt.gift_message), text(receipt.gift_sender)
    if receipt.is_gift or message or sums.wrap:
        said.append(f"Gift from {sender}" if sender else "Gift")
        said.append(f"Gift message: {message}" if message else "")
        said.append(f"Gift wrap: {money.major(sums.wrap, sums.currency)} {sums.currency}" if sums.wrap else "")
    return "\n".join(filter(None, said))


def unknown_words(receipt: wire.Receipt) -> tuple[str, ...]:
    """Status words without a meaning here, as field=word."""
    found = [] if words.folded(receipt.status) in words.STATUS else [f"status={receipt.status}"]
    for refund in receipt.refunds or ():
        if words.folded(refund.status) not in words.REFUND:
            found.append(f"refunds.status={refund.status}")
    return tuple(dict.fromkeys(found))


def text(escaped: str | None) -> str:
    """A text as it was written."""
    return unescape(escaped or "").strip()


def _revised(receipt: wire.Receipt) -> datetime:
    return moment(receipt.updated_timestamp or receipt.update_timestamp, "$.updated_timestamp")
