"""Who ships what: rules as text with what is wrong, what they would have come to on past orders, their versions.

Rules are switched on only after exactly this text was compared with the rules in force and the person has seen how: the
session remembers the text and the version it was compared with.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

from hub.actions.routing_plans import MOST_TEXT, NewPlan, PlanView, check_plan, list_plans, set_plan, show_plan
from hub.actions.routing_report import report_promises
from hub.actions.routing_simulate import Simulation, simulate
from hub.errors import Conflict, Invalid
from hub.web.auth import SESSION, WHO, check_form, needs_role
from hub.web.console import view
from hub.web.services import services

ROOM = "/console/routing"
DAYS = (1, 7, 30, 90)
MOST_ORDERS = 20_000
"""Orders that a page waits for, about half a minute; the command line compares more."""

EXAMPLE = """[[rules]]
name = "nearest"
sort = ["proximity"]
most_locations = 3
"""
FIGURES = {
    "routed": "Orders routed", "waiting": "Orders waiting", "shipments": "Shipments", "split_orders": "Split orders",
    "cost": "Cost by the lanes", "promise_kept": "Promise kept", "promise_broken": "Promise broken",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in the form."""

    text: str
    days: int = 30
    note: str = ""


async def rules(request: web.Request) -> web.Response:
    """The rules in force, or a version of them to begin with (`?version=`)."""
    who = needs_role(request, "merchant")
    current = await show_plan(services(request), who.merchant_id)
    asked = request.query.get("version", "")
    shown = current
    if asked.isascii() and asked.isdecimal() and len(asked) < 9:
        shown = await show_plan(services(request), who.merchant_id, int(asked))
    return await _page(request, current, Typed(shown.source or EXAMPLE), {})


async def change(request: web.Request) -> web.Response:
    """What a person does with a text: look it over, compare it, switch it on. What was typed is never lost."""
    form, who = await check_form(request), needs_role(request, "merchant")
    hub, typed = services(request), _typed(form)
    current = await show_plan(hub, who.merchant_id)
    try:
        checked = await check_plan(hub, who.merchant_id, typed.text)
        more: dict[str, object] = {"warnings": checked.warnings, "looked": True}
        if form.get("do") == "switch" and _seen(request) == [_digest(typed.text), current.version]:
            await _switch(request, typed, current.version)
        if form.get("do") in {"compare", "switch"}:
            more["found"] = found = await simulate(hub, who.merchant_id, typed.days, typed.text, MOST_ORDERS)
            _see(request, typed.text, found)
    except Invalid as error:
        return await _page(request, current, typed, {"mistake": str(error)}, 422)
    if form.get("do") != "switch":
        return await _page(request, current, typed, more)
    return await _page(request, current, typed, {**more, "first": True}, 409)


async def _switch(request: web.Request, typed: Typed, after: int) -> None:
    """Puts the text into force and goes back to the room; falls through where another version came first."""
    who = request[WHO]
    new = NewPlan(merchant_id=who.merchant_id, source=typed.text, actor=who.actor, note=typed.note, after=after)
    try:
        made = await set_plan(services(request), new)
    except Conflict:
        return
    request[SESSION].pop("routing", None)
    view.note(request, f"Version {made.version} is in force; workers follow within seconds.")
    raise web.HTTPSeeOther(ROOM)


def _typed(form: Mapping[str, str]) -> Typed:
    days = form.get("days", "")
    text = form.get("text", "").replace("\r\n", "\n")[: MOST_TEXT + 1]
    return Typed(text, int(days) if days in map(str, DAYS) else 30, form.get("note", "").replace("\0", "")[:200])


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def _seen(request: web.Request) -> object:
    return request[SESSION].get("routing")


def _see(request: web.Request, text: str, found: Simulation) -> None:
    request[SESSION]["routing"] = [_digest(text), found.compared_with]


async def _page(
    request: web.Request, current: PlanView, typed: Typed, more: Mapping[str, object], status: int = 200
) -> web.Response:
    hub, merchant_id = services(request), request[WHO].merchant_id
    context = {
        "current": current, "typed": typed, "days": DAYS, "figures": FIGURES, "found": None, "mistake": "",
        "warnings": (), "looked": False, "first": False, "versions": await list_plans(hub, merchant_id),
        "promises": await report_promises(hub, merchant_id, 30), **more,
    }  # fmt: skip
    return view.show(request, "routing.html", context, status)


ROUTES = (web.get("/routing", rules), web.post("/routing", change))
