"""eBay and the whole hub: orders pulled, shipped and told once; samples replayed; a person who leaves is forgotten."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp

from hub.actions.import_products import import_products
from hub.actions.import_stock import StockLine, import_stock
from hub.actions.pull_orders import pull_orders
from hub.actions.verify_store import verify_store
from hub.domain.lifecycle import Lifecycle
from hub.domain.outgoing import Kind
from tests.connectors.ebay.harness import HARNESS, ORDER, OTHER
from tests.connectors.ebay.server import EbayDouble
from tests.connectors.ebay.test_pulling import SINCE
from tests.support.world import World

EBAY = "my eBay"


async def selling(world: World, double: EbayDouble) -> int:
    """The account with its products known, stock to sell, and a carrier."""
    given = HARNESS.account(double.url)
    account_id = await world.account("ebay", EBAY, {**given.secrets, **given.settings})
    await world.carrier()
    await world.stock(skus=["nothing"])
    for sku in ("SKU-1", "SKU-2"):
        double.state.add_item(sku, 10)
    await import_products(world.services, account_id)
    stock = [StockLine(sku=sku, location="berlin", on_hand=10, grams=300) for sku in ("SKU-1", "SKU-2")]
    await import_stock(world.services, world.merchant_id, stock)
    return account_id


async def poll(world: World, account_id: int) -> None:
    """What the scheduler does every five minutes, and all that comes of it."""
    world.clock.advance(timedelta(minutes=5))
    await pull_orders(world.services, world.inbox, account_id, SINCE.at)
    await world.drain()


async def open_holds(world: World) -> list[tuple[str, Mapping[str, Any]]]:
    rows = await world.rows("SELECT reason, detail FROM holds WHERE state = 'open'")
    return [(row["reason"], json.loads(row["detail"])) for row in rows]


async def post(url: str, headers: dict[str, str], body: bytes) -> int:
    async with aiohttp.ClientSession(headers=headers) as session, session.post(url, data=io.BytesIO(body)) as answer:
        return answer.status


async def test_orders_are_shipped_told_once_and_their_echo_is_no_news(world: World, double: EbayDouble) -> None:
    account_id = await selling(world, double)
    await poll(world, account_id)
    assert await open_holds(world) == []
    tracking = await world.rows("SELECT tracking_number FROM parcels WHERE custody = 'handed_over'")
    told = [parcel["shipmentTrackingNumber"] for name in (ORDER, OTHER) for parcel in double.state.parcels[name]]
    assert sorted(told) == sorted(row["tracking_number"] for row in tracking) and len(told) == 2
    for _ in range(2):
        await poll(world, account_id)
    assert await open_holds(world) == [], "the parcels that eBay tells of are ours"
    assert [double.state.orders[name]["orderFulfillmentStatus"] for name in (ORDER, OTHER)] == ["FULFILLED"] * 2
    assert [kind for kind, _ in double.effects()].count(Kind.PUSH_SHIPMENT) == 2
    assert (await verify_store(world.database)).violations == ()


async def test_what_was_shipped_or_cancelled_at_ebay_is_not_shipped_again(world: World, double: EbayDouble) -> None:
    whole = {"lineItems": [{"lineItemId": "1009000201", "quantity": 2}], "shippedDate": "2024-10-01T00:00:00.000Z"}
    double.state.ship(OTHER, whole | {"trackingNumber": "X1", "shippingCarrierCode": "DHL"}, "theirs")
    double.state.ask_cancellation(ORDER)
    double.state.close_cancellation(double.state.cancellations[0])
    account_id = await selling(world, double)
    await poll(world, account_id)
    assert await world.value("SELECT count(*) FROM parcels") == 0
    states = {row["external_id"]: row["state"] for row in await world.rows("SELECT external_id, state FROM orders")}
    assert states == {OTHER: int(Lifecycle.COMPLETED), ORDER: int(Lifecycle.CANCELLED)}


async def test_a_person_who_leaves_ebay_is_forgotten(world: World, double: EbayDouble) -> None:
    account_id = await selling(world, double)
    await poll(world, account_id)
    await world.database.plain.execute("UPDATE orders SET state = $1", int(Lifecycle.COMPLETED))
    url = await world.door(EBAY)
    headers, body = double.notification("MARKETPLACE_ACCOUNT_DELETION", {"username": "buyer-90001", "userId": "x7"})
    assert await post(url, {**headers, "X-EBAY-SIGNATURE": headers["x-ebay-signature"][::-1]}, body) == 401
    assert [await post(url, headers, body) for _ in range(2)] == [200, 200]
    await world.drain()
    rows = await world.rows("SELECT external_id, buyer, ship_to, email FROM orders ORDER BY external_id")
    assert [row["external_id"] for row in rows] == [ORDER, OTHER]
    assert (json.loads(rows[0]["buyer"]), rows[0]["ship_to"], rows[0]["email"]) == ({}, None, "")
    assert json.loads(rows[1]["buyer"])["external_id"] == "buyer-90002" and rows[1]["ship_to"] is not None
    kept = await world.rows("SELECT about, body FROM inbox WHERE about = ANY($1::text[])", [ORDER, OTHER])
    assert {row["about"]: bool(row["body"]) for row in kept} == {ORDER: False, OTHER: True}


async def test_every_sample_is_one_order_or_says_what_it_waits_for(
    world: World, double: EbayDouble, shared: Path
) -> None:
    account_id = await selling(world, double)
    url, channel = await world.door(EBAY), await world.accounts.open(account_id)
    files = sorted((shared / "samples" / "ebay").glob("*.json"))
    for file in [*files, *reversed(files)]:
        topic, body = channel.unwrap(file.read_bytes(), "")  # type: ignore[attr-defined]
        assert await post(url, dict(channel.sign(topic, body)), body) == 200  # type: ignore[attr-defined]
    await world.drain()
    rows = await world.rows("SELECT external_id, total, currency, state FROM orders")
    told = {row["external_id"]: (row["total"], row["currency"]) for row in rows}
    assert told == {
        "1********5": (11626, "EUR"),
        "11-00001-00001": (11626, "EUR"),
        "11-00001-00002": (11626, "EUR"),
        "07-07160-44920343": (890, "EUR"),
        "2*********9": (1200, "USD"),
        "2********": (420, "USD"),
        "0********": (420, "USD"),
    }
    assert await world.value("SELECT count(*) FROM inbox WHERE state NOT IN (9, 10)") == 0
    waiting = {reason for reason, _ in await open_holds(world)}
    assert waiting <= {"mapping", "address", "customer", "duplicate"} and "mapping" in waiting
    assert not [detail for _, detail in await open_holds(world) if detail.get("what") in ("sums", "words")]
    assert (await verify_store(world.database)).violations == ()
