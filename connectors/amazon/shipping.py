"""Telling Amazon what has left: one by one, or many in a feed.

A package is named by us, so the same confirmation twice is one package. Amazon has no idempotency key all the same, and
refuses what is shipped already: a refusal looks first whether our package is there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence

from connectors.amazon import envelope, feeding, wire
from connectors.amazon.client import Call, Client
from connectors.amazon.feeding import Book, Sent
from connectors.amazon.reading import order_body, segment
from connectors.amazon.saying import confirmation, holds, package_reference
from connectors.amazon.wire_calls import Confirmation
from connectors.wire import decode
from hub.contract import Answer
from hub.domain.outgoing import Receipt, Shipment
from hub.errors import BadPayload, CrossdockError, Reconnect, Reject, Retry

FEW = 30
"""Shipments that are confirmed one by one: within seconds at 2 a second, while a feed takes minutes."""

MOST_KNOWN = 10_000


class Markets(dict[str, str]):
    """Order → the marketplace it was placed in, for the latest orders that came by."""

    def learn(self, order_id: str, marketplace_id: str) -> None:
        """Remembers one more."""
        self[order_id] = marketplace_id
        if len(self) > MOST_KNOWN:
            del self[next(iter(self))]


async def push_shipment(client: Client, markets: Markets, shipment: Shipment) -> Receipt:
    """Confirms one shipment. Raises `Reject` where Amazon refuses it and has it not already."""
    _complete(shipment)
    body = confirmation(shipment, await marketplace(client, markets, shipment.order_id))
    try:
        await confirm(client, shipment.order_id, body)
    except Reject as refusal:
        found = await _despite(client, shipment)
        if found is None:
            raise refusal from None
        return found
    return receipt(shipment)


async def confirm(client: Client, order_id: str, body: Confirmation) -> None:
    """confirmShipment, which the Orders API 2026-01-01 has left in its version 0."""
    path = f"/orders/v0/orders/{segment(order_id)}/shipmentConfirmation"
    await client.tell(Call("confirmShipment", "POST", path, body=body))


async def find_shipment(client: Client, shipment: Shipment) -> Receipt | None:
    """The receipt of a shipment that the order has a package of, else None."""
    order = await find_order(client, shipment.order_id)
    there = order is not None and any(holds(package, shipment) for package in order.packages or ())
    return receipt(shipment) if there else None


async def find_order(client: Client, order_id: str) -> wire.Order | None:
    """An order as it stands now; None for one that Amazon does not know."""
    body = await order_body(client, order_id)
    try:
        return None if body is None else decode(body, wire.Order)
    except BadPayload as error:
        raise Retry(f"getOrder: {error}") from None


async def marketplace(client: Client, markets: Markets, order_id: str) -> str:
    """Where an order was placed: the account's only marketplace, or what the order says. Raises `Reject` for an order
    that Amazon does not know."""
    if len(client.settings.marketplaces) == 1:
        return client.settings.marketplaces[0]
    if order_id not in markets:
        order = await find_order(client, order_id)
        if order is None or not order.sales_channel.marketplace_id:
            raise Reject(f"Amazon has no order {order_id!r}, or does not say where it was placed")
        markets.learn(order_id, order.sales_channel.marketplace_id)
    return markets[order_id]


async def push_many(
    client: Client, book: Book, markets: Markets, shipments: Sequence[Shipment], keys: Sequence[str]
) -> list[Answer]:
    """An answer for each shipment: a few are confirmed one by one, many go into a feed."""
    good = [(it, key) for it, key in zip(shipments, keys, strict=True) if it.tracking_number]
    if len(good) <= FEW or not client.settings.seller_id:
        calls = [push_shipment(client.pushing(it.reference), markets, it) for it in shipments]
        return list(await asyncio.gather(*map(_answer, calls)))
    document = envelope.fulfillments(client.settings.seller_id, [it for it, _ in good])
    feed_id = await feeding.send(client, book, envelope.FULFILLMENT, document, [key for _, key in good])
    report = await feeding.wait(client, book, feed_id)
    places = {key: number for number, (_, key) in enumerate(good, 1)}
    return [
        feeding.answer(report, Sent(feed_id, places[key]), receipt(it))
        if key in places
        else await _answer(_untracked(it))
        for it, key in zip(shipments, keys, strict=True)
    ]


async def _untracked(shipment: Shipment) -> Receipt:
    _complete(shipment)
    return receipt(shipment)


def _complete(shipment: Shipment) -> None:
    if not shipment.tracking_number:
        raise Reject("Amazon takes no shipment without a tracking number: confirm it in Seller Central")


async def _despite(client: Client, shipment: Shipment) -> Receipt | None:
    try:
        return await find_shipment(client, shipment)
    except Reject:
        return None


async def _answer(push: Awaitable[Receipt]) -> Answer:
    """A push as one of many answers."""
    names: tuple[tuple[type[CrossdockError], str], ...] = (
        (Retry, "retry"), (Reconnect, "reconnect"), (Reject, "reject"), (CrossdockError, "unknown"),
    )  # fmt: skip
    try:
        return Answer(receipt=await push)
    except CrossdockError as error:
        failure = next(name for kind, name in names if isinstance(error, kind))
        return Answer(failure=failure, why=str(error), after=error.after if isinstance(error, Retry) else None)


def receipt(shipment: Shipment) -> Receipt:
    """The package's name at Amazon, and its tracking number."""
    reference = package_reference(shipment.reference)
    return Receipt(external_id=reference, details={"package": reference, "tracking_number": shipment.tracking_number})
