"""The store's order → the hub's. Pure; functions are named by what they return."""

from __future__ import annotations

from connectors.demo_store import order_wire, words
from connectors.wire import amount, decode
from hub.domain.order import (
    Address,
    Buyer,
    ChannelLine,
    ChannelOrder,
    ChannelPayment,
    Charge,
    ForeignShipment,
    PaymentStatus,
    ReturnedLine,
    ReturnNotice,
    RiskFact,
)


def order_news(body: bytes) -> tuple[ChannelOrder | ReturnNotice, ...]:
    """An order from its webhook or from the list, which have one shape, and after it each of its returns."""
    order = decode(body, order_wire.Order)
    return (channel_order(order), *(return_notice(told) for told in order.returns))


def channel_order(order: order_wire.Order) -> ChannelOrder:
    """The order itself."""
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


def channel_line(order: order_wire.Order, i: int) -> ChannelLine:
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


def charge(order: order_wire.Order, i: int) -> Charge:
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


def channel_payment(order: order_wire.Order, i: int) -> ChannelPayment:
    """The `i`-th payment; an unknown word counts as pending, and is reported among the order's unknown words."""
    payment = order.payments[i]
    return ChannelPayment(
        external_id=payment.id,
        status=words.find(words.PAYMENT, payment.status) or PaymentStatus.PENDING,
        amount=amount(payment.amount, order.currency, f"$.payments[{i}].amount"),
        gateway=payment.gateway,
        last4=payment.last4,
    )


def return_notice(told: order_wire.Return) -> ReturnNotice:
    """A return as it now stands."""
    return ReturnNotice(
        order_id=told.order_id,
        external_id=told.id,
        at=told.updated_at,
        status=words.find(words.RETURN, told.status),
        word=told.status,
        number=told.number,
        lines=tuple(
            ReturnedLine(line_id=item.line_id, quantity=item.quantity, received=item.received, reason=item.reason)
            for item in told.items
        ),
        reason=told.reason,
        tracking_number=told.tracking_number,
        carrier=told.carrier,
        requested_at=told.created_at,
    )


def shop_total(order: order_wire.Order) -> int:
    """The total in the merchant's own currency."""
    if order.settlement is None:
        return amount(order.total, order.currency, "$.total")
    return amount(order.settlement.total, order.settlement.currency, "$.settlement.total")


def unknown_words(order: order_wire.Order) -> tuple[str, ...]:
    """Status words that stand in none of our tables, each once, as the store wrote them."""
    payments = [order.payment_status, *(payment.status for payment in order.payments)]
    unknown = [order.status] if words.find(words.ORDER, order.status) is None else []
    unknown += [word for word in payments if words.find(words.PAYMENT, word) is None]
    unknown += [risk.level for risk in order.risks if words.find(words.RISK, risk.level) is None]
    return tuple(dict.fromkeys(unknown))


def buyer(customer: order_wire.Customer) -> Buyer:
    """Who bought."""
    return Buyer(
        external_id=customer.id,
        name=customer.name,
        email=customer.email,
        phone=customer.phone,
        locale=customer.locale,
        ip=customer.ip,
    )


def address(given: order_wire.Address | None) -> Address | None:
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


def foreign_shipment(shipped: order_wire.Shipped) -> ForeignShipment:
    """What the store counts as shipped."""
    return ForeignShipment(
        external_id=shipped.id,
        lines=shipped.items,
        carrier=shipped.carrier,
        tracking_number=shipped.tracking_number,
        shipped_at=shipped.shipped_at,
    )
