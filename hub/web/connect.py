"""Connecting an account by saying yes at the channel: a small form, the way there, and the way back.

GET  /connect/{kind}            asks for the shop and the app
POST /connect/{kind}            keeps what was started in the session, and sends the merchant to the channel
GET  /connect/{kind}/callback   the channel's answer: proven, exchanged, connected
"""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from hub.actions.connect_account import Offer, Wish, begin_connecting, finish_connecting, offers
from hub.actions.list_accounts import list_accounts
from hub.errors import Conflict, Forbidden, Invalid, NotFound
from hub.web import pages
from hub.web.auth import SESSION, check_form, needs_role, signed_in_only, with_session
from hub.web.console import view
from hub.web.services import services

KEPT = "connecting"
"""Name in the session of what was started, by kind."""


def create_connect() -> web.Application:
    """The pages below /connect/, for merchants who are signed in to the console."""
    app = web.Application(middlewares=[with_session, signed_in_only])
    app.add_routes(ROUTES)
    return app


async def form(request: web.Request) -> web.Response:
    """The form: empty, or with what is known of the `account` that is connected again."""
    who, account_id = needs_role(request, "merchant"), request.query.get("account", "")
    for account in await list_accounts(services(request), who.merchant_id) if account_id else ():
        if account.id == account_id and account.connector == request.match_info["kind"]:
            known = {name: str(value) for name, value in account.settings.items()}
            return await _form(request, {**known, "name": account.name, "app_of": account.id}, None)
    return await _form(request, {}, None)


async def start(request: web.Request) -> web.Response:
    """Sends the merchant to the channel. By a page, not by a redirect: browsers hold the redirects of a form to the
    form's own `form-action` policy."""
    who = needs_role(request, "merchant")
    offer = _offer(request)
    given = await check_form(request)
    values = {name: given[name].strip() for name in (*_names(offer), "base_url") if given.get(name, "").strip()}
    app_of = given.get("app_of", "")
    wish = Wish(
        merchant_id=who.merchant_id, kind=offer.about.name, name=given.get("name", "").strip(), values=values,
        app_of=int(app_of) if app_of.isascii() and app_of.isdigit() and len(app_of) < 19 else 0,
    )  # fmt: skip
    try:
        begun = await begin_connecting(services(request), wish, redirect_of(request))
    except (Invalid, Conflict) as error:
        return await _form(request, given, error)
    request[SESSION][KEPT] = {offer.about.name: begun.kept}
    response = view.show(request, "connect_go.html", {"title": offer.about.title, "address": begun.address})
    response.headers["Refresh"] = f"0; url={begun.address}"
    return response


async def callback(request: web.Request) -> web.StreamResponse:
    """Takes the answer and shows the account."""
    who, kind = needs_role(request, "merchant"), _offer(request).about.name
    kept = request[SESSION].get(KEPT, {}).get(kind)
    if not kept:
        raise Forbidden("nothing is being connected in this browser: start again from the accounts page")
    done = await finish_connecting(services(request), who.merchant_id, kept, dict(request.query), who.actor)
    del request[SESSION][KEPT]
    said = f"{done.name} is connected again" if done.renewed else f"{done.name} is connected"
    view.note(request, f"{said}, but: {done.trouble}" if done.trouble else said, "bad" if done.trouble else "good")
    raise web.HTTPSeeOther(f"/console/accounts#account-{done.account_id}")


def redirect_of(request: web.Request) -> str:
    """The address that the channel sends merchants back to; it has to be on the app's list there."""
    return f"{pages.base_url(request)}/connect/{request.match_info['kind']}/callback"


def _offer(request: web.Request) -> Offer:
    kind = request.match_info["kind"]
    for offer in offers(services(request)):
        if offer.about.name == kind:
            return offer
    raise NotFound("nothing of this kind is connected here")


def _names(offer: Offer) -> tuple[str, ...]:
    return tuple(field.name for field in offer.fields)


async def _form(request: web.Request, given: Mapping[str, str], error: Invalid | Conflict | None) -> web.Response:
    """The form, with what was entered (secrets are entered again) and what needs correcting."""
    who, offer = needs_role(request, "merchant"), _offer(request)
    hub = services(request)
    apps = [a for a in await list_accounts(hub, who.merchant_id) if a.connector == offer.about.name]
    context = {
        "offer": offer,
        "given": {name: value for name, value in given.items() if name not in _secret(offer)},
        "apps": apps,
        "redirect": redirect_of(request),
        "sandbox": hub.settings.allow_private_hosts,
        "problem": str(error) if isinstance(error, Conflict) else error.why if error else "",
        "wrong": error.field if isinstance(error, Invalid) else "name" if error else "",
    }
    return view.show(request, "connect.html", context, status=422 if error else 200)


def _secret(offer: Offer) -> frozenset[str]:
    return frozenset(field.name for field in offer.fields if field.secret)


ROUTES = (
    web.get(r"/{kind:[a-z_]{1,40}}", form),
    web.post(r"/{kind:[a-z_]{1,40}}", start),
    web.get(r"/{kind:[a-z_]{1,40}}/callback", callback),
)
