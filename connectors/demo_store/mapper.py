"""The store's shapes ↔ the hub's types. Pure, both ways; functions are named by what they return."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import sha256
from urllib.parse import quote

from msgspec import Raw

from connectors.demo_store import wire, words
from connectors.http import expect
from connectors.wire import amount, decode
from hub.contract import Answer, Delivery, Product, Reply
from hub.domain.money import major
from hub.domain.order import (
    AccountClosed,
    Address,
    Buyer,
    Cancellation,
    ChannelLine,
    ChannelOrder,
    ChannelPayment,
    Charge,
    Erasure,
    ForeignShipment,
    News,
    PaymentStatus,
    RefundNotice,
    RiskFact,
    ShipmentNotice,
)
from hub.domain.outgoing import CancellationRequest, Receipt, RefundRequest, Shipment, StatusUpdate, StockLevel
from hub.errors import BadPayload, Reconnect, Reject, Retry

# ---------------------------------------------------------------- what the store says


def news(delivery: Delivery) -> tuple[News, ...]:
    """What a delivery says; empty for topics that we do not follow. Raises `BadPayload`."""
    reader = READERS.get(delivery.topic)
    return (reader(delivery.body),) if reader else ()


def channel_order(body: bytes) -> ChannelOrder:
    """An order from its webhook or from the list: the two have one shape."""
    order = decode(body, wire.Order)
    standing, payment = words.find(words.ORDER, order.status), words.find(words.PAYMENT, order.payment_status)
    return ChannelOrder(
        external_id=order.id,
        number=order.number,
        placed_at=order.created_at,
        revised_at=order.updated_at,
        currency=order.currency,
        total=amount(order.total, order.currency, "$.total"),
        shop_currency=order.settlement.currency if order.settlement else order.currency,
        shop_total=shop_total(order),
        tax_included=order.tax_included,
        tax_total=amount(order.tax, order.currency, "$.tax"),
        lines=tuple(channel_line(order, i) for i in range(len(order.items))),
        charges=tuple(charge(order, i) for i in range(len(order.charges))),
        buyer=buyer(order.customer),
        ship_to=address(order.shipping_address),
        bill_to=address(order.billing_address),
        payments=tuple(channel_payment(order, i) for i in range(len(order.payments))),
        paid=payment is PaymentStatus.CAPTURED,
        pending=standing is words.Standing.PENDING or payment is PaymentStatus.PENDING,
        risks=tuple(
            RiskFact(source=r.source, level=words.find(words.RISK, r.level) or "", why=r.why) for r in order.risks
        ),
        shipments=tuple(foreign_shipment(shipped) for shipped in order.shipments),
        cancelled_at=order.cancelled_at,
        cancel_reason=order.cancel_reason,
        words={"status": order.status, "payment_status": order.payment_status},
        unknown_words=unknown_words(order),
        note=order.note,
        test=order.test,
    )


def channel_line(order: wire.Order, i: int) -> ChannelLine:
    """The `i`-th item."""
    item, path = order.items[i], f"$.items[{i}]"
    return ChannelLine(
        external_id=item.id,
        title=item.title,
        quantity=item.quantity,
        unit_price=amount(item.unit_price, order.currency, f"{path}.unit_price"),
        sku=item.sku,
        listing_id=item.variant_id,
        discount=amount(item.discount, order.currency, f"{path}.discount"),
        tax=amount(item.tax, order.currency, f"{path}.tax"),
        cancelled=item.cancelled,
        fulfilled=item.shipped,
        requires_shipping=item.requires_shipping,
        gift_card=item.gift_card,
        grams=item.weight_grams,
    )


def charge(order: wire.Order, i: int) -> Charge:
    """The `i`-th charge."""
    given, path = order.charges[i], f"$.charges[{i}]"
    return Charge(
        kind=given.kind,
        title=given.title,
        amount=amount(given.amount, order.currency, f"{path}.amount"),
        discount=amount(given.discount, order.currency, f"{path}.discount"),
        tax=amount(given.tax, order.currency, f"{path}.tax"),
        code=given.code,
    )


def channel_payment(order: wire.Order, i: int) -> ChannelPayment:
    """The `i`-th payment; an unknown word counts as pending, and is reported among the order's unknown words."""
    payment = order.payments[i]
    return ChannelPayment(
        external_id=payment.id,
        status=words.find(words.PAYMENT, payment.status) or PaymentStatus.PENDING,
        amount=amount(payment.amount, order.currency, f"$.payments[{i}].amount"),
        gateway=payment.gateway,
        last4=payment.last4,
    )


