"""Returns that buyers open at Amazon: by a report that is asked for, waited for and read, each return once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from connectors.amazon import Amazon, AmazonChannel
from connectors.http import AioHttp
from hub.contract import Account, Cursor, Delivery
from hub.domain.order import ReturnedLine, ReturnNotice, ReturnStatus
from hub.errors import BadPayload, CrossdockError, Reject, Retry
from tests.connectors.amazon.books import NOW
from tests.connectors.amazon.harness import ORDER, SHIPPED
from tests.connectors.amazon.server import AmazonDouble

RMA = f"{SHIPPED}:DMr1RRMA"
SINCE = NOW - timedelta(hours=1)


async def pulled(channel: AmazonChannel, at: Cursor | None = None) -> list[Delivery]:
    """The returns of a whole pull, as soon as may be."""
    channel._kept.reports.next = 0.0
    found: list[Delivery] = []
    cursor = at or Cursor(at=SINCE)
    for _ in range(20):
        page = await channel.pull_orders(cursor)
        found += [it for it in page.deliveries if it.topic == "return"]
        cursor = page.cursor
        if not page.more:
            assert cursor.at is not None and not cursor.token
            return found
    raise AssertionError("the pull has no end")


async def told(channel: AmazonChannel) -> list[Delivery]:
    """Asked for, and read."""
    assert await pulled(channel) == []
    return await pulled(channel)


def notice(channel: AmazonChannel, delivery: Delivery) -> ReturnNotice:
    (news,) = channel.read(delivery)
    assert isinstance(news, ReturnNotice)
    return news


# ---------------------------------------------------------------- what a report says


@pytest.mark.parametrize(("gzip", "charset"), [(False, "utf-8"), (True, "utf-8-sig"), (True, "cp1252")])
async def test_a_return_is_read_from_its_report(
    channel: AmazonChannel, double: AmazonDouble, gzip: bool, charset: str
) -> None:
    double.reports.gzip, double.reports.charset = gzip, charset
    double.reports.back(SHIPPED, Return_quantity="2", Return_carrier="DHL", Tracking_ID="JJD1")
    double.reports.back(SHIPPED, Merchant_SKU="POT", Return_request_date="17-Nov-2026", Return_Reason="CR-UNWANTED")
    double.reports.back(ORDER, Return_request_status="Pending", Amazon_RMA_ID="")
    first, second = await told(channel)
    assert notice(channel, first) == ReturnNotice(
        order_id=SHIPPED, external_id=RMA, number="DMr1RRMA", at=NOW, status=ReturnStatus.APPROVED, word="Approved",
        lines=(
            ReturnedLine(line_id="", listing_id="KETTLE", quantity=2, reason="CR-DEFECTIVE"),
            ReturnedLine(line_id="", listing_id="POT", quantity=1, reason="CR-UNWANTED"),
        ),
        tracking_number="JJD1", carrier="DHL", requested_at=NOW.replace(day=17, hour=0),
    )  # fmt: skip
    wish = notice(channel, second)
    assert (wish.external_id, wish.status) == (f"{ORDER}:18-Nov-2026", ReturnStatus.REQUESTED)
    assert double.asked("createReport") == double.asked("getReportDocument") == 1


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (("Approved", "Closed"), ReturnStatus.APPROVED), (("Completed", "Closed"), ReturnStatus.CLOSED),
        (("Denied",), ReturnStatus.DECLINED), (("Pending Approval",), ReturnStatus.REQUESTED),
        (("Lost in space",), None), (("",), None),
    ],
)  # fmt: skip
async def test_the_row_that_came_least_far_says_how_a_return_stands(
    channel: AmazonChannel, double: AmazonDouble, words: tuple[str, ...], status: ReturnStatus | None
) -> None:
    for number, word in enumerate(words):
        double.reports.back(SHIPPED, Return_request_status=word, Merchant_SKU=f"SKU-{number}")
    (delivery,) = await told(channel)
    news = notice(channel, delivery)
    assert (news.status, news.word) == (status, ", ".join(filter(None, words)))


async def test_goods_that_were_delivered_to_the_seller_have_arrived(
    channel: AmazonChannel, double: AmazonDouble
) -> None:
    double.reports.back(SHIPPED, Return_quantity="2", Return_delivery_date="19-Nov-2026")
    (delivery,) = await told(channel)
    news = notice(channel, delivery)
    assert (news.status, news.lines[0].received) == (ReturnStatus.RECEIVED, 2)


async def test_columns_may_be_spelled_otherwise_and_name_the_item(channel: AmazonChannel, double: AmazonDouble) -> None:
    double.reports.back(SHIPPED)
    row = double.reports.rows[0]
    spelled = {"order-id": SHIPPED, "return-reason-code": "CR-X", "order_item_id": "77", "SKU": "POT"}
    double.reports.rows[0] = {name.lower().replace(" ", "-"): cell for name, cell in row.items()} | spelled
    del double.reports.rows[0]["merchant-sku"], double.reports.rows[0]["return-reason"]
    double.reports.header = tuple(double.reports.rows[0])
    (delivery,) = await told(channel)
    assert notice(channel, delivery).lines == (ReturnedLine(line_id="77", listing_id="POT", quantity=1, reason="CR-X"),)


async def test_what_is_wrong_with_one_row_stays_with_its_return(channel: AmazonChannel, double: AmazonDouble) -> None:
    for order in (SHIPPED, "902-0000000-0000001", "902-0000000-0000002", "902-0000000-0000003"):
        double.reports.back(order)
    double.reports.rows[1]["Return quantity"] = "one"
    double.reports.rows[2]["Return request date"] = "31-Feb-2026"
    double.reports.rows[3]["Merchant SKU"] = double.reports.rows[3]["ASIN"] = ""
    double.reports.extra = ["of a name that was torn\t1", "\t".join([ORDER, *["x"] * 40]), "", "\t"]
    good, *odd = await told(channel)
    assert notice(channel, good).external_id == RMA and len(odd) == len({it.id for it in odd}) == 5
    whys = ("line 3: 'one' is no number", "is no day", "line 5 .*no product", "line 6 .*no order id", "line 7 .*cells")
    for delivery, why in zip(odd, whys, strict=True):
        with pytest.raises(BadPayload, match=why):
            channel.read(delivery)


async def test_an_odd_letter_in_a_name_ends_no_line_and_an_empty_report_says_nothing(
    channel: AmazonChannel, double: AmazonDouble
) -> None:
    double.reports.back(SHIPPED, Item_Name="Kettle\u2028large\x85")
    (delivery,) = await told(channel)
    assert notice(channel, delivery).external_id == RMA
    double.reports.header, double.reports.rows = (), []
    double.books.now += timedelta(hours=7)
    assert await told(channel) == []


async def test_a_report_of_other_columns_is_set_aside_as_one(channel: AmazonChannel, double: AmazonDouble) -> None:
    double.reports.header = ("Bestellnummer", "Order ID")
    double.reports.back(SHIPPED)
    (delivery,) = await told(channel)
    with pytest.raises(BadPayload, match=r"no column return_request_date, .*merchant_sku"):
        channel.read(delivery)


# ---------------------------------------------------------------- each once


async def test_rows_that_say_the_same_are_one_and_a_change_is_told(
    channel: AmazonChannel, double: AmazonDouble
) -> None:
    for _ in range(3):
        double.reports.back(SHIPPED)
    (first,) = await told(channel)
    assert [line.quantity for line in notice(channel, first).lines] == [1]
    double.books.now += timedelta(hours=7)
    (again,) = await told(channel)
    assert again.id == first.id, "the inbox has it already"
    double.reports.rows = [row | {"Return request status": "Closed"} for row in double.reports.rows]
    double.books.now += timedelta(hours=7)
    (closed,) = await told(channel)
    news = notice(channel, closed)
    assert closed.id != first.id and (news.external_id, news.status) == (RMA, ReturnStatus.CLOSED)
    assert news.at == NOW + timedelta(hours=14)


# ---------------------------------------------------------------- asking, waiting, reading


async def test_one_report_at_a_time_and_four_a_day(channel: AmazonChannel, double: AmazonDouble) -> None:
    double.reports.back(SHIPPED)
    double.reports.slow = 3
    read = 0
    for _ in range(24 * 4):
        read += len(await pulled(channel))
        double.refill()
        channel._kept.limits = type(channel._kept.limits)()
        channel._client._limits = channel._kept.limits
        double.books.now += timedelta(minutes=15)
    assert (len(double.reports.made), read) == (4, 4)


async def test_between_two_looks_nothing_is_asked(channel: AmazonChannel, double: AmazonDouble) -> None:
    await pulled(channel)
    calls = [double.asked(name) for name in ("getReports", "createReport", "getReport")]
    assert calls == [1, 1, 0] and channel._kept.reports.next > 0.0
    for _ in range(2):
        assert not (await channel.pull_orders(Cursor(at=SINCE))).more
    assert [double.asked(name) for name in ("getReports", "createReport", "getReport")] == calls


async def test_a_new_process_goes_on_with_the_report_that_is_under_way(
    account: Account, double: AmazonDouble, http: AioHttp
) -> None:
    """A restart between any two steps: Amazon's own list says which report it is, and how far."""
    double.reports.back(SHIPPED)
    double.reports.slow = 2
    found = [it for _ in range(5) for it in await pulled(Amazon().open(account, http))]
    assert len(double.reports.made) == 1 and {it.id for it in found} == {found[0].id}
    assert len(found) == 2, "once done, each new process reads it: the same deliveries"


