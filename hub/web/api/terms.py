"""The API on customers who pay later: who they are, what they may owe, and what makes up what they owe."""

from __future__ import annotations

from aiohttp import web

from hub.actions.list_terms import Balance, TermsPage, TermsQuery, list_terms, show_terms
from hub.actions.set_terms import end_terms, set_terms
from hub.domain import terms as rules
from hub.domain.order import Value
from hub.errors import Forbidden, Invalid
from hub.web.api.body import read
from hub.web.api.endpoint import Endpoint
from hub.web.auth import WHO
from hub.web.services import services


class NewTerms(Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is agreed: `limit` in minor units of `currency`, paid within `days`."""

    email: str
    currency: str
    limit: int
    days: int = 30


class EndTerms(Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose terms end."""

    email: str
    currency: str


def _limit(request: web.Request) -> int:
    given = request.query.get("limit", "50")
    if not (given.isascii() and given.isdecimal() and len(given) < 5):
        raise Invalid("limit", "is a number from 1 to 200")
    return int(given)


def _merchant(request: web.Request) -> None:
    if request[WHO].role == "agent":
        raise Forbidden("terms are agreed by merchants; agents look at them")


async def index(request: web.Request) -> TermsPage:
    """Accounts by e-mail address."""
    query = request.query
    asked = TermsQuery(search=query.get("search", ""), after=query.get("after", ""), limit=_limit(request))
    return await list_terms(services(request).database, request[WHO].merchant_id, asked)


async def one(request: web.Request) -> Balance:
    """One account with the orders that count towards its balance."""
    of = rules.of(request.query.get("email", ""), request.query.get("currency", ""))
    return await show_terms(services(request).database, request[WHO].merchant_id, of)


async def put(request: web.Request) -> Balance:
    """Agrees on terms, or changes them; the account afterwards."""
    _merchant(request)
    hub, who, given = services(request), request[WHO], await read(request, NewTerms)
    agreed = rules.checked(rules.Terms(given.email, given.currency, given.limit, given.days))
    await set_terms(hub, who.merchant_id, agreed, who.actor)
    return await show_terms(hub.database, who.merchant_id, (agreed.email, agreed.currency))


async def end(request: web.Request) -> Balance:
    """Ends terms; the account afterwards."""
    _merchant(request)
    hub, who, given = services(request), request[WHO], await read(request, EndTerms)
    of = rules.of(given.email, given.currency)
    await end_terms(hub, who.merchant_id, of, who.actor)
    return await show_terms(hub.database, who.merchant_id, of)


PAGED = {
    "search": "A part of the e-mail address.",
    "after": "The `next` of the page before.",
    "limit": "Rows of a page, 1 to 200; 50 unless told.",
}
WHOSE = {"email": "The customer's e-mail address.", "currency": "Three letters of ISO 4217."}

ENDPOINTS = (
    Endpoint("/v1/terms", "Customers who pay later", TermsPage, index, PAGED),
    Endpoint("/v1/terms", "Agree on terms, or change them", Balance, put, {}, method="POST", takes=NewTerms),
    Endpoint("/v1/terms/balance", "What one customer owes, order by order", Balance, one, WHOSE, needs=tuple(WHOSE)),
    Endpoint("/v1/terms/end", "Sell nothing more on terms", Balance, end, {}, method="POST", takes=EndTerms),
)
