"""A merchant's routing plan: shown, checked, and set as a new version; what was in effect before stays readable."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from difflib import get_close_matches

import msgspec
from msgspec import Struct

from hub.actions.services import Services
from hub.domain.order import Value
from hub.domain.routing_plan import DEFAULT, Filter, Plan, read_plan
from hub.errors import Conflict, Invalid, NotFound
from hub.flow.plans import plan_of
from hub.store import audit, sets
from hub.store.database import Row, Tx

ONE = (
    "SELECT * FROM routing_plans WHERE merchant_id = $1 AND ($2::int = 0 OR version = $2) ORDER BY version DESC LIMIT 1"
)
VERSIONS = """SELECT version, made_by, made_at, note FROM routing_plans WHERE merchant_id = $1
    ORDER BY version DESC LIMIT $2"""
CODES = "SELECT code FROM locations WHERE merchant_id = $1 AND active ORDER BY code"
ACCOUNTS = "SELECT name FROM accounts WHERE merchant_id = $1 AND state <> 'removed' ORDER BY name"
NEXT = "SELECT coalesce(max(version), 0) + 1 FROM routing_plans WHERE merchant_id = $1"
LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('routing_plans:' || $1::text, 0))"
MOST_TEXT = 200_000


class PlanView(Value, frozen=True, omit_defaults=False):
    """A version. `plan`: everything, defaults written out; `source`: the TOML as it was given; `warnings`: what will
    work, but hardly as meant."""

    version: int
    made_by: str
    made_at: datetime | None
    note: str
    plan: Plan
    source: str
    warnings: tuple[str, ...] = ()


class NewPlan(Struct, frozen=True, kw_only=True):
    """A plan that somebody sets. `source`: TOML; `after`: the version it was compared with, None: whichever counts."""

    merchant_id: int
    source: str
    actor: str
    note: str = ""
    after: int | None = None


class PlanVersion(Struct, frozen=True):
    """Who set which version, when, and why."""

    version: int
    made_by: str
    made_at: datetime
    note: str


async def show_plan(services: Services, merchant_id: int, version: int = 0) -> PlanView:
    """The plan in effect, or a version of it (0: the newest). Without one the house's own, which is version 0.

    Raises `NotFound` for a version that there never was."""
    row = await services.database.plain.fetchrow(ONE, merchant_id, version)
    if row is not None:
        return _view(row)
    if version:
        raise NotFound(f"there is no version {version} of the routing plan; `routing show` shows the newest")
    return PlanView(0, "hub", None, "the house's own, until `routing set` gives another", DEFAULT, "")


async def list_plans(services: Services, merchant_id: int, most: int = 20) -> list[PlanVersion]:
    """The newest versions, the one in effect first."""
    return [PlanVersion(**row) for row in await services.database.plain.fetch(VERSIONS, merchant_id, most)]


async def check_plan(services: Services, merchant_id: int, source: str) -> PlanView:
    """Reads a plan as `set_plan` would, and writes nothing. Raises `Invalid` with the place and what to write."""
    async with services.database.transaction() as tx:
        plan = await _read(tx, merchant_id, source)
    return PlanView(0, "", None, "", plan, source, tuple(warnings(plan)))


async def set_plan(services: Services, new: NewPlan) -> PlanView:
    """Puts a plan into effect as the next version: workers read it within seconds. Raises `Invalid` as `check_plan`,
    and `Conflict` where another version was set since the one it was compared with."""
    now = services.clock.now()
    async with services.database.transaction() as tx:
        plan = await _read(tx, new.merchant_id, new.source)
        await tx.execute(LOCK, str(new.merchant_id))
        version = int(await tx.fetchval(NEXT, new.merchant_id))
        if new.after is not None and version != new.after + 1:
            raise Conflict(f"version {version - 1} was set meanwhile: compare with that one, then switch on")
        plan = msgspec.structs.replace(plan, version=version)
        row = {
            "id": services.ids.next(), "merchant_id": new.merchant_id, "version": version, "plan": plan,
            "source": new.source, "note": new.note[:200], "made_by": new.actor[:128], "made_at": now,
        }  # fmt: skip
        await sets.insert(tx, "routing_plans", [row])
        await audit.append(tx, services.ids, audit.Entry(
            merchant_id=new.merchant_id, at=now, actor=new.actor, action="set_routing_plan",
            subject=f"routing:{version}", details={"version": version, "note": new.note[:200]},
        ))  # fmt: skip
    return PlanView(version, new.actor, now, new.note, plan, new.source, tuple(warnings(plan)))


async def _read(tx: Tx, merchant_id: int, source: str) -> Plan:
    if len(source) > MOST_TEXT or "\0" in source:
        raise Invalid("rules", f"write TOML of at most {MOST_TEXT} characters, without NUL")
    plan = read_plan(source)
    codes = {row["code"] for row in await tx.fetch(CODES, merchant_id)}
    names = {row["name"] for row in await tx.fetch(ACCOUNTS, merchant_id)}
    for place, name in _named_locations(plan):
        _known(place, name, codes, "location")
    for place, name in _named_channels(plan):
        _known(place, name, names, "account")
    return plan


def _known(place: str, name: str, known: Iterable[str], what: str) -> None:
    there = sorted(known)
    if name not in there:
        near = get_close_matches(name, there, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(there) or 'none'}"
        raise Invalid(place, f"no {what} {name!r}; {hint}")


def _named_locations(plan: Plan) -> Iterator[tuple[str, str]]:
    yield from ((f"locations.{code}", code) for code in plan.locations)
    yield from ((f"groups.{name}", code) for name, codes in plan.groups.items() for code in codes)
    yield from ((f"lanes[{n}].from", lane.origin) for n, lane in enumerate(plan.lanes) if lane.origin != "*")
    for n, rule in enumerate(plan.rules):
        yield from ((f"rules[{n}].locations", code) for code in plan.codes(rule))


def _named_channels(plan: Plan) -> Iterator[tuple[str, str]]:
    yield from ((f"locations.{code}.channels", name) for code, site in plan.locations.items() for name in site.channels)
    yield from ((f"rules[{n}].when.channels", name) for n, rule in enumerate(plan.rules) for name in rule.when.channels)


def warnings(plan: Plan) -> Iterator[str]:
    """What a plan says that will hardly be what was meant."""
    for n, rule in enumerate(plan.rules[:-1]):
        if rule.when == Filter() and rule.otherwise == "queue":
            yield f"rule {rule.name!r} takes every order and passes none on: {plan.rules[n + 1].name!r} is not reached"
    if all(rule.when != Filter() for rule in plan.rules):
        yield "every rule has a filter: an order that fits none waits for a person"
    for rule in plan.rules:
        if rule.sort[0] == "cost" and not plan.lanes:
            yield f"rule {rule.name!r} sorts by cost, but there are no lanes: every way costs 0"
        if "promise" in rule.sort and not plan.lanes and not plan.locations:
            yield f"rule {rule.name!r} sorts by promise, but neither lanes nor locations have times: distance decides"


def _view(row: Row) -> PlanView:
    plan = plan_of(row)
    return PlanView(
        row["version"], row["made_by"], row["made_at"], row["note"], plan, row["source"], tuple(warnings(plan))
    )
