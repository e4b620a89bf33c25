"""Refunds made at Amazon: each once and to the cent, by whichever door it came."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from connectors.amazon import Amazon, AmazonChannel, AmazonQueueChannel, transactions
from connectors.amazon.notices import spoken_of
from connectors.amazon.transactions import Search
from connectors.http import AioHttp
from hub.contract import Account, Cursor, Delivery
from hub.domain.order import RefundNotice
from hub.errors import BadPayload, Reject, Retry
from tests.connectors.amazon.books import FRANCE, NOW, Node, iso, order_change
from tests.connectors.amazon.finances import breakdowns, cash, transaction_update
from tests.connectors.amazon.harness import ORDER, SHIPPED
from tests.connectors.amazon.server import AmazonDouble

BACK = {"OurPricePrincipal": -20.0, "Commission": 3.0, "RefundCommission": -0.6}
LATER = timedelta(hours=2)


async def pulled(channel: AmazonChannel, cursor: Cursor) -> tuple[list[Delivery], Cursor]:
    """The refunds of a whole pull."""
    found: list[Delivery] = []
    for _ in range(40):
        page = await channel.pull_orders(cursor)
        found += [it for it in page.deliveries if it.topic == "refund"]
        cursor = page.cursor
        if not page.more:
            return found, cursor
    raise AssertionError("the pull has no end")


def notice(channel: AmazonChannel, told: Node | Delivery) -> RefundNotice:
    delivery = told if isinstance(told, Delivery) else Delivery(id="x", topic="refund", body=msgspec.json.encode(told))
    (news,) = channel.read(delivery)
    assert isinstance(news, RefundNotice)
    return news


def soon(channel: AmazonChannel) -> None:
    """A quarter of an hour passes, as far as asking for refunds goes."""
    channel._kept.watch.next = 0.0


# ---------------------------------------------------------------- what the buyer got


async def test_the_buyers_money_counts_and_fees_do_not(channel: AmazonChannel, double: AmazonDouble) -> None:
    parts = {
        "OurPricePrincipal": -302.95, "OurPriceTax": -28.35, "OurPriceDiscount": 34.49, "ShippingPrincipal": -4.0,
        "ShippingTax": -0.46, "ShippingDiscount": 2.99, "Commission": 45.44, "RefundCommission": -5.0,
        "ShippingChargeback": 6.7,
    }  # fmt: skip
    told = double.finances.post(SHIPPED, parts, "USD")
    told["items"][0]["breakdowns"] += [
        {"breakdownType": "MarketplaceFacilitatorTax-Principal", "breakdownAmount": cash(28.35, "USD")},
        {"breakdownType": "Other Taxes", "breakdownAmount": cash(0.0, "USD"), "breakdowns": [
            {"breakdownType": "LowValueGoodsTax-Principal", "breakdownAmount": cash(1.0, "USD")},
            {"breakdownType": "RestockingDeductionPrincipal", "breakdownAmount": cash(15.32, "USD")}]},
    ]  # fmt: skip
    news = notice(channel, told)
    # 302.95 + 28.35 − 34.49 + 4.00 + 0.46 − 2.99 − 15.32 kept for restocking
    assert (news.amount, news.currency) == (28296, "USD")
    assert (news.order_id, news.external_id, news.at) == (SHIPPED, "transaction-1", NOW)
    assert news.reason == "Refund Order: KETTLE" and not news.restock


@pytest.mark.parametrize(
    ("amount", "currency", "minor"), [(-1999.0, "JPY", 1999), (-0.1, "SEK", 10), (-1234.567, "KWD", 1234567)]
)
async def test_currencies_have_their_own_minor_units(
    channel: AmazonChannel, double: AmazonDouble, amount: float, currency: str, minor: int
) -> None:
    news = notice(channel, double.finances.post(SHIPPED, {"OurPricePrincipal": amount}, currency))
    assert (news.amount, news.currency) == (minor, currency)


async def test_where_items_say_nothing_the_whole_transaction_does(channel: AmazonChannel, double: AmazonDouble) -> None:
    told = double.finances.post(SHIPPED, BACK)
    told["items"][0]["breakdowns"] = None
    groups = breakdowns({"OurPricePrincipal": -20.0, "Commission": 2.4}, "EUR")
    told["breakdowns"] = [
        {"breakdownType": "Refunded Sales", "breakdownAmount": cash(-20.0, "EUR"), "breakdowns": groups[:1]},
        {"breakdownType": "Refunded Expenses", "breakdownAmount": cash(2.4, "EUR"), "breakdowns": groups[1:]},
    ]
    assert notice(channel, told).amount == 2000
    for part in told["breakdowns"]:
        part["breakdowns"] = None
    assert notice(channel, told).amount == 2000


async def test_fees_alone_are_no_refund(channel: AmazonChannel, double: AmazonDouble) -> None:
    told = double.finances.post(SHIPPED, {"Commission": 3.0, "RefundCommission": -0.6})
    assert channel.read(Delivery(id="x", topic="refund", body=msgspec.json.encode(told))) == ()


def of(*parts: Node) -> dict[str, Any]:
    """A change that makes one item of these parts."""
    return {"items": [{"breakdowns": list(parts)}]}


PRINCIPAL = breakdowns({"OurPricePrincipal": -1.0}, "EUR")[0]
POUNDS = breakdowns({"ShippingPrincipal": -1.0}, "GBP")[0]
PARTS = "$.items[0].breakdowns"


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"relatedIdentifiers": []}, "$.relatedIdentifiers"),
        ({"items": [], "breakdowns": []}, "$.items"),
        (of(*breakdowns({"OurPricePrincipal": 5.0}, "EUR")), "$.items"),
        (of({"breakdownType": "Surprise", "breakdownAmount": cash(-1.0, "EUR")}), PARTS),
        (of(*breakdowns({"OurPricePrincipal": -0.005}, "EUR")), PARTS),
        (of(*breakdowns({"OurPricePrincipal": -1.0}, "XXX")), PARTS),
        (of(PRINCIPAL, POUNDS), PARTS),
        (of({"breakdownType": "OurPriceTax"}), PARTS),
        ({"postedDate": "yesterday"}, "$.postedDate"),
    ],
)
async def test_what_cannot_be_told_exactly_is_set_aside(
    channel: AmazonChannel, double: AmazonDouble, changes: dict[str, Any], where: str
) -> None:
    told = double.finances.post(SHIPPED, BACK, **changes)
    with pytest.raises(BadPayload) as refused:
        notice(channel, told)
    assert refused.value.path == where


# ---------------------------------------------------------------- each once


async def test_refunds_follow_the_orders_page_by_page(channel: AmazonChannel, double: AmazonDouble) -> None:
    double.finances.page = 2
    for number in range(3):
        double.finances.post(SHIPPED, {**BACK, "OurPricePrincipal": -1.0 - number})
    double.finances.post(ORDER, {"OurPricePrincipal": 20.0}, transactionType="Shipment")
    double.finances.post(ORDER, {"FBAStorageFee": -1.0}, transactionType="ServiceFee")
    double.books.now += LATER
    found, cursor = await pulled(channel, Cursor(at=NOW))
    notices = [notice(channel, delivery) for delivery in found]
    assert [it.amount for it in notices] == [100, 200, 300], "three parts of one order, and nothing else"
    assert len({it.external_id for it in notices}) == len({it.id for it in found}) == 3
    assert cursor == Cursor(at=NOW + LATER - timedelta(minutes=2)) and double.asked("listTransactions") == 3


async def test_a_refund_that_amazon_lists_two_days_late_is_not_missed(
    channel: AmazonChannel, double: AmazonDouble
) -> None:
    told = double.finances.post(SHIPPED, BACK, postedDate=iso(NOW - timedelta(hours=47)))
    double.books.now += LATER
    found, cursor = await pulled(channel, Cursor(at=NOW))
    assert [it.id for it in found] == ["refund:transaction-1"]
    told["postedDate"] = iso(NOW)
    soon(channel)
    again, _ = await pulled(channel, cursor)
    assert [it.id for it in again] == ["refund:transaction-1"], "seen again under the same id"


async def test_a_deferred_refund_and_its_release_are_one(channel: AmazonChannel, double: AmazonDouble) -> None:
    deferred = double.finances.post(SHIPPED, BACK, transactionStatus="DEFERRED")
    double.books.now += LATER
    first, cursor = await pulled(channel, Cursor(at=NOW))
    double.finances.release(deferred)
    double.books.now += LATER
    soon(channel)
    second, _ = await pulled(channel, cursor)
    assert {it.id for it in (*first, *second)} == {"refund:transaction-1"}
    assert {notice(channel, it).external_id for it in (*first, *second)} == {"transaction-1"}


async def test_long_names_are_shortened_and_stay_apart(channel: AmazonChannel, double: AmazonDouble) -> None:
    names = ["x" * 100 + end for end in "ab"]
    told = [notice(channel, double.finances.post(SHIPPED, BACK, transactionId=name)) for name in names]
    assert len({it.external_id for it in told}) == 2 and all(len(it.external_id) == 64 for it in told)


async def test_other_shops_refunds_are_left_to_their_accounts(
    amazon: Amazon, account: Account, double: AmazonDouble, http: AioHttp
) -> None:
    double.finances.post(SHIPPED, BACK, marketplaceDetails={"marketplaceId": "A1RKKUPIHCS9HS"})
    double.finances.post(SHIPPED, BACK, marketplaceDetails={"marketplaceId": FRANCE})
    double.finances.post(SHIPPED, BACK, marketplaceDetails=None)
    double.finances.post(SHIPPED, BACK, marketplaceDetails={"marketplaceId": "AN0N-AMAZON-MFN"})
    double.finances.posted[2]["marketplaceDetails"] = {"marketplaceId": None}
    double.books.now += LATER
    found, _ = await pulled(amazon.open(account, http), Cursor(at=NOW))
    assert [it.id for it in found] == ["refund:transaction-2", "refund:transaction-3", "refund:transaction-4"]


async def test_one_odd_transaction_does_not_hold_up_the_others(channel: AmazonChannel, double: AmazonDouble) -> None:
    double.finances.post(SHIPPED, BACK)
    double.finances.post(SHIPPED, BACK, transactionId=7)
    double.finances.post(SHIPPED, BACK)
    double.books.now += LATER
    found, _ = await pulled(channel, Cursor(at=NOW))
    assert len(found) == 3 and notice(channel, found[2]).amount == 2000
    with pytest.raises(BadPayload, match="transactionId"):
        channel.read(found[1])


# ---------------------------------------------------------------- how often, and how far


async def test_refunds_are_asked_for_four_times_an_hour_unless_further_back(
    channel: AmazonChannel, double: AmazonDouble
) -> None:
    double.books.now += LATER
    for _ in range(3):
        await pulled(channel, Cursor(at=NOW))
    assert double.asked("listTransactions") == 1 and double.asked("searchOrders") == 3
    await pulled(channel, Cursor(at=NOW - timedelta(days=1)))
    assert double.asked("listTransactions") == 2, "a pull that goes further back looks there too"


async def test_long_spans_are_searched_in_parts(channel: AmazonChannel, double: AmazonDouble) -> None:
    """Amazon answers a span of more than 180 days with nothing."""
    for days in (10, 170, 300):
        double.finances.post(SHIPPED, BACK, postedDate=iso(NOW - timedelta(days=days)))
    found, _ = await pulled(channel, Cursor(at=NOW - timedelta(days=400)))
    assert len(found) == 3 and double.asked("listTransactions") == 3
    soon(channel)
    first_ever, _ = await pulled(channel, Cursor())
    assert len(first_ever) == 2, "half a year, where no beginning is named"


async def test_throttled_goes_on_where_it_was(channel: AmazonChannel, double: AmazonDouble) -> None:
    double.finances.page = 1
    double.finances.post(SHIPPED, BACK)
    double.finances.post(SHIPPED, BACK)
    double.books.now += LATER
    page = await channel.pull_orders(Cursor(at=NOW))
    page = await channel.pull_orders(page.cursor)
    double.left["listTransactions"], double.rates["listTransactions"] = 0, "0.05"
    with pytest.raises(Retry, match="429") as told:
        await channel.pull_orders(page.cursor)
    assert told.value.after == pytest.approx(20) and page.more and page.cursor.at == NOW
    double.refill()
    channel._kept.limits._buckets["listTransactions"].left = 5
    last = await channel.pull_orders(page.cursor)
    assert [it.id for it in (*page.deliveries, *last.deliveries)] == ["refund:transaction-1", "refund:transaction-2"]
    assert not transactions.follows(last.cursor.token)
    assert double.asked("searchOrders") == 0, "no search for orders again"


@pytest.mark.parametrize("body", [b"{}", b'{"payload":null}', b"[]", b"<html></html>"])
async def test_an_answer_that_is_no_page_loses_nothing(
    channel: AmazonChannel, double: AmazonDouble, body: bytes
) -> None:
    double.finances.post(SHIPPED, BACK)
    double.books.now += LATER
    page = await channel.pull_orders(Cursor(at=NOW))
    double.fail(200, body=body)
    with pytest.raises(Retry):
        await channel.pull_orders(page.cursor)
    assert len((await channel.pull_orders(page.cursor)).deliveries) == 1


async def test_page_marks_that_are_none_are_refused(channel: AmazonChannel, double: AmazonDouble) -> None:
    for mark in ("refunds|", "refunds|a|b|c|d", "refunds|2026-11-20"):
        with pytest.raises(Reject, match="page mark"):
            await channel.pull_orders(Cursor(at=NOW, token=mark))
    search = Search(NOW - timedelta(days=3), NOW, NOW, "a|b")
    assert Search.of(search.mark) == search
    with pytest.raises(Reject, match="nextToken"):
        await channel.pull_orders(Cursor(at=NOW, token=search.mark))
    body = b'{"payload":{"transactions":[],"nextToken":"a|b"}}'
    double.fail(200, body=body)
    with pytest.raises(Retry, match="twice"):
        await channel.pull_orders(Cursor(at=NOW, token=search.mark))


async def test_without_the_role_orders_come_and_the_check_says_what_is_missing(
    channel: AmazonChannel, double: AmazonDouble
) -> None:
    assert await channel.check() == "Muster & Co (DE, FR)"
    double.lacking.add("listTransactions")
    double.finances.post(SHIPPED, BACK)
    double.books.now += LATER
    found, cursor = await pulled(channel, Cursor(at=NOW))
    assert found == [] and cursor.at == NOW + LATER - timedelta(minutes=2)
    calls = len(double.seen)
    await pulled(channel, Cursor(at=NOW))
    assert len(double.seen) == calls + 1, "it is not asked for again at once"
    assert "stay unseen" in (said := await channel.check()) and "Finance and Accounting" in said


# ---------------------------------------------------------------- by the queue


async def test_a_notification_brings_the_refund_as_polling_would(
    queued: AmazonQueueChannel, double: AmazonDouble
) -> None:
    first = double.finances.post(SHIPPED, BACK)
    double.finances.post(SHIPPED, {**BACK, "OurPricePrincipal": -1.0})
    double.sqs.put(*(transaction_update(first, number) for number in range(3)), order_change(ORDER))
    notices = await queued.pull_notices()
    assert [it.topic for it in notices] == ["refund", "refund", "order"] and double.asked("listTransactions") == 1
    double.books.now += LATER
    polled, _ = await pulled(queued, Cursor(at=NOW))
    assert {it.id: it.body for it in polled} == {it.id: it.body for it in notices if it.topic == "refund"}
    assert len(double.sqs.messages) == 4
    await queued.drop_notices(notices)
    assert double.sqs.messages == {}


async def test_a_refund_that_is_not_listed_yet_is_waited_for(queued: AmazonQueueChannel, double: AmazonDouble) -> None:
    double.finances.post(SHIPPED, BACK)
    double.books.now += LATER
    double.finances.hidden = True
    late = double.finances.post(SHIPPED, {**BACK, "OurPricePrincipal": -1.0})
    double.sqs.put(transaction_update(late))
    assert await queued.pull_notices() == () and len(double.sqs.messages) == 1
    double.finances.posted.append(late)
    double.sqs.show()
    assert [it.id for it in await queued.pull_notices()] == ["refund:transaction-1", "refund:transaction-2"]


async def test_patience_with_a_refund_has_an_end(queued: AmazonQueueChannel, double: AmazonDouble) -> None:
    double.finances.hidden = True
    double.sqs.put(transaction_update(double.finances.post(SHIPPED, BACK)))
    for _ in range(2):
        assert await queued.pull_notices() == ()
        double.sqs.show()
    (kept,) = await queued.pull_notices()
    assert kept.topic == "notification" and queued.read(kept) == ()


async def test_notifications_of_other_money_ask_nothing(queued: AmazonQueueChannel, double: AmazonDouble) -> None:
    shipment = double.finances.post(SHIPPED, BACK, transactionType="Shipment")
    stranger = transaction_update(double.finances.post(SHIPPED, BACK), seller="ASOMEBODYELSE")
    nobodys = transaction_update(double.finances.post(SHIPPED, BACK, relatedIdentifiers=[]))
    double.sqs.put(transaction_update(shipment), stranger, nobodys)
    assert [it.topic for it in await queued.pull_notices()] == ["notification"] * 3
    assert double.asked("listTransactions") == 0


async def test_a_throttled_notification_stays_in_the_queue(queued: AmazonQueueChannel, double: AmazonDouble) -> None:
    double.sqs.put(transaction_update(double.finances.post(SHIPPED, BACK)))
    double.left["listTransactions"] = 0
    with pytest.raises(Retry, match="429"):
        await queued.pull_notices()
    assert len(double.sqs.messages) == 1


def test_the_official_sample_is_about_a_shipment(shared: Any) -> None:

    body = (shared / "samples" / "amazon" / "notif_TransactionUpdateNotification_0.json").read_bytes()
    assert spoken_of(body) is None and spoken_of(body.replace(b'"Shipment"', b'"Refund"')) is not None
    assert timedelta(hours=48) < transactions.LATE, "what Amazon says it may be late"
