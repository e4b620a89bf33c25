"""Telling eBay that goods have left: one shipping fulfillment for each parcel, with the lines and units in it.

eBay has no idempotency key here, but the fulfillment's id is its tracking number: units that a parcel with our number
already holds are done, so a push looks first, and one whose answer was lost can be looked up.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC
from typing import Any
from urllib.parse import quote

from connectors.ebay import order_wire, wire, words
from connectors.ebay.client import Client, Refusal, location
from connectors.ebay.pulling import ORDERS
from hub.domain.outgoing import Receipt, Shipment

ONE_BY_ONE = 34300
"""Lines of the Global Shipping Program cannot be marked together."""


async def push_shipment(client: Client, shipment: Shipment) -> Receipt:
    """Makes what is missing of the shipment. Raises `Reject` where eBay refuses, `Unknown` for a lost answer."""
    path = _path(shipment.order_id)
    parcels = await _ours(client, path, shipment)
    wanted = _wanted(shipment, parcels)
    if not wanted:
        return receipt(shipment, parcels[0].fulfillment_id)
    try:
        return receipt(shipment, await _make(client, path, shipment, wanted))
    except Refusal as error:
        if ONE_BY_ONE not in error.ids or len(wanted) < 2:
            raise
    made = [await _make(client, path, shipment, Counter({line: units})) for line, units in wanted.items()]
    return receipt(shipment, made[0])


async def find_shipment(client: Client, shipment: Shipment) -> Receipt | None:
    """The receipt of a shipment that eBay has all of, else None."""
    parcels = await _ours(client, _path(shipment.order_id), shipment)
    return receipt(shipment, parcels[0].fulfillment_id) if parcels and not _wanted(shipment, parcels) else None


def receipt(shipment: Shipment, fulfillment_id: str) -> Receipt:
    """`fulfillment_id` with the number as eBay keeps it."""
    return Receipt(external_id=fulfillment_id, details={"tracking_number": tracking_number(shipment)})


def tracking_number(shipment: Shipment) -> str:
    """Letters and digits: eBay takes nothing else."""
    return re.sub(r"[^0-9A-Za-z]", "", shipment.tracking_number)


def carrier(name: str) -> str:
    """eBay's code of a carrier."""
    known = re.sub(r"[^a-z]", "", name.lower())
    return words.CARRIER.get(known) or re.sub(r"\s", "", name) or "Other"


def _path(order_id: str) -> str:
    return f"{ORDERS}/{quote(order_id, safe='')}/shipping_fulfillment"


def _wanted(shipment: Shipment, parcels: list[order_wire.Fulfillment]) -> Counter[str]:
    wanted = Counter[str]()
    for line in shipment.lines:
        wanted[line.line_id] += line.quantity
    for parcel in parcels:
        for there in parcel.line_items:
            wanted[there.line_item_id] -= there.quantity
    return +wanted


async def _ours(client: Client, path: str, shipment: Shipment) -> list[order_wire.Fulfillment]:
    """Parcels with our number; for a shipment without one, those that have none either."""
    number = tracking_number(shipment).casefold()
    there = await client.get(path, wire.Fulfillments)
    return [it for it in there.fulfillments if it.shipment_tracking_number.casefold() == number]


async def _make(client: Client, path: str, shipment: Shipment, wanted: Counter[str]) -> str:
    body: dict[str, Any] = {
        "lineItems": [{"lineItemId": line, "quantity": units} for line, units in wanted.items()],
        "shippedDate": shipment.shipped_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
    }
    number = tracking_number(shipment)
    if number:  # eBay wants both or neither
        body |= {"shippingCarrierCode": carrier(shipment.carrier), "trackingNumber": number}
    return location(await client.send(path, body, shipment.reference), "mark as shipped")
