"""The subscriptions that bring notifications into the merchant's queue: looked at, and put right.

Destinations belong to the app and are asked for with its own token, subscriptions to the seller. The queue itself, and
leave for Amazon to write into it, are the merchant's to give. Source: notifications.json.
"""

from __future__ import annotations

from connectors.amazon.client import Call, Client, Denied
from connectors.amazon.settings import Queue
from connectors.amazon.tokens import NOTIFICATIONS
from connectors.amazon.wire_notices import Destination, Destinations, OneDestination, OneSubscription
from hub.contract import WebhookState

TOPICS = ("ORDER_CHANGE", "TRANSACTION_UPDATE")
NICE_TO_HAVE = "TRANSACTION_UPDATE"
"""An app without the role for it hears of refunds from nowhere; orders are told all the same."""

ROOT = "/notifications/v1"
VERSION = "1.0"


async def check(client: Client, queue: Queue) -> WebhookState:
    """Whether Amazon tells the queue what changes."""
    there = await _subscriptions(client)
    if not any(there.values()):
        return WebhookState(missing=tuple(there))
    ours = {destination.destination_id for destination in await _destinations(client, queue)}
    told = {topic: it.payload.destination_id in ours for topic, it in there.items() if it is not None}
    return WebhookState(
        missing=tuple(topic for topic in there if topic not in told),
        elsewhere=tuple(topic for topic, right in told.items() if not right),
    )


async def repair(client: Client, queue: Queue) -> WebhookState:
    """Subscribes where nothing is; one that points at another queue is left to a person, for it may be another's."""
    state = await check(client, queue)
    if not state.missing:
        return state
    known = await _destinations(client, queue)
    destination = known[0] if known else await _make_destination(client, queue)
    for topic in state.missing:
        body = {"payloadVersion": VERSION, "destinationId": destination.destination_id}
        call = Call("createSubscription", "POST", f"{ROOT}/subscriptions/{topic}", body=body)
        try:
            await client.change(call, OneSubscription)
        except Denied:
            if topic != NICE_TO_HAVE:
                raise
    return await check(client, queue)


async def _subscriptions(client: Client) -> dict[str, OneSubscription | None]:
    """By topic, of those that the app may hear of."""
    found: dict[str, OneSubscription | None] = {}
    for topic in TOPICS:
        try:
            found[topic] = await _subscription(client, topic)
        except Denied:
            if topic != NICE_TO_HAVE:
                raise
    return found


async def _subscription(client: Client, topic: str) -> OneSubscription | None:
    call = Call("getSubscription", "GET", f"{ROOT}/subscriptions/{topic}", {"payloadVersion": VERSION})
    return await client.find(call, OneSubscription)


async def _destinations(client: Client, queue: Queue) -> list[Destination]:
    """The app's destinations that are this queue."""
    call = Call("getDestinations", "GET", f"{ROOT}/destinations", scope=NOTIFICATIONS)
    found = (await client.ask(call, Destinations)).payload
    return [each for each in found if each.resource.sqs is not None and each.resource.sqs.arn == queue.arn]


async def _make_destination(client: Client, queue: Queue) -> Destination:
    body = {
        "name": f"crossdock-{queue.arn.rpartition(':')[2]}"[:256],
        "resourceSpecification": {"sqs": {"arn": queue.arn}},
    }
    call = Call("createDestination", "POST", f"{ROOT}/destinations", body=body, scope=NOTIFICATIONS)
    return (await client.change(call, OneDestination)).payload
