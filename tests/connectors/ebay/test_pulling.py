"""Pulling: the window that closes, lists that change while they are read, parcels, tokens, quotas, products."""

from __future__ import annotations

import asyncio
import copy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.ebay import Ebay, EbayChannel, pulling, quota, wire
from connectors.http import AioHttp
from hub.contract import Cursor, Delivery
from hub.domain.order import ChannelOrder, RefundNotice
from hub.errors import Invalid, Reconnect, Reject, Retry
from tests.connectors.ebay.harness import HARNESS, LINES, ORDER, OTHER, account
from tests.connectors.ebay.server import SEEDED_FROM, EbayDouble
from tests.connectors.ebay.state import stamp

SHIPMENT: Any = HARNESS.pushes[next(iter(HARNESS.pushes))]
SINCE = Cursor(at=datetime(2024, 8, 1, tzinfo=UTC))


async def pull(channel: EbayChannel, cursor: Cursor = SINCE) -> tuple[list[Delivery], Cursor]:
    """Every page to the end."""
    found: list[Delivery] = []
    for _ in range(50):
        page = await channel.pull_orders(cursor)
        found += page.deliveries
        assert page.cursor != cursor or not page.more
        cursor = page.cursor
        if not page.more:
            return found, cursor
    raise AssertionError("the pull does not end")


def orders(channel: EbayChannel, deliveries: list[Delivery]) -> dict[str, ChannelOrder]:
    news = [it for delivery in deliveries for it in channel.read(delivery)]
    return {it.external_id: it for it in news if isinstance(it, ChannelOrder)}


def windows(double: EbayDouble) -> list[str]:
    return [it.path for it in double.seen if it.path == pulling.ORDERS]


# ---------------------------------------------------------------- windows and pages


async def test_the_cursor_is_the_latest_change_of_all_pages(channel: EbayChannel, double: EbayDouble) -> None:
    double.seed_orders(250)
    late = double.state.orders["07-00001-11111"]
    late["lastModifiedDate"] = "2024-11-10T10:00:00.123Z"  # on the first page by its creation
    found, cursor = await pull(channel)
    assert len(orders(channel, found)) == 252
    assert cursor == Cursor(at=datetime(2024, 11, 10, 10, 0, 0, 123000, tzinfo=UTC))


async def test_nothing_new_leaves_the_cursor(channel: EbayChannel) -> None:
    at = datetime(2024, 11, 20, tzinfo=UTC)
    assert await pull(channel, Cursor(at=at)) == ([], Cursor(at=at))


async def test_an_order_that_leaves_the_window_takes_none_with_it(channel: EbayChannel, double: EbayDouble) -> None:
    seeded = set(double.seed_orders(350))
    cursor, found, pages = SINCE, [], 0
    while True:
        page = await channel.pull_orders(cursor)
        found += page.deliveries
        pages += 1
        if pages == 3:  # the first of the list changes now: everything behind it moves up by one
            double.state.clock = datetime.now(UTC) + timedelta(hours=1)
            double.state.touch(double.state.orders["07-00001-11111"])
        cursor = page.cursor
        if not page.more:
            break
    assert seeded <= orders(channel, found).keys()
    assert pages > 5  # it began anew


async def test_a_list_that_shrinks_and_grows_all_the_time_is_read_to_its_end(
    channel: EbayChannel, double: EbayDouble
) -> None:
    seeded = set(double.seed_orders(350))
    double.state.clock = datetime.now(UTC) + timedelta(hours=1)
    cursor, found, pages = SINCE, [], 0
    while True:
        page = await channel.pull_orders(cursor)
        found += page.deliveries
        pages += 1
        if pages < 12:
            double.state.touch(double.state.orders[f"07-{pages:05d}-11111"])
            double.seed_orders(pages % 2)
        assert page.cursor != cursor and pages < 60
        cursor = page.cursor
        if not page.more:
            break
    assert seeded <= orders(channel, found).keys()


async def test_a_list_that_says_more_than_it_gives_is_no_empty_page(channel: EbayChannel, double: EbayDouble) -> None:
    double.fail(200, body=b'{"total": 5, "orders": []}')
    with pytest.raises(Retry):
        await channel.pull_orders(SINCE)
    with pytest.raises(Reject):  # which makes the hub forget the mark
        await channel.pull_orders(Cursor(at=SINCE.at, token="what is this"))


