"""Telling Shopify that goods have left, and where they are.

Shopify has no idempotency key for fulfillments and events, so every push looks first at what is there: units that a
fulfillment with our tracking number already covers are done. Repeating a push whose answer was lost is therefore safe.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC
from typing import Any

from connectors.shopify import answers, words
from connectors.shopify.client import Client
from connectors.shopify.graphql_mapper import gid, number
from connectors.wire import instant
from hub.domain.outgoing import Receipt, Shipment, StatusUpdate
from hub.errors import BadPayload, Reject

OPEN = frozenset({"OPEN", "IN_PROGRESS"})
"""States of a fulfillment order in which it can be shipped from."""


async def push_shipment(client: Client, shipment: Shipment) -> Receipt:
    """Fulfills the shipment's units, one fulfillment per fulfillment order, and returns all fulfillment ids.

    Raises `Reject` when Shopify has not that many units left to ship; nothing has been sent then.
    """
    made, done = await _made(client, shipment)
    wanted = Counter({line.line_id: line.quantity for line in shipment.lines}) - done
    if wanted:
        parts = allocate(wanted, await _fulfillment_orders(client, shipment.order_id))
        for position, part in enumerate(parts):
            # Only the first tells the buyer: one parcel, one e-mail.
            notify = shipment.notify_buyer and position == 0 and not made
            change = _fulfillment(shipment, part, notify)
            made.append(
                number(await client.change("fulfillment_create.FulfillmentCreate", "fulfillment", fulfillment=change))
            )
    return receipt(made)


async def find_shipment(client: Client, shipment: Shipment) -> Receipt | None:
    """The receipt of a shipment that Shopify has all of, None when some or all of it is missing."""
    made, done = await _made(client, shipment)
    complete = made and not Counter({line.line_id: line.quantity for line in shipment.lines}) - done
    return receipt(made) if complete else None


def receipt(fulfillments: Sequence[str]) -> Receipt:
    """Fulfillment ids as a receipt; `fulfillment_ids` are parted by commas."""
    return Receipt(external_id=next(iter(fulfillments), ""), details={"fulfillment_ids": ",".join(fulfillments)})


def allocate(
    wanted: Counter[str], orders: Iterable[answers.FulfillmentOrder]
) -> list[tuple[str, list[dict[str, Any]]]]:
    """Which units to take from which fulfillment order: (its id, lines of the mutation). Raises `Reject` when they are
    not enough, naming the line."""
    left, parts = Counter(wanted), []
    shut = set()
    for order in orders:
        if order.status not in OPEN:
            shut.add(order.status)
            continue
        taken = []
        for line in order.line_items.nodes:
            units = min(left[number(line.line_item.id)], line.remaining_quantity)
            if units > 0:
                left[number(line.line_item.id)] -= units
                taken.append({"id": line.id, "quantity": units})
        if taken:
            parts.append((order.id, taken))
    missing = ", ".join(f"{units} of line {line}" for line, units in left.items() if units > 0)
    if missing:
        because = f" (fulfillment orders that are {', '.join(sorted(shut))} cannot be shipped)" if shut else ""
        raise Reject(f"Shopify has not enough left to ship: {missing}{because}")
    return parts


def _fulfillment(shipment: Shipment, part: tuple[str, list[dict[str, Any]]], notify: bool) -> dict[str, Any]:
    tracking = {"company": shipment.carrier, "number": shipment.tracking_number, "url": shipment.tracking_url}
    fulfillment: dict[str, Any] = {
        "notifyCustomer": notify,
        "lineItemsByFulfillmentOrder": [{"fulfillmentOrderId": part[0], "fulfillmentOrderLineItems": part[1]}],
    }
    if shipment.tracking_number:
        fulfillment["trackingInfo"] = {field: value for field, value in tracking.items() if value}
    return fulfillment


async def _made(client: Client, shipment: Shipment) -> tuple[list[str], Counter[str]]:
    """Ids and units by line of the fulfillments that carry the shipment's tracking number."""
    made: list[str] = []
    units: Counter[str] = Counter()
    if not shipment.tracking_number:
        return made, units
    order = gid("Order", shipment.order_id)
    there = await client.find("fulfillment_orders.Fulfillments", answers.Fulfillments, id=order)
    for fulfillment in _ours(there, shipment.order_id, shipment.tracking_number):
        made.append(number(fulfillment.id))
        for line in await _shipped(client, fulfillment):
            units[number(line.line.id)] += line.quantity or 0
    return made, units


