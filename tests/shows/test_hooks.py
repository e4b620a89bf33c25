"""Outgoing hooks through the whole hub: another system hears what happens to the orders of every channel, once each."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from connectors.demo_store.server.returning import ask_back, move_back
from hub.actions.cancel_order import Cancel, cancel_order
from hub.actions.import_stock import StockLine, import_stock
from hub.actions.own_accounts import named_account
from hub.actions.place_order import Placing, place_order
from hub.actions.pull_orders import pull_orders
from hub.actions.reassert_stock import reassert_stock
from hub.actions.refresh_tracking import refresh_tracking
from hub.actions.verify_store import verify_store
from hub.contract import Delivery
from hub.flow.directory import Directory
from hub.flow.intake import Intaker
from tests.connectors.hooks.server import PATH, SECRET, HooksDouble, serve
from tests.support.world import World


@pytest.fixture
async def receiver() -> AsyncIterator[HooksDouble]:
    async with serve() as double:
        yield double


@pytest.fixture
async def hub(world: World, receiver: HooksDouble) -> World:
    """A store that takes shipments, an own site that takes none, and an ERP that hears of both."""
    await world.account("hooks", "ERP", {"base_url": receiver.url + PATH, "secret": SECRET})
    await world.account("own_site", "nordlicht.example", {})
    await world.store()
    await world.carrier()
    await world.stock()
    return world


async def place(world: World, name: str) -> None:
    """An order of the own site's, paid."""
    sku = await world.value("SELECT sku FROM products ORDER BY sku LIMIT 1")
    address = {"name": "Mara", "line1": "Str 1", "city": "Berlin", "postcode": "10997", "country": "DE"}
    line = {"id": "a", "sku": sku, "quantity": 1, "unit_price": "10.00"}
    body = {"id": name, "currency": "EUR", "lines": [line], "paid": True, "ship_to": address}
    own = await named_account(world.services, 1, "nordlicht.example")
    await place_order(world.services, world.inbox, own, Placing(body=json.dumps(body).encode(), patience=0))


async def test_every_order_is_told_whatever_its_channel(hub: World, receiver: HooksDouble) -> None:
    (theirs,) = await hub.order("nordlicht")
    await place(hub, "web-1")
    await hub.drain()
    told = {event["data"]["order_id"]: event for event in receiver.events.values()}
    assert set(told) == {theirs, "web-1"}
    assert {event["type"] for event in told.values()} == {"shipment.created"}
    web = told["web-1"]["data"]
    assert (web["channel"], web["order_number"], web["carrier"]) == ("nordlicht.example", "web-1", "Demo Carrier")
    assert web["lines"] == [{"line_id": "a", "quantity": 1}]
    assert told[theirs]["data"]["channel"] == "nordlicht"
    kinds = await hub.rows("SELECT a.name, x.kind FROM outbox x JOIN accounts a ON a.id = x.account_id ORDER BY 1, 2")
    shipments = [row["name"] for row in kinds if row["kind"] == "push_shipment"]
    assert shipments == ["ERP", "ERP", "nordlicht"]
    assert not (await verify_store(hub.database)).violations


async def test_what_the_carrier_says_is_told(hub: World, receiver: HooksDouble) -> None:
    await place(hub, "web-2")
    await hub.drain()

    async def arrived() -> bool:
        await refresh_tracking(hub.services, hub.inbox, hub.ids["carrier"], quiet_hours=-1)
        await hub.drain()
        return await hub.value("SELECT custody FROM parcels") == "delivered"

    await hub.until(arrived)
    told = [(event["type"], event["data"].get("status")) for event in receiver.events.values()]
    assert told == [
        ("shipment.created", None), ("order.status_changed", "out_for_delivery"), ("order.status_changed", "delivered"),
    ]  # fmt: skip
    last = list(receiver.events.values())[-1]["data"]
    assert (last["channel"], last["order_id"], last["order_number"]) == ("nordlicht.example", "web-2", "web-2")
    assert last["tracking_number"] == await hub.value("SELECT tracking_number FROM parcels")


