"""Repair webhooks: what a channel no longer tells us is subscribed again, and what was missed meanwhile is pulled.

Channels give up on an address that failed for a while (Shopify removes a subscription after 8 failures in 4 hours), so
this runs every hour.
"""

from __future__ import annotations

from msgspec import Struct

from hub.actions import account_health
from hub.actions.account_health import cannot
from hub.actions.observe_account import note_missed, note_repaired, note_webhooks
from hub.actions.pull_orders import Keeps, pull_orders
from hub.actions.services import Services
from hub.actions.targets import Target, able
from hub.contract import ManagesWebhooks, PullsOrders
from hub.errors import Conflict, CrossdockError, Retry


class Repaired(Struct, frozen=True):
    """Topics that were not told to us before, and deliveries that were missed because of it."""

    repaired: tuple[str, ...]
    missed: int = 0


def webhook_url(services: Services, account_id: int) -> str:
    """Where a channel sends the deliveries of an account."""
    return f"{services.settings.url}/webhooks/{account_id}"


def reachable(services: Services, connector: str) -> bool:
    """Whether a channel could reach us: at a public address, or on this machine for a demo connector."""
    return bool(services.settings.public_url) or not services.accounts.connector(connector).about.production


async def repair_webhooks(services: Services, inbox: Keeps, account_id: int) -> Repaired:
    """Subscribes what is missing or points elsewhere, then pulls what came while nobody told. What was seen is kept on
    the account. Raises what `subscribe` raises.
    """
    repaired = await subscribe(services, account_id)
    if not repaired:
        return Repaired(())
    missed = await _missed(services, inbox, account_id)
    await note_missed(services, account_id, missed)
    return Repaired(repaired, missed)


async def subscribe(services: Services, account_id: int) -> tuple[str, ...]:
    """Subscribes what is missing or points elsewhere, and returns those topics.

    Raises `Invalid` for an account that keeps no subscriptions or a server without a public address, and the channel's
    own failures, which are kept on the account. `Retry` when topics stay missing.
    """
    channel = await services.accounts.open(account_id)
    connector = channel.account.connector
    if not isinstance(channel, ManagesWebhooks):
        raise cannot(connector, "keeps no subscriptions")
    if not reachable(services, connector):
        raise cannot(connector, "needs CROSSDOCK_PUBLIC_URL to reach us")
    url = webhook_url(services, account_id)
    try:
        before = after = await channel.check_webhooks(url)
        if not before.healthy:
            after = await channel.repair_webhooks(url)
        repaired = (*before.missing, *before.elsewhere)
        if repaired and after.healthy:
            await note_repaired(services, account_id, repaired)
        await note_webhooks(services, account_id, after)
        if not after.healthy:
            raise Retry(f"the channel does not tell us of {', '.join((*after.missing, *after.elsewhere))}")
    except CrossdockError as error:
        await account_health.failed(services, account_id, "webhooks", error)
        raise
    await account_health.succeeded(services, account_id, "webhooks")
    return repaired


async def _missed(services: Services, inbox: Keeps, account_id: int) -> int:
    """New deliveries of a pull; none where orders cannot be pulled, or somebody does it already."""
    if not isinstance(await services.accounts.open(account_id), PullsOrders):
        return 0
    try:
        return (await pull_orders(services, inbox, account_id)).new
    except Conflict:
        return 0


async def hearing(services: Services) -> list[Target]:
    """Accounts whose subscriptions we can look after; those in `reconnect` too, for an answer heals them."""
    found = await able(services, ManagesWebhooks, ("active", "reconnect"))
    return [target for target in found if reachable(services, target.connector)]
