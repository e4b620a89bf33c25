"""Pulling returns, after the orders of the same run.

eBay finds returns by the day they were opened and not by their last change, so every reading begins at the newest and
goes back: as far as the orders' own window in each run, and once an hour through all of 90 days, in which a return runs
its course. What has not changed is the same delivery as before. A window is closed when its first page is read, and no
return ever leaves it. Sources: Post-Order API 2, Search Returns (windows of 90 days, 18 months back) and Get Return;
sell_fulfillment getOrders (orderIds).

Orders never wait for returns: they are kept before, and where returns are refused, or their quota is used up, the run
goes on without them for a while. The next full reading brings what was missed.
"""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from urllib.parse import quote

import msgspec

from connectors.ebay import return_wire as wire
from connectors.ebay.client import RETURNS, Client, Spent
from connectors.ebay.hearing import RETURN
from connectors.ebay.pulling import AT_ONCE, ORDERS, moment
from connectors.wire import decode, instant
from hub.contract import Cursor, Delivery, Page
from hub.errors import BadPayload, Reject

SEARCH = f"{RETURNS}/search"
PAGE = 50
"""Returns a page, of 200 that eBay allows: each costs a call the first time; getOrders takes 50 ids at a time."""

WINDOW, OLDEST = timedelta(days=90), timedelta(days=540)
HOUR = 3600.0
"""Seconds between two readings of all of a window, and how long returns are left out where eBay refuses them."""

MOST = 5000
"""Returns and orders that are remembered."""

BEGIN = "returns"
_ORDER_ID = re.compile(r"\d{2}-\d{5}-\d{5,}")


