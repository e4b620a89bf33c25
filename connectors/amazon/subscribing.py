"""The subscription that brings ORDER_CHANGE into the merchant's queue: looked at, and put right.

Destinations belong to the app and are asked for with its own token, subscriptions to the seller. The queue itself, and
leave for Amazon to write into it, are the merchant's to give. Source: notifications.json.
"""

from __future__ import annotations

from connectors.amazon.client import Call, Client
from connectors.amazon.settings import Queue
from connectors.amazon.tokens import NOTIFICATIONS
from connectors.amazon.wire_notices import Destination, Destinations, OneDestination, OneSubscription
from hub.contract import WebhookState

TOPIC = "ORDER_CHANGE"
ROOT = "/notifications/v1"
VERSION = "1.0"


async def check(client: Client, queue: Queue) -> WebhookState:
    """Whether Amazon tells the queue what changes."""
    there = await _subscription(client)
    if there is None:
        return WebhookState(missing=(TOPIC,))
    ours = {destination.destination_id for destination in await _destinations(client, queue)}
    return WebhookState() if there.payload.destination_id in ours else WebhookState(elsewhere=(TOPIC,))


async def repair(client: Client, queue: Queue) -> WebhookState:
    """Subscribes where nothing is; one that points at another queue is left to a person, for it may be another's."""
    state = await check(client, queue)
    if not state.missing:
        return state
    known = await _destinations(client, queue)
    destination = known[0] if known else await _make_destination(client, queue)
    body = {"payloadVersion": VERSION, "destinationId": destination.destination_id}
    call = Call("createSubscription", "POST", f"{ROOT}/subscriptions/{TOPIC}", body=body)
    await client.change(call, OneSubscription)
    return await check(client, queue)


async def _subscription(client: Client) -> OneSubscription | None:
    call = Call("getSubscription", "GET", f"{ROOT}/subscriptions/{TOPIC}", {"payloadVersion": VERSION})
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
