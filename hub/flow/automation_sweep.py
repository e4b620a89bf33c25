"""What the line does not pass on its way: orders that stay too long where they are, and what people's hands or channels
did outside a stage. Looked for by the clock, set-wise, for merchants whose rules wait for it and for nobody else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from hub.domain import automation_outcome as outcomes
from hub.domain.automation import Moment, RuleSet, Trigger
from hub.domain.automation_overdue import STAYS
from hub.domain.holds import held
from hub.domain.outcome import Event
from hub.flow import automation, automation_facts
from hub.flow.automation_facts import Record, Seen
from hub.flow.batch import Batch
from hub.flow.contacts import EMAIL
from hub.ports import Ids
from hub.store.database import Database, Row, Tx

MOST = 300
"""Orders of one transaction."""

LOOK_BACK = timedelta(hours=1)
"""How far back events of today's orders are looked through; the clock comes every minute."""

OVERDUE_ORDERS = """
    SELECT o.id, e.since FROM orders o CROSS JOIN LATERAL (
        SELECT max(x.recorded_at) AS since FROM events x
        WHERE x.merchant_id = $1 AND x.order_id = o.id AND x.kind = ANY($4::text[])) e
    WHERE o.merchant_id = $1 AND o.state = $3 AND o.state < 9 AND e.since <= $5 AND o.id > $2
      AND NOT EXISTS (SELECT 1 FROM automation_firings f WHERE f.merchant_id = $1 AND f.order_id = o.id
          AND f.rule = $6 AND f.trigger = 'overdue')
    ORDER BY o.id LIMIT $7"""
OVERDUE_WORKS = """
    SELECT w.order_id AS id, min(e.since) AS since FROM fulfillment_orders w CROSS JOIN LATERAL (
        SELECT max(x.recorded_at) AS since FROM events x WHERE x.merchant_id = $1 AND x.order_id = w.order_id
          AND x.subject_id = w.id AND x.kind = ANY($4::text[])) e
    WHERE w.merchant_id = $1 AND w.state = $3 AND w.state < 9 AND e.since <= $5 AND w.order_id > $2
      AND NOT EXISTS (SELECT 1 FROM automation_firings f WHERE f.merchant_id = $1 AND f.order_id = w.order_id
          AND f.rule = $6 AND f.trigger = 'overdue')
    GROUP BY w.order_id ORDER BY w.order_id LIMIT $7"""
HAPPENED = """
    SELECT e.order_id AS id, e.kind, e.details FROM orders o JOIN events e ON e.merchant_id = $1 AND e.order_id = o.id
    WHERE o.merchant_id = $1 AND o.state < 9 AND o.id > $2 AND e.kind = ANY($3::text[]) AND e.recorded_at > $4
    ORDER BY o.id, e.recorded_at, e.seq LIMIT $5"""
MAILS = """SELECT merchant_id, min(id) FROM accounts
    WHERE connector = $1 AND state <> 'removed' AND merchant_id = ANY($2::bigint[]) GROUP BY merchant_id"""
LOCK = "SELECT id, merchant_id, version FROM orders WHERE id = ANY($1::bigint[]) ORDER BY id FOR UPDATE SKIP LOCKED"
VERSIONS = """UPDATE orders o SET version = d.version FROM unnest($1::bigint[], $2::integer[]) AS d(id, version)
    WHERE o.id = d.id"""
OPEN = """SELECT order_id, detail FROM holds
    WHERE order_id = ANY($1::bigint[]) AND reason = 'rule' AND state IN ('open', 'escalated')"""

BY_EVENT = frozenset(outcomes.KINDS)


