"""Import orders from a file: each joins the inbox like any channel's, and is taken in before the next ones are read.

An order that is here already is compared by the mark of its content: unchanged ones are left alone, so a file that is
imported twice changes nothing; changed ones come in as a newer revision. Orders that cannot be taken stay out as a
whole, each with its line and column, and hold up nobody.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path

import msgspec
from msgspec import Struct

from hub.actions.import_orders_groups import Found, Groups, How, require_how
from hub.actions.own_accounts import OwnAccount, named_account
from hub.actions.place_order import Keeps, read_placed
from hub.actions.services import Services
from hub.contract import Delivery
from hub.domain.lifecycle import Inbox as State
from hub.domain.placed_order_reading import CONTENT
from hub.errors import BadPayload, Invalid, Retry
from hub.flow.directory import Directory
from hub.flow.intake import Intaker
from hub.ports import Ports

AT_ONCE = 200
"""Orders that are looked up, kept and taken in together."""

TOLD = 10_000
"""Lines of a report that are kept; all of them are told one by one."""

PATIENCE = 60.0
"""Seconds that a batch may take to be taken in, while another process may be at it."""

KNOWN = f"""SELECT external_id, words->>'{CONTENT}' AS mark, digest FROM orders
    WHERE merchant_id = $1 AND account_id = $2 AND external_id = ANY($3::text[])"""  # noqa: S608 - constants only
WAITING = f"""SELECT count(*) FROM inbox WHERE merchant_id = $1 AND account_id = $2 AND delivery_id = ANY($3::text[])
    AND state = {int(State.PENDING)} AND due_at <= $4"""  # noqa: S608 - constants only
FAILED = f"""SELECT delivery_id, error FROM inbox WHERE merchant_id = $1 AND account_id = $2
    AND delivery_id = ANY($3::text[]) AND state <> {int(State.DONE)}"""  # noqa: S608 - constants only

_LINE = re.compile(r"\$\.lines\[(\d+)\]\.?(\w*)")


class Asked(Struct, frozen=True, kw_only=True):
    """What to import: a file (None: the account's own `path`), whose orders they are, how it is read."""

    merchant_id: int
    account: str
    file: Path | None = None
    how: How = How()
    dry_run: bool = False


class Told(Struct, frozen=True, kw_only=True):
    """What happened, or would, to one order. `state` is new, there, changed or error; `column` is the file's own name
    of it. `total` in minor units of `currency`."""

    line: int
    order: str
    state: str
    lines: int = 0
    total: int = 0
    currency: str = ""
    column: str = ""
    why: str = ""


class Imported(Struct, frozen=True, kw_only=True):
    """What an import came to. `report` has the first `TOLD` of what happened, `left_out` how many more there were."""

    orders: int
    new: int
    there: int
    changed: int
    errors: int
    dry_run: bool
    report: tuple[Told, ...] = ()
    left_out: int = 0

    @property
    def failed(self) -> bool:
        return self.errors > 0


class _Plan(Struct):
    """One order on its way in. `replaces`: the digest of what is here now."""

    found: Found
    told: Told
    mark: str = ""
    body: bytes = b""
    replaces: str = ""
    delivery_id: str = ""


async def import_orders(services: Services, inbox: Keeps, asked: Asked, tell: Callable[[Told], None]) -> Imported:
    """Imports all that can be taken; `tell` hears of every order as it is done. Raises `Invalid` for an account, a file
    or columns that cannot be used, `Retry` when the store does not take it: the same import then goes on from there."""
    require_how(asked.how)
    own = await named_account(services, asked.merchant_id, asked.account)
    groups = Groups(_path(asked, own), asked.how)
    counts = dict.fromkeys(("new", "there", "changed", "error"), 0)
    report: list[Told] = []
    found = iter(groups)
    run = _Run(services, inbox, own, groups)
    while batch := list(islice(found, AT_ONCE)):
        for told in await run.take(batch, asked.dry_run):
            counts[told.state] += 1
            tell(told)
            if len(report) < TOLD:
                report.append(told)
    orders = sum(counts.values())
    return Imported(
        orders=orders, new=counts["new"], there=counts["there"], changed=counts["changed"], errors=counts["error"],
        dry_run=asked.dry_run, report=tuple(report), left_out=orders - len(report),
    )  # fmt: skip


def _path(asked: Asked, own: OwnAccount) -> Path:
    path = asked.file or (Path(own.account.settings["path"]) if own.account.settings.get("path") else None)
    if path is None:
        raise Invalid("file", f"name one, or give the account {own.account.name!r} a path")
    if not path.is_file():
        raise Invalid("file", f"there is no file {str(path)!r}")
    return path


class _Run:
    """One import at work."""

    def __init__(self, services: Services, inbox: Keeps, own: OwnAccount, groups: Groups) -> None:
        self._services = services
        self._inbox = inbox
        self._own = own
        self._groups = groups
        directory = Directory(services.database, services.accounts)
        self._intaker = Intaker(services.database, directory, Ports(services.clock, services.ids, services.rng))

    async def take(self, batch: Sequence[Found], dry_run: bool) -> list[Told]:
        """What becomes of a batch."""
        plans = [self._read(found) for found in batch]
        await self._compare([plan for plan in plans if plan.told.state != "error"])
        moving = [plan for plan in plans if plan.told.state in {"new", "changed"}]
        if moving and not dry_run:
            await self._keep(moving)
        return [plan.told for plan in plans]

    # ------------------------------------------------------------ looking

    def _read(self, found: Found) -> _Plan:
        told = Told(line=found.line, order=found.name, state="new")
        if found.fault is not None or found.order is None:
            fault = found.fault
            assert fault is not None
            return _Plan(found, self._refused(told, (fault.line, fault.column, fault.why)))
        body = msgspec.json.encode(found.order)
        try:
            order = read_placed(self._own, Delivery("file", self._own.reads.placed_topic, body, self._now()))
        except BadPayload as error:
            return _Plan(found, self._refused(told, _place(found, error)))
        told = msgspec.structs.replace(told, lines=len(order.lines), total=order.total, currency=order.currency)
        return _Plan(found, told, order.words[CONTENT], body)

    def _refused(self, told: Told, why: tuple[int, str, str]) -> Told:
        line, column, reason = why
        named = self._groups.columns.get(column, column)
        return msgspec.structs.replace(told, state="error", line=line, column=named, why=reason)

    async def _compare(self, plans: Sequence[_Plan]) -> None:
        """Says which orders are here already, and which of those as the file has them."""
        account, names = self._own.account, [plan.found.name for plan in plans]
        rows = await self._services.database.plain.fetch(KNOWN, account.merchant_id, account.id, names)
        known = {row["external_id"]: row for row in rows}
        for plan in plans:
            row = known.get(plan.found.name)
            if row is not None:
                state = "there" if row["mark"] == plan.mark else "changed"
                plan.told, plan.replaces = msgspec.structs.replace(plan.told, state=state), row["digest"]

    # ------------------------------------------------------------ taking in

    async def _keep(self, plans: Sequence[_Plan]) -> None:
        """Keeps deliveries, and returns when they are taken in. What replaces another version is named by both, so that
        going back to an older file is a change, and the same change twice is one."""
        topic, now = self._own.reads.placed_topic, self._now()
        for plan in plans:
            plan.delivery_id = f"file:{plan.mark}:{plan.replaces[:32]}"
        deliveries = [Delivery(plan.delivery_id, topic, plan.body, now) for plan in plans]
        kept = await asyncio.gather(
            *(self._inbox.keep(self._own.account, one) for one in deliveries), return_exceptions=True
        )
        for outcome in kept:
            if isinstance(outcome, BaseException):
                raise outcome
        ids = [plan.delivery_id for plan in plans]
        await self._take_in(ids)
        account = self._own.account
        rows = await self._services.database.plain.fetch(FAILED, account.merchant_id, account.id, ids)
        failed = {row["delivery_id"]: row["error"] for row in rows}
        for plan in plans:
            if plan.delivery_id in failed:
                why = (plan.told.line, "", f"it is kept, but could not be read: {failed[plan.delivery_id]}")
                plan.told = self._refused(plan.told, why)

    async def _take_in(self, ids: Sequence[str]) -> None:
        """Works off the inbox until these are through; another process may be at it too."""
        account, loop = self._own.account, asyncio.get_running_loop()
        deadline = loop.time() + PATIENCE
        while await self._services.database.plain.fetchval(WAITING, account.merchant_id, account.id, ids, self._now()):
            if loop.time() > deadline:
                raise Retry("the orders so far are kept, but not taken in: is the store busy? Import again to go on")
            if not await self._intaker.work():
                await asyncio.sleep(0.05)

    def _now(self) -> datetime:
        return self._services.clock.now()


def _place(found: Found, error: BadPayload) -> tuple[int, str, str]:
    """(line, column, why) of what is wrong with an order; rows know the line of each line."""
    line = _LINE.match(error.path)
    if line is None or not found.rows:
        column = error.path.removeprefix("$.").partition(".")[2] or error.path.removeprefix("$.").removeprefix("$")
        return found.line, column if found.rows else error.path, error.why
    return found.rows[int(line[1])], line[2], error.why


__all__ = ["Asked", "How", "Imported", "Told", "import_orders"]
