"""Verify orders: does the store have what the channel has? Asks the channel for its last orders and compares.

Nothing is written; `bring_orders` brings in what is missing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from msgspec import Struct

from hub.actions.account_health import cannot
from hub.actions.pull_orders import storable
from hub.actions.services import Services
from hub.contract import Account, Cursor, Delivery, PullsOrders
from hub.domain.lifecycle import Inbox
from hub.domain.order import ChannelOrder
from hub.errors import BadPayload, Invalid, Retry
from hub.flow.intake_orders import rank
from hub.store.database import Row

MOST = 10_000
"""Orders that are compared at once."""

WIDER = 4
"""How many times further back is asked when too few orders came."""

STORED = """SELECT external_id, number, total, currency, paid, cancelled_at IS NOT NULL AS cancelled, revised_at,
    placed_at FROM orders WHERE merchant_id = $1 AND account_id = $2"""
LAST = f"{STORED} ORDER BY placed_at DESC LIMIT $3"
NAMED = f"{STORED} AND (external_id = ANY($3::text[]) OR placed_at >= $4)"
CAME = (
    "SELECT delivery_id, state, error FROM inbox WHERE merchant_id = $1 AND account_id = $2 AND delivery_id = ANY($3)"
)


class Missing(Struct, frozen=True):
    """An order that the channel has and the store has not. `why`: what stopped it, where that is known."""

    external_id: str
    number: str
    placed_at: datetime
    total: int
    currency: str
    why: str = ""


class UnknownThere(Struct, frozen=True):
    """An order that the store has and the channel does not list."""

    external_id: str
    number: str
    placed_at: datetime


class Differing(Struct, frozen=True):
    """An order that both have, and what is not the same. `newer`: the channel's revision is later than ours."""

    external_id: str
    number: str
    here: Mapping[str, object]
    there: Mapping[str, object]
    newer: bool


class Unreadable(Struct, frozen=True):
    """Something the channel listed that nobody can read; `path` says where it is wrong."""

    delivery_id: str
    path: str
    why: str


class Compared(Struct, frozen=True):
    """What came of it. `brought`: deliveries that are on their way in; `hint`: what to do next."""

    account_id: str
    name: str
    compared: int
    since: datetime
    missing: tuple[Missing, ...]
    unknown_there: tuple[UnknownThere, ...]
    differing: tuple[Differing, ...]
    unreadable: tuple[Unreadable, ...]
    brought: int = 0
    hint: str = ""

    @property
    def failed(self) -> bool:
        """Something is missing, and was not brought in."""
        return bool(self.missing and not self.brought) or bool(self.unreadable)


@dataclass(slots=True)
class Listed:
    """What the channel lists: its orders by id, each in its latest revision with the delivery that told it."""

    orders: dict[str, tuple[ChannelOrder, Delivery]] = field(default_factory=dict)
    unreadable: dict[str, Unreadable] = field(default_factory=dict)

    def last(self, count: int, since: datetime) -> list[ChannelOrder]:
        """The newest orders placed since then, newest first: older ones are listed only if they changed lately."""
        placed = [order for order, _ in self.orders.values() if order.placed_at >= since]
        return sorted(placed, key=lambda order: order.placed_at, reverse=True)[:count]


async def verify_orders(services: Services, account_id: int, last: int) -> tuple[Compared, Listed]:
    """Compares the last orders of an account. Raises `Invalid` for an account that cannot be asked, and the channel's
    own failures. With the comparison comes what the channel listed, for `bring_orders`."""
    if not 1 <= last <= MOST:
        raise Invalid("--last", f"a number from 1 to {MOST}")
    channel = await services.accounts.open(account_id)
    account = channel.account
    if not isinstance(channel, PullsOrders):
        raise cannot(account.connector, "has no orders to compare")
    started = services.clock.now()
    since, first = await _begin(services, account, last)
    while True:
        listed = await _list(channel, since)
        if len(listed.last(last, since)) >= last or since <= first:
            break
        since = max(first, started - WIDER * (started - since))
    return await _compare(services, account, (listed, listed.last(last, since)), (since, started)), listed


