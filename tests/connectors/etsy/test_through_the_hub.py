"""Etsy and the whole hub: receipts pulled, shipped, told once, and no news when Etsy echoes them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.replay import replay
from hub.actions.import_products import import_products
from hub.actions.import_stock import StockLine, import_stock
from hub.actions.pull_orders import pull_orders
from hub.actions.reassert_stock import reassert_stock
from hub.actions.verify_store import verify_store
from hub.domain.lifecycle import Lifecycle
from tests.connectors.etsy.harness import HARNESS, ORDER, RED
from tests.connectors.etsy.server import EtsyDouble
from tests.connectors.etsy.shop import money
from tests.support.world import World


async def connected(world: World, double: EtsyDouble, name: str = "cups") -> int:
    given = HARNESS.account(double.url)
    account_id = await world.account("etsy", name, {**given.secrets, **given.settings})
    await world.connected_at(account_id, datetime.fromtimestamp(double.shop.now, UTC))
    return account_id


async def open_holds(world: World) -> dict[str, Mapping[str, Any]]:
    """Reason → detail."""
    rows = await world.rows("SELECT reason, detail FROM holds WHERE state = 'open'")
    return {row["reason"]: json.loads(row["detail"]) for row in rows}


async def selling(world: World, double: EtsyDouble, on_hand: int = 10) -> int:
    """The account with its products known, stock to sell, and a carrier."""
    account_id = await connected(world, double)
    await world.carrier()
    await world.stock(skus=["TEAPOT"])
    await import_products(world.services, account_id)
    await import_stock(
        world.services, world.merchant_id, [StockLine(sku="CUP-RED", location="berlin", on_hand=on_hand)]
    )
    line = double.shop.receipts[ORDER]["transactions"][0]
    line |= {"sku": "", "product_data": [{"property_id": 200, "value_ids": [11], "values": ["Red"]}]}
    return account_id


async def poll(world: World, account_id: int) -> None:
    """What the scheduler does every five minutes, and all that comes of it."""
    world.clock.advance(timedelta(minutes=5))
    await pull_orders(world.services, world.inbox, account_id)
    await world.drain()


async def test_a_receipt_is_shipped_told_once_and_its_echo_changes_nothing(world: World, double: EtsyDouble) -> None:
    account_id = await selling(world, double)
    await poll(world, account_id)
    assert await open_holds(world) == {}
    tracking = await world.value("SELECT tracking_number FROM parcels WHERE custody = 'handed_over'")
    assert double.shop.emails == [(ORDER, tracking)]
    assert double.shop.receipts[ORDER]["status"] == "Completed"
    for _ in range(2):
        await poll(world, account_id)
    assert await open_holds(world) == {}, "the receipt that is shipped now is our own doing"
    assert double.shop.emails == [(ORDER, tracking)]
    lines = await world.rows("SELECT sku, listing_id, ordered, shipped, cancelled FROM order_lines")
    assert [tuple(row) for row in lines] == [("CUP-RED", RED, 1, 1, 0)], "known by its listing: Etsy told no SKU"
    assert await world.value("SELECT count(*) FROM orders") == 1
    assert (await verify_store(world.database)).violations == ()


async def test_what_was_marked_as_shipped_at_etsy_is_not_shipped_again(world: World, double: EtsyDouble) -> None:
    double.shop.change(ORDER, is_shipped=True, status="Completed")
    account_id = await selling(world, double)
    await poll(world, account_id)
    assert double.shop.emails == [] and await world.value("SELECT count(*) FROM parcels") == 0
    assert await world.value("SELECT state FROM orders") == int(Lifecycle.COMPLETED)


async def test_a_cancellation_and_a_refund_at_etsy_come_in(world: World, double: EtsyDouble) -> None:
    account_id = await connected(world, double)
    await poll(world, account_id)
    refund = {"amount": money(1200), "created_timestamp": double.shop.now, "reason": "", "status": "COMPLETED"}
    double.shop.change(ORDER, refunds=[refund], status="Fully refunded")
    await poll(world, account_id)
    assert set(await open_holds(world)) >= {"channel_pending"}
    double.shop.change(ORDER, status="Canceled", is_paid=False, grandtotal=money(0))
    for _ in range(2):
        await poll(world, account_id)
    assert await world.value("SELECT state FROM orders") == int(Lifecycle.CANCELLED)
    assert [tuple(row) for row in await world.rows("SELECT amount, state FROM refunds")] == [(1200, "succeeded")]
    assert (await verify_store(world.database)).violations == ()


async def test_the_stock_that_is_left_reaches_etsy(world: World, double: EtsyDouble) -> None:
    account_id = await selling(world, double, on_hand=10)
    await poll(world, account_id)
    await reassert_stock(world.services, account_id)
    await world.drain()
    assert double.shop.quantities(7001) == [9, 4], "one of ten is sold, and nobody counted the blue ones"
    assert double.shop.quantities(7002) == [999]


REVIEW: Mapping[str, set[str]] = {
    "receipt_0": {"mapping", "address"},
    "receipt_1": {"mapping", "address"},
    "derived_bundle_digital_zero": {"mapping", "address"},
    "derived_gift": {"mapping", "address"},
    "derived_partial_refund": {"mapping", "address"},
    "derived_canceled": set(),
}
"""Sample → the holds it opens: nobody knows its product yet, and "00000" is no postcode of the United States."""


async def test_each_sample_becomes_one_order_through_the_real_door(
    world: World, double: EtsyDouble, shared: Path
) -> None:
    for name, reasons in REVIEW.items():
        account_id = await connected(world, double, name)
        address, _, account = (await world.door(name)).rpartition("/webhooks/")
        file = shared / "samples" / "etsy" / f"{name}.json"
        for _ in range(2):
            (sent,) = (await replay(world.services, [file], account, ("", address))).replayed
            assert (sent.topic, sent.status) == ("receipt", 200)
        await world.drain()
        told = json.loads(file.read_bytes())
        (order,) = await world.rows(
            "SELECT id, external_id, total, currency FROM orders WHERE account_id = $1", account_id
        )
        assert (order["external_id"], order["total"]) == (str(told["receipt_id"]), told["grandtotal"]["amount"])
        holds = await world.rows("SELECT reason FROM holds WHERE state = 'open' AND order_id = $1", order["id"])
        # Most samples are the same receipt, which review notices over several shops.
        assert {hold["reason"] for hold in holds} - {"duplicate"} == reasons, name
        refunds = "SELECT count(*) FROM refunds WHERE order_id = $1"
        assert await world.value(refunds, order["id"]) == len(told["refunds"])
    assert await world.value("SELECT count(*) FROM inbox WHERE state <> 9") == 0
    assert (await verify_store(world.database)).violations == ()
