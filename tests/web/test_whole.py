"""A real order from the webhook to the console, the label, the API and the customer's page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from hub.web.services import Services
from tests.support.database import empty
from tests.support.world import World
from tests.web.conftest import Client, settings

Serve = Callable[[Services], Awaitable[Client]]


async def doors(world: World, serve: Serve) -> Client:
    """The doors of the world, its console open."""
    parts = {name: getattr(world.services, name) for name in type(world.services).__dataclass_fields__}
    given = {**parts, "settings": settings(demo=True)}
    return await serve(Services(**given, inbox=world.inbox, demo_merchant=world.merchant_id))


async def read(client: Client, path: str) -> str:
    async with client.get(path) as reply:
        assert reply.status == 200, await reply.text()
        return await reply.text()


async def test_an_order_is_seen_everywhere_as_what_it_is(world: World, serve: Serve) -> None:
    await empty(world.database)
    await world.carrier()
    await world.stock()
    await world.order()
    await world.drain()
    client = await doors(world, serve)
    row = (await world.rows("SELECT o.id, o.number, o.tracking_token, p.id AS parcel FROM orders o, parcels p"))[0]
    listed = await read(client, "/console/orders")
    assert row["number"] in listed
    assert "Shipped <b>1</b>" in listed
    page = await read(client, f"/console/orders/{row['id']}")
    for words in ("Shipped", "has everything", "Order received", "Routed to", "picked", "packed", "Label bought",
                  "handed to the carrier", "Shipment to channel", f"/console/labels/{row['parcel']}.pdf"):  # fmt: skip
        assert words in page, words
    tracking = await read(client, f"/track/{row['tracking_token']}")
    assert "Your order is on its way" in tracking
    async with client.get(f"/console/labels/{row['parcel']}.pdf") as reply:
        assert (reply.status, reply.content_type) == (200, "application/pdf")
        assert (await reply.read()).startswith(b"%PDF-")
    async with client.get("/metrics") as reply:
        assert 'crossdock_orders{state="in_progress"} 1.0' in await reply.text()


async def test_a_parcel_without_a_label_has_nothing_to_print(world: World, serve: Serve) -> None:
    await empty(world.database)
    await world.carrier()
    await world.stock()
    await world.order()
    await world.drain()
    await world.database.plain.execute("UPDATE parcels SET label = 'failed'")
    client = await doors(world, serve)
    async with client.get(f"/console/labels/{await world.value('SELECT id FROM parcels')}.pdf") as reply:
        assert reply.status == 409
        assert "no label to print" in await reply.text()


async def test_a_carrier_that_fails_is_told_as_such(world: World, serve: Serve) -> None:
    await empty(world.database)
    await world.carrier()
    await world.stock()
    await world.order()
    await world.drain()
    await world.database.plain.execute("UPDATE parcels SET label_id = 'nobody-has-this', label_url = ''")
    client = await doors(world, serve)
    async with client.get(f"/console/labels/{await world.value('SELECT id FROM parcels')}.pdf") as reply:
        assert reply.status in {404, 502, 503}
        assert "text/html" in reply.headers["Content-Type"]
