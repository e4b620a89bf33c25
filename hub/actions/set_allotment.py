"""How much of what is free an account may offer: less a buffer, a share of it, and at most so many."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import asdict

from hub.actions.services import Services
from hub.domain.promising import Allotment
from hub.errors import Invalid, NotFound
from hub.flow import marks
from hub.store import audit, sets
from hub.store.database import Database

MOST = 1_000_000
ACCOUNT = "SELECT name FROM accounts WHERE merchant_id = $1 AND id = $2 AND state <> 'removed'"
UPSERT = """ON CONFLICT (merchant_id, account_id) DO UPDATE SET
    buffer = excluded.buffer, percent = excluded.percent, most = excluded.most"""
SKUS = "SELECT DISTINCT sku FROM listings WHERE merchant_id = $1 AND account_id = $2 AND sku <> ''"
ALL = """SELECT a.id, a.name, a.connector, coalesce(t.buffer, 0) AS buffer, coalesce(t.percent, 100) AS percent, t.most
    FROM accounts a LEFT JOIN allotments t ON t.merchant_id = a.merchant_id AND t.account_id = a.id
    WHERE a.merchant_id = $1 AND a.state <> 'removed'
      AND EXISTS (SELECT 1 FROM listings l WHERE l.merchant_id = $1 AND l.account_id = a.id)
    ORDER BY a.name, a.id"""


class AllotmentView(Struct, frozen=True):
    """What one account may offer."""

    account_id: str
    account: str
    connector: str
    buffer: int
    percent: int
    most: int | None


async def set_allotment(services: Services, account: tuple[int, int], share: Allotment, actor: str) -> None:
    """`account`: (merchant, account). What it may offer of everything it lists follows at once.

    Raises `NotFound` for another merchant's account, `Invalid` for numbers out of range.
    """
    merchant_id, account_id = account
    _check(share)
    async with services.database.transaction() as tx:
        if not await tx.fetchval(ACCOUNT, merchant_id, account_id):
            raise NotFound(f"no account {account_id}")
        row = {"id": services.ids.next(), "merchant_id": merchant_id, "account_id": account_id} | asdict(share)
        await sets.insert(tx, "allotments", [row], UPSERT)
        skus = [(merchant_id, row["sku"]) for row in await tx.fetch(SKUS, merchant_id, account_id)]
        await marks.mark(tx, services.ids, skus)
        await audit.append(tx, services.ids, audit.Entry(
            merchant_id=merchant_id, at=services.clock.now(), actor=actor, action="set_allotment",
            subject=f"account:{account_id}", details=asdict(share),
        ))  # fmt: skip


def _check(share: Allotment) -> None:
    if not 0 <= share.buffer <= MOST:
        raise Invalid("buffer", f"is 0 to {MOST} units")
    if not 0 <= share.percent <= 100:
        raise Invalid("percent", "is 0 to 100")
    if share.most is not None and not 0 <= share.most <= MOST:
        raise Invalid("most", f"is 0 to {MOST} units, or nothing for no limit")


async def list_allotments(database: Database, merchant_id: int) -> tuple[AllotmentView, ...]:
    """What each account that lists anything may offer."""
    return tuple(
        AllotmentView(str(row["id"]), row["name"], row["connector"], row["buffer"], row["percent"], row["most"])
        for row in await database.plain.fetch(ALL, merchant_id)
    )
