"""Money given back through Amazon: what the feed says to the cent, and that an answer lost is looked up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from connectors.amazon import Amazon, AmazonChannel, adjusting, wire
from connectors.amazon.feeding import Trial
from connectors.amazon.wire_items import Breakdown, Money
from connectors.http import AioHttp
from hub.contract import Account, Cursor
from hub.domain.order import RefundNotice
from hub.domain.outgoing import Kind, RefundRequest
from hub.errors import Reject, Retry, Unknown
from tests.connectors.amazon.books import NOW, Node, iso, plain_order
from tests.connectors.amazon.harness import HARNESS, ORDER, SHIPPED, SHIPPED_ITEM, TO_CANCEL, shipped
from tests.connectors.amazon.server import AmazonDouble
from tests.connectors.amazon.test_pushes import narrowed
from tests.connectors.checks.between import Between

REFUND: Any = HARNESS.pushes[Kind.PUSH_REFUND]
A, B = "1000000001", "1000000002"


def money(amount: str, currency: str) -> Node:
    return {"amount": amount, "currencyCode": currency}


def order(items: dict[str, tuple[int, dict[str, str]]], total: str, currency: str = "USD") -> wire.Order:
    """A shipped order; of each item its units and proceeds: a category, or TAX and DISCOUNT of one after a dot."""
    made = shipped(plain_order("111-1111111-1111111", iso(NOW)))
    (plain,) = made["orderItems"]
    made["orderItems"] = []
    for item_id, (units, parts) in items.items():
        told: list[Node] = []
        for name, amount in parts.items():
            kind, _, subtype = name.partition(".")
            detail = [{"subtype": subtype, "value": money(amount, currency)}]
            more = {"detailedBreakdowns": detail} if subtype else {}
            told.append({"type": kind, "subtotal": money(amount, currency), **more})
        product = {"sellerSku": item_id, "title": "Kettle"}
        counts = {"quantityFulfilled": units, "quantityUnfulfilled": 0}
        made["orderItems"].append(
            {**plain, "orderItemId": item_id, "quantityOrdered": units, "product": product, "fulfillment": counts,
             "proceeds": {"breakdowns": told}}
        )  # fmt: skip
    made["proceeds"] = {"grandTotal": money(total, currency)}
    return msgspec.json.decode(msgspec.json.encode(made), type=wire.Order)


TAXED = order(
    {
        A: (
            3,
            {"ITEM": "30.00", "TAX.ITEM": "2.40", "SHIPPING": "4.00", "TAX.SHIPPING": "0.32", "DISCOUNT.ITEM": "-3.00"},
        ),
        B: (1, {"ITEM": "9.99", "TAX.ITEM": "0.80", "GIFT_WRAP": "2.00"}),
    },
    "46.51",
)  # fmt: skip


def asked(amount: int, lines: dict[str, int] | None = None, currency: str = "USD", reason: str = "") -> RefundRequest:
    given = {} if lines is None else lines
    return RefundRequest(
        reference="r", order_id="111-1111111-1111111", amount=amount, currency=currency, lines=given, reason=reason
    )


# ---------------------------------------------------------------- what goes back, to the cent


def test_a_whole_line_is_its_price_after_discounts_and_its_tax() -> None:
    made = adjusting.adjustment(TAXED, asked(2940, {A: 3}, reason="Customer  Return"))
    assert made.items == {A: {"Principal": 2700, "Tax": 240}} and made.reason == "CustomerReturn"


def test_what_is_beyond_the_goods_comes_off_shipping_and_its_tax() -> None:
    made = adjusting.adjustment(TAXED, asked(2940 + 216, {A: 3}))
    assert made.items == {A: {"Principal": 2700, "Tax": 240, "Shipping": 200, "ShippingTax": 16}}
    assert made.reason == "GeneralAdjustment"
    whole = adjusting.adjustment(TAXED, asked(2940 + 432, {A: 3}))
    assert whole.items[A] == {"Principal": 2700, "Tax": 240, "Shipping": 400, "ShippingTax": 32}


def test_a_part_is_spread_over_price_and_tax_as_they_were_paid() -> None:
    made = adjusting.adjustment(TAXED, asked(1000, {A: 1, B: 1}))
    # 9.00 + 0.80 of one unit of A, 9.99 + 0.80 of B: of 20.59 in all, ten dollars.
    assert made.items == {A: {"Principal": 437, "Tax": 39}, B: {"Principal": 485, "Tax": 39}}


def test_a_whole_order_needs_no_lines() -> None:
    made = adjusting.adjustment(TAXED, asked(4651))
    assert made.items == {
        A: {"Principal": 2700, "Tax": 240, "Shipping": 400, "ShippingTax": 32},
        B: {"Principal": 999, "Tax": 80, "GiftWrap": 200},
    }


def test_where_prices_contain_the_tax_there_is_no_tax_component() -> None:
    parts = {"ITEM": "119.00", "TAX.ITEM": "19.00", "SHIPPING": "4.90", "TAX.SHIPPING": "0.78"}
    german = order({A: (2, parts)}, "123.90", "EUR")
    made = adjusting.adjustment(german, asked(5950 + 490, {A: 1}, "EUR"))
    assert made.items == {A: {"Principal": 5950, "Shipping": 490}}


def test_yen_have_no_minor_unit_and_shipping_of_the_order_is_spread_over_its_items() -> None:
    items = {A: (1, {"ITEM": "2000"}), B: (1, {"ITEM": "1000"})}
    told = order(items, "3500", "JPY")
    more = Breakdown(type="SHIPPING", subtotal=Money(amount=Decimal(500), currency_code="JPY"))
    assert told.proceeds is not None
    told = replace(told, proceeds=replace(told.proceeds, breakdowns=[more]))
    made = adjusting.adjustment(told, asked(3500, None, "JPY"))
    assert made.items == {A: {"Principal": 2000, "Shipping": 333}, B: {"Principal": 1000, "Shipping": 167}}


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 4651), st.integers(0, 3), st.integers(0, 1))
def test_parts_add_up_and_none_is_more_than_was_paid(amount: int, of_a: int, of_b: int) -> None:
    lines = {line: units for line, units in ((A, of_a), (B, of_b)) if units}
    try:
        made = adjusting.adjustment(TAXED, asked(amount, lines))
    except Reject:
        return
    most = adjusting.adjustment(TAXED, asked(4651)).items
    assert sum(sum(parts.values()) for parts in made.items.values()) == amount
    assert all(0 < value <= most[item][name] for item, parts in made.items.items() for name, value in parts.items())


@pytest.mark.parametrize(
    ("request_", "why"),
    [
        (asked(3373, {A: 3}), "more than was paid for it, 33.72 USD: refund it in Seller Central"),
        (asked(4652), "more than was paid for it, 46.51 USD: refund it in Seller Central"),
        (asked(500), "no items are named.*Seller Central"),
        (asked(100, {A: 4}), "no 4 units.*Seller Central"),
        (asked(100, {"404": 1}), "no 1 units of item '404'"),
        (asked(100, {A: 0}), "no 0 units"),
        (asked(100, {A: 1}, "EUR"), "paid in USD, not in EUR"),
        (asked(0, {A: 1}), "nothing back"),
        (asked(-5, {A: 1}), "nothing back"),
    ],
)
def test_what_cannot_be_expressed_says_what_to_do(request_: RefundRequest, why: str) -> None:
    with pytest.raises(Reject, match=why):
        adjusting.adjustment(TAXED, request_)


async def test_what_was_never_paid_is_cancelled_instead(channel: AmazonChannel, double: AmazonDouble) -> None:
    for order_id in (ORDER, TO_CANCEL):
        line = double.books.orders[order_id]["orderItems"][0]["orderItemId"]
        with pytest.raises(Reject, match="cancel it instead"):
            await channel.push_refund(replace(REFUND, order_id=order_id, lines={line: 1}), "k")
    with pytest.raises(Reject, match="no order '404'"):
        await channel.push_refund(replace(REFUND, order_id="404"), "k")
    double.books.orders[SHIPPED]["orderItems"][0]["fulfillment"]["shipping"] = {
        "shippingConstraints": {"cashOnDelivery": "MANDATORY"}
    }
    with pytest.raises(Reject, match="carrier collected"):
        await channel.push_refund(REFUND, "k")
    assert double.asked("createFeedDocument") == 0


async def test_only_what_was_shipped_was_paid(channel: AmazonChannel, double: AmazonDouble) -> None:
    (item,) = double.books.orders[SHIPPED]["orderItems"]
    item["fulfillment"] = {"quantityFulfilled": 4, "quantityUnfulfilled": 6}
    for lines in ({SHIPPED_ITEM: 5}, {}):
        with pytest.raises(Reject, match="only 4 units were shipped"):
            await channel.push_refund(replace(REFUND, amount=8000, lines=lines), "k")
    await channel.push_refund(replace(REFUND, amount=8000, lines={SHIPPED_ITEM: 4}), "k")
    assert double.feeds.adjusted[0][2] == {SHIPPED_ITEM: {"Principal": "80.00"}}


# ---------------------------------------------------------------- the feed, and its report


async def test_the_feed_names_item_component_reason_and_our_reference(
    channel: AmazonChannel, double: AmazonDouble
) -> None:
    receipt = await channel.push_refund(REFUND, "k")
    assert double.feeds.adjusted == [(SHIPPED, "CustomerReturn", {SHIPPED_ITEM: {"Principal": "12.50"}})]
    assert double.effects() == [(Kind.PUSH_REFUND, "refund-9")]
    (feed_id,) = double.feeds.feeds
    assert (
        receipt.external_id == f"{feed_id}:1"
        and double.feeds.feeds[feed_id]["feedType"] == "POST_PAYMENT_ADJUSTMENT_DATA"
    )


async def test_the_report_decides(channel: AmazonChannel, double: AmazonDouble) -> None:
    """Twice the whole of what was paid: Amazon keeps count of what went back, we do not."""
    whole = replace(REFUND, amount=20000, lines={SHIPPED_ITEM: 10})
    await channel.push_refund(whole, "k")
    with pytest.raises(Reject, match="exceeds the amount that can be refunded"):
        await channel.push_refund(replace(whole, reference="refund-10"), "k2")
    assert len(double.effects()) == 1


async def test_several_go_as_one_feed_and_each_gets_its_answer(channel: AmazonChannel, double: AmazonDouble) -> None:
    some = [replace(REFUND, reference=f"r-{n}", amount=amount) for n, amount in enumerate((100, 5000, 20000, 250))]
    some[2] = replace(some[2], lines={SHIPPED_ITEM: 10})
    answers = await channel.push_at_once(Kind.PUSH_REFUND, some, ["a", "b", "c", "d"])
    assert [answer.failure for answer in answers] == ["", "reject", "reject", ""]
    assert "more than was paid for it, 20.00 EUR" in answers[1].why and "exceeds" in answers[2].why
    assert [ours for _, ours in double.effects()] == ["r-0", "r-3"]
    assert double.asked("createFeed") == 1 and double.asked("getOrder") == 1


async def test_without_the_merchant_token_nothing_is_sent(
    double: AmazonDouble, account: Account, http: AioHttp
) -> None:
    with pytest.raises(Reject, match="seller_id"):
        await Amazon().open(narrowed(account, seller_id=""), http).push_refund(REFUND, "k")


async def test_a_refund_that_takes_its_time_is_looked_up(channel: AmazonChannel, double: AmazonDouble) -> None:
    double.feeds.slow = 2
    with pytest.raises(Unknown, match="still being processed"):
        await channel.push_refund(REFUND, "k")
    with pytest.raises(Retry) as told:
        await channel.look_up(Kind.PUSH_REFUND, REFUND, "k")
    assert told.value.after == 60
    found = await channel.look_up(Kind.PUSH_REFUND, REFUND, "k")
    assert found is not None and len(double.effects()) == 1


# ---------------------------------------------------------------- answers that were lost


async def lost(double: AmazonDouble, channel: AmazonChannel, between: Between, key: str = "k", **changes: Any) -> None:
    """A refund whose createFeed took effect and was not answered."""
    between.spoil = between.passed + 3  # the order, the document, then the feed; the upload goes elsewhere
    with pytest.raises(Unknown):
        await channel.push_refund(replace(REFUND, **changes), key)
    between.spoil = 0


async def test_a_feed_whose_answer_was_lost_is_found_among_amazons(double: AmazonDouble, http: AioHttp) -> None:
    async with Between(double.url).serving() as between:
        channel = Amazon(patience=(0.0,)).open(HARNESS.account(between.url), http)
        await channel.push_refund(replace(REFUND, reference="first", amount=300), "k0")
        await lost(double, channel, between)
        found = await channel.look_up(Kind.PUSH_REFUND, REFUND, "k")
        assert found is not None and found.external_id == f"{list(double.feeds.feeds)[1]}:1", "not the first one"
        assert len(double.effects()) == 2 and double.asked("getFeeds") == 1
        assert await channel.look_up(Kind.PUSH_REFUND, REFUND, "k") == found and double.asked("getFeeds") == 1


async def test_of_many_in_a_lost_feed_each_is_found_and_what_was_not_in_it_is_refused(
    double: AmazonDouble, http: AioHttp
) -> None:
    some = [replace(REFUND, reference=f"r-{n}", amount=amount) for n, amount in enumerate((100, 5000, 250))]
    async with Between(double.url).serving() as between:
        channel = Amazon(patience=(0.0,)).open(HARNESS.account(between.url), http)
        await channel.check()
        between.spoil = between.passed + 3
        answers = await channel.push_at_once(Kind.PUSH_REFUND, some, ["a", "b", "c"])
        assert [answer.failure for answer in answers] == ["unknown", "reject", "unknown"]
        found = [await channel.look_up(Kind.PUSH_REFUND, some[n], key) for n, key in ((2, "c"), (0, "a"))]
    (feed_id,) = double.feeds.feeds
    assert [it and it.external_id for it in found] == [f"{feed_id}:2", f"{feed_id}:1"]
    assert [ours for _, ours in double.effects()] == ["r-0", "r-2"]


async def test_a_lost_feed_that_amazon_refused_is_a_refusal(double: AmazonDouble, http: AioHttp) -> None:
    async with Between(double.url).serving() as between:
        channel = Amazon(patience=(0.0,)).open(HARNESS.account(between.url), http)
        await channel.push_refund(replace(REFUND, amount=20000, lines={SHIPPED_ITEM: 10}), "k0")
        await lost(double, channel, between)
        with pytest.raises(Reject, match="exceeds"):
            await channel.look_up(Kind.PUSH_REFUND, REFUND, "k")


async def test_of_two_lost_feeds_the_transactions_tell(double: AmazonDouble, http: AioHttp) -> None:
    async with Between(double.url).serving() as between:
        channel = Amazon(patience=(0.0,)).open(HARNESS.account(between.url), http)
        double.books.now = datetime.now(UTC).replace(microsecond=0)
        await channel.check()
        await lost(double, channel, between)
        double.finances.hidden = True
        await lost(double, channel, between, "k2", reference="other", amount=777)
        found = await channel.look_up(Kind.PUSH_REFUND, REFUND, "k")
        assert found is not None and found.external_id == "transaction-1"
        with pytest.raises(Retry, match="Seller Central") as told:
            await channel.look_up(Kind.PUSH_REFUND, replace(REFUND, reference="other", amount=777), "k2")
        assert told.value.after == 6 * 3600 and len(double.effects()) == 2


async def test_a_feed_that_was_not_made_is_made_again_once_it_can_no_longer_come(
    channel: AmazonChannel, double: AmazonDouble
) -> None:
    book = channel._kept.book
    tried = Trial("POST_PAYMENT_ADJUSTMENT_DATA", "d-1", ("k",), datetime.now(UTC))
    book.begin(tried)
    with pytest.raises(Retry, match="may yet take effect"):
        await channel.look_up(Kind.PUSH_REFUND, REFUND, "k")
    book.begin(Trial(tried.feed_type, tried.document_id, tried.keys, tried.at - timedelta(minutes=3)))
    assert await channel.look_up(Kind.PUSH_REFUND, REFUND, "k") is None


async def test_after_a_restart_nothing_is_repeated_that_may_have_been_done(
    channel: AmazonChannel, double: AmazonDouble, account: Account, http: AioHttp
) -> None:
    assert await channel.look_up(Kind.PUSH_REFUND, REFUND, "k") is None, "no feed, no refund"
    double.feeds.slow, double.finances.hidden, double.feeds.page = 1, True, 1
    double.left["getFeeds"], double.rates["getFeeds"] = 50, "1000.0"
    for number in range(3):
        await _pushed(channel, replace(REFUND, reference=f"r{number}", amount=100 + number), f"k{number}")
    again, asking = Amazon().open(account, http), replace(REFUND, reference="r2", amount=102)
    with pytest.raises(Retry, match="refunds show days later"):
        await again.look_up(Kind.PUSH_REFUND, asking, "k2")
    double.finances.hidden = False
    double.finances.post(SHIPPED, {"OurPricePrincipal": -1.02, "Commission": 0.15})
    found = await again.look_up(Kind.PUSH_REFUND, asking, "k2")
    assert found is not None and found.details == {"transaction": found.external_id}
    for feed in double.feeds.feeds.values():
        feed["createdTime"] = iso(datetime.now(UTC) - timedelta(days=4))
    missing = replace(REFUND, reference="never", amount=999)
    assert await again.look_up(Kind.PUSH_REFUND, missing, "k9") is None, "it would show by now"
    double.lacking.add("listTransactions")
    with pytest.raises(Retry, match="Finance and Accounting"):
        await again.look_up(Kind.PUSH_REFUND, missing, "k9")


async def _pushed(channel: AmazonChannel, request: RefundRequest, key: str) -> None:
    try:
        await channel.push_refund(request, key)
    except Unknown:
        return


async def test_a_refusal_of_the_feed_is_no_lost_answer(channel: AmazonChannel, double: AmazonDouble) -> None:
    double.lacking.add("createFeed")
    with pytest.raises(Reject, match="Inventory and Order Tracking"):
        await channel.push_refund(REFUND, "k")
    assert channel._kept.book.trying == {} and double.effects() == []


async def test_our_own_refund_comes_back_as_one_notice(channel: AmazonChannel, double: AmazonDouble) -> None:
    await channel.push_refund(REFUND, "k")
    double.books.now += timedelta(minutes=5)
    page = await channel.pull_orders(Cursor(at=NOW))
    page = await channel.pull_orders(page.cursor)
    (notice,) = [news for delivery in page.deliveries for news in channel.read(delivery)]
    assert isinstance(notice, RefundNotice) and (notice.order_id, notice.amount, notice.currency) == (
        SHIPPED,
        1250,
        "EUR",
    )