def shop_total(order: wire.Order) -> int:
    """The total in the merchant's own currency."""
    if order.settlement is None:
        return amount(order.total, order.currency, "$.total")
    return amount(order.settlement.total, order.settlement.currency, "$.settlement.total")


def unknown_words(order: wire.Order) -> tuple[str, ...]:
    """Status words that stand in none of our tables, each once, as the store wrote them."""
    payments = [order.payment_status, *(payment.status for payment in order.payments)]
    unknown = [order.status] if words.find(words.ORDER, order.status) is None else []
    unknown += [word for word in payments if words.find(words.PAYMENT, word) is None]
    unknown += [risk.level for risk in order.risks if words.find(words.RISK, risk.level) is None]
    return tuple(dict.fromkeys(unknown))


def buyer(customer: wire.Customer) -> Buyer:
    """Who bought."""
    return Buyer(
        external_id=customer.id,
        name=customer.name,
        email=customer.email,
        phone=customer.phone,
        locale=customer.locale,
        ip=customer.ip,
    )


def address(given: wire.Address | None) -> Address | None:
    """An address, or none at all for goods that are not shipped."""
    if given is None:
        return None
    return Address(
        name=given.name,
        company=given.company,
        line1=given.street,
        line2=given.extra,
        city=given.city,
        region=given.region,
        postcode=given.postcode,
        country=given.country.upper(),
        phone=given.phone,
    )


def foreign_shipment(shipped: wire.Shipped) -> ForeignShipment:
    """What the store counts as shipped."""
    return ForeignShipment(
        external_id=shipped.id,
        lines=shipped.items,
        carrier=shipped.carrier,
        tracking_number=shipped.tracking_number,
        shipped_at=shipped.shipped_at,
    )


def cancellation(body: bytes) -> Cancellation:
    """Body of order.cancelled."""
    told = decode(body, wire.Cancelled)
    return Cancellation(order_id=told.order_id, at=told.cancelled_at, reason=told.reason, lines=told.items)


def refund_notice(body: bytes) -> RefundNotice:
    """Body of refund.created."""
    told = decode(body, wire.Refunded)
    return RefundNotice(
        order_id=told.order_id,
        external_id=told.id,
        at=told.created_at,
        amount=amount(told.amount, told.currency, "$.amount"),
        currency=told.currency,
        lines=told.items,
        restock=told.restock,
        reason=told.reason,
    )


def shipment_notice(body: bytes) -> ShipmentNotice:
    """Body of shipment.created: our own coming back, or somebody else's."""
    told = decode(body, wire.ShipmentCreated)
    shipment = foreign_shipment(told.shipment)
    return ShipmentNotice(order_id=told.order_id, shipment=shipment, at=told.created_at, status=told.status)


def erasure(body: bytes) -> Erasure:
    """Body of customer.erase."""
    told = decode(body, wire.CustomerErased)
    who = told.customer
    return Erasure(kind="erase_person", email=who.email, phone=who.phone, external_id=who.id, order_ids=told.order_ids)


def account_closed(body: bytes) -> AccountClosed:
    """Body of store.uninstalled."""
    return AccountClosed(at=decode(body, wire.Uninstalled).at)


READERS: Mapping[str, Callable[[bytes], News]] = {
    "order.created": channel_order,
    "order.updated": channel_order,
    "order.paid": channel_order,
    "order.cancelled": cancellation,
    "refund.created": refund_notice,
    "shipment.created": shipment_notice,
    "store.uninstalled": account_closed,
    "customer.erase": erasure,
}
"""Topic → who reads it. What is not here is not subscribed to."""


