"""The queue: signed as AWS wants it, each change once, nothing dropped before it is kept; and its subscription."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from connectors.amazon import Amazon, AmazonChannel, AmazonQueueChannel
from connectors.amazon.sigv4 import Signer
from connectors.amazon.subscribing import TOPICS
from connectors.http import AioHttp
from hub.contract import Account, Cursor, ManagesWebhooks, PullsNotices, Secrets, WebhookState
from hub.errors import BadPayload, Reject, Retry
from tests.connectors.amazon.books import NOW, iso, order_change, plain_order
from tests.connectors.amazon.harness import ORDER, TO_CANCEL, with_queue
from tests.connectors.amazon.server import AmazonDouble

URL = "https://hub.example/webhooks/1"


@pytest.mark.parametrize(
    ("method", "signature"),
    [
        ("GET", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        ("POST", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
    ],
)
def test_signatures_are_those_of_the_published_vectors(method: str, signature: str) -> None:
    """get-vanilla and post-vanilla of AWS's Signature Version 4 test suite."""
    signer = Signer("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "us-east-1", "service")
    now = datetime(2015, 8, 30, 12, 36, tzinfo=UTC)
    made = signer.headers(method, "https://example.amazonaws.com/", {}, b"", now)
    assert made == {
        "X-Amz-Date": "20150830T123600Z",
        "Authorization": "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
        f"SignedHeaders=host;x-amz-date, Signature={signature}",
    }
    assert "wJalr" not in repr(signer)


def test_only_accounts_with_a_queue_have_notices(channel: AmazonChannel, queued: AmazonQueueChannel) -> None:
    assert not isinstance(channel, PullsNotices) and not isinstance(channel, ManagesWebhooks)
    assert isinstance(queued, PullsNotices) and isinstance(queued, ManagesWebhooks)


async def test_a_change_brings_the_order_as_polling_would(queued: AmazonQueueChannel, double: AmazonDouble) -> None:
    double.sqs.put(order_change(ORDER, 1), order_change(ORDER, 2), order_change(TO_CANCEL, 3))
    notices = await queued.pull_notices()
    polled = (await queued.pull_orders(Cursor(at=NOW - timedelta(days=1)))).deliveries
    assert {d.id for d in notices} < {d.id for d in polled}, "the inbox keeps one of the two"
    assert [d.topic for d in notices] == ["order", "order"] and double.asked("getOrder") == 2
    assert len(double.sqs.messages) == 3, "nothing is gone before it is kept"
    await queued.drop_notices(notices)
    assert double.sqs.messages == {}
    assert await queued.pull_notices() == ()


async def test_what_is_not_dropped_comes_again_and_goes_by_its_latest_handle(
    queued: AmazonQueueChannel, double: AmazonDouble
) -> None:
    double.sqs.put(order_change(ORDER))
    first = await queued.pull_notices()
    double.sqs.show()
    again = await queued.pull_notices()
    assert [d.id for d in first] == [d.id for d in again]
    await queued.drop_notices(first)
    assert double.sqs.messages == {}


async def test_a_channel_opened_anew_drops_what_another_pulled(
    queued: AmazonQueueChannel, amazon: Amazon, account: Account, double: AmazonDouble, http: AioHttp
) -> None:
    double.sqs.put(*(order_change(ORDER, number) for number in range(8)))
    notices = await queued.pull_notices()
    again = amazon.open(with_queue(account, double.queue_url), http)
    assert isinstance(again, AmazonQueueChannel)
    await again.drop_notices(notices)
    assert double.sqs.messages == {} and double.sqs.calls == ["ReceiveMessage", "DeleteMessageBatch"]


async def test_pages_of_ten_until_the_queue_is_empty(queued: AmazonQueueChannel, double: AmazonDouble) -> None:
    ids = double.seed_orders(24)
    double.sqs.put(*(order_change(order_id, n) for n, order_id in enumerate(ids)))
    found: list[str] = []
    while notices := await queued.pull_notices():
        found += [d.id.split(":")[1] for d in notices]
        await queued.drop_notices(notices)
    assert sorted(found) == sorted(ids) and double.sqs.messages == {}


async def test_a_change_that_the_api_does_not_show_yet_stays_in_the_queue(
    queued: AmazonQueueChannel, double: AmazonDouble
) -> None:
    double.sqs.put(order_change(ORDER, changed=iso(NOW + timedelta(seconds=20)).replace("Z", ".284Z")))
    assert await queued.pull_notices() == () and len(double.sqs.messages) == 1
    double.books.orders[ORDER]["lastUpdatedTime"] = iso(NOW + timedelta(seconds=20))
    double.sqs.show()
    (notice,) = await queued.pull_notices()
    assert notice.topic == "order"


async def test_patience_with_late_data_has_an_end(queued: AmazonQueueChannel, double: AmazonDouble) -> None:
    double.sqs.put(order_change(ORDER, changed=iso(NOW + timedelta(hours=1))), order_change("999-0-0"))
    for _ in range(2):
        assert await queued.pull_notices() == ()
        double.sqs.show()
    notices = await queued.pull_notices()
    assert [d.topic for d in notices] == ["order", "notification"]
    await queued.drop_notices(notices)
    assert double.sqs.messages == {} and queued.read(notices[1]) == ()


async def test_other_notifications_and_junk_are_kept_as_they_are(
    queued: AmazonQueueChannel, double: AmazonDouble
) -> None:
    other = order_change(ORDER) | {"NotificationType": "LISTINGS_ITEM_STATUS_CHANGE"}
    stranger = order_change(ORDER, seller="ASOMEBODYELSE")
    odd = order_change(ORDER) | {"Payload": {"OrderChangeNotification": 7}}
    double.sqs.put(other, stranger, odd, "<not json>")
    notices = await queued.pull_notices()
    assert [d.topic for d in notices] == ["notification"] * 4 and double.asked("getOrder") == 0
    assert [queued.read(d) for d in notices[:3]] == [(), (), ()]
    with pytest.raises(BadPayload):
        queued.read(notices[3])
    await queued.drop_notices(notices)
    assert double.sqs.messages == {}, "poison does not come again and again"


async def test_when_the_quota_ends_in_the_middle_the_rest_stays(
    queued: AmazonQueueChannel, double: AmazonDouble
) -> None:
    ids = double.seed_orders(5)
    double.sqs.put(*(order_change(order_id, n) for n, order_id in enumerate(ids)))
    double.left["getOrder"], double.rates["getOrder"] = 2, "1000.0"
    notices = await queued.pull_notices()
    assert len(notices) == 2
    await queued.drop_notices(notices)
    assert len(double.sqs.messages) == 3
    double.sqs.show()
    double.left["getOrder"], double.rates["getOrder"] = 0, "0.001"
    with pytest.raises(Retry):
        await queued.pull_notices()


async def test_what_is_wrong_with_the_queue_never_asks_to_connect_the_seller_again(
    amazon: Amazon, account: Account, double: AmazonDouble, http: AioHttp
) -> None:
    good = with_queue(account, double.queue_url)
    bad_key = replace(good, secrets=Secrets({**good.secrets, "aws_secret_access_key": "not the key, 0123456789"}))
    bad_id = replace(good, settings={**good.settings, "aws_access_key_id": "AKIANOBODYNOBODY0000"})
    bad_url = replace(good, settings={**good.settings, "queue_url": f"{double.url}/123456789012/other"})
    for wrong, words in ((bad_key, "signature does not match"), (bad_id, "token is invalid"), (bad_url, "not exist")):
        channel = amazon.open(wrong, http)
        assert isinstance(channel, AmazonQueueChannel)
        with pytest.raises(Reject, match=words) as told:
            await channel.pull_notices()
        assert "not the key" not in str(told.value)


async def test_messages_that_will_not_go_are_told(queued: AmazonQueueChannel, double: AmazonDouble) -> None:
    double.sqs.put(order_change(ORDER))
    notices = await queued.pull_notices()
    double.sqs.stubborn = True
    with pytest.raises(Retry, match="keeps 1 messages"):
        await queued.drop_notices(notices)
    double.sqs.stubborn = False
    await queued.drop_notices(notices)
    assert double.sqs.messages == {}


async def test_a_throttled_queue_is_patience(queued: AmazonQueueChannel, double: AmazonDouble) -> None:
    double.fail(400, body=b'{"__type":"com.amazonaws.sqs#RequestThrottled","message":"slow down"}')
    with pytest.raises(Retry, match="slow down"):
        await queued.pull_notices()
    for body in (b"<html>", b"", b"[]", b'{"Messages": 7}'):
        double.fail(200, body=body)
        with pytest.raises(Retry):
            await queued.pull_notices()


# ---------------------------------------------------------------- the subscription


def generous(double: AmazonDouble) -> None:
    """Quotas that no test has to wait for."""
    double.left, double.rates = dict.fromkeys(double.left, 50), dict.fromkeys(double.rates, "1000.0")


async def test_a_missing_subscription_is_made_with_its_destination(
    queued: AmazonQueueChannel, double: AmazonDouble
) -> None:
    generous(double)
    assert await queued.check_webhooks(URL) == WebhookState(missing=TOPICS)
    assert (await queued.repair_webhooks(URL)).healthy
    (destination,) = double.destinations
    assert destination["resource"] == {"sqs": {"arn": "arn:aws:sqs:us-east-1:123456789012:orders"}}
    assert {it["destinationId"] for it in double.subscriptions.values()} == {destination["destinationId"]}
    assert tuple(double.subscriptions) == TOPICS
    assert set(double.granted) == {"", "sellingpartnerapi::notifications"}, "destinations belong to the app"
    double.subscriptions.clear()
    assert (await queued.repair_webhooks(URL)).healthy and len(double.destinations) == 1


async def test_a_subscription_to_another_queue_is_left_alone(queued: AmazonQueueChannel, double: AmazonDouble) -> None:
    generous(double)
    double.destinations = [{"destinationId": "d-9", "name": "x", "resource": {"sqs": {"arn": "arn:aws:sqs:x:1:other"}}}]
    theirs = {"subscriptionId": "s-9", "payloadVersion": "1.0", "destinationId": "d-9"}
    double.subscriptions["ORDER_CHANGE"] = theirs
    state = await queued.repair_webhooks(URL)
    assert state == WebhookState(elsewhere=("ORDER_CHANGE",)) and double.subscriptions["ORDER_CHANGE"] == theirs
    assert "TRANSACTION_UPDATE" in double.subscriptions, "what was missing is made all the same"


async def test_an_app_that_may_not_see_money_still_hears_of_orders(
    queued: AmazonQueueChannel, double: AmazonDouble
) -> None:
    generous(double)
    double.forbidden.add("TRANSACTION_UPDATE")
    assert await queued.check_webhooks(URL) == WebhookState(missing=("ORDER_CHANGE",))
    assert (await queued.repair_webhooks(URL)).healthy and list(double.subscriptions) == ["ORDER_CHANGE"]


async def test_orders_of_the_queue_are_whole(queued: AmazonQueueChannel, double: AmazonDouble) -> None:
    double.books.add(plain_order("404-1234567-1234567", iso(NOW), units=3))
    double.sqs.put(order_change("404-1234567-1234567"))
    (notice,) = await queued.pull_notices()
    (order,) = queued.read(notice)
    assert (order.total, order.ship_to.city) == (6000, "Berlin")  # type: ignore[union-attr]
