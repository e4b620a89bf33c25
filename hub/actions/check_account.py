"""Check an account: do its credentials work, and does the channel tell us its news?"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from hub.actions import account_health
from hub.actions.observe_account import note_webhooks
from hub.actions.repair_webhooks import reachable, webhook_url
from hub.actions.services import Services
from hub.contract import Channel, ManagesWebhooks, PullsOrders
from hub.errors import CrossdockError


class CheckedAccount(Struct, frozen=True):
    """What the channel says. `webhooks` is healthy, missing, managed there (by hand, at the channel) or unreachable."""

    account_id: int
    connector: str
    name: str
    title: str
    """The channel's own name for the account."""
    webhook_url: str
    webhooks: str
    missing: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()
    """Topics that go to another address than ours."""
    do: str = ""
    polled: bool = False
    """Whether orders come by polling, so that missing webhooks make them later and not lost."""

    @property
    def failed(self) -> bool:
        return bool(self.do) and not self.polled


async def check_account(services: Services, account_id: int) -> CheckedAccount:
    """Asks the channel. Raises `NotFound`, and the channel's own failures: `Reconnect` on bad credentials.

    A good answer makes an account that had to be connected again active.
    """
    channel = await services.accounts.open(account_id)
    try:
        title = await channel.check()
        checked = await _webhooks(services, channel, title)
    except CrossdockError as error:
        await account_health.failed(services, account_id, "check", error)
        raise
    await account_health.succeeded(services, account_id, "check")
    return checked


async def _webhooks(services: Services, channel: Channel, title: str) -> CheckedAccount:
    account = channel.account
    url = webhook_url(services, account.id)
    told = CheckedAccount(account.id, account.connector, account.name, title, url, "managed there")
    if not isinstance(channel, ManagesWebhooks):
        return told
    polled = isinstance(channel, PullsOrders)
    until = "until then orders come by polling" if polled else "until then no orders come"
    if not reachable(services, account.connector):
        do = f"set CROSSDOCK_PUBLIC_URL to an https address that reaches this server; {until}"
        return replace(told, webhooks="unreachable", do=do, polled=polled)
    state = await channel.check_webhooks(url)
    await note_webhooks(services, account.id, state)
    if state.healthy:
        return replace(told, webhooks="healthy", polled=polled)
    do = f"nothing, if the server runs: the hourly repair subscribes them; {until}"
    return replace(told, webhooks="missing", missing=state.missing, elsewhere=state.elsewhere, do=do, polled=polled)
