"""A refund whose answer was lost is found after a restart, is never made twice, and is a person's where two fit."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from connectors.ebay import Ebay, EbayChannel
from connectors.http import AioHttp
from hub.domain.message_keys import EPOCH, made_at
from hub.domain.outgoing import Kind, Receipt
from hub.errors import Unknown
from hub.flow.calls import Call
from hub.ports import TimeOrderedIds
from tests.connectors.checks.between import Between
from tests.connectors.ebay.harness import HARNESS, ORDER, account
from tests.connectors.ebay.orders import amount
from tests.connectors.ebay.server import EbayDouble
from tests.connectors.ebay.state import stamp

REFUND: Any = HARNESS.pushes[Kind.PUSH_REFUND]
OTHER: Any = replace(REFUND, reference="refund-13")
NOW = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)


def key(at: datetime, number: int = 1) -> str:
    """The key of a message that was made then."""
    return f"crossdock-{int((at - EPOCH) / timedelta(milliseconds=1)) << 22 | number}"


@pytest.fixture
def today(double: EbayDouble) -> None:
    """eBay's clock stands in the days of messages."""
    double.state.clock = NOW


@pytest.fixture
async def between(double: EbayDouble, today: None) -> AsyncIterator[Between]:
    """Loses answers on the way."""
    async with Between(double.url).serving() as proxy:
        yield proxy


def started(url: str, http: AioHttp) -> EbayChannel:
    """The account in a process that knows nothing of what was before."""
    return Ebay().open(account(url), http)


async def lost(between: Between, http: AioHttp, refund: Any, key: str) -> None:
    """The refund is made and its answer is lost; then the process dies."""
    channel = started(between.url, http)
    await channel.check()
    between.spoil = between.passed + 2  # the order is read first
    with pytest.raises(Unknown):
        await channel.push_refund(refund, key)


def held(double: EbayDouble) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = double.state.orders[ORDER]["paymentSummary"]["refunds"]
    return found


def named(receipt: Receipt | None) -> str:
    assert receipt is not None
    return receipt.external_id


# ---------------------------------------------------------------- one that fits


@pytest.mark.parametrize("settled", [False, True])
async def test_it_is_found_after_a_restart(double: EbayDouble, between: Between, http: AioHttp, settled: bool) -> None:
    await lost(between, http, REFUND, key(NOW))
    if settled:
        double.state.clock += timedelta(days=2)
        double.state.settle_refunds(ORDER)
    found = await started(double.url, http).look_up(Kind.PUSH_REFUND, REFUND, key(NOW))
    assert found == Receipt(held(double)[0]["refundId"], {"status": "REFUNDED" if settled else "PENDING"})
    assert [reference for _, reference in double.effects()] == ["refund-12"]


async def test_one_that_never_arrived_is_made(double: EbayDouble, today: None, http: AioHttp) -> None:
    channel = started(double.url, http)
    assert await channel.look_up(Kind.PUSH_REFUND, REFUND, key(NOW)) is None
    await channel.push_refund(REFUND, key(NOW))
    assert named(await started(double.url, http).look_up(Kind.PUSH_REFUND, REFUND, key(NOW)))
    assert len(double.effects()) == 1


async def test_an_equal_one_of_before_the_message_is_another(
    double: EbayDouble, between: Between, http: AioHttp
) -> None:
    """Two equal refunds are wanted, one a day after the other."""
    await started(double.url, http).push_refund(REFUND, key(NOW))
    double.state.settle_refunds(ORDER)
    later = key(NOW + timedelta(days=1))
    assert await started(double.url, http).look_up(Kind.PUSH_REFUND, OTHER, later) is None, "it may be made"
    double.state.clock += timedelta(days=1)
    await lost(between, http, OTHER, later)
    found = await started(double.url, http).look_up(Kind.PUSH_REFUND, OTHER, later)
    assert named(found) == held(double)[1]["refundId"]
    assert [reference for _, reference in double.effects()] == ["refund-12", "refund-13"]


async def test_another_sum_is_another_refund(double: EbayDouble, today: None, http: AioHttp) -> None:
    await started(double.url, http).push_refund(replace(REFUND, reference="refund-9", amount=2000), key(NOW))
    assert await started(double.url, http).look_up(Kind.PUSH_REFUND, REFUND, key(NOW)) is None