async def test_a_late_change_that_comes_in_as_another_leaves_hides_none(
    channel: EbayChannel, double: EbayDouble
) -> None:
    """The list stays as long as it was, and yet all behind the one that left has moved up by a place."""
    seeded = set(double.seed_orders(350))
    cursor, found, pages = SINCE, [], 0
    while True:
        page = await channel.pull_orders(cursor)
        found += page.deliveries
        pages += 1
        if pages == 3:
            double.state.clock = datetime.now(UTC) + timedelta(hours=1)
            double.state.touch(double.state.orders["07-00001-11111"])
            late = copy.deepcopy(double.state.orders["07-00350-11111"])
            double.state.orders["07-99999-11111"] = late | {"orderId": "07-99999-11111"}
        cursor = page.cursor
        if not page.more:
            break
    assert seeded - {"07-00001-11111"} <= orders(channel, found[100:]).keys()


async def test_what_changes_without_a_new_date_is_another_delivery(channel: EbayChannel, double: EbayDouble) -> None:
    (before,) = [it for it in (await pull(channel))[0] if f":{ORDER}:" in it.id]
    double.state.orders[ORDER]["orderPaymentStatus"] = "FULLY_REFUNDED"
    (after,) = [it for it in (await pull(channel))[0] if f":{ORDER}:" in it.id]
    assert before.id != after.id and before.occurred_at == after.occurred_at


async def test_ebays_refusal_of_a_window_is_said(channel: EbayChannel) -> None:
    with pytest.raises(Reject, match="future"):
        await channel.pull_orders(Cursor(at=datetime.now(UTC) + timedelta(days=1)))


async def test_one_order_that_cannot_be_read_is_alone(channel: EbayChannel, double: EbayDouble) -> None:
    double.state.orders[ORDER]["pricingSummary"] = None
    double.state.orders[OTHER]["fulfillmentHrefs"] = 7
    found, _ = await pull(channel)
    assert len(found) == 2 and len({it.id for it in found}) == 2
    double.state.orders[ORDER]["pricingSummary"] = {}
    assert (await pull(channel))[0][1].id == found[1].id


# ---------------------------------------------------------------- what comes with an order


async def test_parcels_come_with_their_order(channel: EbayChannel, double: EbayDouble) -> None:
    await channel.push_shipment(SHIPMENT, "k")
    found, _ = await pull(channel)
    order = orders(channel, found)[ORDER]
    (parcel,) = order.shipments
    assert (parcel.tracking_number, parcel.carrier) == ("JD0146000038", "DHL")
    assert parcel.lines == {LINES[0]: 2, LINES[1]: 1}
    assert [line.fulfilled for line in order.lines] == [2, 1]
    assert orders(channel, found)[OTHER].shipments == ()


async def test_a_refund_is_news_once_it_has_gone_through(channel: EbayChannel, double: EbayDouble) -> None:
    request = next(it for kind, it in HARNESS.pushes.items() if kind == "push_refund")
    await channel.push_refund(request, "k")  # type: ignore[arg-type]
    news = [it for delivery in (await pull(channel))[0] for it in channel.read(delivery)]
    assert not [it for it in news if isinstance(it, RefundNotice)]
    double.state.settle_refunds(ORDER)
    news = [it for delivery in (await pull(channel))[0] for it in channel.read(delivery)]
    (notice,) = [it for it in news if isinstance(it, RefundNotice)]
    assert (notice.order_id, notice.amount, notice.currency) == (ORDER, 1050, "EUR")


async def test_a_buyers_wish_to_cancel_holds_the_order(channel: EbayChannel, double: EbayDouble) -> None:
    double.state.ask_cancellation(ORDER)
    assert orders(channel, (await pull(channel))[0])[ORDER].pending
    await channel.push_cancellation(next(it for k, it in HARNESS.pushes.items() if k == "push_cancellation"), "k")  # type: ignore[arg-type]
    order = orders(channel, (await pull(channel))[0])[ORDER]
    assert not order.pending and order.cancelled_at == order.revised_at


