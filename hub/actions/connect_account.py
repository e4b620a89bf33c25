"""Connect an account by OAuth: send the merchant to the channel, and take what comes back.

What was started is closed with the vault for its merchant and handed to whoever asked: a browser keeps it in its
session, so that an answer counts only in the browser it was started in, once, and for a few minutes. Secrets of an app
that an account of ours has already never leave the store.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import timedelta

import msgspec
from msgspec import Struct

from hub.actions.add_account import NewAccount, add_account
from hub.actions.check_account import check_account
from hub.actions.repair_webhooks import reachable, subscribe
from hub.actions.services import Services
from hub.contract import About, ConnectsByOAuth, Credential, ManagesWebhooks
from hub.errors import Conflict, CrossdockError, Forbidden, Invalid, Reconnect
from hub.store import audit
from hub.store.database import Row

GOOD_FOR = timedelta(minutes=15)
"""How long a merchant may take to say yes at the channel."""

LONGEST = 250
"""Characters of a field: what was started must fit into a cookie."""

ACCOUNTS = """SELECT id, name, settings FROM accounts WHERE merchant_id = $1 AND connector = $2 AND state <> 'removed'
    ORDER BY id"""


class Wish(Struct, frozen=True, kw_only=True):
    """What a merchant wants to connect. `values`: the connector's `oauth_fields`; `app_of`: an account of the same kind
    whose fields stand in for those left empty."""

    merchant_id: int
    kind: str
    name: str
    values: Mapping[str, str]
    app_of: int = 0


class Begun(Struct, frozen=True):
    """Where to send the merchant, and what to keep for the answer (closed)."""

    address: str
    kept: str


class Connected(Struct, frozen=True):
    """What came of it. `renewed`: the account was here before; `trouble`: what did not work afterwards, in words."""

    account_id: str
    name: str
    renewed: bool
    trouble: str


class Kept(Struct, frozen=True):
    """What is closed in `Begun.kept`; `at` in seconds since 1970."""

    wish: Wish
    state: str
    at: int
    redirect: str = ""


class Offer(Struct, frozen=True):
    """A kind that can be connected so, and the fields to ask for."""

    about: About
    fields: tuple[Credential, ...]


def offers(services: Services) -> tuple[Offer, ...]:
    """Every kind that a merchant can connect by saying yes at the channel."""
    found = []
    for connector in services.accounts.offered():
        if isinstance(connector, ConnectsByOAuth):
            wanted = {field.name: field for field in connector.about.credentials}
            found.append(Offer(connector.about, tuple(wanted[name] for name in connector.oauth_fields)))
    return tuple(found)


async def begin_connecting(services: Services, wish: Wish, redirect: str) -> Begun:
    """Raises `Invalid` for a field that needs correcting, `Conflict` for a name that another shop's account has."""
    connector = _connector(services, wish.kind)
    _check(services, wish, connector)
    values = await _values(services, wish, connector)
    rows = await services.database.plain.fetch(ACCOUNTS, wish.merchant_id, wish.kind)
    if _same(rows, connector, values) is None and wish.name in {row["name"] for row in rows}:
        raise Conflict(f"there is already a {wish.kind} account named {wish.name!r}; choose another name")
    state = services.rng.token(24)
    address = connector.authorize(values, state, redirect)
    kept = Kept(wish, state, int(services.clock.now().timestamp()), redirect)
    return Begun(address, services.vault.close(msgspec.json.encode(kept).decode(), *_belongs(wish.merchant_id)))


async def finish_connecting(
    services: Services, merchant_id: int, kept: str, params: Mapping[str, str], actor: str
) -> Connected:
    """Takes the channel's answer. Raises `Forbidden` unless this merchant started it lately and the answer is proven,
    and the failures of `exchange`. An account of the very same shop gets the new credentials, else one is added."""
    found = _opened(services, merchant_id, kept, params)
    wish = found.wish
    connector = _connector(services, wish.kind)
    given = await _values(services, wish, connector) | {"redirect_uri": found.redirect}
    values = await connector.exchange(given, params, services.clock.now())
    values.pop("redirect_uri", None)
    known = _same(await services.database.plain.fetch(ACCOUNTS, merchant_id, wish.kind), connector, values)
    if known is None:
        added = await add_account(services, NewAccount(merchant_id, wish.kind, wish.name, values), actor)
        return Connected(added.account_id, wish.name, False, await settle(services, int(added.account_id)))
    await services.accounts.renew(merchant_id, known["id"], values)
    await _note(services, merchant_id, known["id"], actor)
    return Connected(str(known["id"]), known["name"], True, await settle(services, known["id"]))


