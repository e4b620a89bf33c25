"""What rules read and write: the rules of each merchant, an order as conditions see it, what rules did and set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import asyncpg
import msgspec
import structlog

from hub.domain.automation import USUAL_SERVICE, Facts, Plan, RuleSet
from hub.domain.automation_reading import parse
from hub.errors import Conflict, Invalid
from hub.ports import Ids
from hub.store import sets
from hub.store.database import Row, Tx

log = structlog.get_logger()

NEWEST = """SELECT DISTINCT ON (merchant_id) merchant_id, version, source, created_at FROM automation_sets
    ORDER BY merchant_id, version DESC"""

ORDERS = """
    SELECT o.id, o.merchant_id, o.account_id, o.number, o.currency, o.total, o.note,
        coalesce(o.ship_to->>'country', '') AS country, a.name AS account, a.connector,
        o.email <> '' AND NOT EXISTS (SELECT 1 FROM orders e WHERE e.merchant_id = o.merchant_id AND e.email = o.email
            AND (e.placed_at, e.id) < (o.placed_at, o.id)) AS first_order,
        coalesce(l.skus, '{}') AS skus, coalesce(l.grams, 0)::bigint AS grams, coalesce(l.units, 0)::bigint AS units,
        coalesce(m.tags, '[]') AS tags, coalesce(m.service, '') AS service, m.priority,
        ARRAY(SELECT f.rule || E'\\x1f' || f.trigger FROM automation_firings f
              WHERE f.merchant_id = o.merchant_id AND f.order_id = o.id) AS fired
    FROM orders o
    LEFT JOIN accounts a ON a.id = o.account_id
    LEFT JOIN order_marks m ON m.merchant_id = o.merchant_id AND m.order_id = o.id
    LEFT JOIN LATERAL (
        SELECT array_agg(DISTINCT x.sku) AS skus, sum(x.ordered - x.cancelled) AS units,
            sum((x.ordered - x.cancelled) * coalesce(nullif(x.grams, 0), p.grams, 0)) AS grams
        FROM order_lines x LEFT JOIN products p ON p.merchant_id = x.merchant_id AND p.sku = x.sku
        WHERE x.order_id = o.id AND x.ordered > 0
    ) l ON true
    WHERE o.id = ANY($1::bigint[])"""

SET_MARKS = """ON CONFLICT (merchant_id, order_id) DO UPDATE SET
    tags = excluded.tags, service = excluded.service, priority = excluded.priority"""

_tags = msgspec.json.Decoder(frozenset[str])


@dataclass(slots=True)
class Seen:
    """One order as rules see it; grows as they act on it in this transaction."""

    merchant_id: int
    number: str
    facts: Facts
    fired: set[tuple[str, str]]
    service: str = ""
    priority: int | None = None

    def take(self, plan: Plan) -> None:
        """Remembers what rules did and set."""
        self.fired |= {(firing.rule.name, firing.trigger.value) for firing in plan.firings}
        self.service = plan.service or self.service
        self.priority = self.priority if plan.priority is None else plan.priority
        tags, service = self.facts.tags | plan.tags, self.service or self.facts.service
        self.facts = msgspec.structs.replace(self.facts, tags=tags, service=service)


@dataclass(slots=True)
class Record:
    """What is to be written of what rules did in one transaction."""

    firings: list[dict[str, Any]] = field(default_factory=list)
    marks: dict[int, dict[str, Any]] = field(default_factory=dict)

    def add(self, order_id: int, seen: Seen, plan: Plan, version: int) -> None:
        """`seen` has taken the plan already."""
        self.firings += [
            {"merchant_id": seen.merchant_id, "order_id": order_id, "rule": firing.rule.name,
             "trigger": firing.trigger.value, "version": version}
            for firing in plan.firings
        ]  # fmt: skip
        if plan.tags or plan.service or plan.priority is not None:
            self.marks[order_id] = {
                "merchant_id": seen.merchant_id, "order_id": order_id, "tags": sorted(seen.facts.tags),
                "service": seen.service, "priority": seen.priority,
            }  # fmt: skip

    async def write(self, tx: Tx, ids: Ids, at: object) -> None:
        """Two statements at most. Raises `Conflict` when somebody else let one of these rules act meanwhile."""
        fresh = [{"id": ids.next(), "at": at} | firing for firing in self.firings]
        try:
            await sets.insert(tx, "automation_firings", fresh)
        except asyncpg.UniqueViolationError as error:
            raise Conflict(f"automation_firings: {error.detail}") from error
        marks = [{"id": ids.next()} | self.marks[order_id] for order_id in sorted(self.marks)]
        await sets.insert(tx, "order_marks", marks, SET_MARKS)


async def read_rules(tx: Tx) -> dict[int, RuleSet]:
    """The rules of every merchant that ever had some, by merchant. Rules that no longer read right do nothing."""
    found = {}
    for row in await tx.fetch(NEWEST):
        try:
            rules = _parsed(row["source"])
        except Invalid as error:
            log.error("rules cannot be read", merchant=row["merchant_id"], version=row["version"], error=str(error))
            continue
        found[row["merchant_id"]] = RuleSet(row["version"], rules, row["created_at"])
    return found


_parsed = lru_cache(maxsize=256)(parse)


async def orders(tx: Tx, ids: Sequence[int]) -> dict[int, Seen]:
    """Orders as rules see them, by id; one statement."""
    return {row["id"]: _seen(row) for row in await tx.fetch(ORDERS, sorted(set(ids)))}


def _seen(row: Row) -> Seen:
    facts = Facts(
        channels=frozenset(name.casefold() for name in (row["account"], row["connector"]) if name),
        country=row["country"],
        currency=row["currency"],
        total=row["total"],
        skus=frozenset(row["skus"]),
        grams=row["grams"],
        units=row["units"],
        service=row["service"] or USUAL_SERVICE,
        first_order=row["first_order"],
        note=row["note"],
        tags=_tags.decode(row["tags"]),
    )
    pairs = (entry.rpartition("\x1f") for entry in row["fired"])
    fired = {(rule, trigger) for rule, _, trigger in pairs}
    return Seen(row["merchant_id"], row["number"], facts, fired, row["service"], row["priority"])