async def test_a_cancellation_is_told_to_those_who_listen(hub: World, receiver: HooksDouble) -> None:
    await place(hub, "web-3")
    await Intaker(hub.database, Directory(hub.database, hub.accounts), hub.ports).work()
    order = await hub.value("SELECT id FROM orders WHERE external_id = 'web-3'")
    await cancel_order(hub.services, Cancel(merchant_id=1, order_id=order, actor="test", reason="changed their mind"))
    await hub.drain()
    (event,) = receiver.events.values()
    assert (event["type"], event["data"]["reason"]) == ("order.cancelled", "changed their mind")
    assert (event["data"]["order_id"], event["data"]["order_number"]) == ("web-3", "web-3")


async def test_money_that_a_channel_gave_back_is_told(hub: World, receiver: HooksDouble) -> None:
    (order,) = await hub.order("nordlicht")
    await hub.drain()
    store = await hub.accounts.open(hub.ids["nordlicht"])
    refund = {
        "id": "re-1", "order_id": order, "created_at": "2026-11-23T10:00:00Z", "amount": "1.50", "currency": "EUR",
        "reason": "broken",
    }  # fmt: skip
    for mark in ("r1", "r2"):
        delivery = Delivery(mark, "refund.created", json.dumps(refund).encode())
        await hub.inbox.keep(store.account, delivery)
    await hub.drain()
    refunds = [event["data"] for event in receiver.events.values() if event["type"] == "order.refunded"]
    assert len(refunds) == 1
    assert (refunds[0]["order_id"], refunds[0]["amount"], refunds[0]["currency"]) == (order, 150, "EUR")


async def test_a_return_is_told_from_the_wish_to_its_end(hub: World, receiver: HooksDouble) -> None:
    (order,) = await hub.order("nordlicht")
    await hub.drain()
    assert hub.stores is not None
    books = hub.stores.books["nordlicht"]
    line = books.orders[order]["items"][0]
    asked = ask_back(books, order, {line["id"]: 1}, "zu klein")
    for status in ("requested", "approved", "received"):
        if status != "requested":
            move_back(books, asked["id"], status)
        for _ in range(2):
            await pull_orders(hub.services, hub.inbox, hub.ids["nordlicht"])
            await hub.drain()
    told = [event for event in receiver.events.values() if event["type"] == "return.status_changed"]
    assert [event["data"]["status"] for event in told] == ["requested", "approved", "received"]
    data = told[-1]["data"]
    assert (data["order_id"], data["number"], data["reason"]) == (order, asked["number"], "zu klein")
    units = {"line_id": line["id"], "quantity": 1, "received": 1, "reason": "zu klein"}
    assert [{name: each[name] for name in units} for each in data["lines"]] == [units] and data["lines"][0]["sku"]
    assert len({event["data"]["reference"] for event in told}) == 1 and data["channel"] == "nordlicht"
    assert not (await verify_store(hub.database)).violations


async def test_an_outage_of_the_receiver_loses_and_repeats_nothing(hub: World, receiver: HooksDouble) -> None:
    receiver.fail(503, times=3)
    receiver.drop_replies(2)
    for number in range(5):
        await place(hub, f"web-{10 + number}")
    for _ in range(6):
        await hub.drain()
        hub.clock.advance(timedelta(hours=1))
    orders = [event["data"]["order_id"] for event in receiver.events.values()]
    assert sorted(orders) == [f"web-{10 + number}" for number in range(5)]
    assert await hub.value("SELECT count(*) FROM outbox WHERE kind = 'push_shipment' AND state <> 9") == 0


async def test_stock_is_told_for_what_is_listed(hub: World, receiver: HooksDouble) -> None:
    sku = await hub.value("SELECT sku FROM products ORDER BY sku LIMIT 1")
    await import_stock(hub.services, 1, [StockLine(sku=sku, account="ERP", listing=sku)])
    await reassert_stock(hub.services, hub.ids["ERP"])
    await hub.drain()
    levels = [event["data"] for event in receiver.events.values() if event["type"] == "stock.changed"]
    assert levels
    assert {level["sku"] for level in levels} == {sku}
    assert levels[-1]["available"] == 2000
