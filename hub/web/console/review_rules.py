"""Rules of review: their text with mistakes, what they would have held, the versions there were, and the way back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

from hub.actions.check_rules import check_rules
from hub.actions.show_rules import Rules, list_versions, show_rules
from hub.actions.switch_rules import LONGEST, switch_rules
from hub.domain.fraud_default import SHIPPED
from hub.domain.fraud_reading import examine
from hub.errors import Invalid
from hub.web.auth import WHO, check_form, needs_role
from hub.web.console import view
from hub.web.console.review_words import rule_says
from hub.web.services import services

ROOM = "/console/review"
LAST, MOST_LAST = 500, 10_000
SHOWN = 50


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in the form: the text, and on how many orders it is tried."""

    text: str
    last: int = LAST


async def rules(request: web.Request) -> web.Response:
    """The rules in force, or those asked for to begin with: a version (`?version=`), shipped ones (`?from=`)."""
    who = needs_role(request, "merchant")
    stored = await show_rules(services(request).database, who.merchant_id)
    version, start = request.query.get("version", ""), request.query.get("from", "")
    text = SHIPPED.get(start, stored.text)
    if version.isascii() and version.isdecimal() and len(version) < 10:
        text = (await show_rules(services(request).database, who.merchant_id, int(version))).text
    return await _page(request, stored, Typed(text), {})


async def change(request: web.Request) -> web.Response:
    """What a person does with a text: look it over, try it, switch it on. What was typed is never lost."""
    form, who = await check_form(request), needs_role(request, "merchant")
    hub = services(request)
    typed = Typed(form.get("text", "").replace("\r\n", "\n").replace("\0", "")[:LONGEST], _last(form.get("last", "")))
    stored = await show_rules(hub.database, who.merchant_id)
    found, mistakes = examine(typed.text)
    more: dict[str, object] = {"looked": True, "mistakes": mistakes}
    if found is None:
        return await _page(request, stored, typed, more, 422 if form.get("do") == "switch" else 200)
    if form.get("do") == "switch":
        version = await switch_rules(hub, who.merchant_id, typed.text, who.actor)
        view.note(request, f"Version {version} is in force; workers follow within seconds.")
        raise web.HTTPSeeOther(ROOM)
    if form.get("do") == "try":
        more["trial"] = await check_rules(hub.database, who.merchant_id, found, typed.last)
    return await _page(request, stored, typed, {**more, "found": found})


async def back(request: web.Request) -> web.Response:
    """A version of before is in force again, as the newest; 0 are the rules that come with the product."""
    form, who = await check_form(request), needs_role(request, "merchant")
    given = form.get("version", "")
    if not (given.isascii() and given.isdecimal() and len(given) < 10):
        raise Invalid("version", "is a number of the list")
    hub = services(request)
    before = await show_rules(hub.database, who.merchant_id, int(given))
    version = await switch_rules(hub, who.merchant_id, before.text, who.actor)
    view.note(request, f"The rules of version {before.version} are in force again, as version {version}.")
    raise web.HTTPSeeOther(ROOM)


def _last(given: str) -> int:
    """How many of the newest orders; what nobody can mean is put right."""
    return min(max(int(given), 1), MOST_LAST) if given.isascii() and given.isdecimal() and len(given) < 9 else LAST


async def _page(
    request: web.Request, stored: Rules, typed: Typed, more: Mapping[str, object], status: int = 200
) -> web.Response:
    context = {
        "stored": stored,
        "text": typed.text,
        "last": typed.last,
        "versions": await list_versions(services(request).database, request[WHO].merchant_id),
        "shipped": tuple(SHIPPED),
        "rule_says": rule_says,
        "shown": SHOWN,
        "looked": False,
        "mistakes": (),
        "trial": None,
        **more,
    }
    return view.show(request, "review.html", context, status)


ROUTES = (web.get("/review", rules), web.post("/review", change), web.post("/review/back", back))
