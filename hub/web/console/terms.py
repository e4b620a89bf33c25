"""Customers who pay later: who they are, what they may owe and owe, which orders make it up; agreed and ended here."""

from __future__ import annotations

from urllib.parse import urlencode

from aiohttp import web

from hub.actions.list_terms import TermsQuery, list_terms, show_terms
from hub.actions.set_terms import end_terms, set_terms
from hub.domain import money
from hub.domain import terms as rules
from hub.errors import Invalid, NotFound
from hub.web.auth import WHO, check_form, needs_role
from hub.web.console import view
from hub.web.services import services

ROOM = "/console/review/terms"


async def index(request: web.Request) -> web.Response:
    """The list, by e-mail address."""
    return await _page(request, {})


async def one(request: web.Request) -> web.Response:
    """One account, with the orders that count."""
    query = request.query
    of = rules.of(query.get("email", ""), query.get("currency", ""))
    balance = await show_terms(services(request).database, request[WHO].merchant_id, of)
    typed = {
        "email": balance.terms.email, "currency": balance.terms.currency, "days": str(balance.terms.days),
        "limit": money.major(balance.terms.limit, balance.terms.currency),
    }  # fmt: skip
    return view.show(request, "terms_one.html", {"balance": balance, "of": balance.terms, "typed": typed, "wrong": ""})


async def put(request: web.Request) -> web.Response:
    """Agrees on terms, or changes them. What was typed is not lost."""
    form, who = await check_form(request), needs_role(request, "merchant")
    typed = {name: form.get(name, "").replace("\0", "")[:320] for name in ("email", "currency", "limit", "days")}
    try:
        agreed = rules.agreed(typed["email"], typed["currency"], typed["limit"], _days(typed["days"]))
    except Invalid as error:
        return await _page(request, {"typed": typed, "wrong": str(error)}, 422)
    changed = await set_terms(services(request), who.merchant_id, agreed, who.actor)
    view.note(request, f"Terms of {agreed.email} in {agreed.currency}: {'agreed' if changed else 'as before'}.")
    raise web.HTTPSeeOther(_address(agreed.email, agreed.currency))


async def end(request: web.Request) -> web.Response:
    """Nothing more is sold on the account."""
    form, who = await check_form(request), needs_role(request, "merchant")
    of = rules.of(form.get("email", ""), form.get("currency", ""))
    try:
        await end_terms(services(request), who.merchant_id, of, who.actor)
        view.note(request, f"{of[0]} has no terms in {of[1]} any more; what is here and unpaid stays here.")
    except NotFound as error:
        view.note(request, str(error), "bad")
    raise web.HTTPSeeOther(ROOM)


def _days(given: str) -> int:
    if not (given.isascii() and given.isdecimal() and len(given) < 4):
        raise Invalid("days", f"are 0 to {rules.MOST_DAYS}")
    return int(given)


def _address(email: str, currency: str) -> str:
    return f"{ROOM}/one?{urlencode({'email': email, 'currency': currency})}"


async def _page(request: web.Request, more: dict[str, object], status: int = 200) -> web.Response:
    query = request.query
    asked = TermsQuery(search=query.get("q", "")[:320], after=query.get("after", "")[:400])
    page = await list_terms(services(request).database, request[WHO].merchant_id, asked)
    context = {
        "terms": page.terms,
        "address": _address,
        "search": asked.search,
        "next": f"{ROOM}?{urlencode({'q': asked.search, 'after': page.next})}" if page.next else "",
        "first": ROOM if asked.after else "",
        "typed": {"email": "", "currency": "EUR", "limit": "", "days": "30"},
        "wrong": "",
        **more,
    }
    return view.show(request, "terms.html", context, status)


ROUTES = (
    web.get("/review/terms", index),
    web.get("/review/terms/one", one),
    web.post("/review/terms", put),
    web.post("/review/terms/end", end),
)