@pytest.mark.parametrize(("end", "pause"), [("FATAL", 1), ("CANCELLED", 6)])
async def test_a_report_that_failed_is_asked_for_again_later(
    channel: AmazonChannel, double: AmazonDouble, end: str, pause: int
) -> None:
    double.reports.back(SHIPPED)
    double.reports.ends = [end]
    assert await told(channel) == [] and await pulled(channel) == []
    assert len(double.reports.made) == 1
    double.books.now += timedelta(hours=pause, minutes=3)
    (delivery,) = await told(channel)
    assert notice(channel, delivery).external_id == RMA and len(double.reports.made) == 2


async def test_a_report_that_hangs_is_given_up_after_a_day(channel: AmazonChannel, double: AmazonDouble) -> None:
    double.reports.back(SHIPPED)
    double.reports.slow = 4
    for hours in (0, 0, 23, 0):
        double.books.now += timedelta(hours=hours)
        assert await pulled(channel) == [] and len(double.reports.made) == 1
    double.books.now += timedelta(hours=2)
    assert len(await told(channel)) == 1 and len(double.reports.made) == 2


async def test_a_merchants_own_report_of_a_few_days_is_none_of_ours(
    channel: AmazonChannel, double: AmazonDouble
) -> None:
    double.reports.back(SHIPPED)
    assert len(await told(channel)) == 1
    (made,) = double.reports.made.values()
    double.reports.made["7"] = made | {"reportId": "7", "dataStartTime": "2026-11-19T00:00:00Z"}
    channel._kept.reports.read = ""
    assert len(await pulled(channel)) == 1 and channel._kept.reports.read == made["reportId"]


