"""Pulling against what real sites do: zones and their summer time, orders that move while they are read, many changes
in one second, refunds and the trash, headers that a proxy ate."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from connectors.http import AioHttp
from connectors.woocommerce import WooCommerce, WooCommerceChannel
from connectors.woocommerce.reading import bound
from hub.contract import Cursor, Page, Reply
from hub.domain.order import ChannelOrder, RefundNotice
from hub.errors import Reject, Retry
from tests.connectors.woocommerce.harness import HARNESS, ORDER
from tests.connectors.woocommerce.orders import order_of
from tests.connectors.woocommerce.server import WooDouble
from tests.connectors.woocommerce.state import seconds

START = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)


async def pages(channel: WooCommerceChannel, cursor: Cursor) -> AsyncIterator[Page]:
    """Every page from `cursor` to the end of the pull."""
    while True:
        page = await channel.pull_orders(cursor)
        yield page
        if not page.more:
            return
        cursor = page.cursor


async def pulled(channel: WooCommerceChannel, at: datetime | None = START) -> dict[str, ChannelOrder]:
    """Orders by id, as a whole pull tells them last."""
    found = {}
    async for page in pages(channel, Cursor(at=at)):
        for delivery in page.deliveries:
            for news in channel.read(delivery):
                if isinstance(news, ChannelOrder):
                    found[news.external_id] = news
    return found


class Listening:
    """An `Http` that passes calls on, and may do something before or after one."""

    def __init__(self, http: AioHttp, then: Callable[[str, Reply], Reply]) -> None:
        self.urls: list[str] = []
        self._http = http
        self._then = then

    async def call(self, method: str, url: str, **rest: Any) -> Reply:
        self.urls.append(url)
        return self._then(url, await self._http.call(method, url, **rest))

    def asked(self, name: str) -> list[str]:
        """The values of a parameter, call by call."""
        return [value for url in self.urls for value in parse_qs(urlsplit(url).query).get(name, [])]


def opened(double: WooDouble, http: Any) -> WooCommerceChannel:
    return WooCommerce().open(HARNESS.account(double.url), http)


# ---------------------------------------------------------------- zones


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/Los_Angeles", "Asia/Kolkata", "Pacific/Auckland", "UTC"])
async def test_the_sites_zone_does_not_matter(channel: WooCommerceChannel, double: WooDouble, zone: str) -> None:
    double.store.zone = zone
    double.store.clock = START + timedelta(hours=2)
    double.store.add_order(order_of(810))
    found = await pulled(channel, double.store.clock)
    assert list(found) == ["810"], "what changed at the cursor, and nothing before it"
    assert found["810"].placed_at == double.store.clock


@pytest.mark.parametrize("minute", [0, 20, 59])
async def test_the_hour_that_clocks_skip_is_read_all_the_same(
    channel: WooCommerceChannel, double: WooDouble, minute: int
) -> None:
    """On 28 March 2027, 02:00 to 03:00 does not exist in Berlin; in UTC it is an hour like any other."""
    double.store.zone = "Europe/Berlin"
    for number, at in enumerate(range(0, 120, 10)):
        double.store.clock = datetime(2027, 3, 28, 2, 0, tzinfo=UTC) + timedelta(minutes=at)
        double.store.add_order(order_of(900 + number))
    since = datetime(2027, 3, 28, 2, minute, tzinfo=UTC)
    found = await pulled(channel, since)
    wanted = {f"{900 + number}" for number in range(12) if number * 10 >= minute}
    assert wanted <= set(found)


def test_bounds_are_in_utc_and_do_not_say_so() -> None:
    berlin = datetime(2026, 11, 20, 10, 0, 0, 123, tzinfo=UTC).astimezone()
    assert bound(berlin, "Europe/Berlin") == "2026-11-20T09:59:59"
    assert bound(datetime(2027, 3, 28, 2, 30, 1, tzinfo=UTC), "Europe/Berlin") == "2027-03-28T01:30:00"
    for zone in ("", "+02:00", "Nowhere/Atall", "../../etc/passwd", "\x00"):
        assert bound(datetime(2027, 3, 28, 2, 30, 1, tzinfo=UTC), zone) == "2027-03-28T02:30:00"


async def test_a_site_that_hides_its_zone_is_pulled_too(double: WooDouble, http: AioHttp) -> None:
    hidden = b'{"code":"rest_forbidden","message":"no"}'
    ears = Listening(http, lambda url, reply: Reply(404, {}, hidden) if url.endswith("/wp-json/") else reply)
    assert len(await pulled(opened(double, ears))) == 2
    assert await opened(double, ears).check() == urlsplit(double.url).netloc


# ---------------------------------------------------------------- lists that move


async def test_an_order_that_changes_meanwhile_hides_no_other(channel: WooCommerceChannel, double: WooDouble) -> None:
    """By page numbers the 101st would have moved onto the first page after that was read."""
    wanted = set(double.seed_orders(350))
    found: set[str] = set()
    async for page in pages(channel, Cursor(at=START)):
        read = [news for delivery in page.deliveries for news in channel.read(delivery)]
        found |= {news.external_id for news in read if isinstance(news, ChannelOrder)}
        double.store.clock += seconds(1)
        for news in read[:5]:
            assert isinstance(news, ChannelOrder)
            double.store.change(int(news.external_id))
        if len(double.seen) > 60:
            break
    assert wanted <= found


async def test_more_orders_in_one_second_than_a_page_holds(double: WooDouble, http: AioHttp) -> None:
    double.store.clock += seconds(5)
    wanted = {str(double.store.add_order(order_of(1000 + number))) for number in range(333)}
    ears = Listening(http, lambda url, reply: reply)
    found = await pulled(opened(double, ears))
    assert wanted <= set(found)
    assert {"90", "180"} <= set(ears.asked("offset")), "read on a few places back"
    assert set(ears.asked("per_page")) == {"100"} and set(ears.asked("dates_are_gmt")) == {"true"}


async def test_a_proxy_that_eats_headers_costs_nothing(double: WooDouble, http: AioHttp) -> None:
    wanted = set(double.seed_orders(250))
    bare = Listening(http, lambda url, reply: Reply(reply.status, {}, reply.body))
    assert wanted <= set(await pulled(opened(double, bare)))


async def test_a_total_that_nobody_counted_ends_no_list(double: WooDouble, http: AioHttp) -> None:
    """Plugins that speed up databases leave the counting out: X-WP-Total is 0 then, whatever the page holds."""
    double.store.clock += seconds(5)
    wanted = {str(double.store.add_order(order_of(1000 + number))) for number in range(250)}
    uncounted = Listening(
        http, lambda url, reply: Reply(reply.status, {**reply.headers, "x-wp-total": "0"}, reply.body)
    )
    assert wanted <= set(await pulled(opened(double, uncounted)))


async def test_a_list_that_does_not_end_is_given_up(double: WooDouble, http: AioHttp) -> None:
    """A store in front of which something drops `offset`, and the counts as well."""
    part = json.dumps([{"id": number, "type": "simple"} for number in range(100)]).encode()
    same = Listening(http, lambda url, reply: Reply(200, {}, part) if "include=" in url else reply)
    with pytest.raises(Retry, match="does not end"):
        await opened(double, same).read_stock(["1"])


async def test_a_plugin_that_hides_orders_of_a_page_hides_no_page(double: WooDouble, http: AioHttp) -> None:
    wanted = set(double.seed_orders(250))
    hiding = set(list(wanted)[:40])

    def without(url: str, reply: Reply) -> Reply:
        if "/orders?" not in url:
            return reply
        kept = [order for order in json.loads(reply.body) if str(order["id"]) not in hiding]
        return Reply(reply.status, reply.headers, json.dumps(kept).encode())

    assert wanted - hiding <= set(await pulled(opened(double, Listening(http, without))))


async def test_the_cursor_ends_at_the_last_change(channel: WooCommerceChannel, double: WooDouble) -> None:
    double.seed_orders(120)
    double.store.trash(ORDER)
    ends = [page.cursor async for page in pages(channel, Cursor(at=START))]
    assert (ends[-1].at, ends[-1].token) == (double.store.clock, "")
    assert all(cursor.token for cursor in ends[:-1])


async def test_a_mark_that_is_none_is_refused(channel: WooCommerceChannel) -> None:
    with pytest.raises(Reject, match="mark"):
        await channel.pull_orders(Cursor(token="page 2"))


# ---------------------------------------------------------------- refunds and the trash


async def test_units_refunded_before_they_left_are_cancelled(channel: WooCommerceChannel, double: WooDouble) -> None:
    body = {"amount": "17.85", "reason": "Sold out", "line_items": [{"id": 1, "quantity": 1, "refund_total": "15.00"}]}
    double.store.clock += seconds(60)
    double.store.refund(ORDER, body)
    (page,) = [page async for page in pages(channel, Cursor(at=double.store.clock)) if page.deliveries]
    (delivery,) = page.deliveries
    order, refund = channel.read(delivery)
    assert isinstance(order, ChannelOrder) and isinstance(refund, RefundNotice)
    assert [(it.quantity, it.cancelled) for it in order.lines] == [(3, 1), (1, 0)]
    assert (refund.amount, refund.lines, refund.at) == (1785, {"1": 1}, double.store.clock)


async def test_a_webhook_that_does_not_know_what_a_refund_is_for_asks_for_a_poll(
    channel: WooCommerceChannel, double: WooDouble
) -> None:
    """It has the refund's rows only. Told as it is, a later webhook would bring refunded units back, to be shipped."""
    await channel.repair_webhooks("https://hub.example/webhooks/61")
    double.store.clock += seconds(60)
    double.store.refund(ORDER, {"amount": "15.00", "line_items": [{"id": 1, "quantity": 1, "refund_total": "15.00"}]})
    posted = double.store.posted[-1]
    heard = channel.verify(posted.headers, posted.body)
    assert channel.read(heard) == () and channel.nudge(heard) == {}
    assert (await pulled(channel))[str(ORDER)].lines[0].cancelled == 1
    double.store.clock += seconds(60)
    double.store.change(ORDER, customer_note="by Friday, please")
    later = double.store.posted[-1]
    assert channel.read(channel.verify(later.headers, later.body)) == (), "the next poll says it with its refunds"
    double.store.change(ORDER, status="completed")
    gone = channel.verify(double.store.posted[-1].headers, double.store.posted[-1].body)
    order, refund = channel.read(gone)
    assert isinstance(order, ChannelOrder) and isinstance(refund, RefundNotice) and channel.nudge(gone) is None


