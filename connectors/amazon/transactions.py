"""Looking for refunds that were made at Amazon, whoever made them, after each pull of orders.

The Finances API lists what was posted between two moments, at most 180 days apart; what it lists may be 48 hours late,
and carries the date of then. So each search reaches days behind the cursor of orders, and what was seen before comes
again under the same id. It is asked four times an hour; an app without the role goes without. Source:
finances_2024-06-19.json.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from connectors.amazon import refunds
from connectors.amazon.client import Call, Client, Denied
from connectors.amazon.reading import iso
from connectors.amazon.wire_finances import TransactionPage, Transactions
from hub.contract import Cursor, Delivery, Page
from hub.errors import Reject, Retry

PATH = "/finances/2024-06-19/transactions"
MARK, PARTED = "refunds", "|"
"""A page mark of ours: the word, where the search begins and ends, up to where orders are in, Amazon's own token."""

LATE = timedelta(days=3)
SPAN = timedelta(days=179)
BEHIND = timedelta(minutes=1)
"""Amazon wants a search to end more than two minutes ago; that of orders ended two minutes before it was made."""

EVERY, DENIED = 900.0, 3600.0
"""Seconds until the next search, and after one that was forbidden."""

NOBODYS = "000-0000000-0000000"
MOST_PAGES = 20


@dataclass(slots=True)
class Watch:
    """When refunds may be looked for again, by the loop's clock, and how far back the last search went."""

    next: float = -math.inf
    begun: datetime | None = None

    def due(self, begin: datetime, now: float) -> bool:
        """Whether a search from `begin` would find anything that the last one did not."""
        return now >= self.next or self.begun is None or begin < self.begun


@dataclass(frozen=True, slots=True)
class Search:
    """What to look for: posted from `begin` to before `end`; `reached`: up to where orders are in."""

    begin: datetime
    end: datetime
    reached: datetime
    token: str = ""

    @property
    def mark(self) -> str:
        """As a page mark."""
        return PARTED.join((MARK, *(it.isoformat() for it in (self.begin, self.end, self.reached)), self.token))

    @classmethod
    def of(cls, mark: str) -> Search:
        """Raises `Reject` for a mark that is none: the pull then begins anew."""
        _, *moments, token = (*mark.split(PARTED, 4), "")[:5]
        try:
            begin, end, reached = map(datetime.fromisoformat, moments)
        except ValueError:
            raise Reject("listTransactions: the page mark cannot be read") from None
        return cls(begin, end, reached, token)


def follows(mark: str) -> bool:
    """Whether a page mark belongs to a search for refunds."""
    return mark.startswith(f"{MARK}{PARTED}")


def then(page: Page, cursor: Cursor, watch: Watch, now: float) -> Page:
    """The last page of orders, with the search for refunds to follow where it is due."""
    reached = page.cursor.at
    if page.more or reached is None:
        return page
    begin = cursor.at - LATE if cursor.at is not None else reached - SPAN
    if not watch.due(begin, now):
        return page
    search = Search(begin, min(begin + SPAN, reached - BEHIND), reached)
    return Page(page.deliveries, Cursor(at=cursor.at, token=search.mark), more=True)


async def pull(client: Client, watch: Watch, cursor: Cursor, now: float) -> Page:
    """One page of refunds; with the last one the cursor moves to where orders reached. Without the role it is empty."""
    search = Search.of(cursor.token)
    dates = {"postedAfter": iso(search.begin), "postedBefore": iso(search.end)}
    try:
        page = await _page(client, dates, search.token)
    except Denied:
        watch.next, watch.begun = now + DENIED, search.begin
        return Page((), Cursor(at=search.reached), more=False)
    found = _deliveries(client, page)
    following = page.next_token or ""
    if following and following == search.token:
        raise Retry("listTransactions: the same page mark came twice: its list does not end")
    if following:
        further = Search(search.begin, search.end, search.reached, following)
    elif search.end < search.reached - BEHIND:
        further = Search(search.end, min(search.end + SPAN, search.reached - BEHIND), search.reached)
    else:
        watch.next, watch.begun = now + EVERY, search.begin
        return Page(found, Cursor(at=search.reached), more=False)
    return Page(found, Cursor(at=cursor.at, token=further.mark), more=True)


async def of_order(client: Client, order_id: str) -> tuple[Delivery, ...]:
    """The refunds of one order, as far as Amazon tells them yet. Raises `Denied` without the role."""
    named = {"relatedIdentifierName": "ORDER_ID", "relatedIdentifierValue": order_id}
    found: list[Delivery] = []
    token = ""
    for _ in range(MOST_PAGES):
        page = await _page(client, named, token)
        found += _deliveries(client, page)
        token = page.next_token or ""
        if not token:
            return tuple(found)
    raise Retry("listTransactions: the list of one order does not end")


async def role_missing(client: Client) -> str:
    """Why refunds made at Amazon stay unseen; empty when they do not, or nobody can say now."""
    try:
        await _page(client, {"relatedIdentifierName": "ORDER_ID", "relatedIdentifierValue": NOBODYS}, "")
    except Denied as error:
        return str(error)
    except (Reject, Retry):
        return ""
    return ""


async def _page(client: Client, wanted: dict[str, str], token: str) -> TransactionPage:
    """All arguments stay the same from page to page. No marketplace is named: Amazon would leave out orders that a US
    seller ships."""
    call = Call("listTransactions", "GET", PATH, {**wanted, "nextToken": token})
    return (await client.ask(call, Transactions)).payload


def _deliveries(client: Client, page: TransactionPage) -> tuple[Delivery, ...]:
    """The refunds of a page, each once, in the order in which they were made."""
    read = (refunds.delivery_of(bytes(it), client.settings.marketplaces) for it in page.transactions or ())
    found = {delivery.id: delivery for delivery in read if delivery is not None}
    return tuple(found.values())
