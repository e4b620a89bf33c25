"""Polling sees what `updatedAt` does not tell: states, payments, fulfillments and refunds of orders placed long ago."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from connectors.http import AioHttp
from connectors.vendure import Vendure, VendureChannel, reading
from hub.contract import Cursor, Delivery
from hub.domain.order import ChannelOrder
from hub.errors import BadPayload
from tests.connectors.vendure.harness import HARNESS, ORDER, SENT
from tests.connectors.vendure.server import VendureDouble
from tests.connectors.vendure.state import Node

DAY = 86_400.0


async def pull(channel: VendureChannel, cursor: Cursor) -> tuple[list[Delivery], Cursor]:
    """Every page from a cursor on."""
    found: list[Delivery] = []
    while True:
        page = await channel.pull_orders(cursor)
        found += page.deliveries
        cursor = page.cursor
        if not page.more:
            return found, cursor


def orders(channel: VendureChannel, deliveries: list[Delivery]) -> dict[str, ChannelOrder]:
    """What they say, by order."""
    read = [news for delivery in deliveries for news in channel.read(delivery)]
    return {news.external_id: news for news in read if isinstance(news, ChannelOrder)}


def behind(cursor: Cursor) -> Cursor:
    """Where the hub begins its next pull."""
    assert cursor.at is not None
    return Cursor(at=cursor.at - Vendure.about.overlap)


def ship(double: VendureDouble, order: Node) -> Node:
    """Somebody in Vendure's own admin ships all of an order."""
    handler = {"code": "manual-fulfillment", "arguments": [{"name": "trackingCode", "value": "THEIRS"}]}
    lines = [{"orderLineId": line["id"], "quantity": line["quantity"]} for line in order["lines"]]
    made = double.shop.add_fulfillment({"lines": lines, "handler": handler})
    double.shop.move_fulfillment(made["id"], "Shipped")
    return made


def pay_back(double: VendureDouble, order: Node) -> None:
    """Somebody gives money back there."""
    payment = order["payments"][0]["id"]
    double.shop.refund({"paymentId": payment, "amount": 100, "shipping": 0, "adjustment": 0, "reason": "late"})


CHANGES: dict[str, Callable[[VendureDouble, Node], Any]] = {
    "settled": lambda double, order: double.shop.settle(order),
    "edited": lambda double, order: double.shop.move(order, "Modifying"),
    "shipped": ship,
    "cancelled": lambda double, order: double.shop.cancel({"orderId": order["id"]}),
    "units cancelled": lambda double, order: double.shop.cancel(
        {"orderId": order["id"], "lines": [{"orderLineId": order["lines"][0]["id"], "quantity": 1}]}
    ),
    "paid back": pay_back,
}


@pytest.mark.parametrize("change", CHANGES)
async def test_a_change_of_an_old_order_comes_with_the_next_poll(
    channel: VendureChannel, double: VendureDouble, change: str
) -> None:
    shop = double.shop
    old = shop.place([("1", 2)], state="PaymentAuthorized" if change == "settled" else "PaymentSettled")
    shop.pass_time(40 * DAY)
    shop.place([("2", 1)])
    first, cursor = await pull(channel, Cursor())
    assert orders(channel, first).keys() >= {ORDER, SENT, old["id"]}
    before = orders(channel, first)[old["id"]]
    shop.pass_time(DAY)
    shop.place([("3", 1)])
    _, cursor = await pull(channel, behind(cursor))
    shop.pass_time(1)
    CHANGES[change](double, old)
    changed, _ = await pull(channel, behind(cursor))
    after = orders(channel, changed)[old["id"]]
    assert after.revised_at > before.revised_at and ORDER not in orders(channel, changed)
    if change not in {"paid back"}:
        assert after != before
    again, _ = await pull(channel, behind(cursor))
    assert [delivery.id for delivery in again] == [delivery.id for delivery in changed]


async def test_two_changes_within_a_second_are_told_apart(channel: VendureChannel, double: VendureDouble) -> None:
    """The database keeps whole seconds: the longer history is the later telling."""
    order = double.shop.orders[ORDER]
    tellings = []
    for state in ("Modifying", "ArrangingAdditionalPayment", "PaymentSettled"):
        double.shop.move(order, state)
        deliveries, _ = await pull(channel, Cursor())
        tellings.append(orders(channel, deliveries)[ORDER])
    assert tellings[0].revised_at < tellings[1].revised_at < tellings[2].revised_at


