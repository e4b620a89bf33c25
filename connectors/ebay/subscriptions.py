"""Destinations and subscriptions of the Notification API. eBay marks an address down after a day of failures.

They belong to the app: every account that is connected through the same app shares them, so an app should serve one.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TypeVar
from urllib.parse import parse_qs, urlsplit

from connectors.ebay import notification_wire as wire
from connectors.ebay.client import Client, Refusal, location
from connectors.ebay.hearing import DELETION
from hub.contract import WebhookState
from hub.errors import Reject, Retry

BASE = "/commerce/notification/v1"
TOPICS = (DELETION,)
NO_ALERT = 195003
MOST_PAGES = 50

P = TypeVar("P", wire.Destinations, wire.Subscriptions)


async def check(client: Client, url: str) -> WebhookState:
    """Which topics are not delivered at all, and which not to `url`."""
    ours = {it.destination_id for it in await _destinations(client) if _good(it, url)}
    there = await _subscriptions(client)
    good = {it.topic_id for it in there if it.status == "ENABLED" and it.destination_id in ours}
    some = {it.topic_id for it in there if it.status == "ENABLED"}
    return WebhookState(
        missing=tuple(topic for topic in TOPICS if topic not in some),
        elsewhere=tuple(topic for topic in TOPICS if topic in some - good),
    )


async def repair(client: Client, url: str, token: str) -> WebhookState:
    """Makes the destination, which eBay challenges at once, and points every topic there. Raises `Reject` without a
    verification token, or where eBay lacks an address to alert."""
    if not token:
        raise Reject("the account has no verification_token, which eBay needs to prove our address: set it")
    try:
        target = await _destination(client, url, token)
        for topic in TOPICS:
            await _subscribe(client, topic, target)
    except Refusal as error:
        if NO_ALERT in error.ids:
            why = "eBay wants an e-mail address for alerts first: set it on the app's page Alerts & Notifications"
            raise Reject(why) from None
        raise
    return await check(client, url)


async def _destination(client: Client, url: str, token: str) -> str:
    """The id of an enabled destination at `url`. One that is there is told the token anew."""
    config = {"endpoint": url, "verificationToken": token}
    wanted = {"name": "Crossdock", "status": "ENABLED", "deliveryConfig": config}
    there = next((it for it in await _destinations(client) if it.delivery_config.endpoint == url), None)
    if there is None:
        return location(await client.change("POST", f"{BASE}/destination", wanted), "make a destination")
    if not _good(there, url):
        await client.change("PUT", f"{BASE}/destination/{there.destination_id}", wanted)
    return there.destination_id


async def _subscribe(client: Client, topic: str, target: str) -> None:
    there = next((it for it in await _subscriptions(client) if it.topic_id == topic), None)
    if there and there.status == "ENABLED" and there.destination_id == target:
        return
    told = await client.get(f"{BASE}/topic/{topic}", wire.Topic, app=True)
    version = next((it.schema_version for it in reversed(told.supported_payloads) if not it.deprecated), "1.0")
    payload = {"format": "JSON", "schemaVersion": version, "deliveryProtocol": "HTTPS"}
    wanted = {"status": "ENABLED", "payload": payload, "destinationId": target}
    if there is None:
        await client.change("POST", f"{BASE}/subscription", {"topicId": topic, **wanted})
    else:
        await client.change("PUT", f"{BASE}/subscription/{there.subscription_id}", wanted)


def _good(there: wire.Destination, url: str) -> bool:
    return there.delivery_config.endpoint == url and there.status == "ENABLED"


async def _destinations(client: Client) -> list[wire.Destination]:
    return [it async for page in _pages(client, "destination", wire.Destinations) for it in page.destinations]


async def _subscriptions(client: Client) -> list[wire.Subscription]:
    return [it async for page in _pages(client, "subscription", wire.Subscriptions) for it in page.subscriptions]


async def _pages(client: Client, what: str, kind: type[P]) -> AsyncIterator[P]:
    """Every page; eBay's `next` is an address, of which only the token counts."""
    query = {"limit": "100"}
    for _ in range(MOST_PAGES):
        page = await client.get(f"{BASE}/{what}", kind, query, app=True)
        yield page
        after = parse_qs(urlsplit(page.next).query).get("continuation_token", [""])[0]
        if not after:
            return
        query["continuation_token"] = after
    raise Retry(f"list of {what}s: it does not end")
