"""Returns that buyers open at eBay: read behind the orders, newest first, each as it stands."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from connectors.ebay import EbayChannel, returns, words
from hub.contract import Cursor, Delivery, Page
from hub.domain.order import ReturnedLine, ReturnNotice, ReturnStatus
from hub.errors import BadPayload
from tests.connectors.checks.common import encode
from tests.connectors.ebay.harness import LINES, ORDER, OTHER
from tests.connectors.ebay.server import EbayDouble
from tests.connectors.ebay.state import stamp

NOW = datetime.now(UTC).replace(microsecond=0)
ORDERS_OF = datetime(2024, 8, 1, tzinfo=UTC)
SINCE = Cursor(at=NOW - timedelta(hours=1))
"""The orders of the harness are older than this: a run has one page of orders, and it is empty."""


def ago(**parts: float) -> datetime:
    return NOW - timedelta(**parts)


async def pages(channel: EbayChannel, cursor: Cursor = SINCE) -> list[Page]:
    """Every page of a run; the last has the cursor of the orders."""
    found = [await channel.pull_orders(cursor)]
    while found[-1].more:
        found.append(await channel.pull_orders(found[-1].cursor))
        assert len(found) < 40
    assert not found[-1].cursor.token
    return found


async def run(channel: EbayChannel, cursor: Cursor = SINCE) -> list[Delivery]:
    """The returns of a run."""
    return [it for page in await pages(channel, cursor) for it in page.deliveries if it.topic == "return"]


def notice(channel: EbayChannel, delivery: Delivery) -> ReturnNotice:
    (news,) = channel.read(delivery)
    assert isinstance(news, ReturnNotice)
    return news


def asked(double: EbayDouble) -> list[str]:
    """What the connector asked about returns: a search, or one of them."""
    return [it.path.rpartition("/")[2] for it in double.seen if it.path.startswith("/post-order/v2/return/")]


# ---------------------------------------------------------------- what one says


async def test_a_return_is_told_with_the_line_of_its_order(channel: EbayChannel, double: EbayDouble) -> None:
    double.state.orders[ORDER]["lineItems"][1]["legacyItemId"] = "110199999999"
    name = double.returns.open(ORDER, ago(days=3), line=1, units=2)
    (first,) = await run(channel)
    told = notice(channel, first)
    assert (told.order_id, told.external_id, told.number) == (ORDER, name, name)
    assert (told.status, told.word, told.reason) == (ReturnStatus.REQUESTED, "RETURN_REQUESTED", "defective_item")
    assert told.lines == (ReturnedLine(line_id=LINES[1], quantity=2),)
    assert told.requested_at == ago(days=3) and told.at >= NOW
    assert b"Ada" not in first.body and b"Invaliden" not in first.body, "addresses stay at eBay"

    double.returns.ship(name, "JD0001", ago(days=1))
    (second,) = await run(channel)
    moved = notice(channel, second)
    assert (moved.status, moved.tracking_number, moved.carrier) == (ReturnStatus.IN_TRANSIT, "JD0001", "DHL")
    assert second.id != first.id


async def test_what_has_not_changed_is_the_same_delivery_and_costs_no_call(
    channel: EbayChannel, double: EbayDouble
) -> None:
    name = double.returns.open(OTHER, ago(days=3))
    first, second = await run(channel), await run(channel)
    assert [it.id for it in first] == [it.id for it in second]
    assert asked(double) == ["search", name, "search"]


async def test_a_return_whose_detail_is_gone_is_told_all_the_same(channel: EbayChannel, double: EbayDouble) -> None:
    del double.returns.details[double.returns.open(OTHER, ago(days=3))]
    (delivery,) = await run(channel)
    assert notice(channel, delivery).status is ReturnStatus.REQUESTED


async def test_one_that_cannot_be_read_spoils_no_other(channel: EbayChannel, double: EbayDouble) -> None:
    bad, good = (double.returns.open(OTHER, ago(days=days)) for days in (3, 2))
    double.returns.summaries[bad]["creationInfo"]["item"]["returnQuantity"] = "two"
    fine, spoilt = await run(channel)
    with pytest.raises(BadPayload):
        channel.read(spoilt)
    assert notice(channel, fine).external_id == good


def body(status: str, state: str = "", *, why: str = "", buyers: str = "", sent: bool = False) -> bytes:
    """A delivery of ours."""
    steps = [{"toState": "ITEM_SHIPPED", "creationDate": {"value": "2026-11-03T10:00:00.000Z"}}] if sent else []
    detail: dict[str, Any] = {"responseHistory": steps}
    if why:
        detail["closeInfo"] = {"returnCloseReason": why, "buyerCloseReason": buyers}
    return encode(
        {
            "summary": {
                "returnId": "5300000001", "orderId": ORDER, "status": status, "state": state,
                "creationInfo": {
                    "item": {"itemId": "110100090001", "transactionId": "77", "returnQuantity": 2},
                    "creationDate": {"value": "2026-11-01T10:00:00.000Z"}, "reason": "WRONG_SIZE",
                },
            },
            "detail": detail,
        }
    )  # fmt: skip


@pytest.mark.parametrize(
    ("told", "status"),
    [
        (body("RETURN_REQUESTED_TIMEOUT"), ReturnStatus.REQUESTED),
        (body("READY_FOR_SHIPPING"), ReturnStatus.APPROVED),
        (body("ITEM_DELIVERED"), ReturnStatus.RECEIVED),
        (body("RETURN_REJECTED"), ReturnStatus.DECLINED),
        (body("CLOSED", why="FULL_REFUNDED", sent=True), ReturnStatus.CLOSED),
        (body("CLOSED", why="BUYER_CLOSED"), ReturnStatus.CANCELLED),
        (body("CLOSED", why="BUYER_CLOSED", sent=True), ReturnStatus.CLOSED),
        (body("CLOSED", why="BUYER_CLOSED", buyers="BUYER_RECEIVED_REFUND"), ReturnStatus.CLOSED),
        (body("ESCALATED", "ITEM_SHIPPED"), ReturnStatus.IN_TRANSIT),
        (body("ESCALATED", "CLOSED", why="ESCALATED"), ReturnStatus.CLOSED),
        (body("ESCALATED", "PAYOUT_INITIATED"), ReturnStatus.REQUESTED),
        (body("", "ITEM_DELIVERED"), ReturnStatus.RECEIVED),
        (body("A_WORD_OF_TOMORROW"), None),
    ],
)
def test_where_a_return_stands(told: bytes, status: ReturnStatus | None) -> None:
    assert returns.told(told, NOW).status is status


def test_without_a_time_of_reading_the_latest_moment_that_it_names_counts() -> None:
    assert returns.told(body("ITEM_SHIPPED", sent=True), None).at == datetime(2026, 11, 3, 10, tzinfo=UTC)
    assert returns.told(body("RETURN_REQUESTED"), None).at == datetime(2026, 11, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ([("a", "110100090001"), ("b", "2")], ["a"]),
        ([("a", "110100090001"), ("77", "110100090001")], ["77"]),
        ([("a", "110100090001"), ("b", "110100090001")], []),
        ([("77", "2")], []),
        ([], []),
    ],
    ids=["by its listing", "by its transaction", "two variations", "another listing", "an order that is gone"],
)
def test_which_line_comes_back(lines: list[tuple[str, str]], found: list[str]) -> None:
    node = msgspec.json.decode(body("ITEM_SHIPPED"))
    node["orderLines"] = [{"lineItemId": line, "legacyItemId": item} for line, item in lines]
    assert [it.line_id for it in returns.told(encode(node), NOW).lines] == found


def test_every_word_has_one_meaning() -> None:
    assert not words.RETURN_BESIDE & words.RETURN.keys() and words.RETURN.keys() >= words.RETURN_SENT


async def test_an_order_that_is_named_the_old_way_is_not_asked_for(channel: EbayChannel, double: EbayDouble) -> None:
    """eBay's getOrders refuses all orders of a call for one name that is none."""
    double.returns.summaries[double.returns.open(OTHER, ago(days=3))]["orderId"] = "110100090002-2200000090002"
    (delivery,) = await run(channel)
    assert (notice(channel, delivery).order_id, notice(channel, delivery).lines) == ("110100090002-2200000090002", ())
    assert [it.path for it in double.seen].count("/sell/fulfillment/v1/order") == 1, "only the pull of orders"


async def test_a_recorded_return_can_be_replayed(channel: EbayChannel) -> None:
    topic, told = channel.unwrap(body("ITEM_SHIPPED", sent=True), "")
    delivery = channel.verify({k.lower(): v for k, v in channel.sign(topic, told).items()}, told)
    assert topic == "return" and notice(channel, delivery).order_id == ORDER
    assert stamp(notice(channel, delivery).at) == "2026-11-03T10:00:00.000Z"
