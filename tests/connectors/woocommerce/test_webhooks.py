"""Deliveries as WooCommerce sends them, what makes two the same, the ping, and the subscriptions they come by."""

from __future__ import annotations

import json
from dataclasses import replace as changed
from typing import Any

import pytest

from connectors.http import AioHttp
from connectors.woocommerce import WooCommerce, WooCommerceChannel
from connectors.woocommerce.hearing import TOPICS
from hub.contract import Account, Delivery, Greeting, Secrets
from hub.domain.order import Cancellation, ChannelOrder
from hub.errors import BadPayload, Forbidden, Invalid, Reject
from hub.flow.intake_orders import rank
from tests.connectors.woocommerce.harness import HARNESS, ORDER
from tests.connectors.woocommerce.orders import order_of
from tests.connectors.woocommerce.server import WooDouble
from tests.connectors.woocommerce.state import HOOK_SECRET, Posted, seconds

URL = "https://hub.example/webhooks/61"


@pytest.fixture
async def subscribed(channel: WooCommerceChannel, double: WooDouble) -> WooDouble:
    """The store, with our webhooks in it."""
    await channel.repair_webhooks(URL)
    return double


def arrive(channel: WooCommerceChannel, double: WooDouble) -> list[Delivery]:
    """What the store has posted since the last time, through the door."""
    posted, double.store.posted = double.store.posted, []
    return [channel.verify(it.headers, it.body) for it in posted]


def order_in(channel: WooCommerceChannel, delivery: Delivery) -> ChannelOrder:
    (order, *_) = channel.read(delivery)
    assert isinstance(order, ChannelOrder)
    return order


# ---------------------------------------------------------------- deliveries


async def test_what_the_store_signs_is_accepted(channel: WooCommerceChannel, subscribed: WooDouble) -> None:
    subscribed.store.add_order(order_of(800))
    (delivery,) = arrive(channel, subscribed)
    assert (delivery.topic, json.loads(delivery.body)["id"]) == ("order.created", 800)
    assert delivery.occurred_at == subscribed.store.clock
    assert order_in(channel, delivery).external_id == "800"


async def test_deliveries_of_one_second_collide_at_the_store_and_not_here(
    channel: WooCommerceChannel, subscribed: WooDouble
) -> None:
    for number in range(800, 805):
        subscribed.store.add_order(order_of(number))
    theirs = {it.headers["x-wc-webhook-delivery-id"] for it in subscribed.store.posted}
    ours = {it.id for it in arrive(channel, subscribed)}
    assert len(theirs) == 1 and len(ours) == 5


async def test_an_orders_body_is_no_farewell(channel: WooCommerceChannel, subscribed: WooDouble) -> None:
    """The signature covers the body and not the topic: a recorded update must not cancel its order under another."""
    subscribed.store.add_order(order_of(800))
    (posted,) = subscribed.store.posted
    delivery = channel.verify({**posted.headers, "x-wc-webhook-topic": "order.deleted"}, posted.body)
    with pytest.raises(BadPayload):
        channel.read(delivery)


async def test_updated_may_come_before_created(channel: WooCommerceChannel, subscribed: WooDouble) -> None:
    """Seen 13 ms apart, in one second: whichever comes first, the order ends up paid."""
    subscribed.store.add_order(order_of(800, status="pending", date_paid_gmt=None))
    subscribed.store.change(800, status="processing", date_paid_gmt="2026-11-20T09:00:00")
    created, updated = arrive(channel, subscribed)
    assert created.id != updated.id and created.occurred_at == updated.occurred_at
    pending, paid = order_in(channel, created), order_in(channel, updated)
    assert pending.pending and paid.paid and rank(paid) > rank(pending)


@pytest.mark.parametrize(
    "path",
    [
        ["pending", "processing", "completed"],
        ["pending", "failed", "processing"],
        ["processing", "completed", "refunded"],
        ["processing", "some-status-of-a-plugin", "cancelled"],
    ],
)
async def test_statuses_of_one_second_have_an_order(
    channel: WooCommerceChannel, subscribed: WooDouble, path: list[str]
) -> None:
    subscribed.store.add_order(order_of(800, status=path[0]))
    for status in path[1:]:
        subscribed.store.change(800, status=status)
    told = [order_in(channel, it) for it in arrive(channel, subscribed)]
    assert sorted(told, key=rank) == told


async def test_the_same_content_is_the_same_delivery_heard_or_pulled(
    channel: WooCommerceChannel, subscribed: WooDouble
) -> None:
    subscribed.store.add_order(order_of(800))
    subscribed.store.tell("order.updated", 800)
    created, updated = arrive(channel, subscribed)
    assert created.id == updated.id
    subscribed.store.clock += seconds(1)
    subscribed.store.change(800)
    assert arrive(channel, subscribed)[0].id != created.id


async def test_an_order_trashed_twice_is_two_deliveries(channel: WooCommerceChannel, subscribed: WooDouble) -> None:
    subscribed.store.trash(ORDER)
    subscribed.store.clock += seconds(60)
    subscribed.store.trash(ORDER)
    first, second = arrive(channel, subscribed)
    assert first.body == second.body == b'{"id": 700}' and first.id != second.id
    (gone,) = channel.read(first)
    assert isinstance(gone, Cancellation) and (gone.order_id, gone.lines) == (str(ORDER), {})