async def test_what_happens_to_closed_orders_comes_within_the_hour(double: VendureDouble, http: AioHttp) -> None:
    connector = Vendure()
    channel = connector.open(HARNESS.account(double.url), http)
    shop = double.shop
    order = shop.orders[SENT]
    shop.move_fulfillment(order["fulfillments"][0]["id"], "Delivered")
    _, cursor = await pull(channel, Cursor())
    shop.pass_time(30 * DAY)
    shop.place([("1", 1)])
    _, cursor = await pull(channel, behind(cursor))
    shop.pass_time(600)
    pay_back(double, order)
    quick, cursor = await pull(channel, behind(cursor))
    assert SENT not in orders(channel, quick), "closed orders were looked at a moment ago"
    connector._kept[61][1].done(asyncio.get_running_loop().time() - reading.SWEEP_EVERY)
    late, _ = await pull(channel, behind(cursor))
    assert SENT in orders(channel, late)
    restarted = Vendure().open(HARNESS.account(double.url), http)
    late, _ = await pull(restarted, behind(cursor))
    assert SENT in orders(restarted, late), "a hub that was restarted looks at once"


async def test_carts_drafts_and_sums_of_several_sellers_are_no_orders(
    channel: VendureChannel, double: VendureDouble
) -> None:
    double.shop.place([("1", 1)], state="")
    double.shop.place([("1", 1)], state="", active=False)
    aggregate = double.shop.place([("1", 1)], type="Aggregate")
    seller = double.shop.place([("1", 1)], type="Seller")
    found, _ = await pull(channel, Cursor())
    assert orders(channel, found).keys() == {ORDER, SENT, seller["id"]} and aggregate["id"] not in orders(
        channel, found
    )


async def test_an_order_that_leaves_the_list_meanwhile_hides_none(
    channel: VendureChannel, double: VendureDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "PAGE", 10)
    ids = set(double.seed_orders(35))
    double.shop.pass_time(DAY)
    double.shop.place([("1", 1)])
    _, cursor = await pull(channel, Cursor())
    assert cursor.at is not None
    double.shop.pass_time(1)
    for order_id in ids:
        double.shop.move(double.shop.orders[order_id], "Modifying")
    seen: set[str] = set()
    cursor = behind(cursor)
    while True:
        page = await channel.pull_orders(cursor)
        seen |= set(orders(channel, list(page.deliveries)))
        for order_id in sorted(seen & ids)[:4]:
            double.shop.orders[order_id]["state"] = "Delivered"
        cursor = page.cursor
        if not page.more:
            break
    assert seen >= ids


async def test_only_orders_that_changed_are_read_whole(channel: VendureChannel, double: VendureDouble) -> None:
    ids = double.seed_orders(60)
    double.shop.pass_time(DAY)
    newest = double.shop.place([("1", 1)])
    _, cursor = await pull(channel, Cursor())
    double.mischief.seen.clear()
    found, _ = await pull(channel, behind(cursor))
    assert orders(channel, found).keys() == {newest["id"]}
    asked = [json.loads(seen.body) for seen in double.seen]
    assert [body["operationName"] for body in asked] == ["Heads", "Orders"]
    assert asked[1]["variables"]["options"]["filter"] == {"id": {"in": [newest["id"]]}} and newest["id"] not in ids


async def test_an_order_that_cannot_be_read_holds_up_no_other(channel: VendureChannel, double: VendureDouble) -> None:
    double.shop.orders[ORDER]["currencyCode"] = "JPY"
    found, _ = await pull(channel, Cursor())
    assert len(found) == 2
    with pytest.raises(BadPayload, match=r"\$\.data\.order\.\S+: .* is finer than JPY can pay"):
        channel.read(next(delivery for delivery in found if delivery.id.startswith(f"order:{ORDER}:")))


async def test_a_token_that_is_none_of_ours_is_refused(channel: VendureChannel) -> None:
    with pytest.raises(BadPayload):
        await channel.pull_orders(Cursor(token="page-2"))


async def test_products_with_their_prices(channel: VendureChannel, double: VendureDouble) -> None:
    double.shop.variants["3"]["currencyCode"] = "JPY"
    for number in range(10, 220):
        double.shop.add_variant(str(number), f"SKU-{number}", 100)
    found, after = [], ""
    while True:
        page = await channel.list_products(after)
        found += page.products
        after = page.next
        if not after:
            break
    assert len({product.listing_id for product in found}) == len(found) == 213
    assert [(p.sku, p.price) for p in found[:3]] == [("POT-S", 2499), ("POT-L", 3950), ("CUP-1", 0)]
    double.with_tax = True
    assert (await channel.list_products("")).products[0].price == 2974


def test_the_overlap_is_longer_than_a_poll() -> None:
    assert Vendure.about.poll_every is not None and Vendure.about.overlap >= Vendure.about.poll_every
    assert timedelta(seconds=reading.SWEEP_EVERY) < reading.LOOK_BACK
