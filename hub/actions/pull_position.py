"""Where the pulling of an account stands: its cursor, a page mark of an unfinished run, and the lease of its puller.

Kept as JSON in `accounts.cursor`: {"at", "token"} everything up to here is in · {"page"} where a bounded run goes on ·
{"lease": {"by", "until"}} who pulls now.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from hub.actions.services import Services
from hub.contract import Cursor
from hub.errors import Conflict, NotFound

LEASE_SECONDS = 120
"""How long a puller that is not heard of any more keeps others away; each page renews it."""

LEASE = """WITH taken AS (UPDATE accounts SET cursor = jsonb_set(cursor, '{lease}', $2::jsonb)
    WHERE id = $1 AND state <> 'removed'
      AND coalesce((cursor->'lease'->>'until')::timestamptz <= $3, true)
    RETURNING cursor - 'lease' AS cursor, created_at) SELECT * FROM taken"""
RENEW = (
    "UPDATE accounts SET cursor = jsonb_set(cursor, '{lease}', $3::jsonb) WHERE id = $1 AND cursor->'lease'->>'by' = $2"
)
HEEDED = "nudged_at = CASE WHEN nudged_at > ${} THEN nudged_at END"
"""A pull answers every nudge that came before it began; one that fails leaves the rest to the account's usual pace."""
# ruff: noqa: S608 - statements are put together from constants of our own code
MOVE = f"""UPDATE accounts SET cursor = $3, polled_at = $4, {HEEDED.format(5)}
    WHERE id = $1 AND cursor->'lease'->>'by' = $2"""
RELEASE = f"""UPDATE accounts SET {HEEDED.format(4)},
        cursor = CASE WHEN $3 THEN cursor - 'lease' - 'page' ELSE cursor - 'lease' END
    WHERE id = $1 AND cursor->'lease'->>'by' = $2"""
PUT_OFF = """SELECT id FROM accounts WHERE state = 'active'
    AND (health->'poll'->>'at')::timestamptz + make_interval(secs => (health->'poll'->>'after')::float8) > $1"""


class Stored(Struct, frozen=True, omit_defaults=True):
    """The JSON in the row, without the lease."""

    at: datetime | None = None
    token: str = ""
    page: Cursor | None = None


class Position(Struct, frozen=True):
    """What a puller holds: where to go on, and the lease that says it may. `begun`: since when."""

    by: str
    begun: datetime
    backfill_from: datetime
    stored: Stored

    @property
    def at(self) -> datetime | None:
        return self.stored.at

    def start(self, overlap: timedelta) -> Cursor:
        """Where a run begins: the page an unfinished one ended on, else `overlap` behind the cursor, else the
        back-fill. A source that only knows marks goes on from its mark."""
        if self.stored.page is not None:
            return self.stored.page
        if self.stored.at is not None:
            return Cursor(at=self.stored.at - overlap)
        return Cursor(token=self.stored.token) if self.stored.token else Cursor(at=self.backfill_from)

    def reached(self, cursor: Cursor, more: bool, now: datetime) -> Position:
        """After a run that ended with `cursor`: unfinished, only its page is kept; at the end the cursor moves, never
        back, and never beyond `now`: an order dated in the future must not hide all that come before it."""
        if more:
            return replace(self, stored=replace(self.stored, page=cursor))
        reached = min(cursor.at, now) if cursor.at is not None else None
        at = max((moment for moment in (self.stored.at, reached) if moment is not None), default=None)
        if at is None and not cursor.token:
            at = self.backfill_from
        return replace(self, stored=Stored(at=at, token=cursor.token))


async def lease(services: Services, account_id: int) -> Position:
    """Takes the account for this puller. Raises `Conflict` while somebody else has it, `NotFound` for none."""
    by = str(services.ids.next())
    now = services.clock.now()
    row = await services.database.plain.fetchrow(LEASE, account_id, _lease(services, by), now)
    if row is None:
        if await services.database.plain.fetchval("SELECT state <> 'removed' FROM accounts WHERE id = $1", account_id):
            raise Conflict(f"account {account_id} is being pulled already; look again in {LEASE_SECONDS} seconds")
        raise NotFound(f"no account {account_id}; `python main.py channel list` shows those there are")
    backfill = timedelta(days=services.settings.backfill_days)
    return Position(by, now, row["created_at"] - backfill, msgspec.json.decode(row["cursor"], type=Stored))


async def renew(services: Services, account_id: int, position: Position) -> None:
    """Keeps the lease for another while. Raises `Conflict` when it ran out and somebody else has the account."""
    given = _lease(services, position.by)
    if not await services.database.plain.execute(RENEW, account_id, position.by, given):
        raise Conflict(f"the pull of account {account_id} took too long: another one has begun")


async def move(services: Services, account_id: int, position: Position) -> None:
    """Writes where the pull has got to and gives the lease back. Raises `Conflict` when it was lost: nothing moves."""
    stored = msgspec.json.encode(position.stored).decode()
    now = services.clock.now()
    if not await services.database.plain.execute(MOVE, account_id, position.by, stored, now, position.begun):
        raise Conflict(f"the pull of account {account_id} took too long: another one has begun")


async def release(services: Services, account_id: int, position: Position, *, forget_page: bool) -> None:
    """Gives the lease back; the cursor stays. `forget_page`: the page mark is no good any more."""
    await services.database.plain.execute(RELEASE, account_id, position.by, forget_page, position.begun)


def _lease(services: Services, by: str) -> str:
    until = services.clock.now() + timedelta(seconds=LEASE_SECONDS)
    return msgspec.json.encode({"by": by, "until": until}).decode()