@pytest.mark.parametrize(
    "wrong",
    [
        {"x-wc-webhook-signature": ""},
        {"x-wc-webhook-signature": "AAAA"},
        {"x-wc-webhook-topic": ""},
    ],
)
async def test_a_delivery_that_is_not_ours_is_refused(
    channel: WooCommerceChannel, subscribed: WooDouble, wrong: dict[str, str]
) -> None:
    subscribed.store.add_order(order_of(800))
    (posted,) = subscribed.store.posted
    with pytest.raises(Forbidden):
        channel.verify({**posted.headers, **wrong}, posted.body)


async def test_topics_that_nobody_reads_say_nothing(channel: WooCommerceChannel, subscribed: WooDouble) -> None:
    hook = next(iter(subscribed.store.webhooks.values()))
    posted: Posted = subscribed.store.delivery(hook, "coupon.created", b"not even JSON")
    assert channel.read(channel.verify(posted.headers, posted.body)) == ()


# ---------------------------------------------------------------- the ping


def ping(body: bytes, method: str = "POST", **headers: str) -> Greeting:
    return Greeting(method, URL, {}, {"content-type": "application/x-www-form-urlencoded", **headers}, body)


def test_the_ping_of_a_new_webhook_is_answered(channel: WooCommerceChannel) -> None:
    reply = channel.greet(ping(b"webhook_id=17"))
    assert reply is not None and (reply.status, reply.body) == (200, b"")


@pytest.mark.parametrize(
    "greeting",
    [
        ping(b""),
        ping(b"webhook_id="),
        ping(b"webhook_id=17&more=1"),
        ping(b'{"id": 17}'),
        ping(b"webhook_id=17", method="GET"),
        ping(b"webhook_id=17", **{"x-wc-webhook-signature": "AAAA"}),
    ],
)
def test_nothing_else_passes_for_a_ping(channel: WooCommerceChannel, greeting: Greeting) -> None:
    assert channel.greet(greeting) is None


# ---------------------------------------------------------------- subscriptions


async def test_what_is_missing_is_made_with_the_accounts_secret(channel: WooCommerceChannel, double: WooDouble) -> None:
    assert (await channel.check_webhooks(URL)).missing == TOPICS
    assert (await channel.repair_webhooks(URL)).healthy
    made = list(double.store.webhooks.values())
    assert [it["topic"] for it in made] == list(TOPICS)
    assert {(it["delivery_url"], it["secret"], it["status"]) for it in made} == {(URL, HOOK_SECRET, "active")}
    assert made[0]["name"] == "Crossdock 61: order.created"


async def test_one_that_failed_too_often_is_switched_on_again(
    channel: WooCommerceChannel, subscribed: WooDouble
) -> None:
    """Six failures in a row are forgiven, the seventh disables it, and nobody says so."""
    hook = next(it for it in subscribed.store.webhooks.values() if it["topic"] == "order.updated")
    for _ in range(6):
        subscribed.store.fails(hook["id"])
    assert (await channel.check_webhooks(URL)).healthy
    subscribed.store.fails(hook["id"])
    subscribed.store.change(ORDER)
    assert subscribed.store.posted == []
    assert (await channel.check_webhooks(URL)).missing == ("order.updated",)
    assert (await channel.repair_webhooks(URL)).healthy
    assert len(subscribed.store.webhooks) == len(TOPICS), "the one that is there is used again"
    subscribed.store.change(ORDER)
    assert len(arrive(channel, subscribed)) == 1


async def test_ours_that_point_elsewhere_are_moved_and_others_left_alone(
    channel: WooCommerceChannel, subscribed: WooDouble
) -> None:
    erp = {"id": 5, "name": "ERP", "topic": "order.updated", "status": "active", "delivery_url": "https://erp.example/"}
    neighbor = {
        **erp,
        "id": 6,
        "name": "Crossdock 6: order.updated",
        "delivery_url": "https://other.example/webhooks/6",
    }
    subscribed.store.webhooks |= {5: {**erp, "secret": "x"}, 6: {**neighbor, "secret": "y"}}
    moved = "https://new.example/webhooks/61"
    state = await channel.check_webhooks(moved)
    assert state.elsewhere == TOPICS and not state.missing
    assert (await channel.repair_webhooks(moved)).healthy
    assert subscribed.store.webhooks[5] == {**erp, "secret": "x"}
    assert subscribed.store.webhooks[6] == {**neighbor, "secret": "y"}
    assert len(subscribed.store.webhooks) == len(TOPICS) + 2


async def test_a_long_list_of_webhooks_is_read_to_its_end(channel: WooCommerceChannel, double: WooDouble) -> None:
    for number in range(1, 151):
        double.store.webhooks[number] = {
            "id": number,
            "name": "ERP",
            "topic": "product.updated",
            "status": "active",
            "delivery_url": "https://erp.example/",
        }
    assert (await channel.repair_webhooks(URL)).healthy
    assert (await channel.check_webhooks(URL)).healthy


def account(double: WooDouble, **secrets: str) -> Account:
    known = HARNESS.account(double.url)
    return changed(known, secrets=Secrets({**known.secrets, **secrets}))


async def test_without_a_secret_nothing_is_subscribed_and_nothing_believed(double: WooDouble, http: AioHttp) -> None:
    deaf = WooCommerce().open(account(double, webhook_secret=""), http)
    with pytest.raises(Reject, match="webhook_secret"):
        await deaf.repair_webhooks(URL)
    with pytest.raises(Forbidden):
        deaf.sign("order.created", b"{}")


def test_an_account_needs_an_address(double: WooDouble, http: AioHttp) -> None:
    lost: Any = changed(HARNESS.account(double.url), settings={})
    with pytest.raises(Invalid, match="base_url"):
        WooCommerce().open(lost, http)
