"""The world that other tests stand on holds what it promises."""

from __future__ import annotations

from tests.support.world import World


async def test_an_order_goes_from_the_door_to_the_carrier(world: World) -> None:
    await world.store("nordlicht")
    await world.carrier()
    await world.stock()
    placed = await world.order("nordlicht", 3)
    await world.drain()
    assert await world.value("SELECT count(*) FROM orders WHERE external_id = ANY($1::text[])", placed) == 3
    assert await world.value("SELECT count(*) FROM parcels WHERE custody = 'handed_over'") == 3
    assert await world.value("SELECT count(*) FROM outbox WHERE kind = 'push_shipment' AND state = 9") == 3


async def test_the_next_test_finds_nothing_of_it(world: World) -> None:
    assert await world.value("SELECT count(*) FROM orders") == 0


async def test_a_worker_does_the_same_in_the_background(world: World) -> None:
    await world.store("sakura")
    await world.carrier()
    await world.stock()
    async with world.worker():
        await world.order("sakura", 2)

        async def shipped() -> bool:
            return await world.value("SELECT count(*) FROM outbox WHERE kind = 'push_shipment' AND state = 9") == 2

        await world.until(shipped)