@dataclass(slots=True)
class Book:
    """What this process knows of an account's returns. Times are in seconds of the running loop."""

    read_at: float = -HOUR
    back_to: datetime | None = None
    not_before: float = 0.0
    details: OrderedDict[str, bytes] = field(default_factory=OrderedDict)
    lines: OrderedDict[str, bytes] = field(default_factory=OrderedDict)

    def is_due(self, since: datetime | None) -> bool:
        """Whether all is to be read: an hour has gone by, or nobody has gone back that far yet."""
        if since is not None and (self.back_to is None or since < self.back_to):
            return True
        return asyncio.get_running_loop().time() >= self.read_at + HOUR

    def read(self, since: datetime | None) -> None:
        """All was read now."""
        self.read_at, self.back_to = asyncio.get_running_loop().time(), since

    def wait(self, seconds: float | None) -> None:
        """Leaves returns out for so long."""
        self.not_before = asyncio.get_running_loop().time() + (seconds or HOUR)


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a reading has got to: how far the orders were read, the end of the window, how many returns of it are
    behind us, and whether all of it is read."""

    reached: str
    end: datetime
    offset: int = 0
    full: bool = False

    @classmethod
    def of(cls, token: str) -> Mark:
        """Raises `Reject` for a token that is none of ours: the pull then begins anew."""
        try:
            _, reached, end, offset, full = token.split("|")
            return cls(reached, datetime.fromisoformat(end), int(offset), full == "1")
        except ValueError:
            raise Reject("the mark of the last page of returns cannot be read") from None

    def token(self) -> str:
        return f"{BEGIN}|{self.reached}|{self.end.isoformat()}|{self.offset}|{int(self.full)}"

    def done(self, cursor: Cursor) -> Page:
        """The end of the run: the cursor is that of the orders."""
        return Page((), Cursor(at=datetime.fromisoformat(self.reached) if self.reached else cursor.at), more=False)


def is_ours(cursor: Cursor) -> bool:
    """Whether the cursor stands among the returns."""
    return cursor.token.startswith(f"{BEGIN}|")


def then_returns(client: Client, orders: Page, cursor: Cursor, book: Book) -> Page:
    """The last page of orders, with the returns behind it where they can be read now."""
    now = asyncio.get_running_loop().time()
    if orders.more or client.sandbox or now < book.not_before:
        return orders
    reached = orders.cursor.at.isoformat() if orders.cursor.at else ""
    mark = Mark(reached, datetime.now(UTC), full=book.is_due(cursor.at))
    return Page(orders.deliveries, Cursor(at=cursor.at, token=mark.token()), more=True)


async def pull_returns(client: Client, cursor: Cursor, book: Book) -> Page:
    """One page of returns, newest first. Raises `Retry`, and `Reject` where eBay refuses, an hour apart at least."""
    mark = Mark.of(cursor.token)
    query = {
        "role": "SELLER",
        "creation_date_range_from": moment(_start(mark)),
        "creation_date_range_to": moment(mark.end),
        "sort": "-FILING_DATE",
        "limit": str(PAGE),
        "offset": str(mark.offset),
    }
    try:
        page = await client.find(SEARCH, wire.ReturnPage, query) or wire.ReturnPage()
        total = page.pagination_output.total_entries or 0
        if mark.offset < total and not page.members:
            raise Reject(f"search returns: none of {total} came from {mark.offset} on")
        members = [bytes(it).strip() for it in page.members]
        deliveries = await _deliveries(client, members, datetime.now(UTC), book)
    except Spent as spent:
        book.wait(spent.after)
        return mark.done(cursor)
    except Reject:
        book.wait(HOUR)
        raise
    following = _next(mark, page, cursor.at)
    if following is None:
        if mark.full:
            book.read(cursor.at)
        return Page(deliveries, mark.done(cursor).cursor, more=False)
    return Page(deliveries, Cursor(at=cursor.at, token=following.token()), more=True)


def _start(mark: Mark) -> datetime:
    return max(mark.end - WINDOW, datetime.now(UTC) - OLDEST)


def _next(mark: Mark, page: wire.ReturnPage, since: datetime | None) -> Mark | None:
    """The next page of the window; else the window before it, where all is read and the run begins that far back."""
    offset = mark.offset + len(page.members)
    opened = [at for at in (_opened(bytes(it)) for it in page.members) if at is not None]
    recent = since is not None and all(at >= since for at in opened)
    total = page.pagination_output.total_entries
    if offset < total if total is not None else len(page.members) >= PAGE:
        return replace(mark, offset=offset) if mark.full or recent else None
    start = _start(mark)
    if not mark.full or since is None or since >= start or start > mark.end - WINDOW:
        return None
    return replace(mark, end=start, offset=0)


def _opened(body: bytes) -> datetime | None:
    with suppress(BadPayload):
        created = decode(body, wire.Head).creation_info
        return instant(created.creation_date.value, "$.creationInfo.creationDate.value") if created else None
    return None


# ---------------------------------------------------------------- deliveries


async def _deliveries(client: Client, members: Sequence[bytes], at: datetime, book: Book) -> tuple[Delivery, ...]:
    heads = [_head(body) for body in members]
    await _know_lines(client, {head.order_id for head in heads if head}, book)
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(body: bytes, head: wire.Head | None) -> Delivery:
        if head is None:  # it goes on as it is: reading it will set it aside, and only it
            whole = b'{"summary":' + body + b"}"
            return Delivery(f"return:{sha256(body).hexdigest()}", RETURN, whole, at)
        async with gate:
            return await _delivery(client, (body, head), at, book)

    return tuple(await asyncio.gather(*map(one, members, heads)))


def _head(body: bytes) -> wire.Head | None:
    with suppress(BadPayload):
        return decode(body, wire.Head)
    return None


async def _know_lines(client: Client, order_ids: Iterable[str], book: Book) -> None:
    """Asks for the lines of orders that are not known yet. Where eBay has none, for an order that is too old, the
    return is told without them."""
    missing = sorted(name for name in order_ids if name not in book.lines and _ORDER_ID.fullmatch(name))
    if not missing:
        return
    with suppress(Reject):
        found = await client.get(ORDERS, wire.Orders, {"orderIds": ",".join(missing)})
        for order in found.orders:
            _keep(book.lines, order.order_id, msgspec.json.encode(order.line_items))


async def _delivery(client: Client, back: tuple[bytes, wire.Head], at: datetime, book: Book) -> Delivery:
    """A return with its detail, which is asked for again when the return has changed, and its order's lines."""
    body, head = back
    lines = book.lines.get(head.order_id, b"[]")
    name = f"return:{head.return_id}:{sha256(body + lines).hexdigest()[:16]}"
    detail = book.details.get(name)
    if detail is None:
        path = f"{RETURNS}/{quote(head.return_id, safe='')}"
        answer = await client.find(path, wire.DetailAnswer, {"fieldgroups": "FULL"})
        detail = _short(bytes(answer.detail)) if answer else b"{}"
        _keep(book.details, name, detail)
    whole = b'{"summary":' + body + b',"detail":' + detail + b',"orderLines":' + lines + b"}"
    return Delivery(id=name, topic=RETURN, body=whole, occurred_at=at)


def _short(detail: bytes) -> bytes:
    """A detail without what we do not use. One that cannot be read stays whole, and is set aside when it is."""
    with suppress(BadPayload):
        return msgspec.json.encode(decode(detail, wire.Detail))
    return detail


def _keep(known: OrderedDict[str, bytes], name: str, value: bytes) -> None:
    known[name] = value
    while len(known) > MOST:
        known.popitem(last=False)
