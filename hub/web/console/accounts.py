"""Connected accounts and how they are doing, each sign with what heals it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from aiohttp import web

from hub.actions.account_words import BUTTONS, DATES, LEVELS
from hub.actions.connect_account import offers
from hub.actions.list_accounts import AccountView, SignView, list_accounts
from hub.domain.signs import Heal, Level
from hub.web import pages
from hub.web.auth import needs_role
from hub.web.console import view
from hub.web.services import services

TONES: Mapping[str, str] = {Level.WELL: "good", Level.WATCH: "idle", Level.NEEDS_YOU: "wait", Level.BROKEN: "bad"}
"""Level → colour; beside it there are always words."""

POSTS: Mapping[str, str] = {
    Heal.POLL_NOW: "poll", Heal.REPAIR_WEBHOOKS: "repair-webhooks", Heal.RESEND_DEAD: "resend", Heal.TEST: "test",
}  # fmt: skip
"""What heals → the end of the address that does it."""

ORDER = (Level.BROKEN, Level.NEEDS_YOU, Level.WATCH, Level.WELL)


async def index(request: web.Request) -> web.Response:
    """The list."""
    return view.show(request, "accounts.html", await _context(request))


async def part(request: web.Request) -> web.Response:
    """Its live part."""
    return view.live(request, "_accounts.html", await _context(request))


async def _context(request: web.Request) -> dict[str, object]:
    who = needs_role(request, "merchant")
    hub = services(request)
    consent = offers(hub)
    kinds = {offer.about.name for offer in consent}
    accounts = sorted(await list_accounts(hub, who.merchant_id), key=lambda it: ORDER.index(Level(it.condition)))
    counts = Counter(account.condition for account in accounts)
    return {
        "accounts": [(account, _worst_first(account), _again(account, kinds)) for account in accounts],
        "tally": [(level.value, counts[level.value]) for level in ORDER if counts[level.value]],
        "base": pages.base_url(request),
        "offers": consent,
        "part": "/console/accounts/part",
        "TONES": TONES,
        "LEVELS": LEVELS,
        "DATES": DATES,
        "POSTS": POSTS,
        "BUTTONS": BUTTONS,
    }


def _worst_first(account: AccountView) -> list[SignView]:
    return sorted(account.signs, key=lambda sign: ORDER.index(Level(sign.level)))


def _again(account: AccountView, kinds: set[str]) -> str:
    """Where an account is connected again: at the channel where that is possible, else by entering its fields."""
    if account.connector in kinds:
        return f"/connect/{account.connector}?account={account.id}"
    return f"/console/accounts/{account.id}/connect"


ROUTES = (web.get("/accounts", index), web.get("/accounts/part", part))
