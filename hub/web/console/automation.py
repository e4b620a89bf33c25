"""Rules that act on orders: what there is and how often it acted, their text with mistakes and conflicts, and what they
would have done."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from hub.actions.automation_rules import (
    Checked,
    Stored,
    check_rules,
    list_rules,
    recent_firings,
    said,
    set_rules,
    stored_rules,
)
from hub.actions.automation_try import Tried, try_rules
from hub.errors import Conflict, Invalid
from hub.web.auth import WHO, check_form, needs_role
from hub.web.console import view
from hub.web.services import services

ROOM = "/console/automation"
LAST = 200
SHOWN = 50

EXAMPLE = """[[rule]]
name = "Large orders get a look"
when = "accepted"
if.total = { currency = "EUR", at_least = "500.00" }
if.first_order = true
then.hold = "Call the buyer before it ships"
"""


async def rules(request: web.Request) -> web.Response:
    """The rules that count."""
    who = needs_role(request, "merchant")
    stored = await stored_rules(services(request).database, who.merchant_id)
    checked = await check_rules(services(request).database, who.merchant_id, stored.source)
    return await _page(request, stored, stored.source or EXAMPLE, {"checked": checked})


async def change(request: web.Request) -> web.Response:
    """What a person does with a text: look it over, try it, save it. What was typed is never lost."""
    form, who = await check_form(request), needs_role(request, "merchant")
    hub, text = services(request), form.get("text", "").replace("\r\n", "\n")
    stored = await stored_rules(hub.database, who.merchant_id)
    checked = await check_rules(hub.database, who.merchant_id, text)
    more: dict[str, object] = {"checked": checked}
    if form.get("do") == "save":
        try:
            saved = await set_rules(hub, who.merchant_id, text, who.actor, anyway=bool(form.get("anyway")))
        except Invalid:
            return await _page(request, stored, text, more, 422)
        except Conflict:
            return await _page(request, stored, text, {**more, "ask": True}, 409)
        view.note(request, f"Version {saved.version} counts from now on; workers follow within seconds.")
        raise web.HTTPSeeOther(ROOM)
    if form.get("do") == "try" and not checked.mistakes:
        more["tried"] = await try_rules(hub.database, hub.clock, who.merchant_id, text, LAST)
    return await _page(request, stored, text, {**more, "looked": True})


async def _page(
    request: web.Request, stored: Stored, text: str, more: Mapping[str, object], status: int = 200
) -> web.Response:
    database, merchant_id = services(request).database, request[WHO].merchant_id
    checked, tried = more.get("checked"), more.get("tried")
    context = {
        "stored": stored,
        "text": text,
        "rules": await list_rules(database, merchant_id),
        "recent": await recent_firings(database, merchant_id, SHOWN),
        "findings": [said(finding) for finding in checked.findings] if isinstance(checked, Checked) else [],
        "would": tried.firings[:SHOWN] if isinstance(tried, Tried) else (),
        "last": LAST,
        "tried": None,
        "looked": False,
        "ask": False,
        **more,
    }
    return view.show(request, "automation.html", context, status)


ROUTES = (web.get("/automation", rules), web.post("/automation", change))
