"""Renew credentials: what a channel gives in the place of credentials that end is kept at once.

Daily per account: a refresh token that is good for 90 days then never comes near its end while the hub runs.
"""

from __future__ import annotations

from msgspec import Struct

from hub.actions import account_health
from hub.actions.account_health import cannot
from hub.actions.services import Services
from hub.actions.targets import Target, able
from hub.contract import RenewsCredentials
from hub.errors import CrossdockError


class Renewed(Struct, frozen=True):
    """Names of the fields that have new values now."""

    fields: tuple[str, ...]


async def renew_credentials(services: Services, account_id: int) -> Renewed:
    """Asks one account's channel. Raises `Invalid` for an account whose credentials do not end, and the channel's own
    failures, which are kept on the account: `Reconnect` when a person must connect it again."""
    channel = await services.accounts.open(account_id)
    account = channel.account
    if not isinstance(channel, RenewsCredentials):
        raise cannot(account.connector, "has no credentials that are renewed")
    try:
        fresh = await channel.renew_credentials()
        # The account's keeper may have done so already; what a person gave meanwhile stays.
        kept = await services.accounts.keep(account, fresh) if fresh else False
    except CrossdockError as error:
        await account_health.failed(services, account_id, "credentials", error)
        raise
    await account_health.succeeded(services, account_id, "credentials")
    return Renewed(tuple(sorted(fresh)) if kept else ())


async def renewable(services: Services) -> list[Target]:
    """Active accounts whose credentials end and are replaced by using them."""
    return await able(services, RenewsCredentials)