async def test_refunds_of_what_was_shipped_are_returns(channel: WooCommerceChannel, double: WooDouble) -> None:
    double.store.change(ORDER, status="completed")
    double.store.refund(ORDER, {"amount": "15.00", "line_items": [{"id": 1, "quantity": 1, "refund_total": "15.00"}]})
    order = (await pulled(channel))[str(ORDER)]
    assert [it.cancelled for it in order.lines] == [0, 0]
    assert order.shipments[0].lines == {"1": 3, "2": 1}


async def test_the_trash_is_looked_through(channel: WooCommerceChannel, double: WooDouble) -> None:
    """No webhook told of it: they are delivered once."""
    double.store.clock += seconds(60)
    double.store.trash(ORDER)
    order = (await pulled(channel))[str(ORDER)]
    assert (order.cancelled_at, order.cancel_reason) == (double.store.clock, "trash at the store")


async def test_refunds_that_cannot_be_read_now_are_not_left_out(channel: WooCommerceChannel, double: WooDouble) -> None:
    double.store.refund(ORDER, {"amount": "15.00", "line_items": []})
    page = await channel.pull_orders(Cursor(at=START))
    assert len(page.deliveries) == 2
    double.api.broken = "/refunds"
    with pytest.raises(Retry):
        await channel.pull_orders(Cursor(at=START))
    double.api.broken = ""


async def test_an_order_that_cannot_be_read_is_set_aside_alone(channel: WooCommerceChannel, double: WooDouble) -> None:
    double.store.orders[ORDER]["refunds"] = "none"
    page = await channel.pull_orders(Cursor(at=START))
    assert len(page.deliveries) == 2 and len({it.id for it in page.deliveries}) == 2
