"""Deliveries as Shopify sends them, their identity, and the subscriptions they come by."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec.structs import replace

from connectors.http import AioHttp
from connectors.shopify import Shopify, ShopifyChannel
from connectors.shopify.words import TOPICS
from hub.contract import Cursor, Delivery, HearsWebhooks, ManagesWebhooks, ReplaysRecordings
from hub.domain.order import AccountClosed
from hub.errors import BadPayload, Forbidden, Invalid
from tests.connectors.shopify.harness import HARNESS, ORDER, fixture
from tests.connectors.shopify.server import SHOP, ShopifyDouble

URL = "https://hub.example/webhooks/51"
BODY = json.dumps(fixture("orders_create__two_currencies")).encode()


def arrived(double: ShopifyDouble, topic: str = "orders/create", body: bytes = BODY, **changed: str) -> dict[str, str]:
    """The headers of a real delivery, signed by the double and not by us; `changed` by name with underscores."""
    headers = {name.lower(): value for name, value in double.headers(topic, body, event="event-1").items()}
    return headers | {name.replace("_", "-"): value for name, value in changed.items()}


def test_what_the_shop_signs_is_accepted(channel: ShopifyChannel, double: ShopifyDouble) -> None:
    delivery = channel.verify(arrived(double), BODY)
    assert delivery.id == "orders/create:event-1" and delivery.topic == "orders/create" and delivery.body == BODY
    assert delivery.occurred_at is not None and delivery.occurred_at.tzinfo is not None
    assert isinstance(channel, HearsWebhooks) and isinstance(channel, ManagesWebhooks)
    assert isinstance(channel, ReplaysRecordings)


def test_an_event_is_the_same_over_retries_and_another_for_each_topic(
    channel: ShopifyChannel, double: ShopifyDouble
) -> None:
    first = channel.verify(arrived(double), BODY)
    again = channel.verify(arrived(double, x_shopify_webhook_id="another-attempt"), BODY)
    other = channel.verify(arrived(double, topic="orders/paid"), BODY)
    assert first.id == again.id != other.id


def test_without_an_event_id_the_webhook_id_and_then_the_body_counts(
    channel: ShopifyChannel, double: ShopifyDouble
) -> None:
    headers = arrived(double, x_shopify_event_id="", x_shopify_webhook_id="w-1")
    assert channel.verify(headers, BODY).id == "orders/create:w-1"
    bare = {**headers, "x-shopify-webhook-id": ""}
    other = BODY + b" "
    ids = [channel.verify(bare, BODY).id, channel.verify(bare, BODY).id]
    ids.append(channel.verify({**arrived(double, body=other), "x-shopify-event-id": ""}, other).id)
    assert ids[0] == ids[1] != ids[2]
    enormous = channel.verify(arrived(double, x_shopify_event_id="e" * 5000), BODY)
    assert len(enormous.id) < 100


@pytest.mark.parametrize(
    "changed",
    [
        {"x_shopify_hmac_sha256": ""},
        {"x_shopify_hmac_sha256": "AAAA"},
        {"x_shopify_shop_domain": "else.myshopify.com"},
        {"x_shopify_topic": ""},
    ],
)
def test_a_delivery_that_is_not_ours_is_refused(
    channel: ShopifyChannel, double: ShopifyDouble, changed: dict[str, str]
) -> None:
    with pytest.raises(Forbidden):
        channel.verify(arrived(double, **changed), BODY)


def test_the_shop_may_be_missing_and_its_time_may_be_junk(channel: ShopifyChannel, double: ShopifyDouble) -> None:
    headers = arrived(double, x_shopify_shop_domain=SHOP.upper(), x_shopify_triggered_at="yesterday")
    assert channel.verify(headers, BODY).occurred_at is None
    del headers["x-shopify-shop-domain"]
    assert channel.verify(headers, BODY).topic == "orders/create"


def test_a_signed_body_under_another_topic_ends_nothing(channel: ShopifyChannel, double: ShopifyDouble) -> None:
    """Headers are not signed: an order sent again as shop/redact must not erase the shop."""
    for topic in ("shop/redact", "app/uninstalled", "customers/redact"):
        with pytest.raises(BadPayload):
            channel.read(channel.verify(arrived(double, topic=topic), BODY))


def test_the_end_of_the_app_is_when_shopify_says(channel: ShopifyChannel, double: ShopifyDouble) -> None:
    body = json.dumps({"id": 1, "myshopify_domain": SHOP}).encode()
    delivery = channel.verify(arrived(double, topic="app/uninstalled", body=body), body)
    assert delivery.occurred_at is not None
    assert channel.read(delivery) == (AccountClosed(at=delivery.occurred_at),)
    with pytest.raises(BadPayload):
        channel.read(replace(delivery, occurred_at=None))


def test_an_account_without_its_secret_hears_nothing(double: ShopifyDouble, http: AioHttp) -> None:
    account = HARNESS.account(double.url)
    del account.secrets["client_secret"]
    deaf = Shopify().open(account, http)
    with pytest.raises(Forbidden, match="client_secret"):
        deaf.verify(arrived(double), BODY)
    with pytest.raises(Forbidden, match="client_secret"):
        deaf.sign("orders/create", BODY)


@pytest.mark.parametrize(
    "shop",
    ["", "shop", "https://a.myshopify.com", "a.myshopify.com.evil.example", "a.b.myshopify.com", "-a.myshopify.com",
     "a.myshopify.com/x", "a.myshopify.com\n.evil.example", "evil.example#.myshopify.com", "ä.myshopify.com"],
)  # fmt: skip
def test_only_shops_are_opened(double: ShopifyDouble, http: AioHttp, shop: str) -> None:
    account = HARNESS.account(double.url)
    account.settings["shop"] = shop  # type: ignore[index]
    with pytest.raises(Invalid, match=r"example\.myshopify\.com"):
        Shopify().open(account, http)


# ---------------------------------------------------------------- recordings


@pytest.mark.parametrize(
    ("topic", "wrapper", "name"),
    [
        ("orders/create", "order", "orders_create__two_currencies"),
        ("refunds/create", "refund", "refunds_create__two_units_and_their_money"),
        ("fulfillments/create", "fulfillment", "fulfillments_create__somebody_else_shipped"),
    ],
)
def test_wrapped_and_bare_recordings_are_the_same_delivery(
    channel: ShopifyChannel, topic: str, wrapper: str, name: str
) -> None:
    bare = json.dumps(fixture(name)).encode()
    assert channel.unwrap(bare, "") == (topic, bare)
    assert channel.unwrap(b'{"%s": %s}' % (wrapper.encode(), bare), "") == (topic, bare)
    other = topic.replace("create", "updated")
    assert channel.unwrap(b'{"%s": %s}' % (wrapper.encode(), bare), other) == (other, bare)


def test_privacy_requests_are_known_by_their_fields(channel: ShopifyChannel) -> None:
    for topic, name in (
        ("customers/redact", "customers_redact__a_buyer"),
        ("customers/data_request", "customers_data_request__a_buyer"),
    ):
        assert channel.unwrap(json.dumps(fixture(name)).encode(), "")[0] == topic


@pytest.mark.parametrize(
    ("body", "topic", "why"),
    [
        (b'{"draft_order": {}}', "", "draft order"),
        (b'{"orders": []}', "orders/create", "many orders"),
        (b'{"refund": {"shipping": {}, "refund_line_items": []}}', "", "not one that was made"),
        (b'{"order": 5}', "", "looks like a order"),
        (
            b'{"order": {"id": 1, "line_items": [], "currency": "EUR", "total_price": "1"}}',
            "refunds/create",
            "does not",
        ),
        (b'{"name": "x"}', "", "--topic"),
        (b"[1]", "", "not one JSON object"),
        (b"\xff", "", "not one JSON object"),
        (b"", "", "not one JSON object"),
    ],
)
def test_what_is_no_delivery_is_refused_with_a_reason(
    channel: ShopifyChannel, body: bytes, topic: str, why: str
) -> None:
    with pytest.raises(Invalid, match=why):
        channel.unwrap(body, topic)


# ---------------------------------------------------------------- subscriptions


async def test_missing_and_misdirected_subscriptions_are_put_right(
    channel: ShopifyChannel, double: ShopifyDouble
) -> None:
    state = double.state
    state.subscribe("PRODUCTS_UPDATE", "https://else.example")
    state.subscribe("ORDERS_PAID", "https://old.example/hooks")
    state.subscribe("ORDERS_CREATE", URL)["includeFields"] = ["id"]
    found = await channel.check_webhooks(URL)
    assert set(found.elsewhere) == {"orders/paid", "orders/create"} and len(found.missing) == len(TOPICS) - 2
    assert (await channel.repair_webhooks(URL)).healthy
    assert (await channel.check_webhooks(URL)).healthy
    ours = {s["topic"]: s["includeFields"] for s in state.subscriptions.values() if s["uri"] == URL}
    assert ours == {topic: [] for topic in TOPICS.values()}
    assert any(s["uri"] == "https://else.example" for s in state.subscriptions.values()), "others are left alone"
    calls = len(double.seen)
    await channel.repair_webhooks(URL)
    assert not any(b"mutation" in call.body and b"Webhook" in call.body for call in double.seen[calls:])


# ---------------------------------------------------------------- polling


async def test_the_question_of_a_pull_and_where_it_ends(channel: ShopifyChannel, double: ShopifyDouble) -> None:
    page = await channel.pull_orders(Cursor())
    assert [d.topic for d in page.deliveries] == ["poll/order"] * 2 and not page.more
    assert page.deliveries[0].id == f"poll/order:{ORDER}:2026-11-20T09:30:05-05:00"
    at = page.cursor.at
    assert at is not None and at.isoformat() == "2026-11-21T10:00:02+00:00"
    again = await channel.pull_orders(Cursor(at=at))
    assert len(again.deliveries) == 1, "the second in which the last pull ended is asked for again"
    asked: Any = json.loads(double.seen[-1].body)["variables"]
    assert asked["query"] == "updated_at:>='2026-11-21T10:00:02Z'"


async def test_an_order_that_cannot_be_read_does_not_stop_the_pull(
    channel: ShopifyChannel, double: ShopifyDouble
) -> None:
    node = {"id": "gid://shopify/Order/1", "updated_at": "2026-11-22T10:00:00Z", "fulfillments": None}
    page = {"nodes": [node], "pageInfo": {"hasNextPage": False, "endCursor": None}}
    double.fail(200, body=json.dumps({"data": {"orders": page}}).encode())
    (delivery,) = (await channel.pull_orders(Cursor())).deliveries
    assert isinstance(delivery, Delivery)
    with pytest.raises(BadPayload):
        channel.read(delivery)


async def test_products_have_exact_weights_and_prices(channel: ShopifyChannel, double: ShopifyDouble) -> None:
    double.state.add_variant(
        41101,
        " NAIL ",
        "1234.50",
        weight={"unit": "OUNCES", "value": 2.5},
        barcode="4006381333931",
        title="Nails - 2 in",
        vendor=" ACME ",
        tags=["steel"],
    )
    found, after = [], ""
    while True:
        page = await channel.list_products(after)
        found += page.products
        if not (after := page.next):
            break
    nails = next(product for product in found if product.listing_id == "41101")
    assert (nails.sku, nails.title, nails.gtin) == ("NAIL", "Nails - 2 in", "4006381333931")
    assert (nails.grams, nails.price, nails.currency) == (71, 123450, "USD")
    assert (nails.brand, nails.tags) == ("ACME", ("steel",))
    assert len(found) == 4
