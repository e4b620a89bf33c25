"""When a second look is asked for at the pack station: the rule of a location, and what it says of one order."""

from __future__ import annotations

import json

from msgspec import Struct

from hub.actions import floor_desk
from hub.actions.floor_release import find_location
from hub.actions.order_view import View
from hub.actions.services import Services
from hub.domain import quality
from hub.domain.outcome import Event, Outcome, WorkRow
from hub.domain.quality import Rule
from hub.errors import NotFound
from hub.flow.batch import Batch
from hub.flow.runner import act
from hub.flow.stage import Desk
from hub.store.audit import Plain
from hub.store.database import Database, Row, Tx

PUT = """INSERT INTO quality_rules (id, merchant_id, location_id, every, newcomers, skus, other)
    VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (merchant_id, location_id) DO UPDATE SET every = excluded.every,
    newcomers = excluded.newcomers, skus = excluded.skus, other = excluded.other, counted = 0"""
KNOWN = "SELECT sku FROM products WHERE merchant_id = $1 AND sku = ANY($2::text[])"
RULES = """SELECT r.*, l.code FROM quality_rules r JOIN locations l ON l.id = r.location_id
    WHERE r.merchant_id = $1 ORDER BY l.code"""
RULE = "SELECT * FROM quality_rules WHERE merchant_id = $1 AND location_id = $2"
COUNT = """UPDATE quality_rules SET counted = counted + 1 WHERE merchant_id = $1 AND location_id = $2
    RETURNING every, newcomers, skus, other, counted"""
LAST = """SELECT id, why, packer, result FROM quality_checks WHERE merchant_id = $1 AND fulfillment_id = $2
    ORDER BY id DESC LIMIT 1"""
PACKED = "SELECT orders FROM packers WHERE merchant_id = $1 AND actor = $2"
ASK = """INSERT INTO quality_checks (id, merchant_id, fulfillment_id, why, packer, asked_at)
    VALUES ($1, $2, $3, $4, $5, $6)"""


class NewQualityRule(Struct, frozen=True, kw_only=True):
    """The rule of a location; one without any number and SKU asks for no look."""

    merchant_id: int
    location: str
    actor: str
    every: int = 0
    newcomers: int = 0
    skus: tuple[str, ...] = ()
    other: bool = False


class QualityRuleView(View, frozen=True):
    """A rule as people see it; `counted`: orders packed there since it was made."""

    location: str
    every: int
    newcomers: int
    skus: tuple[str, ...]
    other: bool
    counted: int


async def set_quality_rule(services: Services, new: NewQualityRule) -> None:
    """One rule a location; what was counted begins anew. Raises `Invalid`, `NotFound` for an unknown location or SKU,
    `Conflict` for a location that packs by itself."""
    skus = sorted({sku.replace("\0", "").strip() for sku in new.skus} - {""})
    quality.check(Rule(new.every, new.newcomers, frozenset(skus), new.other))
    async with services.database.transaction() as tx:
        location_id = await find_location(tx, new.merchant_id, new.location)
        unknown = set(skus) - {row["sku"] for row in await tx.fetch(KNOWN, new.merchant_id, skus)}
        if unknown:
            raise NotFound(f"no product {', '.join(sorted(unknown))}; of a bundle name the parts")
        await tx.execute(
            PUT,
            services.ids.next(),
            new.merchant_id,
            location_id,
            new.every,
            new.newcomers,
            json.dumps(skus),
            new.other,
        )
        desk = floor_desk.desk_of(services, tx)
        details: dict[str, Plain] = {
            "every": new.every, "newcomers": new.newcomers, "skus": ", ".join(skus)[:500], "other": new.other,
        }  # fmt: skip
        said = (new.actor, "set_quality_rule", f"location:{new.location}")
        await floor_desk.note(desk, new.merchant_id, said, details)


async def list_quality_rules(database: Database, merchant_id: int) -> tuple[QualityRuleView, ...]:
    """All of a merchant's, by location."""
    return tuple(
        QualityRuleView(
            location=row["code"], every=row["every"], newcomers=row["newcomers"], skus=tuple(json.loads(row["skus"])),
            other=row["other"], counted=row["counted"],
        )
        for row in await database.plain.fetch(RULES, merchant_id)
    )  # fmt: skip


async def last_look(tx: Tx, merchant_id: int, work_id: int) -> Row | None:
    """The newest look at a fulfillment order, asked for or done; its `result` is '' while nobody has looked."""
    return await tx.fetchrow(LAST, merchant_id, work_id)


async def open_look(tx: Tx, merchant_id: int, work_id: int) -> str:
    """Why somebody is to look at a fulfillment order, '' when nobody is."""
    last = await last_look(tx, merchant_id, work_id)
    return str(last["why"]) if last is not None and not last["result"] else ""


async def rule_of(tx: Tx, merchant_id: int, location_id: int) -> Rule:
    """The rule of a location; an empty one where there is none."""
    row = await tx.fetchrow(RULE, merchant_id, location_id)
    return Rule() if row is None else _rule(row)


async def ask_look(desk: Desk, work: WorkRow, packer: str) -> str:
    """Why somebody is to look before the parcels of `work` are closed, or ''. Asked for once; after a look that found
    something, another one is asked for, whatever the rule says. Writes what it asks on the order's timeline."""
    last = await last_look(desk.tx, work.merchant_id, work.id)
    if last is not None and not last["result"]:
        return str(last["why"])
    if last is not None and last["result"] != "ok":
        why = f"the look before found {'damage' if last['result'] == 'damaged' else 'a wrong item'}"
    else:
        why = await _by_rule(desk, work, packer)
    if why:
        await desk.tx.execute(ASK, desk.ids.next(), work.merchant_id, work.id, why[:200], packer, desk.now)
        batch = Batch(desk.ids, desk.now)
        event = Event("look_asked", {"fulfillment": work.number, "why": why}, actor=packer)
        act(work, Outcome(events=(event,)), batch)
        await batch.flush(desk.tx)
    return why


async def _by_rule(desk: Desk, work: WorkRow, packer: str) -> str:
    """Counts the order, and says what the rule of its location says."""
    row = await desk.tx.fetchrow(COUNT, work.merchant_id, work.location_id)
    if row is None:
        return ""
    packed = await desk.tx.fetchval(PACKED, work.merchant_id, packer) or 0
    return quality.why(_rule(row), {line.sku for line in work.lines}, row["counted"], packed)


def _rule(row: Row) -> Rule:
    return Rule(row["every"], row["newcomers"], frozenset(json.loads(row["skus"])), row["other"])