async def test_one_that_failed_is_none(double: EbayDouble, today: None, http: AioHttp) -> None:
    await started(double.url, http).push_refund(REFUND, key(NOW))
    held(double)[0]["refundStatus"] = "FAILED"
    assert await started(double.url, http).look_up(Kind.PUSH_REFUND, REFUND, key(NOW)) is None


# ---------------------------------------------------------------- where nobody can tell


async def test_two_equal_ones_are_a_persons(double: EbayDouble, between: Between, http: AioHttp) -> None:
    await started(double.url, http).push_refund(REFUND, key(NOW))
    await lost(between, http, OTHER, key(NOW, 2))
    names = ", ".join(it["refundId"] for it in held(double))
    with pytest.raises(Unknown, match=rf"equal refunds \({names}\): see in Seller Hub"):
        await started(double.url, http).look_up(Kind.PUSH_REFUND, OTHER, key(NOW, 2))
    assert len(double.effects()) == 2, "and none is made a third time"


@pytest.mark.parametrize(
    "there",
    [
        {"refundId": "1", "amount": amount("9.80")},
        {"refundId": "1", "amount": amount("10.50", "USD")},
        {"refundId": "1"},
        {"refundReferenceId": "1", "amount": amount("10.50")},
        {"refundId": "1", "amount": amount("10.50"), "refundDate": "yesterday", "late": True},
    ],
    ids=["net of tax", "another currency", "no amount", "made on eBay's pages", "two that fit"],
)
async def test_what_might_be_it_is_a_persons(
    double: EbayDouble, today: None, http: AioHttp, there: dict[str, Any]
) -> None:
    refund = {"refundStatus": "REFUNDED", "refundDate": stamp(NOW), **there}
    held(double).extend([refund, {**refund, "refundId": "2"}] if refund.pop("late", False) else [refund])
    with pytest.raises(Unknown, match="Seller Hub"):
        await started(double.url, http).look_up(Kind.PUSH_REFUND, REFUND, key(NOW))


async def test_what_is_older_is_not_it(double: EbayDouble, today: None, http: AioHttp) -> None:
    old = stamp(NOW - timedelta(hours=1))
    held(double).append(
        {"refundReferenceId": "1", "refundStatus": "REFUNDED", "refundDate": old, "amount": amount("9")}
    )
    assert await started(double.url, http).look_up(Kind.PUSH_REFUND, REFUND, key(NOW)) is None


async def test_without_the_messages_time_nothing_is_sure(double: EbayDouble, today: None, http: AioHttp) -> None:
    held(double).append({"refundId": "1", "refundStatus": "PENDING", "amount": amount("10.50")})
    with pytest.raises(Unknown, match="Seller Hub"):
        await started(double.url, http).look_up(Kind.PUSH_REFUND, REFUND, "a-key-of-somebody")


# ---------------------------------------------------------------- in one process


async def test_two_at_the_same_time_are_never_taken_for_each_other(
    double: EbayDouble, today: None, http: AioHttp
) -> None:
    """Both are under way together, and the answer of one is lost."""
    channel = started(double.url, http)
    await channel.check()
    double.state.break_refunds = True
    with pytest.raises(Unknown):
        await channel.push_refund(OTHER, key(NOW, 2))
    double.state.break_refunds = False
    first, again = await asyncio.gather(
        channel.push_refund(REFUND, key(NOW)), channel.look_up(Kind.PUSH_REFUND, OTHER, key(NOW, 2))
    )
    assert again is None, "the one that is there is the other's"
    second = await channel.push_refund(OTHER, key(NOW, 2))
    assert {first.external_id, second.external_id} == {it["refundId"] for it in held(double)}
    assert [reference for _, reference in double.effects()] == ["refund-12", "refund-13"]


# ---------------------------------------------------------------- the time of a message


def test_a_key_tells_when_its_message_was_made() -> None:
    call = Call(TimeOrderedIds(4095).next(), Kind.PUSH_REFUND, REFUND, 0, False, "order", None)
    at = made_at(call.key)
    assert at is not None and abs(datetime.now(UTC) - at) < timedelta(minutes=1)


@pytest.mark.parametrize(
    "text", ["", "k", "crossdock-", "crossdock-x1", "crossdock-²", "crossdock-9223372036854775808"]
)
def test_other_keys_tell_nothing(text: str) -> None:
    assert made_at(text) is None
