"""What a customer's tracking page shows: parcels and scans, and of the person no more than first name and city."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import datetime

from hub.actions.order_view import ContentView, ScanView, View
from hub.actions.show_order import contents
from hub.domain.lifecycle import phase
from hub.errors import NotFound
from hub.store.database import Database, Row, Tx
from hub.store.order_facts import FACTS, UNITS, phase_facts

SHORTEST = 16
"""Tokens shorter than this are never looked up: they could be guessed."""


class TrackedParcel(View, frozen=True):
    """One parcel; `status` is the carrier's news, or where we have it before there is any."""

    number: str
    status: str
    carrier: str
    tracking_number: str
    tracking_url: str
    handed_over_at: datetime | None
    delivered_at: datetime | None
    contents: tuple[ContentView, ...]
    scans: tuple[ScanView, ...]


class TrackingView(View, frozen=True):
    """An order as its customer sees it."""

    number: str
    shop: str
    first_name: str
    city: str
    phase: str
    placed_at: datetime
    promised_at: datetime | None
    units: int
    shipped: int
    delivered: int
    parcels: tuple[TrackedParcel, ...]


_ORDER = f"""SELECT o.id, o.merchant_id, o.number, o.state, o.placed_at, o.promised_at, o.buyer, o.ship_to,
           coalesce(a.name, '') AS shop, {FACTS}
    FROM orders o LEFT JOIN accounts a ON a.id = o.account_id {UNITS}
    WHERE o.tracking_token = $2 AND o.merchant_id = $1"""  # noqa: S608 our own text


async def show_tracking(database: Database, token: str) -> TrackingView:
    """The order of a tracking link. Raises `NotFound` for a token that nobody was given."""
    if len(token) < SHORTEST or not token.isascii() or not token.isprintable():
        raise NotFound("this tracking link is not known")
    async with database.transaction() as tx:
        merchant = await tx.fetchval("SELECT merchant_id FROM orders WHERE tracking_token = $1 LIMIT 1", token)
        row = None if merchant is None else await tx.fetchrow(_ORDER, merchant, token)
        if row is None:
            raise NotFound("this tracking link is not known")
        parcels = await _parcels(tx, row["id"])
    ship_to, buyer = json.loads(row["ship_to"] or "{}") or {}, json.loads(row["buyer"])
    name = str(ship_to.get("name") or buyer.get("name") or "")
    return TrackingView(
        number=row["number"],
        shop=row["shop"],
        first_name=next(iter(name.split()), ""),
        city=str(ship_to.get("city", "")),
        phase=phase(phase_facts(row)),
        placed_at=row["placed_at"],
        promised_at=row["promised_at"],
        units=row["units"],
        shipped=row["shipped"],
        delivered=row["delivered"],
        parcels=parcels,
    )


async def _parcels(tx: Tx, order_id: int) -> tuple[TrackedParcel, ...]:
    rows = await tx.fetch("SELECT * FROM parcels WHERE order_id = $1 AND custody <> 'cancelled' ORDER BY id", order_id)
    titles = dict(await tx.fetch("SELECT id, title FROM order_lines WHERE order_id = $1", order_id))
    scans: dict[int, list[ScanView]] = defaultdict(list)
    for row in await tx.fetch(
        """SELECT s.* FROM scans s JOIN parcels p ON p.id = s.parcel_id
           WHERE p.order_id = $1 ORDER BY s.at DESC, s.id DESC""",
        order_id,
    ):
        scans[row["parcel_id"]].append(ScanView(status=row["status"], word="", place=row["place"], at=row["at"]))
    return tuple(_parcel(row, titles, scans[row["id"]]) for row in rows)


def _parcel(row: Row, titles: dict[int, str], scans: list[ScanView]) -> TrackedParcel:
    return TrackedParcel(
        number=row["number"],
        status=_status(row),
        carrier=row["carrier"],
        tracking_number=row["tracking_number"],
        tracking_url=row["tracking_url"],
        handed_over_at=row["handed_over_at"],
        delivered_at=row["delivered_at"],
        contents=contents(row["contents"], titles),
        scans=tuple(scans),
    )


def _status(row: Row) -> str:
    if row["custody"] in {"delivered", "returned_to_sender", "lost", "damaged"}:
        return str(row["custody"])
    return str(row["tracking"]) or ("handed_over" if row["custody"] == "handed_over" else "packed")