async def _begin(services: Services, account: Account, last: int) -> tuple[datetime, datetime]:
    """From where to ask first, judged by what is here, and from where at the earliest."""
    overlap = services.accounts.connector(account.connector).about.overlap
    made = await services.database.plain.fetchval("SELECT created_at FROM accounts WHERE id = $1", account.id)
    rows = await services.database.plain.fetch(LAST, account.merchant_id, account.id, last)
    first = made - timedelta(days=services.settings.backfill_days)
    if not rows:
        return first, first
    oldest: datetime = rows[-1]["placed_at"] - overlap - timedelta(days=1)
    return (oldest, min(first, oldest)) if len(rows) == last else (min(first, oldest), min(first, oldest))


async def _list(channel: PullsOrders, since: datetime) -> Listed:
    cursor, seen, listed = Cursor(at=since), set(), Listed()
    while True:
        page = await channel.pull_orders(cursor)
        for delivery in page.deliveries:
            _read(channel, delivery, listed)
        if not page.more:
            return listed
        if page.cursor in seen:
            raise Retry("the channel gave the same page mark twice: its list does not end")
        seen.add(page.cursor)
        cursor = page.cursor


def _read(channel: PullsOrders, delivery: Delivery, listed: Listed) -> None:
    try:
        told = channel.read(delivery)
    except BadPayload as error:
        listed.unreadable[delivery.id] = Unreadable(delivery.id, error.path, error.why)
        return
    for order in told:
        if isinstance(order, ChannelOrder):
            known = listed.orders.get(order.external_id)
            if known is None or rank(order) > rank(known[0]):
                listed.orders[order.external_id] = order, delivery


async def _compare(
    services: Services, account: Account, there: tuple[Listed, Sequence[ChannelOrder]], times: tuple[datetime, datetime]
) -> Compared:
    (listed, orders), (since, started) = there, times
    floor = min((order.placed_at for order in orders), default=since)
    named = [order.external_id for order in orders]
    rows = await services.database.plain.fetch(NAMED, account.merchant_id, account.id, named, floor)
    here = {row["external_id"]: row for row in rows}
    unlisted = [row for row in rows if row["external_id"] not in listed.orders and row["placed_at"] < started]
    missing = await _missing(services, account, listed, [it for it in orders if it.external_id not in here])
    differing = tuple(filter(None, (_differing(it, here[it.external_id]) for it in orders if it.external_id in here)))
    return Compared(
        str(account.id), account.name, len(orders), floor, missing,
        tuple(UnknownThere(row["external_id"], row["number"], row["placed_at"]) for row in unlisted), differing,
        tuple(listed.unreadable.values()), hint=HINT.format(id=account.id) if missing or listed.unreadable else "",
    )  # fmt: skip


HINT = "add --pull to bring in what is missing; `python main.py channel show {id}` says what keeps it from coming"


async def _missing(
    services: Services, account: Account, listed: Listed, orders: Sequence[ChannelOrder]
) -> tuple[Missing, ...]:
    """Orders that are not here, with what became of the delivery that tells them, where it came at all."""
    ids = {order.external_id: storable(listed.orders[order.external_id][1]).id for order in orders}
    rows = await services.database.plain.fetch(CAME, account.merchant_id, account.id, list(ids.values()))
    came = {row["delivery_id"]: _became(Inbox(row["state"]), row["error"]) for row in rows}
    return tuple(
        Missing(it.external_id, it.number, it.placed_at, it.total, it.currency, came.get(ids[it.external_id], ""))
        for it in orders
    )


def _became(state: Inbox, error: str) -> str:
    if state is Inbox.SET_ASIDE:
        return f"it came and was set aside: {error}"
    return "it came, and is still to be read" if state is Inbox.PENDING else "it came, and left no order"


def _differing(order: ChannelOrder, row: Row) -> Differing | None:
    there = {
        "total": order.total, "currency": order.currency, "cancelled": order.cancelled_at is not None,
        "paid": order.paid,
    }  # fmt: skip
    apart = [name for name, value in there.items() if row[name] != value]
    if not apart:
        return None
    here, told = {name: row[name] for name in apart}, {name: there[name] for name in apart}
    return Differing(order.external_id, row["number"], here, told, order.revised_at > row["revised_at"])
