"""Which account an order belongs to that the hub takes itself: from its API, the phone desk, a file."""

from __future__ import annotations

from hub.actions.add_account import NewAccount, add_account
from hub.actions.find_account import find_account
from hub.actions.services import Services
from hub.contract import Account, ReadsPlacedOrders
from hub.errors import Conflict, Invalid, NotFound

KIND = "own_site"
API = "API"
DESK = "Phone desk"
"""Accounts that are made when they are first needed, so that nobody has to connect anything to take an order."""

OWN = """SELECT id, name FROM accounts WHERE merchant_id = $1 AND connector = $2 AND state <> 'removed'
    ORDER BY id"""


class OwnAccount:
    """An account that takes the hub's own JSON of an order, opened."""

    def __init__(self, account: Account, reads: ReadsPlacedOrders) -> None:
        self.account = account
        self.reads = reads


async def named_account(services: Services, merchant_id: int, name: str) -> OwnAccount:
    """The account with that id or name. Raises `Invalid` when there is none, or it takes its channel's orders only."""
    try:
        found = await find_account(services.database, merchant_id, name)
    except (NotFound, Conflict) as error:
        raise Invalid("account", str(error)) from None
    return await _opened(services, found)


async def api_account(services: Services, merchant_id: int, actor: str) -> OwnAccount:
    """The account of orders that name none: the only one there is besides the desk's, or the one named `API`, made if
    there is none at all. Raises `Invalid` when it cannot be told."""
    rows = await services.database.plain.fetch(OWN, merchant_id, KIND)
    ids = {row["name"]: row["id"] for row in rows if row["name"] != DESK}
    if len(ids) > 1 and API not in ids:
        raise Invalid("account", f"say whose order it is: ?account= one of {', '.join(ids)}")
    if API in ids or not ids:
        return await provided_account(services, merchant_id, API, actor)
    return await _opened(services, next(iter(ids.values())))


async def provided_account(services: Services, merchant_id: int, name: str, actor: str) -> OwnAccount:
    """The merchant's own-site account of that name, made if need be."""
    for _ in range(2):
        rows = await services.database.plain.fetch(OWN, merchant_id, KIND)
        found = next((row["id"] for row in rows if row["name"] == name), None)
        if found is not None:
            return await _opened(services, found)
        try:
            added = await add_account(services, NewAccount(merchant_id, KIND, name, {}), actor)
        except Conflict:
            continue  # somebody else was first
        return await _opened(services, int(added.account_id))
    raise Conflict(f"an account named {name!r} was removed; add it again with `channel add {KIND}`")


async def _opened(services: Services, account_id: int) -> OwnAccount:
    channel = await services.accounts.open(account_id)
    if not isinstance(channel, ReadsPlacedOrders):
        raise Invalid("account", f"{channel.account.name} takes the orders of its own channel only")
    return OwnAccount(channel.account, channel)
