"""Reading returns behind the orders: pages, windows, quotas, and what eBay may refuse."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from connectors.ebay import Ebay, EbayChannel, pulling_returns
from connectors.ebay.client import Client
from connectors.ebay.tokens import Credentials, Tokens
from connectors.http import AioHttp
from hub.contract import Cursor, Page
from hub.errors import Reject, Retry
from tests.connectors.ebay.harness import HARNESS, OTHER
from tests.connectors.ebay.server import EbayDouble
from tests.connectors.ebay.test_returns import ORDERS_OF, SINCE, ago, asked, notice, pages, run

# ---------------------------------------------------------------- pages and windows


@pytest.mark.parametrize(("status", "told"), [(404, b""), (204, b""), (200, b"{}"), (200, b'{"members": []}')])
async def test_a_seller_without_returns_has_none(
    channel: EbayChannel, double: EbayDouble, status: int, told: bytes
) -> None:
    orders = await channel.pull_orders(SINCE)
    double.fail(status, body=told)
    page = await channel.pull_orders(orders.cursor)
    assert (page.deliveries, page.more, page.cursor) == ((), False, Cursor(at=SINCE.at))


async def test_where_ebay_does_not_count_a_full_page_has_another_behind_it(
    channel: EbayChannel, double: EbayDouble
) -> None:
    for n in range(60):
        double.returns.open(OTHER, ago(days=1, minutes=n))
    double.returns.counts = False
    assert len(await run(channel)) == 60


async def test_every_page_is_read_and_one_that_fails_is_read_again(channel: EbayChannel, double: EbayDouble) -> None:
    opened = {double.returns.open(OTHER, ago(days=1, minutes=n)) for n in range(130)}
    orders = await channel.pull_orders(SINCE)
    first = await channel.pull_orders(orders.cursor)
    assert len(first.deliveries) == pulling_returns.PAGE and first.more
    double.fail(500)
    with pytest.raises(Retry):
        await channel.pull_orders(first.cursor)
    late = double.returns.open(OTHER, datetime.now(UTC) + timedelta(minutes=1))
    rest = [it for page in await pages_from(channel, first.cursor) for it in page.deliveries]
    found = {notice(channel, it).external_id for it in (*first.deliveries, *rest)}
    assert found == opened and late not in found, "what is opened meanwhile is of the next run"


async def pages_from(channel: EbayChannel, cursor: Cursor) -> list[Page]:
    found = [await channel.pull_orders(cursor)]
    while found[-1].more:
        found.append(await channel.pull_orders(found[-1].cursor))
    return found


async def test_between_full_readings_only_what_is_new_is_paged_through(
    channel: EbayChannel, double: EbayDouble
) -> None:
    for n in range(120):
        double.returns.open(OTHER, ago(days=1, minutes=n))
    assert len(await run(channel)) == 120
    before = asked(double).count("search")
    assert len(await run(channel)) == pulling_returns.PAGE
    assert asked(double).count("search") == before + 1
    later = Cursor(at=ago(days=2))
    assert len(await run(channel, later)) == 120, "nobody had gone back that far"


async def test_windows_go_back_to_where_the_run_begins(channel: EbayChannel, double: EbayDouble, http: AioHttp) -> None:
    names = [double.returns.open(OTHER, ago(days=days)) for days in (10, 100, 200, 520, 545)]
    found = {notice(channel, it).external_id for it in await run(channel, Cursor(at=ago(days=700)))}
    assert found == set(names[:4]), "eBay tells 18 months"
    fresh = Ebay().open(HARNESS.account(double.url), http)
    assert {notice(fresh, it).external_id for it in await run(fresh)} == {names[0]}


# ---------------------------------------------------------------- orders never wait


async def test_a_quota_that_is_used_up_leaves_returns_out_until_it_is_full(
    channel: EbayChannel, double: EbayDouble
) -> None:
    double.returns.open(OTHER, ago(days=1))
    orders = await channel.pull_orders(SINCE)
    double.fail(429, times=2)
    page = await channel.pull_orders(orders.cursor)
    assert (page.deliveries, page.more, page.cursor) == ((), False, Cursor(at=SINCE.at))
    count = len(asked(double))
    assert await run(channel) == [] and len(asked(double)) == count, "not asked before then"


async def test_a_refusal_is_said_once_an_hour_and_orders_go_on(channel: EbayChannel, double: EbayDouble) -> None:
    double.returns.open(OTHER, ago(days=1))
    orders = await channel.pull_orders(SINCE)
    double.fail(403)
    with pytest.raises(Reject):
        await channel.pull_orders(orders.cursor)
    (page,) = await pages(channel, Cursor(at=ORDERS_OF))
    assert {it.topic for it in page.deliveries} == {"order"}


async def test_a_list_that_says_more_than_it_gives_is_refused(channel: EbayChannel, double: EbayDouble) -> None:
    orders = await channel.pull_orders(SINCE)
    double.fail(200, body=b'{"members": [], "paginationOutput": {"totalEntries": 5}}')
    with pytest.raises(Reject, match="none of 5"):
        await channel.pull_orders(orders.cursor)
    with pytest.raises(Reject):  # which makes the hub forget the mark
        await channel.pull_orders(Cursor(at=SINCE.at, token="returns|what is this"))


async def test_the_sandbox_has_no_returns(http: AioHttp) -> None:
    orders = Page((), SINCE, more=False)
    for root, more in (("https://api.sandbox.ebay.com", False), ("https://api.ebay.com", True)):
        tokens = Tokens(Credentials(root, "id", "secret", "refresh"))
        page = pulling_returns.then_returns(Client(http, tokens, "EBAY_DE"), orders, SINCE, pulling_returns.Book())
        assert page.more is more
