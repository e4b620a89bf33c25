"""Waves that come by themselves: so many orders wait, or it is the cut-off of the day."""

from __future__ import annotations

import structlog
from msgspec import Struct

from hub.actions import floor_desk
from hub.actions.floor_ends import end_walks
from hub.actions.floor_release import CART, MOST, NewWave, count_waiting, find_location, release_wave
from hub.actions.services import Services
from hub.domain import waves
from hub.errors import Conflict, CrossdockError, Invalid
from hub.store.audit import Plain
from hub.store.database import Row

log = structlog.get_logger()

PUT = """INSERT INTO wave_rules (id, merchant_id, location_id, strategy, least, cut_off, most, cart, cut_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (merchant_id, location_id) DO UPDATE SET
    strategy = excluded.strategy, least = excluded.least, cut_off = excluded.cut_off, most = excluded.most,
    cart = excluded.cart"""
RULES = """SELECT r.*, l.code FROM wave_rules r JOIN locations l ON l.id = r.location_id
    WHERE l.active AND NOT l.automatic ORDER BY r.id"""
CUT = "UPDATE wave_rules SET cut_at = $2 WHERE id = $1"


class NewRule(Struct, frozen=True, kw_only=True):
    """`least` orders make a wave (0: none does by number); `cut_off` HH:MM in UTC ('': none)."""

    merchant_id: int
    location: str
    actor: str
    strategy: str = "cluster"
    least: int = 0
    cut_off: str = ""
    most: int = 100
    cart: int = CART


async def set_wave_rule(services: Services, new: NewRule) -> None:
    """One rule a location; neither number nor time switches it off. Raises `Invalid`, `NotFound`, `Conflict`."""
    if new.strategy not in waves.STRATEGIES:
        raise Invalid("strategy", f"is one of {', '.join(waves.STRATEGIES)}")
    if not (0 <= new.least <= MOST and 0 < new.most <= MOST and 0 < new.cart <= 99):
        raise Invalid("least", f"is 0 to {MOST}, most 1 to {MOST}, cart 1 to 99")
    minutes = _minutes(new.cut_off)
    async with services.database.transaction() as tx:
        location_id = await find_location(tx, new.merchant_id, new.location)
        desk = floor_desk.desk_of(services, tx)
        await tx.execute(
            PUT, services.ids.next(), new.merchant_id, location_id, new.strategy, new.least, minutes, new.most,
            new.cart, desk.now,
        )  # fmt: skip
        details: dict[str, Plain] = {"strategy": new.strategy, "least": new.least, "cut_off": new.cut_off}
        await floor_desk.note(desk, new.merchant_id, (new.actor, "set_wave_rule", f"location:{new.location}"), details)


async def release_due_waves(services: Services) -> int:
    """Releases waves wherever a rule says so now, and ends walks on which nothing is left; returns how many waves it
    released. The scheduler calls it every minute. A rule that cannot be followed keeps no other from it."""
    await end_walks(services)
    released = 0
    for rule in await services.database.plain.fetch(RULES):
        try:
            released += await _release(services, rule)
        except CrossdockError as error:
            log.warning("a wave was not released", merchant=rule["merchant_id"], at=rule["code"], error=str(error))
    return released


async def _release(services: Services, rule: Row) -> int:
    """At the cut-off everything that waits leaves, in as many waves as that takes. The cut-off is marked as used last:
    a process that dies before leaves it to the next minute, which finds what is still there."""
    now = services.clock.now()
    waiting = await count_waiting(services.database.plain, rule["merchant_id"], rule["location_id"])
    cut = rule["cut_off"] is not None and (
        rule["cut_at"] is None or rule["cut_at"] < waves.last_cut(rule["cut_off"], now)
    )
    due = waves.due(waves.Rule(rule["least"], rule["cut_off"], rule["cut_at"]), waiting, now)
    times = -(-waiting // rule["most"]) if cut else 1
    released = 0
    while due and released < times and await _one(services, rule):
        released += 1
    if cut:
        await services.database.plain.execute(CUT, rule["id"], now)
    return released


async def _one(services: Services, rule: Row) -> int:
    new = NewWave(
        merchant_id=rule["merchant_id"], location=rule["code"], actor="hub", strategy=rule["strategy"],
        most=rule["most"], cart=rule["cart"],
    )  # fmt: skip
    try:
        await release_wave(services, new)
    except Conflict:
        return 0
    return 1


def _minutes(text: str) -> int | None:
    if not text:
        return None
    hours, colon, minutes = text.partition(":")
    if not (colon and text.isascii() and hours.isdigit() and minutes.isdigit() and len(minutes) == 2):
        raise Invalid("cut_off", "is a time of day in UTC, such as 14:30")
    if int(hours[:3]) > 23 or int(minutes) > 59:
        raise Invalid("cut_off", "is a time of day in UTC, 00:00 to 23:59")
    return int(hours) * 60 + int(minutes)
