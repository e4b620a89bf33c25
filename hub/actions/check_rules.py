"""Try rules of review on orders that are past: what would have been held and why. Nothing is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

import msgspec

from hub.actions.order_view import View
from hub.domain.fraud import Purchase, Score, Sightings, score
from hub.domain.fraud_rules import RuleSet
from hub.domain.lifecycle import Lifecycle
from hub.domain.order import Address, Buyer, RiskFact
from hub.errors import Invalid
from hub.store.database import Database, Row, Tx

MOST = 100_000
"""Orders that are looked at, at most; and as many before them, for what came shortly before the first."""

# ruff: noqa: S608 - statements are put together from constants of our own code
COLUMNS = """o.id, o.number, o.placed_at, o.created_at, o.state, o.currency, o.total, o.email, o.buyer, o.ship_to,
    o.bill_to, o.risks, ARRAY(SELECT p.gateway || ':' || p.last4 FROM payments p
        WHERE p.order_id = o.id AND p.last4 <> '') AS cards,
    EXISTS (SELECT 1 FROM holds h WHERE h.order_id = o.id AND h.reason = 'fraud') AS was_held"""
LAST = f"SELECT {COLUMNS} FROM orders o WHERE o.merchant_id = $1 ORDER BY o.created_at DESC, o.id DESC LIMIT $2"
BEFORE = f"""SELECT {COLUMNS} FROM orders o WHERE o.merchant_id = $1 AND o.created_at >= $2
    AND (o.created_at, o.id) < ($3, $4) ORDER BY o.created_at DESC LIMIT {MOST}"""
FIRST = f"""SELECT email, min(placed_at) AS at FROM orders WHERE merchant_id = $1 AND email = ANY($2::text[])
    AND state NOT IN ({int(Lifecycle.CANCELLED)}, {int(Lifecycle.REJECTED)}) GROUP BY email"""

_address = msgspec.json.Decoder(Address)
_buyer = msgspec.json.Decoder(Buyer)
_risks = msgspec.json.Decoder(tuple[RiskFact, ...])


class WouldHold(View, frozen=True):
    """An order that the rules would hold. `lifecycle`: what became of it; `was_held`: whether rules of then held it."""

    order_id: str
    number: str
    placed_at: datetime
    score: int
    rules: tuple[dict[str, object], ...]
    lifecycle: str
    was_held: bool


class Trial(View, frozen=True):
    """`by_rule`: how many of the `orders` each rule says something about, held or not; `held` newest first."""

    rules: str
    hold_at: int
    orders: int
    would_hold: int
    by_rule: dict[str, int]
    held: tuple[WouldHold, ...]


async def check_rules(database: Database, merchant_id: int, rules: RuleSet, last: int) -> Trial:
    """The rules on the `last` orders that came. Raises `Invalid` for fewer than 1 or more than `MOST`."""
    if not 1 <= last <= MOST:
        raise Invalid("last", f"is 1 to {MOST}")
    async with database.transaction() as tx:
        await tx.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        rows = await tx.fetch(LAST, merchant_id, last)
        seen = await _seen(tx, merchant_id, rules, rows)
    scored = [(row, score(_purchase(row), rules, seen)) for row in rows]
    said = Counter(str(why["rule"]) for _, found in scored for why in found.rules)
    held = tuple(_would(row, found) for row, found in scored if found.points >= rules.hold_at)
    return Trial(
        rules=rules.name,
        hold_at=rules.hold_at,
        orders=len(rows),
        would_hold=len(held),
        by_rule={rule.name: said[rule.name] for rule in rules.rule},
        held=held,
    )


async def _seen(tx: Tx, merchant_id: int, rules: RuleSet, rows: Sequence[Row]) -> Sightings:
    """The orders themselves, what came shortly before them, and since when their buyers are known."""
    seen = Sightings()
    if not rows:
        return seen
    oldest = rows[-1]
    since = min(row["placed_at"] for row in rows) - rules.window
    before = await tx.fetch(BEFORE, merchant_id, since, oldest["created_at"], oldest["id"])
    for row in (*rows, *before):
        seen.add(_purchase(row))
    emails = sorted({row["email"] for row in rows if row["email"]})
    for number, row in enumerate(await tx.fetch(FIRST, merchant_id, emails), 1):
        if row["at"] < since:  # a later one is counted already
            seen.add(Purchase(id=-number, placed_at=row["at"], currency="", total=0, email=row["email"]))
    return seen


def _purchase(row: Row) -> Purchase:
    buyer = _buyer.decode(row["buyer"])
    ship_to, bill_to = (_address.decode(row[name]) if row[name] else None for name in ("ship_to", "bill_to"))
    return Purchase(
        id=row["id"],
        placed_at=row["placed_at"],
        currency=row["currency"],
        total=row["total"],
        email=row["email"],
        phone=buyer.phone or (ship_to.phone if ship_to else ""),
        ip=buyer.ip,
        cards=tuple(row["cards"]),
        ship_to=ship_to,
        bill_to=bill_to,
        risks=_risks.decode(row["risks"]),
        cancelled=row["state"] in {Lifecycle.CANCELLED, Lifecycle.REJECTED},
    )


def _would(row: Row, found: Score) -> WouldHold:
    return WouldHold(
        order_id=str(row["id"]),
        number=row["number"],
        placed_at=row["placed_at"],
        score=found.points,
        rules=found.rules,
        lifecycle=Lifecycle(row["state"]).name.lower(),
        was_held=row["was_held"],
    )