# ---------------------------------------------------------------- failures


@pytest.mark.parametrize("operation", ["getReports", "createReport", "getReport", "getReportDocument"])
async def test_a_quota_that_is_used_up_is_waited_for_and_orders_go_on(
    channel: AmazonChannel, double: AmazonDouble, operation: str
) -> None:
    double.reports.back(SHIPPED)
    double.left[operation] = 0
    found: list[Delivery] = []
    failed: list[CrossdockError] = []
    for _ in range(4):
        try:
            found += await pulled(channel)
        except Retry as error:
            failed.append(error)
            page = await channel.pull_orders(Cursor(at=SINCE))
            assert not page.more and page.cursor.at is not None, "the next pull of orders ends as if nothing were"
            double.refill()
            channel._kept.limits._buckets[operation].left = 5
    assert len(failed) == 1 and "429" in str(failed[0])
    assert [it.id for it in found] == [found[0].id] and len(double.reports.made) == 1


async def test_a_lost_answer_makes_no_second_report(channel: AmazonChannel, double: AmazonDouble) -> None:
    """The double refuses a second one while the first is under way."""
    double.reports.back(SHIPPED)
    page = await channel.pull_orders(Cursor(at=SINCE))
    page = await channel.pull_orders(page.cursor)
    assert page.more and page.cursor.token.startswith("returns|")
    double.drop_replies(2)
    with pytest.raises(CrossdockError):
        await channel.pull_orders(page.cursor)
    found = [it for _ in range(4) for it in await pulled(channel)]
    assert len(found) == 1 and len(double.reports.made) == 1


async def test_a_document_that_is_damaged_is_fetched_again(channel: AmazonChannel, double: AmazonDouble) -> None:
    double.reports.back(SHIPPED)
    await pulled(channel)
    whole = double.reports.document
    double.reports.gzip = True
    double.reports.document = lambda: b"no gzip"  # type: ignore[method-assign]
    with pytest.raises(Retry, match="not gzip"):
        await pulled(channel)
    double.reports.document = whole  # type: ignore[method-assign]
    assert len(await pulled(channel)) == 1


async def test_without_the_role_orders_go_on_and_the_check_says_so(
    channel: AmazonChannel, double: AmazonDouble
) -> None:
    double.lacking |= {"getReports", "createReport"}
    assert "returns that buyers open stay unseen" in (said := await channel.check())
    assert "Inventory and Order Tracking" in said
    assert await pulled(channel) == [] and double.asked("getReports") == 0


async def test_a_refusal_is_raised_once_and_does_not_hold_up_orders(
    channel: AmazonChannel, double: AmazonDouble
) -> None:
    page = await channel.pull_orders(Cursor(at=SINCE))
    page = await channel.pull_orders(page.cursor)
    double.fail(400, body=b'{"errors": [{"code": "InvalidInput", "message": "no such report"}]}')
    with pytest.raises(Reject, match="no such report"):
        await channel.pull_orders(page.cursor)
    for mark in (page.cursor, Cursor(at=SINCE)):
        last = await channel.pull_orders(mark)
        assert not last.more and last.cursor.at == NOW - timedelta(minutes=2)


async def test_a_page_mark_that_is_none_begins_anew(channel: AmazonChannel) -> None:
    with pytest.raises(Reject, match="page mark"):
        await channel.pull_orders(Cursor(at=SINCE, token="returns|x"))
