"""Polling: nothing is left out, whatever bears one time, and money that moves is seen though the order does not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from connectors.medusa import MedusaChannel, fields
from hub.contract import Cursor, Delivery
from hub.domain.order import ChannelOrder, RefundNotice
from hub.errors import Reject
from tests.connectors.medusa.documents import Document, item, order
from tests.connectors.medusa.harness import ORDER
from tests.connectors.medusa.server import MedusaDouble

LATER = datetime(2026, 11, 22, 11, 0, tzinfo=UTC)
"""After everything that the harness's shop holds."""


async def pull(channel: MedusaChannel, at: datetime | None) -> tuple[list[Delivery], Cursor]:
    """All pages from `at` on."""
    cursor, found = Cursor(at=at), []
    while True:
        page = await channel.pull_orders(cursor)
        found += page.deliveries
        cursor = page.cursor
        if not page.more:
            return found, cursor


def orders(channel: MedusaChannel, found: list[Delivery]) -> list[ChannelOrder]:
    news = [each for delivery in found for each in channel.read(delivery)]
    return [each for each in news if isinstance(each, ChannelOrder)]


def at(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


async def test_a_payment_that_is_captured_later_is_seen(channel: MedusaChannel, double: MedusaDouble) -> None:
    unpaid = double.shop.add(order(9, [item("91", 25, 1)], paid=False))
    (before,) = [each for each in orders(channel, (await pull(channel, None))[0]) if each.external_id == unpaid]
    _, cursor = await pull(channel, None)
    changed = double.shop.orders[unpaid]["updated_at"]
    double.shop.capture(unpaid, 10)
    assert double.shop.orders[unpaid]["updated_at"] == changed, "that is the trap"
    first, cursor = await pull(channel, cursor.at)
    double.shop.capture(unpaid, 15)
    second, _ = await pull(channel, cursor.at)
    (part,) = [each for each in orders(channel, first) if each.external_id == unpaid]
    (after,) = [each for each in orders(channel, second) if each.external_id == unpaid]
    assert (before.paid, part.paid, after.paid) == (False, False, True)
    assert before.revised_at < part.revised_at < after.revised_at, "so that the hub takes it for news"


async def test_only_orders_whose_money_moved_are_read_again(channel: MedusaChannel, double: MedusaDouble) -> None:
    for number in range(20, 30):
        double.shop.add(order(number, [item(str(number), 25, 1)], paid=False))
    double.shop.capture(f"order_{25:026d}")
    since = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)
    found, _ = await pull(channel, since)
    assert {each.external_id for each in orders(channel, found)} == {f"order_{25:026d}", f"order_{2:026d}"}
    asked = [request.path for request in double.seen]
    assert asked == ["/admin/orders"] * 3, "those that changed, a glance, the one that was paid"


async def test_a_refund_is_told_beside_its_order(channel: MedusaChannel, double: MedusaDouble) -> None:
    double.shop.refund("pay_1", {"amount": 4.5})
    found, _ = await pull(channel, None)
    (refund,) = [n for d in found for n in channel.read(d) if isinstance(n, RefundNotice)]
    assert (refund.order_id, refund.amount, refund.currency) == (ORDER, 450, "EUR")


@pytest.mark.parametrize("count", [49, 50, 51, 100, 101, 173])
async def test_many_orders_of_one_millisecond_all_come(
    channel: MedusaChannel, double: MedusaDouble, count: int
) -> None:
    made = {double.shop.add(order(number, [item("1", 1, 1)], at(LATER))) for number in range(3000, 3000 + count)}
    made.add(double.shop.add(order(9000, [item("1", 1, 1)], at(LATER + timedelta(milliseconds=1)))))
    for start in (None, LATER - timedelta(hours=1), LATER):
        found, cursor = await pull(channel, start)
        assert made <= {each.external_id for each in orders(channel, found)}
        assert cursor.at is not None and cursor.at >= LATER


async def test_a_microsecond_in_the_cursor_hides_nothing(channel: MedusaChannel, double: MedusaDouble) -> None:
    made = double.shop.add(order(3000, [item("1", 1, 1)], at(LATER)))
    found, _ = await pull(channel, LATER + timedelta(microseconds=900))
    assert made in {each.external_id for each in orders(channel, found)}, "Medusa shows milliseconds and keeps more"


async def test_an_order_that_cannot_be_read_takes_no_other_with_it(
    channel: MedusaChannel, double: MedusaDouble
) -> None:
    broken: Document = order(9, [item("91", 5, 1)])
    broken["items"][0]["unit_price"] = None
    double.shop.add(broken)
    found, _ = await pull(channel, None)
    assert len(found) == 3 and len({delivery.id for delivery in found}) == 3


async def test_the_same_order_is_the_same_delivery_until_something_moves(
    channel: MedusaChannel, double: MedusaDouble
) -> None:
    first, again = (await pull(channel, None))[0], (await pull(channel, None))[0]
    assert [d.id for d in first] == [d.id for d in again]
    double.shop.capture(ORDER, 0.01)
    moved = {d.id for d in (await pull(channel, None))[0]} - {d.id for d in first}
    assert len(moved) == 1


async def test_statuses_are_asked_for_by_name(channel: MedusaChannel, double: MedusaDouble) -> None:
    await channel.pull_orders(Cursor())
    assert {"payment_status", "fulfillment_status", "*payment_collections.payments.captures"} <= set(fields.ORDER)
    (order_,) = [each for each in orders(channel, (await pull(channel, None))[0]) if each.external_id == ORDER]
    assert order_.words["payment_status"] == "captured"


async def test_a_mark_of_somebody_else_is_no_page(channel: MedusaChannel) -> None:
    with pytest.raises(Reject, match="no page of ours"):
        await channel.pull_orders(Cursor(token="eyJhIjoxfQ"))


async def test_products_carry_the_price_that_holds_for_everybody(channel: MedusaChannel) -> None:
    page = await channel.list_products("")
    first = page.products[0]
    assert (first.listing_id, first.sku, first.title, first.gtin) == (
        "variant_100", "SKU-100", "Linen shirt, M / Black", "4006381333931",
    )  # fmt: skip
    assert (first.price, first.currency, first.grams) == (1999, "EUR", 250) and page.next == "100"
    assert len((await channel.list_products(page.next)).products) == 20


async def test_a_parameter_that_medusa_does_not_know_would_be_seen(double: MedusaDouble) -> None:
    """The double refuses what the real one refuses, so a green suite means something."""
    from connectors.http import AioHttp
    from connectors.medusa.client import Client
    from tests.connectors.medusa.harness import HARNESS

    async with AioHttp(allow_private_hosts=True) as http:
        client = Client(HARNESS.account(double.url), http)
        with pytest.raises(Reject, match="Unrecognized fields: 'payment_status"):
            await client.get("/orders", dict, [("payment_status[]", "captured")])
