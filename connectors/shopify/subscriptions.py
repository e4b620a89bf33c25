"""Webhook subscriptions: what Shopify sends us, and putting it right. It drops a subscription after eight failures."""

from __future__ import annotations

from connectors.shopify import answers_app, words
from connectors.shopify.client import Client
from hub.contract import WebhookState


async def check(client: Client, url: str) -> WebhookState:
    """Which of our topics nobody is told of, and which go elsewhere or come cut short."""
    return _state(*await _subscriptions(client), url)


async def repair(client: Client, url: str) -> WebhookState:
    """Moves and subscribes what `check` finds; the state afterwards is read again, not assumed."""
    there, granted = await _subscriptions(client)
    state = _state(there, granted, url)
    webhook = {"uri": url, "format": "JSON", "includeFields": [], "filter": ""}
    for topic in state.elsewhere:
        wrong = next(found for found in there if found.topic == words.TOPICS[topic])
        await client.change("webhook_update.WebhookUpdate", "webhookSubscription", id=wrong.id, webhook=webhook)
    for topic in state.missing:
        await client.change(
            "webhook_create.WebhookCreate", "webhookSubscription", topic=words.TOPICS[topic], webhook=webhook
        )
    return await check(client, url)


def _state(there: list[answers_app.Subscription], granted: set[str], url: str) -> WebhookState:
    good = {s.topic for s in there if s.uri == url and s.format == "JSON" and not s.include_fields and not s.filter}
    some = {s.topic for s in there}
    wanted = {
        ours: theirs
        for ours, theirs in words.TOPICS.items()
        if words.RETURNS_SCOPE in granted or not ours.startswith("returns/")
    }
    return WebhookState(
        missing=tuple(ours for ours, theirs in wanted.items() if theirs not in some),
        elsewhere=tuple(ours for ours, theirs in wanted.items() if theirs in some - good),
    )


async def _subscriptions(client: Client) -> tuple[list[answers_app.Subscription], set[str]]:
    """All subscriptions of the app, and the scopes it was granted."""
    found: list[answers_app.Subscription] = []
    after: str | None = None
    while True:
        data = await client.ask("webhooks.Webhooks", answers_app.Subscriptions, after=after)
        page = data.webhook_subscriptions
        found.extend(page.nodes)
        if not page.page_info.has_next_page:
            return found, {scope.handle for scope in data.current_app_installation.access_scopes}
        after = page.page_info.end_cursor
