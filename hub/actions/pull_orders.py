"""Pull orders: what a channel changed since the last time joins the inbox, where webhooks end too.

The cursor of an account moves only after the deliveries of the last page are committed; each pull starts
`about.overlap` behind it, so that what the source showed late is seen, and the inbox keeps each delivery once. One
puller an account at a time over all hosts: a lease in the account's row, which runs out when its holder dies.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from hub.actions import account_health, pull_position
from hub.actions.account_health import cannot
from hub.actions.observe_account import note_quota
from hub.actions.pull_position import Position
from hub.actions.services import Services
from hub.actions.targets import Target, able
from hub.contract import Account, Cursor, Delivery, Page, PullsOrders
from hub.errors import Conflict, CrossdockError, Reject, Retry

MOST_PAGES = 40
"""Pages of one run; what is left is pulled by the next, from where this one ended."""

LONGEST_ID = 200


class Keeps(Protocol):
    """The inbox (`hub.flow.inbox.Inbox`), or what stands before it."""

    async def keep(self, account: Account, delivery: Delivery) -> bool: ...


class Pulled(Struct, frozen=True):
    """What a pull brought: deliveries in all, those that were new, pages read; `more`: the source has further pages."""

    deliveries: int
    new: int
    pages: int
    more: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """Where a run reads."""

    services: Services
    inbox: Keeps
    channel: PullsOrders
    account: Account


async def pull_orders(services: Services, inbox: Keeps, account_id: int, since: datetime | None = None) -> Pulled:
    """Pulls one account. `since` reads from there to the end, however many pages; the cursor then moves only if nothing
    lies between the two.

    Raises `Conflict` while another process pulls the account, `Invalid` for one that cannot be pulled, and the
    channel's own failures, which are kept on the account with what heals them.
    """
    channel = await services.accounts.open(account_id)
    if not isinstance(channel, PullsOrders):
        raise cannot(channel.account.connector, "has no orders to pull")
    position = await pull_position.lease(services, account_id)
    try:
        pulled = await _pull(Source(services, inbox, channel, channel.account), position, since)
    except CrossdockError:
        await note_quota(services, channel)
        raise
    await note_quota(services, channel)
    return pulled


async def _pull(source: Source, position: Position, since: datetime | None) -> Pulled:
    """The pull itself, under its lease."""
    services, account_id = source.services, source.account.id
    overlap = services.accounts.connector(source.account.connector).about.overlap
    try:
        start = Cursor(at=since) if since is not None else position.start(overlap)
        pulled, reached = await _pages(source, position, start, None if since is not None else MOST_PAGES)
    except _ToldToWait as told:
        await pull_position.move(services, account_id, position.reached(told.cursor, True, services.clock.now()))
        await account_health.failed(services, account_id, "poll", told.wait)
        raise told.wait from None
    except CrossdockError as error:
        await pull_position.release(services, account_id, position, forget_page=isinstance(error, Reject))
        if not isinstance(error, Conflict):
            await account_health.failed(services, account_id, "poll", error)
        raise
    except BaseException:
        await asyncio.shield(pull_position.release(services, account_id, position, forget_page=False))
        raise
    covers = since is None or position.at is None or since <= position.at
    if covers:
        position = position.reached(reached, pulled.more, services.clock.now())
    await pull_position.move(services, account_id, position)
    await account_health.succeeded(services, account_id, "poll")
    return pulled


class _ToldToWait(Exception):
    """In the middle of a list the channel asks for patience: after that the run goes on at `cursor`. Where a quota lets
    through so many pages at once (Amazon: 20, then one in three minutes), a long list would never end otherwise."""

    def __init__(self, wait: Retry, cursor: Cursor) -> None:
        super().__init__(str(wait))
        self.wait, self.cursor = wait, cursor


async def _pages(source: Source, position: Position, start: Cursor, most: int | None) -> tuple[Pulled, Cursor]:
    """Reads pages from `start`; returns what came and the cursor of the last page. Raises whatever a page raises."""
    cursor, seen = start, {start}
    deliveries = new = pages = 0
    while True:
        try:
            page = await source.channel.pull_orders(cursor)
        except Retry as wait:
            if not pages or most is None or wait.after is None:
                raise
            raise _ToldToWait(wait, cursor) from wait
        kept = await _keep(source, page.deliveries)
        deliveries, new, pages = deliveries + len(kept), new + sum(kept), pages + 1
        if not page.more or pages == most:
            return Pulled(deliveries, new, pages, page.more), page.cursor
        cursor = _next(page, seen)
        await pull_position.renew(source.services, source.account.id, position)


def _next(page: Page, seen: set[Cursor]) -> Cursor:
    if page.cursor in seen:
        raise Retry("the channel gave the same page mark twice: its list does not end")
    seen.add(page.cursor)
    return page.cursor


async def _keep(source: Source, deliveries: Sequence[Delivery]) -> list[bool]:
    """Keeps a page; returns after the commit which of it was new. Raises `Retry` unless all of it is kept."""
    kept = await asyncio.gather(
        *(source.inbox.keep(source.account, storable(delivery)) for delivery in deliveries), return_exceptions=True
    )
    for outcome in kept:
        if isinstance(outcome, BaseException):
            raise outcome
    return [outcome for outcome in kept if isinstance(outcome, bool)]


def storable(delivery: Delivery) -> Delivery:
    """The delivery with an id and a topic that can be kept: a poisonous one must not hold up the page it came in."""
    topic = "".join(letter if letter.isprintable() else "\ufffd" for letter in delivery.topic)
    if delivery.id and len(delivery.id) <= LONGEST_ID and delivery.id.isprintable():
        return delivery if topic == delivery.topic else replace(delivery, topic=topic)
    mark = hashlib.sha256(delivery.id.encode("utf-8", "surrogatepass") or delivery.body).hexdigest()
    return replace(delivery, id=f"sha256:{mark}", topic=topic)


# ---------------------------------------------------------------- who is to be pulled


async def pollable(services: Services) -> list[Target]:
    """Active accounts whose connector asks to be polled, each with its own pace; those that a channel told to wait are
    left out until then."""
    now = services.clock.now()
    waiting = {row["id"] for row in await services.database.plain.fetch(pull_position.PUT_OFF, now)}
    found = []
    for target in await able(services, PullsOrders):
        every = services.accounts.connector(target.connector).about.poll_every
        if every is not None and target.account_id not in waiting:
            found.append(replace(target, every=every))
    return found
