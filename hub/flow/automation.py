"""Rules at work on the line: after a stage has decided a batch, before anything of it is written.

A batch in which no row belongs to a merchant with rules that wait for what happened costs no statement.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from hub.domain import automation_outcome as outcomes
from hub.domain.automation import Moment, Plan, RuleSet
from hub.domain.automation_firing import fire
from hub.domain.outcome import OrderRow, Outcome, WorkRow
from hub.flow import automation_facts
from hub.flow.automation_facts import Record, Seen
from hub.flow.contacts import EMAIL
from hub.flow.directory import Known
from hub.flow.stage import Desk

Row = OrderRow | WorkRow


async def after(desk: Desk, rows: Sequence[Row], decided: Sequence[Outcome]) -> Sequence[Outcome]:
    """`decided` with what rules add; one more statement where rules wait for what happened, and two more where they
    act. Raises `Conflict` as `Record.write` does."""
    known = await desk.directory.known(desk.tx)
    if not known.rules:
        return decided
    waiting: dict[int, tuple[Moment, ...]] = {}
    for place, (row, outcome) in enumerate(zip(rows, decided, strict=True)):
        rules = known.rules.get(row.merchant_id)
        if rules is None:
            continue
        happened = tuple(m for m in outcomes.moments(row, outcome) if rules.waiting_for(m.trigger))
        if happened or outcome.changes.works:
            waiting[place] = happened
    if not waiting:
        return decided
    seen = await automation_facts.orders(desk.tx, [_order_id(rows[place]) for place in waiting])
    record, after_all = Record(), list(decided)
    for place, happened in waiting.items():
        row = rows[place]
        after_all[place] = _one(row, decided[place], happened, (seen[_order_id(row)], known, record))
    await record.write(desk.tx, desk.ids, desk.now)
    return after_all


def _one(row: Row, outcome: Outcome, happened: tuple[Moment, ...], at: tuple[Seen, Known, Record]) -> Outcome:
    seen, known, record = at
    order_id, rules = _order_id(row), known.rules[row.merchant_id]
    if isinstance(row, OrderRow):  # what review found its lines to be is not written yet
        lines = outcome.row.lines if isinstance(outcome.row, OrderRow) else row.lines
        seen.facts = replace(seen.facts, skus=frozenset(line.sku for line in lines))
    plan = act(rules, happened, seen)
    if plan.firings:
        record.add(order_id, seen, plan, rules.version)
        mail = known.by_connector(row.merchant_id, EMAIL)
        outcome = outcomes.carried_out(row, outcome, plan, outcomes.Desk(order_id, seen.number, rules.version, mail))
    return outcomes.by_service(outcome, seen.service) if seen.service and outcome.changes.works else outcome


def act(rules: RuleSet, happened: tuple[Moment, ...], seen: Seen) -> Plan:
    """What the rules want of one order; `seen` is as it is afterwards."""
    plan = fire(rules, happened, seen.facts, seen.fired)
    seen.take(plan)
    return plan


def _order_id(row: Row) -> int:
    return row.id if isinstance(row, OrderRow) else row.order_id