def _ours(there: answers.Fulfillments | None, order_id: str, tracking_number: str) -> list[answers.Fulfilled]:
    if there is None:
        raise Reject(f"Shopify has no order {order_id}, or no longer shows it")
    return [
        fulfillment
        for fulfillment in there.fulfillments
        if fulfillment.status == "SUCCESS" and tracking_number in {info.number for info in fulfillment.tracking_info}
    ]


async def _shipped(client: Client, fulfillment: answers.Fulfilled) -> list[answers.LineUnits]:
    page = fulfillment.lines
    found: list[answers.LineUnits] = []
    while page is not None:
        found.extend(page.nodes)
        if not page.page_info.has_next_page:
            break
        after = page.page_info.end_cursor
        more = await client.find("fulfillment_orders.FulfillmentLines", answers.Shipped, id=fulfillment.id, after=after)
        page = more.lines if more else None
    return found


async def _fulfillment_orders(client: Client, order_id: str) -> list[answers.FulfillmentOrder]:
    """All fulfillment orders of an order, each with all of its lines."""
    found: list[answers.FulfillmentOrder] = []
    order, after = gid("Order", order_id), None
    while True:
        page = await client.find(
            "fulfillment_orders.FulfillmentOrders", answers.FulfillmentOrders, id=order, after=after
        )
        if page is None:
            raise Reject(f"Shopify has no order {order_id}, or no longer shows it")
        for each in page.fulfillment_orders.nodes:
            await _complete(client, each)
        found.extend(page.fulfillment_orders.nodes)
        if not page.fulfillment_orders.page_info.has_next_page:
            return found
        after = page.fulfillment_orders.page_info.end_cursor


async def _complete(client: Client, order: answers.FulfillmentOrder) -> None:
    info = order.line_items.page_info
    while info.has_next_page:
        more = await client.find(
            "fulfillment_orders.FulfillmentOrderLines", answers.OpenLines, id=order.id, after=info.end_cursor
        )
        if more is None:
            return
        order.line_items.nodes.extend(more.line_items.nodes)
        info = more.line_items.page_info


# ---------------------------------------------------------------- where a parcel is


async def push_status(client: Client, update: StatusUpdate) -> Receipt:
    """Records the status on each fulfillment of the parcel, once. Statuses that Shopify has no word for are not sent;
    the receipt then says so."""
    event = words.EVENT.get(update.status)
    if event is None:
        return Receipt(details={"not_sent": f"Shopify has no word for {update.status!r}"})
    sent: list[str] = []
    for fulfillment in await _of_parcel(client, update):
        known = _known(fulfillment, event, update)
        if known is None:
            change = {"fulfillmentId": fulfillment.id, "status": event, "happenedAt": _iso(update)}
            known = await client.change(
                "fulfillment_event_create.FulfillmentEventCreate", "fulfillmentEvent", event=change
            )
        sent.append(number(known))
    return Receipt(external_id=sent[0], details={"event_ids": ",".join(sent)})


async def find_status(client: Client, update: StatusUpdate) -> Receipt | None:
    """The receipt of a status that Shopify knows of for all of the parcel, else None."""
    event = words.EVENT.get(update.status)
    if event is None:
        return None
    known = [_known(fulfillment, event, update) for fulfillment in await _of_parcel(client, update)]
    found = [number(k) for k in known if k is not None]
    return Receipt(external_id=found[0], details={"event_ids": ",".join(found)}) if len(found) == len(known) else None


async def _of_parcel(client: Client, update: StatusUpdate) -> list[answers.Fulfilled]:
    """The fulfillments of the shipment's receipt, else those with the tracking number."""
    there = await client.find(
        "fulfillment_events.FulfillmentEvents", answers.Fulfillments, id=gid("Order", update.order_id)
    )
    named = set(filter(None, update.receipt.get("fulfillment_ids", "").split(",")))
    if there is not None and named:
        found = [fulfillment for fulfillment in there.fulfillments if number(fulfillment.id) in named]
    else:
        found = _ours(there, update.order_id, update.tracking_number) if update.tracking_number else []
    if not found:
        raise Reject(f"Shopify has no fulfillment with tracking number {update.tracking_number!r} to report on")
    return found


def _known(fulfillment: answers.Fulfilled, event: str, update: StatusUpdate) -> str | None:
    for told in fulfillment.events.nodes if fulfillment.events else ():
        with suppress(BadPayload):
            if told.status == event and instant(told.happened_at, "happenedAt") == instant(_iso(update), "at"):
                return told.id
    return None


def _iso(update: StatusUpdate) -> str:
    """Whole seconds: Shopify keeps no finer time, and it must compare equal when it is read back."""
    return update.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