async def test_money_that_all_went_back_holds_what_is_left(channel: EbayChannel, double: EbayDouble) -> None:
    double.state.orders[ORDER]["orderPaymentStatus"] = "FULLY_REFUNDED"
    assert orders(channel, (await pull(channel))[0])[ORDER].pending
    lines = double.state.orders[ORDER]["lineItems"]
    for line in lines:
        line["lineItemFulfillmentStatus"] = "FULFILLED"
    assert not orders(channel, (await pull(channel))[0])[ORDER].pending


# ---------------------------------------------------------------- tokens and quotas


async def test_one_token_serves_until_it_ends(double: EbayDouble, http: AioHttp) -> None:
    connector = Ebay()
    for _ in range(3):
        assert await connector.open(account(double.url), http).check() == "testseller"
    assert double.granted == ["refresh_token"]
    double.expire_tokens()
    channel = connector.open(account(double.url), http)
    assert await asyncio.gather(*(channel.check() for _ in range(5))) == ["testseller"] * 5
    assert double.granted == ["refresh_token"] * 2, "who was refused with the old one takes the new one"


async def test_a_late_refusal_of_an_old_token_leaves_the_new_one(
    channel: EbayChannel, double: EbayDouble, http: AioHttp
) -> None:
    """Of many calls under way some are refused when the token has long been replaced."""
    tokens = channel._kept.tokens
    old = await tokens.current(http)
    tokens.forget(old)
    new = await tokens.current(http)
    tokens.forget(old)
    assert await tokens.current(http) == new != old and len(double.granted) == 2


async def test_a_consent_that_was_taken_back_asks_for_a_new_one(channel: EbayChannel, double: EbayDouble) -> None:
    double.refuse_refresh = True
    with pytest.raises(Reconnect, match="connect the account again"):
        await channel.check()
    with pytest.raises(Reconnect):
        await channel.push_shipment(SHIPMENT, "k")


@pytest.mark.parametrize("missing", ["client_id", "client_secret", "refresh_token"])
def test_what_is_missing_is_named(http: AioHttp, missing: str) -> None:
    given = account("https://api.ebay.com")
    given.secrets.pop(missing, None)
    if missing == "client_id":
        del given.settings["client_id"]  # type: ignore[attr-defined]
    with pytest.raises(Invalid) as refused:
        Ebay().open(given, http)
    assert refused.value.field == missing


async def test_a_quota_that_is_used_up_says_when_it_is_full_again(channel: EbayChannel, double: EbayDouble) -> None:
    now = datetime.now(UTC)
    rates = [{"remaining": 0, "reset": stamp(now + timedelta(hours=3))}, {"remaining": 5, "reset": stamp(now)}]
    double.limits = [{"apiName": "fulfillment", "resources": [{"name": "sell.fulfillment", "rates": rates}]}]
    double.fail(429)
    with pytest.raises(Retry, match="quota") as wait:
        await channel.pull_orders(SINCE)
    assert wait.value.after == pytest.approx(3 * 3600, abs=5)
    double.fail(429, times=3)
    with pytest.raises(Retry) as wait:
        await channel.pull_orders(SINCE)
    assert wait.value.after is None  # eBay would not say


def test_quotas_are_read_with_care() -> None:
    date = "Fri, 22 Nov 2024 10:00:00 GMT"
    assert quota.wait(wire.RateLimits(), date) is None
    assert quota.api_of("/sell/inventory/v1/offer") == ("sell", "inventory")
    rate = wire.Rate(remaining=0, reset="2024-11-22T09:00:00.000Z")
    limits = wire.RateLimits((wire.ApiRates("inventory", (wire.Resource("x", (rate,)),)),))
    assert (quota.wait(limits, date), quota.wait(limits, None), quota.wait(limits, "soon")) == (1.0, None, None)


# ---------------------------------------------------------------- products


async def test_products_have_their_number_and_weight(channel: EbayChannel, double: EbayDouble) -> None:
    for number in range(430):
        double.state.add_item(f"T{number:03d}", 1)
    found, after = [], ""
    while True:
        page = await channel.list_products(after)
        found += page.products
        after = page.next
        if not after:
            break
    assert len(found) == len({it.listing_id for it in found}) == 432
    assert (found[0].sku, found[0].gtin, found[0].grams) == ("T000", "4006381333931", 680)


def test_seeds_lie_in_the_past() -> None:
    assert datetime.now(UTC) > SEEDED_FROM
