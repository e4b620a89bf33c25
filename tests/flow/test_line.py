"""One order on its way through every room, and the other sides as they hear of it."""

from __future__ import annotations

from hub.domain.lifecycle import Lifecycle, Work
from hub.domain.order import ParcelScan, ScanStatus
from hub.domain.outgoing import Kind
from tests.flow.desk import Desk, an_order, at


async def test_from_delivery_to_delivered(desk: Desk) -> None:
    order_id = await desk.ship(an_order())

    assert (await desk.order(order_id))["state"] is Lifecycle.IN_PROGRESS
    assert await desk.works_of(order_id) == [Work.DISPATCHED]
    assert await desk.stock() == (98, 0)
    (parcel,) = await desk.parcels(order_id)
    assert desk.book("paper_carrier", "carrier").kinds == [Kind.BUY_LABEL]
    assert desk.book("paper_shop", "shop").kinds == [Kind.PUSH_SHIPMENT]

    scan = ParcelScan(
        tracking_number=parcel["tracking_number"], external_id="s1", status=ScanStatus.DELIVERED, at=at(60)
    )
    await desk.tell(scan, account=desk.carrier)
    await desk.take_in()
    await desk.works()
    await desk.orders()

    order = await desk.order(order_id)
    assert order["state"] is Lifecycle.COMPLETED
    assert order["completed_at"] is not None
    (line,) = await desk.lines(order_id)
    counters = ("ordered", "cancelled", "reserved", "assigned", "picked", "packed", "shipped", "delivered")
    assert [line[name] for name in counters] == [2, 0, 0, 2, 2, 2, 2, 2]
    assert await desk.events(order_id) == ["received", "accepted", "routed", "completed"]
    assert await desk.ledger(order_id) == {"cash": 2500, "sales": -2500}
    await desk.sound()
