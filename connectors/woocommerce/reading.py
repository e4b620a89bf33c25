"""Pulling orders, page by page to the end.

What changed is asked for by `modified_after`, in UTC (`dates_are_gmt`), oldest change first. Each further page begins
where the last one ended and not at a page number: an order that changes meanwhile moves to the end of the list, and
all behind it would move up a place, one of them past us. Where more orders than a page holds changed in one second, the
list is read on by offset, a few places back.

Orders in the trash are in no other list, so they are asked for after the rest: a webhook that was lost said so once.

WordPress reads the naive time that we send in the site's own zone, even where it means UTC: a time that the clocks of
that zone skip in spring comes out an hour later, and an hour of orders would be missing. See `bound`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from connectors.wire import decode
from connectors.woocommerce import wire
from connectors.woocommerce.client import PAGE, Client
from connectors.woocommerce.hearing import POLLED, delivery
from connectors.woocommerce.mapper import moment
from hub.contract import Cursor, Delivery, Page
from hub.errors import BadPayload, Reject

BACK = 10
"""Places that each further part of one second begins before the end of the last."""

FORMAT = "%Y-%m-%dT%H:%M:%S"


class Mark(Struct, frozen=True, omit_defaults=True):
    """Where a pull is: it began `start`, and now lists what changed after `low` (both as sent, empty for no bound) from
    `offset` on. `status`: any, and afterwards trash."""

    start: str = ""
    low: str = ""
    offset: int = 0
    status: str = "any"
    zone: str = ""


async def pull_orders(client: Client, cursor: Cursor) -> Page:
    """One page of orders changed at or after `cursor.at`, oldest change first."""
    mark = _read(cursor.token) if cursor.token else await _begin(client, cursor.at)
    query = {
        "status": mark.status,
        "orderby": "modified",
        "order": "asc",
        "dates_are_gmt": "true",
        "per_page": str(PAGE),
        "offset": str(mark.offset),
    }
    if mark.low:
        query["modified_after"] = mark.low
    listing = await client.part("/orders", Raw, query)
    deliveries = tuple([await _delivery(client, bytes(order)) for order in listing.items])
    latest = max((d.occurred_at for d in deliveries if d.occurred_at), default=None)
    at = cursor.at if mark.status == "trash" else max(filter(None, (cursor.at, latest)), default=None)
    if not listing.ends(mark.offset):
        return Page(deliveries, Cursor(at=at, token=_token(_further(mark, latest))), more=True)
    if mark.status == "any":
        trash = Mark(start=mark.start, low=mark.start, status="trash", zone=mark.zone)
        return Page(deliveries, Cursor(at=at, token=_token(trash)), more=True)
    return Page(deliveries, Cursor(at=at), more=False)


async def _begin(client: Client, at: datetime | None) -> Mark:
    """A pull from `at` on. A site that hides what zone it is in is asked as if that had no summer time."""
    try:
        zone = (await client.site()).timezone_string or ""
    except Reject:
        zone = ""
    start = bound(at, zone) if at else ""
    return Mark(start=start, low=start, zone=zone)


def _further(mark: Mark, latest: datetime | None) -> Mark:
    """Behind a page that was not the last: after its latest change, if that is later than where it began."""
    low = bound(latest, mark.zone) if latest else mark.low
    if low > mark.low:
        return replace(mark, low=low, offset=0)
    return replace(mark, offset=mark.offset + PAGE - BACK)


def bound(at: datetime, zone: str) -> str:
    """The `modified_after` that includes `at` itself: the second before it, in UTC and without saying so (a `Z` would
    be converted to the site's zone). Moved out of the hour that the clocks of `zone` skip."""
    naive = at.astimezone(UTC).replace(tzinfo=None, microsecond=0) - timedelta(seconds=1)
    try:
        place = ZoneInfo(zone or "UTC")
    except (KeyError, ValueError, OSError):
        return naive.strftime(FORMAT)
    understood = naive.replace(tzinfo=place).astimezone(UTC).astimezone(place).replace(tzinfo=None)
    return (naive - (understood - naive)).strftime(FORMAT)


async def _delivery(client: Client, body: bytes) -> Delivery:
    """One order, verbatim; with its refunds where it has any. One whose head cannot be read still becomes a delivery,
    to be set aside alone."""
    try:
        head = decode(body, wire.Head)
        moment(head.date_modified_gmt, "$.date_modified_gmt")
    except BadPayload:
        return delivery("order.updated", body)
    if not head.refunds:
        return delivery("order.updated", body, head)
    try:
        refunds = await client.whole(f"/orders/{head.id}/refunds", Raw)
    except Reject:  # it was deleted since the list was made
        refunds = []
    both = msgspec.json.encode({"order": Raw(body), "refunds": refunds})
    return delivery(POLLED, both, head)


def _token(mark: Mark) -> str:
    return msgspec.json.encode(mark).decode()


def _read(token: str) -> Mark:
    try:
        return decode(token.encode(), Mark)
    except BadPayload as error:
        raise Reject(f"the mark of this pull cannot be read: {error}") from None
