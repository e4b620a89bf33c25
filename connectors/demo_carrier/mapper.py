"""The carrier's shapes ↔ the hub's types. Pure, both ways; functions are named by what they return."""

from __future__ import annotations

from hashlib import sha256

from msgspec import Raw

from connectors.demo_carrier import wire, words
from connectors.http import expect
from connectors.wire import amount, decode
from hub.contract import Answer, Delivery, Reply
from hub.domain.money import major
from hub.domain.order import Address, News, ParcelScan
from hub.domain.outgoing import Label, LabelRequest, RateQuote, Receipt
from hub.errors import BadPayload, Reconnect, Reject, Retry

CARRIER = "Demo Carrier"
SCANNED = "parcel.scanned"

# ---------------------------------------------------------------- what the carrier says


def news(delivery: Delivery) -> tuple[News, ...]:
    """The scans in a delivery; empty for other topics. Raises `BadPayload`."""
    if delivery.topic != SCANNED:
        return ()
    return tuple(parcel_scan(scan) for scan in decode(delivery.body, wire.Scans).scans)


def parcel_scan(scan: wire.Scan) -> ParcelScan:
    """One scan."""
    return ParcelScan(
        tracking_number=scan.tracking_number,
        external_id=scan.id,
        status=words.scan_status(scan.code),
        at=scan.at,
        raw=scan.code,
        place=scan.place,
    )


def delivery_of(parcel: Raw) -> Delivery:
    """One tracked parcel, verbatim: the same scans are the same delivery, one more makes another."""
    body = bytes(parcel)
    try:
        number = decode(body, wire.ParcelHead).tracking_number
    except BadPayload:
        number = "?"
    return Delivery(id=f"track:{number}:{sha256(body).hexdigest()[:32]}", topic=SCANNED, body=body)


def rate_quote(rate: wire.Rate) -> RateQuote:
    """What a service would cost."""
    cost = amount(rate.amount, rate.currency, "$.rates[].amount")
    return RateQuote(service=rate.service, title=rate.title, cost=cost, currency=rate.currency, days=rate.days)


def label(bought: wire.Bought) -> Label:
    """A bought label."""
    return Label(
        external_id=bought.id,
        carrier=CARRIER,
        service=bought.service,
        tracking_number=bought.tracking_number,
        cost=amount(bought.amount, bought.currency, "$.amount"),
        currency=bought.currency,
        tracking_url=bought.tracking_url,
        document_url=bought.document_url,
    )


def label_receipt(bought: wire.Bought) -> Receipt:
    """The receipt that carries the label."""
    return Receipt(external_id=bought.id, details={"status": bought.status}, label=label(bought))


def receipt(done: wire.Done) -> Receipt:
    """The receipt of a void or a manifest."""
    return Receipt(external_id=done.id, details={"status": done.status} if done.status else {})


def answer(given: wire.Part) -> Answer:
    """One answer of a batch, judged like the answer of a single call."""
    try:
        body = expect(Reply(given.status, {}, bytes(given.body)), "buy label")
        return Answer(receipt=label_receipt(decode(body, wire.Bought)))
    except Retry as error:
        return Answer(failure="retry", why=str(error), after=error.after)
    except Reconnect as error:
        return Answer(failure="reconnect", why=str(error))
    except Reject as error:
        return Answer(failure="reject", why=str(error))
    except BadPayload as error:
        return Answer(failure="unknown", why=f"the carrier's answer cannot be read: {error}")


# ---------------------------------------------------------------- what we say to the carrier


def parcel(request: LabelRequest) -> wire.Parcel:
    """A parcel that wants a label or a price."""
    return wire.Parcel(
        reference=request.reference,
        order=request.order_number,
        service=request.service,
        sender=address(request.sender),
        recipient=address(request.recipient),
        weight_grams=request.weight_grams,
        length_mm=request.length_mm,
        width_mm=request.width_mm,
        height_mm=request.height_mm,
        value=major(request.value, request.currency) if request.currency else "",
        currency=request.currency,
    )


def address(given: Address) -> wire.Address:
    """An address as the carrier prints it."""
    return wire.Address(
        name=given.name,
        company=given.company,
        street=given.line1,
        extra=given.line2,
        city=given.city,
        region=given.region,
        postcode=given.postcode,
        country=given.country,
        phone=given.phone,
    )
