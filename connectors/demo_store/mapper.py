"""The store's shapes ↔ the hub's types. Pure, both ways; functions are named by what they return.

Orders have `order_mapper`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import sha256
from urllib.parse import quote

from msgspec import Raw

from connectors.demo_store import order_wire, wire
from connectors.demo_store.order_mapper import foreign_shipment, order_news, return_notice
from connectors.http import expect
from connectors.wire import amount, decode
from hub.contract import Answer, Delivery, Product, Reply
from hub.domain.money import major
from hub.domain.order import AccountClosed, Cancellation, Erasure, News, RefundNotice, ReturnNotice, ShipmentNotice
from hub.domain.outgoing import CancellationRequest, Receipt, RefundRequest, Shipment, StatusUpdate, StockLevel
from hub.errors import BadPayload, Reconnect, Reject, Retry

# ---------------------------------------------------------------- what the store says


def news(delivery: Delivery) -> tuple[News, ...]:
    """What a delivery says; empty for topics that we do not follow. Raises `BadPayload`."""
    reader = READERS.get(delivery.topic)
    told = reader(delivery.body) if reader else ()
    return told if isinstance(told, tuple) else (told,)


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


def return_told(body: bytes) -> ReturnNotice:
    """Body of return.updated: a return that was asked for, or moved on."""
    return return_notice(decode(body, order_wire.Return))


READERS: Mapping[str, Callable[[bytes], News | tuple[News, ...]]] = {
    "order.created": order_news,
    "order.updated": order_news,
    "order.paid": order_news,
    "order.cancelled": cancellation,
    "refund.created": refund_notice,
    "shipment.created": shipment_notice,
    "return.updated": return_told,
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
        brand=given.brand,
        tags=given.tags,
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
