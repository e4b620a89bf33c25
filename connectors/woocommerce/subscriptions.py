"""The store's webhooks that are ours: those that post to our address, or bear the name that we give them.

A store's webhooks belong to everybody who works with it, so others are never touched. One that failed more than five
times in a row is disabled by WooCommerce; its secret cannot be read, so it is written again with every repair.
"""

from __future__ import annotations

from collections.abc import Sequence

from connectors.woocommerce.client import Client
from connectors.woocommerce.hearing import TOPICS
from connectors.woocommerce.wire_store import Named, Subscribe, Webhook
from hub.contract import Account, WebhookState
from hub.errors import Reject


async def check(client: Client, account: Account, url: str) -> WebhookState:
    """Topics that nobody is told of, disabled ones included, and those of ours that post elsewhere."""
    return _state(await _ours(client, account, url), url)


async def repair(client: Client, account: Account, url: str) -> WebhookState:
    """Makes what is missing, moves and revives what is there; the state afterwards is read again, not assumed."""
    secret = account.secrets.get("webhook_secret", "")
    if not secret:
        raise Reject("the account has no webhook_secret, so no webhook of it could be proven: set it")
    there = await _ours(client, account, url)
    state = _state(there, url)
    for topic in (*state.missing, *state.elsewhere):
        known = [hook for hook in there if hook.topic == topic]
        method, path = ("PUT", f"/webhooks/{known[0].id}") if known else ("POST", "/webhooks")
        body = Subscribe(f"{_name(account)} {topic}", topic, url, secret)
        await client.send(method, path, body, Named, topic)
    return await check(client, account, url)


async def _ours(client: Client, account: Account, url: str) -> list[Webhook]:
    hooks = await client.whole("/webhooks", Webhook)
    return [hook for hook in hooks if hook.delivery_url == url or (hook.name or "").startswith(f"{_name(account)} ")]


def _state(there: Sequence[Webhook], url: str) -> WebhookState:
    good = {hook.topic for hook in there if hook.delivery_url == url and hook.status == "active"}
    away = {hook.topic for hook in there if hook.delivery_url != url and hook.status == "active"} - good
    return WebhookState(
        missing=tuple(topic for topic in TOPICS if topic not in good | away),
        elsewhere=tuple(topic for topic in TOPICS if topic in away),
    )


def _name(account: Account) -> str:
    return f"Crossdock {account.id}:"
