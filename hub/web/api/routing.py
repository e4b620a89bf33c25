"""The API on who ships what: the rules in force, what others would have come to, and promises against what happened."""

from __future__ import annotations

from aiohttp import web

from hub.actions.routing_plans import NewPlan, PlanView, set_plan, show_plan
from hub.actions.routing_report import PromiseFigures, report_promises
from hub.actions.routing_simulate import Simulation, simulate
from hub.domain.order import Value
from hub.errors import Forbidden, Invalid
from hub.web.api import body
from hub.web.api.endpoint import Endpoint
from hub.web.auth import WHO
from hub.web.services import services

MOST_ORDERS = 20_000
"""Orders that one call compares; the command line compares more."""


class WhatIf(Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rules as TOML, tried on the orders of so many days."""

    source: str
    days: int = 30


class NewRules(Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rules as TOML. `after`: the version in force that they were compared with; 0 while there is none."""

    source: str
    after: int
    note: str = ""


class PromiseReport(Value, frozen=True):
    """By location."""

    locations: list[PromiseFigures]


async def plan(request: web.Request) -> PlanView:
    """The rules in force, or one version of them."""
    return await show_plan(services(request), request[WHO].merchant_id, _number(request, "version", 0, 10**6))


async def what_if(request: web.Request) -> Simulation:
    """Past orders under other rules; writes nothing."""
    given = await body.read(request, WhatIf)
    if not 1 <= given.days <= 3660:
        raise Invalid("days", "is a number from 1 to 3660")
    return await simulate(services(request), request[WHO].merchant_id, given.days, given.source, MOST_ORDERS)


async def put(request: web.Request) -> PlanView:
    """Puts rules into force as the next version."""
    who = request[WHO]
    if who.role == "agent":
        raise Forbidden("routing is set by merchants; agents look at it")
    given = await body.read(request, NewRules)
    new = NewPlan(
        merchant_id=who.merchant_id, source=given.source, actor=who.actor, note=given.note.replace("\0", ""),
        after=given.after,
    )  # fmt: skip
    return await set_plan(services(request), new)


async def promises(request: web.Request) -> PromiseReport:
    """Promises of so many days, and what happened."""
    days = _number(request, "days", 30, 3660)
    return PromiseReport(await report_promises(services(request), request[WHO].merchant_id, max(days, 1)))


def _number(request: web.Request, name: str, usual: int, most: int) -> int:
    given = request.query.get(name, str(usual))
    if not (given.isascii() and given.isdecimal() and len(given) < 8 and int(given) <= most):
        raise Invalid(name, f"is a number up to {most}")
    return int(given)


ENDPOINTS = (
    Endpoint("/v1/routing", "The rules that say who ships what", PlanView, plan, {"version": "0: the newest."}),
    Endpoint("/v1/routing", "Put routing rules into force", PlanView, put, {}, method="POST", takes=NewRules),
    Endpoint(
        "/v1/routing/simulate", "Past orders under other routing rules", Simulation, what_if, {}, method="POST",
        takes=WhatIf,
    ),
    Endpoint(
        "/v1/reports/promises", "Promises given, and what happened", PromiseReport, promises,
        {"days": "Promises of so many days; 30 unless told."},
    ),
)  # fmt: skip