def _connector(services: Services, kind: str) -> ConnectsByOAuth:
    connector = services.accounts.connector(kind)
    if not isinstance(connector, ConnectsByOAuth):
        raise Invalid("kind", f"{kind} is connected with its credentials: `python main.py channel add {kind}`")
    return connector


def _check(services: Services, wish: Wish, connector: ConnectsByOAuth) -> None:
    if not wish.name.strip():
        raise Invalid("name", "give it a name, such as the shop's")
    sandbox = {"base_url"} if services.settings.allow_private_hosts else set()
    for name, value in {**wish.values, "name": wish.name}.items():
        if name not in {*connector.oauth_fields, *sandbox, "name"}:
            raise Invalid(name, "there is no such field")
        if len(value) > LONGEST:
            raise Invalid(name, f"it is longer than {LONGEST} characters")


async def _values(services: Services, wish: Wish, connector: ConnectsByOAuth) -> dict[str, str]:
    """The fields, with those of `app_of` where they were left empty."""
    values = {name: value for name, value in wish.values.items() if value}
    if not wish.app_of:
        return values
    rows = await services.database.plain.fetch(ACCOUNTS, wish.merchant_id, wish.kind)
    if wish.app_of not in {row["id"] for row in rows}:
        raise Invalid("app_of", "there is no such account")
    account = (await services.accounts.open(wish.app_of)).account
    before = {**account.settings, **account.secrets}
    return {name: before[name] for name in connector.oauth_fields if before.get(name)} | values


def _opened(services: Services, merchant_id: int, kept: str, params: Mapping[str, str]) -> Kept:
    try:
        found = msgspec.json.decode(services.vault.open(kept, *_belongs(merchant_id)), type=Kept)
    except (Reconnect, ValueError, KeyError):
        raise Forbidden("nothing is being connected in this browser: start again") from None
    if not hmac.compare_digest(params.get("state", "").encode(), found.state.encode()):
        raise Forbidden("this is not the answer to what was started here: start again")
    if not 0 <= services.clock.now().timestamp() - found.at <= GOOD_FOR.total_seconds():
        raise Forbidden("connecting took too long: start again")
    return found


def _same(rows: Sequence[Row], connector: ConnectsByOAuth, values: Mapping[str, str]) -> Row | None:
    """The account that is connected to the same thing: its required, plain fields are equal, whatever their case."""
    names = [field.name for field in connector.about.credentials if field.required and not field.secret]
    wanted = [values.get(name, "").casefold() for name in names]
    for row in rows:
        settings = json.loads(row["settings"])
        if names and [str(settings.get(name, "")).casefold() for name in names] == wanted:
            return row
    return None


async def settle(services: Services, account_id: int) -> str:
    """Asks the channel who it is, and to tell us its news; what does not work is kept on the account, and returned."""
    try:
        await check_account(services, account_id)
    except CrossdockError as error:
        return str(error)
    channel = await services.accounts.open(account_id)
    if not isinstance(channel, ManagesWebhooks) or not reachable(services, channel.account.connector):
        return ""
    try:
        await subscribe(services, account_id)
    except CrossdockError as error:
        return str(error)
    return ""


async def _note(services: Services, merchant_id: int, account_id: int, actor: str) -> None:
    entry = audit.Entry(
        merchant_id=merchant_id, at=services.clock.now(), actor=actor, action="renew_account",
        subject=f"account:{account_id}", details={},
    )  # fmt: skip
    async with services.database.transaction() as tx:
        await audit.append(tx, services.ids, entry)


def _belongs(merchant_id: int) -> tuple[object, ...]:
    return "connecting", merchant_id
