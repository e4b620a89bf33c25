"""Intake: deliveries become orders, newer revisions, scans, payment facts; each delivery exactly once.

The stage before the lines of `stages.py`. A batch is claimed, read by its connectors' pure mappers, and written as a
whole. A delivery that cannot be read is set aside alone with the path of what is wrong; one that speaks of an order not
here yet waits for it. Deliveries of one order are taken in one at a time over all workers, and the newest revision
wins, so any order of arrival ends in the same store.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import cast

import structlog

from hub.contract import Delivery, Reads
from hub.domain.lifecycle import Inbox as State
from hub.domain.order import (
    AccountClosed,
    Cancellation,
    ChannelOrder,
    Erasure,
    News,
    ParcelScan,
    PaymentNotice,
    RefundNotice,
    ReturnNotice,
    ShipmentNotice,
)
from hub.domain.sanity import sane
from hub.errors import BadPayload, CrossdockError, Retry
from hub.flow import intake_notices, intake_orders, intake_returns
from hub.flow.batch import Batch
from hub.flow.directory import Directory
from hub.flow.intake_common import Intake
from hub.ports import Ports
from hub.store import sets
from hub.store.database import Database, Row, Tx, announce

log = structlog.get_logger()

BATCH = 300
TRIES = 5
"""Times a delivery is read before it is set aside, for failures that might pass."""

FINISH = """UPDATE inbox i SET state = d.state, due_at = coalesce(d.due_at, i.due_at), attempts = d.attempts,
        about = d.about, error = d.error
    FROM json_to_recordset($1::json) AS d(
        id bigint, state smallint, due_at timestamptz, attempts smallint, about text, error text)
    WHERE i.id = d.id"""


@dataclass(frozen=True, slots=True)
class Item:
    """One claimed delivery and what it says."""

    row: Row
    news: tuple[News, ...]


class Intaker:
    """Takes in batches of deliveries."""

    def __init__(self, database: Database, directory: Directory, ports: Ports) -> None:
        self._database = database
        self._directory = directory
        self._ids = ports.ids
        self._clock = ports.clock
        self._rng = ports.rng

    async def work(self, limit: int = BATCH) -> int:
        """Takes in one batch; returns how many deliveries it took."""
        async with self._database.batch() as tx:
            now = self._clock.now()
            rows = await tx.fetch(sets.CLAIM_INBOX, now, limit)
            if not rows:
                return 0
            intake = Intake(tx, Batch(self._ids, now), now, await self._directory.known(tx), self._rng)
            items = [item for row in rows if (item := await self._read(row, intake)) is not None]
            await self._apply(intake, items)
            await intake.batch.flush(tx)
            await sets.update(tx, FINISH, intake.finished)
            await announce(tx, *sorted(intake.announced | {"orders"}))
        return len(rows)

    async def _read(self, row: Row, intake: Intake) -> Item | None:
        """What a delivery says; None when it is set aside or put off, which is noted."""
        delivery = Delivery(row["delivery_id"], row["topic"], bytes(row["body"]), row["occurred_at"])
        try:
            channel = await self._directory.open(row["account_id"])
            if not _reads(type(channel)):
                raise BadPayload("$", f"{channel.account.connector} reads no deliveries")
            return Item(row, tuple(sane(news) for news in cast(Reads, channel).read(delivery)))
        except BadPayload as error:
            intake.finish(row, State.SET_ASIDE, error=str(error))
        except (Retry, CrossdockError) as error:
            self._put_off(row, intake, str(error))
        except Exception as error:
            log.exception("a mapper failed", account=row["account_id"], topic=row["topic"])
            self._put_off(row, intake, f"{type(error).__name__}: {error}")
        return None

    def _put_off(self, row: Row, intake: Intake, why: str) -> None:
        attempts = row["attempts"] + 1
        if attempts >= TRIES:
            intake.finish(row, State.SET_ASIDE, error=why)
        else:
            later = intake.now + timedelta(seconds=5 * 4**attempts)
            intake.finish(row, State.PENDING, error=why, due_at=later, attempts=attempts)

    async def _apply(self, intake: Intake, items: Sequence[Item]) -> None:
        await intake_orders.lock(intake, [(item.row, news) for item in items for news in item.news])
        await intake_orders.take(intake, _of(items, ChannelOrder))
        await intake_notices.cancellations(intake, _of(items, Cancellation))
        await intake_notices.refunds(intake, _of(items, RefundNotice))
        await intake_notices.shipments(intake, _of(items, ShipmentNotice))
        await intake_returns.take(intake, _of(items, ReturnNotice))
        await intake_notices.scans(intake, _of(items, ParcelScan))
        await intake_notices.payments(intake, _of(items, PaymentNotice))
        await intake_notices.respread(intake)
        await intake_notices.closures(intake, _of(items, AccountClosed))
        await intake_notices.erasures(intake, _of(items, Erasure))
        for item in items:
            if item.row["id"] not in intake.settled:
                intake.finish(item.row, State.DONE)


@cache
def _reads(kind: type) -> bool:
    """Whether channels of this type can read deliveries; asked for every delivery, so remembered."""
    return issubclass(kind, Reads)


def _of(items: Sequence[Item], kind: type) -> list[tuple[Row, object]]:
    return [(item.row, news) for item in items for news in item.news if isinstance(news, kind)]


__all__ = ["Intaker", "Tx"]
