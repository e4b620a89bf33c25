"""What a merchant can do about an account: connect it again, poll it, repair its webhooks, resend what is stuck."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from hub.actions.check_account import check_account
from hub.actions.list_accounts import show_account
from hub.actions.nudge_account import nudge_account
from hub.actions.renew_account import renew_account
from hub.actions.repair_webhooks import subscribe
from hub.actions.resend_dead import resend_dead
from hub.contract import About
from hub.errors import CrossdockError, Invalid, NotFound, Retry
from hub.web.auth import Who, check_form, needs_role
from hub.web.console import view
from hub.web.services import Services, services

ROOM = "/console/accounts"
PATIENCE = 25.0
"""Seconds that a person waits for a channel."""

LONGEST = 4000
"""Characters of a field: keys in PEM are long."""

Act = Callable[[Services, Who, int], Awaitable[str]]


def _route(act: Act) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """A button: does `act` for an account of this merchant, and says what came of it above the list."""

    async def handler(request: web.Request) -> web.StreamResponse:
        who, account_id = needs_role(request, "merchant"), view.number(request, "account_id")
        hub = services(request)
        await show_account(hub, who.merchant_id, account_id)
        try:
            async with asyncio.timeout(PATIENCE):
                view.note(request, await act(hub, who, account_id))
        except TimeoutError:
            view.note(request, "The channel does not answer; it is tried again by itself.", "bad")
        except CrossdockError as error:
            view.note(request, f"That did not work: {error}", "bad")
        raise web.HTTPSeeOther(f"{ROOM}#account-{account_id}")

    return handler


async def _poll(hub: Services, who: Who, account_id: int) -> str:
    await nudge_account(hub, who.merchant_id, account_id)
    return "It is polled within seconds."


async def _repair(hub: Services, who: Who, account_id: int) -> str:
    repaired = await subscribe(hub, account_id)
    if not repaired:
        return "All webhooks are subscribed; there was nothing to repair."
    try:
        await nudge_account(hub, who.merchant_id, account_id)
    except CrossdockError:
        return f"Subscribed again: {', '.join(repaired)}."
    return f"Subscribed again: {', '.join(repaired)}. What was missed is polled within seconds."


async def _resend(hub: Services, who: Who, account_id: int) -> str:
    done = await resend_dead(hub, who.merchant_id, account_id, who.actor)
    said = f"{done.resent} {'message is' if done.resent == 1 else 'messages are'} on the way again."
    if not done.left:
        return said
    return f"{said} {done.left} may have arrived already and cannot be looked up: decide on each in its order."


async def _test(hub: Services, _who: Who, account_id: int) -> str:
    checked = await check_account(hub, account_id)
    if checked.do:
        raise Retry(checked.do)
    return f"The channel answers: {checked.title}."


# ---------------------------------------------------------------- new credentials


async def form(request: web.Request) -> web.Response:
    """The fields of an account; secrets are never shown, and stay where they are left empty."""
    return await _form(request, {}, None)


async def connect(request: web.Request) -> web.Response:
    """Takes new credentials and looks whether they work."""
    given, who = await check_form(request), needs_role(request, "merchant")
    account_id, hub = view.number(request, "account_id"), services(request)
    account = await show_account(hub, who.merchant_id, account_id)
    about = hub.accounts.connector(account.connector).about
    values = {name: text for name in _names(about) if (text := given.get(name, "").replace("\0", "").strip())}
    try:
        for name, value in values.items():
            if len(value) > LONGEST:
                raise Invalid(name, f"it is longer than {LONGEST} characters")
        done = await renew_account(hub, who.merchant_id, account_id, values, who.actor)
    except Invalid as error:
        return await _form(request, values, error)
    said = f"{done.name} is connected again"
    view.note(request, f"{said}, but: {done.trouble}" if done.trouble else said, "bad" if done.trouble else "good")
    raise web.HTTPSeeOther(f"{ROOM}#account-{account_id}")


async def _form(request: web.Request, given: Mapping[str, str], error: Invalid | None) -> web.Response:
    who, hub = needs_role(request, "merchant"), services(request)
    account = await show_account(hub, who.merchant_id, view.number(request, "account_id"))
    try:
        about = hub.accounts.connector(account.connector).about
    except Invalid:
        raise NotFound("nothing of this kind is connected here") from None
    plain = {field.name for field in about.credentials if not field.secret}
    context = {
        "account": account,
        "about": about,
        "given": {**account.settings, **{name: text for name, text in given.items() if name in plain}},
        "problem": error.why if error else "",
        "wrong": error.field if error else "",
    }
    return view.show(request, "reconnect.html", context, status=422 if error else 200)


def _names(about: About) -> tuple[str, ...]:
    return tuple(field.name for field in about.credentials)


ROUTES = (
    web.get(r"/accounts/{account_id:\d{1,19}}/connect", form),
    web.post(r"/accounts/{account_id:\d{1,19}}/connect", connect),
    web.post(r"/accounts/{account_id:\d{1,19}}/poll", _route(_poll)),
    web.post(r"/accounts/{account_id:\d{1,19}}/repair-webhooks", _route(_repair)),
    web.post(r"/accounts/{account_id:\d{1,19}}/resend", _route(_resend)),
    web.post(r"/accounts/{account_id:\d{1,19}}/test", _route(_test)),
)
