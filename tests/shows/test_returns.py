"""A return from the buyer's wish at a store to the order's page: by the poll while nobody listens, then by webhook."""

from __future__ import annotations

from connectors.demo_store import DemoStoreChannel
from connectors.demo_store.server.returning import ask_back, move_back
from hub.actions.pull_orders import pull_orders
from hub.actions.show_order import show_order
from hub.actions.verify_store import verify_store
from tests.support.world import MERCHANT, World


async def test_a_return_is_followed_to_its_end(world: World) -> None:
    account_id = await world.store("nordlicht")
    await world.carrier()
    await world.stock()
    assert world.stores is not None
    books = world.stores.books["nordlicht"]
    (placed,) = world.stores.seed_orders(1, store="nordlicht")
    await pull_orders(world.services, world.inbox, account_id)
    await world.drain()
    order_id = await world.value("SELECT id FROM orders WHERE external_id = $1", placed)
    on_hand = await world.value("SELECT sum(on_hand)::int FROM stock")
    line = books.orders[placed]["items"][0]
    assert line["shipped"], "the store knows that it left"

    asked = ask_back(books, placed, {line["id"]: 1}, "zu klein")
    move_back(books, asked["id"], "approved")
    await pull_orders(world.services, world.inbox, account_id)
    await world.drain()

    shown = await show_order(world.database, MERCHANT, order_id)
    (back,) = shown.returns
    assert (back.number, back.state, back.reason) == (asked["number"], "approved", "zu klein")
    assert [(unit.title, unit.quantity, unit.received) for unit in back.lines] == [(line["title"], 1, 0)]
    assert (shown.phase, shown.lines[0].return_requested) == ("shipped", 1)

    channel = await world.accounts.open(account_id)
    assert isinstance(channel, DemoStoreChannel)
    assert (await channel.repair_webhooks(await world.door("nordlicht"))).healthy
    move_back(books, asked["id"], "in_transit", ("DHL", "JJD000390007882"))
    move_back(books, asked["id"], "received")
    await world.stores.settle()
    await world.drain()

    shown = await show_order(world.database, MERCHANT, order_id)
    (back,) = shown.returns
    assert (back.state, back.tracking_number, back.word) == ("received", "JJD000390007882", "eingegangen")
    assert (shown.lines[0].return_requested, shown.lines[0].received_back) == (0, 1)
    assert [event.kind for event in shown.events if event.kind.startswith("return")] == [
        "return_approved", "return_in_transit", "return_received",
    ]  # fmt: skip
    assert await world.value("SELECT sum(on_hand)::int FROM stock") == on_hand, "nobody has looked at it yet"
    found = await verify_store(world.database)
    assert not found.violations, found.violations
