"""The provider's shapes ↔ the hub's types. Pure, both ways; functions are named by what they return."""

from __future__ import annotations

from connectors.demo_payments import wire, words
from connectors.wire import decode
from hub.contract import Delivery
from hub.domain.money import exponent
from hub.domain.order import News, PaymentNotice, PaymentStatus
from hub.domain.outgoing import PaymentAction, Receipt
from hub.errors import BadPayload

TOPICS = ("payment.authorized", "payment.captured", "payment.failed", "payment.voided", "payment.expired")
"""What we follow. Refunds that we did not make come to us through the channel that sold the order."""


def news(delivery: Delivery) -> tuple[News, ...]:
    """What a delivery says; empty for other topics. Raises `BadPayload`."""
    return (payment_notice(delivery.body),) if delivery.topic in TOPICS else ()


def payment_notice(body: bytes) -> PaymentNotice:
    """How a payment stands now; its amount is what was captured, or what was authorized before that."""
    event = decode(body, wire.Event)
    payment, status = event.payment, words.STATUS.get(event.payment.status)
    if status is None:
        raise BadPayload("$.payment.status", f"{payment.status!r} is no status that we know")
    return PaymentNotice(
        payment_id=payment.id,
        status=status,
        amount=payment.captured if status is PaymentStatus.CAPTURED else payment.amount,
        currency=currency(payment.currency),
        at=event.at,
    )


def currency(code: str) -> str:
    """A currency that money can be counted in. Raises `BadPayload`."""
    try:
        exponent(code)
    except ValueError as error:
        raise BadPayload("$.payment.currency", str(error)) from None
    return code


def move(action: PaymentAction) -> wire.Move:
    """What we ask for."""
    return wire.Move(reference=action.reference, amount=action.amount, currency=action.currency)


def receipt(operation: wire.Operation) -> Receipt:
    """What is worth keeping of the provider's answer."""
    return Receipt(external_id=operation.id, details={"status": operation.status} if operation.status else {})