def delivery_of(order: Raw) -> Delivery:
    """One order of a page, verbatim. One whose head cannot be read still becomes a delivery, to be set aside later."""
    body = bytes(order)
    try:
        head = decode(body, wire.OrderHead)
    except BadPayload:
        return Delivery(id=f"pull:{sha256(body).hexdigest()}", topic="order.updated", body=body)
    mark = f"pull:{head.id}:{head.updated_at.isoformat()}"
    return Delivery(id=mark, topic="order.updated", body=body, occurred_at=head.updated_at)


def product(given: wire.Product) -> Product:
    """A product for sale. Raises `BadPayload` on a price that is none."""
    return Product(
        listing_id=given.id,
        sku=given.sku,
        title=given.title,
        gtin=given.gtin,
        grams=given.weight_grams,
        price=amount(given.price, given.currency, "$.price"),
        currency=given.currency,
    )


# ---------------------------------------------------------------- what we say to the store


def shipment_call(shipment: Shipment, key: str) -> wire.Call:
    """Goods handed to a carrier."""
    body = wire.Ship(
        reference=shipment.reference,
        items={line.line_id: line.quantity for line in shipment.lines},
        carrier=shipment.carrier,
        tracking_number=shipment.tracking_number,
        tracking_url=shipment.tracking_url,
        shipped_at=shipment.shipped_at,
        notify=shipment.notify_buyer,
    )
    return wire.Call(key, "POST", f"/orders/{part(shipment.order_id)}/shipments", body)


def status_call(update: StatusUpdate, key: str) -> wire.Call:
    """News of an order; the store takes our words as they are."""
    body = wire.SetStatus(update.reference, update.status, update.at, update.tracking_number)
    return wire.Call(key, "POST", f"/orders/{part(update.order_id)}/status", body)


def stock_call(level: StockLevel, key: str) -> wire.Call:
    """How many units may be sold."""
    body = wire.SetStock(f"{level.sku}:{level.version}", level.sku, level.available, level.version)
    return wire.Call(key, "PUT", f"/stock/{part(level.listing_id)}", body)


def cancellation_call(request: CancellationRequest, key: str) -> wire.Call:
    """We cancel."""
    body = wire.Cancel(request.reference, request.reason, request.lines)
    return wire.Call(key, "POST", f"/orders/{part(request.order_id)}/cancellations", body)


def refund_call(request: RefundRequest, key: str) -> wire.Call:
    """We give money back through the store."""
    total = major(request.amount, request.currency)
    body = wire.Refund(request.reference, total, request.currency, request.reason, request.lines)
    return wire.Call(key, "POST", f"/orders/{part(request.order_id)}/refunds", body)


def call(payload: object, key: str) -> wire.Call:
    """The call for any payload that the store takes, for batches."""
    match payload:
        case Shipment():
            return shipment_call(payload, key)
        case StatusUpdate():
            return status_call(payload, key)
    raise Reject(f"the store takes no batches of {type(payload).__name__}")


def receipt(done: wire.Done) -> Receipt:
    """What is worth keeping of the store's answer."""
    return Receipt(external_id=done.id, details={"status": done.status} if done.status else {})


def answer(given: wire.Part) -> Answer:
    """One answer of a batch, judged like the answer of a single call."""
    try:
        return Answer(receipt=receipt(decode(expect(Reply(given.status, {}, bytes(given.body)), "push"), wire.Done)))
    except Retry as error:
        return Answer(failure="retry", why=str(error), after=error.after)
    except Reconnect as error:
        return Answer(failure="reconnect", why=str(error))
    except Reject as error:
        return Answer(failure="reject", why=str(error))
    except BadPayload as error:
        return Answer(failure="unknown", why=f"the store's answer cannot be read: {error}")


def part(text: str) -> str:
    """`text` as one part of a path, whatever it contains."""
    return quote(text, safe="")