@dataclass(frozen=True, slots=True)
class Known:
    """Rules, and the account that mails, by merchant."""

    rules: Mapping[int, RuleSet]
    mails: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Sweep:
    """What a sweep works with. `at`: the time it goes by."""

    database: Database
    ids: Ids
    at: datetime

    async def all(self) -> int:
        """Every merchant that has rules; returns how many rules acted."""
        rules = await automation_facts.read_rules(self.database.plain)
        mails = dict(await self.database.plain.fetch(MAILS, EMAIL, list(rules))) if rules else {}
        known = Known(rules, mails)
        return sum([await self._merchant(merchant, known) for merchant in sorted(rules)])

    async def _merchant(self, merchant_id: int, known: Known) -> int:
        rules, acted = known.rules[merchant_id], 0
        for rule in rules.waiting_for(Trigger.OVERDUE):
            acted += await self._overdue(merchant_id, known, rule.name)
        wanted = [trigger for trigger in BY_EVENT if rules.waiting_for(trigger)]
        return acted + (await self._happened(merchant_id, known, wanted) if wanted else 0)

    async def _overdue(self, merchant_id: int, known: Known, name: str) -> int:
        """Orders that one rule waits for, page by page."""
        rules = known.rules[merchant_id]
        rule = next(rule for rule in rules.rules if rule.name == name)
        stay, after, acted = STAYS[rule.state], 0, 0
        sql = OVERDUE_WORKS if stay.of_work else OVERDUE_ORDERS
        while True:
            args = (int(stay.state), list(stay.begins), self.at - timedelta(hours=rule.hours), name, MOST)
            rows = await self.database.plain.fetch(sql, merchant_id, after, *args)
            moments = {row["id"]: (self._moment(rule.state, row["since"]),) for row in rows}
            acted += await self._act(rules, known, moments)
            if len(rows) < MOST:
                return acted
            after = rows[-1]["id"]

    def _moment(self, state: str, since: datetime) -> Moment:
        return Moment(Trigger.OVERDUE, state=state, hours=(self.at - since).total_seconds() / 3600)

    async def _happened(self, merchant_id: int, known: Known, wanted: Sequence[Trigger]) -> int:
        """Events since the rules were saved, of the last hour at most; those that acted on the line are known."""
        rules, acted, after = known.rules[merchant_id], 0, 0
        since = max(self.at - LOOK_BACK, rules.since or self.at)
        kinds = sorted({outcomes.KINDS[trigger] for trigger in wanted})
        while True:
            rows = await self.database.plain.fetch(HAPPENED, merchant_id, after, kinds, since, MOST)
            moments: dict[int, tuple[Moment, ...]] = {}
            for row in rows:
                moment = outcomes.moment_of(Event(row["kind"], msgspec.json.decode(row["details"])))
                if moment is not None:
                    moments[row["id"]] = (*moments.get(row["id"], ()), moment)
            acted += await self._act(rules, known, moments)
            if len(rows) < MOST:
                return acted
            # The page may have cut through the events of its last order: that one is looked at again, whole.
            after = rows[-1]["id"] - (rows[0]["id"] != rows[-1]["id"])

    async def _act(self, rules: RuleSet, known: Known, moments: Mapping[int, tuple[Moment, ...]]) -> int:
        """Lets the rules act on orders in one transaction; one that somebody works on just now comes the next time."""
        if not moments:
            return 0
        async with self.database.transaction() as tx:
            locked = await tx.fetch(LOCK, sorted(moments))
            seen = await automation_facts.orders(tx, [row["id"] for row in locked])
            opened = await tx.fetch(OPEN, list(seen))
            before = {row["order_id"]: msgspec.json.decode(row["detail"]) for row in opened}
            batch, record = Batch(self.ids, self.at), Record()
            versions: dict[int, int] = {}
            for row in locked:
                version = self._one(batch, row, (seen[row["id"]], record), (rules, known, moments[row["id"]], before))
                if version != row["version"]:
                    versions[row["id"]] = version
            if versions:
                await self._write(tx, batch, record, versions)
        return len(record.firings)

    async def _write(self, tx: Tx, batch: Batch, record: Record, versions: Mapping[int, int]) -> None:
        await tx.execute(VERSIONS, list(versions), list(versions.values()))
        await batch.flush(tx)
        await record.write(tx, self.ids, self.at)

    def _one(
        self,
        batch: Batch,
        row: Row,
        to: tuple[Seen, Record],
        by: tuple[RuleSet, Known, tuple[Moment, ...], Mapping[int, Mapping[str, object]]],
    ) -> int:
        """What the rules want of one order, into the batch; its version afterwards."""
        (seen, record), (rules, known, happened, before) = to, by
        order_id, merchant_id = row["id"], row["merchant_id"]
        plan = automation.act(rules, happened, seen)
        record.add(order_id, seen, plan, rules.version)
        desk = outcomes.Desk(order_id, seen.number, rules.version, known.mails.get(merchant_id))
        events = [outcomes.told(firing, desk) for firing in plan.firings]
        need = outcomes.hold_need(plan.firings, before.get(order_id))
        if need is not None:
            batch.hold(merchant_id, order_id, need)
            events += [] if order_id in before else [held(need)]
        for message in outcomes.messages(plan.firings, desk):
            batch.message(merchant_id, message)
        version: int = row["version"]
        for event in events:
            version += 1
            batch.event(merchant_id, order_id, (order_id, version), event)
        return version
