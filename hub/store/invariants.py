"""The invariants of `trust.md` that a database can show, checked on a live store without holding anybody up.

Each check is one set-wise statement over all merchants; all of them see one moment, in a single read-only transaction.
What each says, and where it comes from, is listed in `docs/reference/invariants.md`.
"""

# ruff: noqa: S608 - statements are put together from names and constants of our own code

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from hub.store import (
    audit,
    invariants_catalog,
    invariants_goods,
    invariants_messages,
    invariants_money,
    invariants_orders,
    invariants_returns,
)
from hub.store.database import Database, Row, Tx
from hub.store.invariant import SHOWN, Check, Checked, Violation

CHECKS: tuple[Check, ...] = (
    *invariants_orders.CHECKS,
    *invariants_goods.CHECKS,
    *invariants_catalog.CHECKS,
    *invariants_returns.CHECKS,
    *invariants_money.CHECKS,
    *invariants_messages.CHECKS,
)

ONE_MOMENT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"

AUDIT = "I10 audit_chain"
AUDIT_SAYS = "the audit trail of a merchant is an unbroken chain"


async def check(database: Database) -> Checked:
    """Runs every check. Finds what is broken; mends nothing."""
    async with database.transaction() as tx:
        await tx.execute(ONE_MOMENT)
        sizes = await _sizes(tx)
        found = [violation for each in CHECKS if (violation := await _run(tx, each)) is not None]
        faults = await _audit(tx)
    checked = {f"{each.invariant} {each.name}": sizes[each.over] for each in CHECKS}
    if faults:
        rows = tuple({"fault": fault} for fault in faults[:SHOWN])
        found.append(Violation("I10", "audit_chain", AUDIT_SAYS, len(faults), rows))
    return Checked(checked | {AUDIT: sizes["audit"]}, tuple(found))


async def _sizes(tx: Tx) -> dict[str, int]:
    """Rows of every table that a check goes over, in one statement."""
    tables = sorted({each.over for each in CHECKS} | {"audit"})
    counts = ", ".join(f"(SELECT count(*) FROM {table}) AS {table}" for table in tables)
    row = await tx.fetchrow(f"SELECT {counts}")
    assert row is not None
    return dict(row)


async def _run(tx: Tx, each: Check) -> Violation | None:
    rows = await tx.fetch(f"SELECT v.*, count(*) OVER () AS total_ FROM ({each.sql}) v LIMIT {SHOWN}")
    if not rows:
        return None
    return Violation(each.invariant, each.name, each.says, rows[0]["total_"], tuple(_plain(row) for row in rows))


def _plain(row: Row) -> dict[str, object]:
    """A row as JSON can hold it."""
    return {name: _value(value) for name, value in row.items() if name != "total_"}


def _value(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    return int(value) if isinstance(value, Decimal) else value


async def _audit(tx: Tx) -> list[str]:
    merchants = await tx.fetch("SELECT DISTINCT merchant_id FROM audit ORDER BY 1")
    return [fault for row in merchants for fault in await audit.faults(tx, row["merchant_id"])]
