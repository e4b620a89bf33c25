"""Connected accounts and how they are doing."""

from __future__ import annotations

from aiohttp import web

from hub.actions.connect_account import offers
from hub.actions.list_accounts import AccountView, list_accounts
from hub.web import pages
from hub.web.auth import needs_role
from hub.web.console import view
from hub.web.services import services


async def index(request: web.Request) -> web.Response:
    """The list."""
    return view.show(request, "accounts.html", await _context(request))


async def part(request: web.Request) -> web.Response:
    """Its live part."""
    return view.live(request, "_accounts.html", await _context(request))


async def _context(request: web.Request) -> dict[str, object]:
    who = needs_role(request, "merchant")
    accounts = await list_accounts(services(request).database, who.merchant_id)
    return {
        "accounts": [(account, *state_of(account)) for account in accounts],
        "base": pages.base_url(request),
        "offers": offers(services(request)),
        "part": "/console/accounts/part",
    }


def state_of(account: AccountView) -> tuple[str, str]:
    """(tone, words) of how an account is doing; what needs a person comes first."""
    if account.state != "active":
        return "bad", pages.words(account.state)
    if account.health.get("error"):
        return "bad", "Needs attention"
    if account.dead:
        return "bad", "Messages stuck"
    if account.set_aside:
        return "wait", "Deliveries set aside"
    return ("good", "Healthy") if account.heard_at or account.polled_at else ("idle", "Nothing heard yet")


ROUTES = (web.get("/accounts", index), web.get("/accounts/part", part))
