"""Intake: each delivery once, old news recorded and changing nothing, news ahead of its order waiting for it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace

from hub.domain.lifecycle import Inbox, Lifecycle
from hub.domain.order import (
    AccountClosed,
    Cancellation,
    ForeignShipment,
    ParcelScan,
    RefundNotice,
    ScanStatus,
    ShipmentNotice,
)
from tests.flow.desk import Desk, an_order, at, mug


def refund(order_id: str, number: int = 1, amount: int = 500) -> RefundNotice:
    return RefundNotice(order_id=order_id, external_id=f"R{number}", at=at(50), amount=amount, currency="EUR")


async def test_the_same_delivery_is_taken_in_once(desk: Desk) -> None:
    order = an_order()
    await desk.tell(order, ids=["same"])
    await desk.take_in()
    await desk.tell(order, ids=["same"])
    await desk.take_in()

    assert await desk.world.value("SELECT count(*) FROM inbox") == 1
    assert await desk.events(await desk.order_id(order.external_id)) == ["received"]


async def test_the_same_content_in_another_delivery_changes_nothing(desk: Desk) -> None:
    order = an_order()
    await desk.tell(order)
    await desk.take_in()
    before = await desk.order(await desk.order_id(order.external_id))
    await desk.tell(order, order)
    await desk.take_in()

    assert await desk.order(before["id"]) == before


async def test_old_news_is_recorded_and_changes_nothing(desk: Desk) -> None:
    old = an_order()
    new = replace(old, revised_at=at(5), number="new", lines=(mug(quantity=1),), total=1250)
    await desk.tell(new)
    await desk.take_in()
    order_id = await desk.order_id(old.external_id)
    lines = await desk.lines(order_id)
    await desk.tell(old)
    await desk.take_in()

    order = await desk.order(order_id)
    assert (order["number"], order["total"], order["revised_at"]) == ("new", 1250, at(5))
    assert await desk.lines(order_id) == lines
    assert await desk.events(order_id) == ["received", "stale_revision"]


async def test_a_newer_revision_is_reviewed_again(desk: Desk) -> None:
    order = an_order(ship_to=None)
    order_id = await desk.take(order)
    assert set(await desk.holds(order_id)) == {"address"}

    await desk.take(replace(order, revised_at=at(5), ship_to=an_order().ship_to))

    assert await desk.holds(order_id) == {}
    assert (await desk.order(order_id))["state"] is Lifecycle.IN_PROGRESS
    assert "hold_healed" in await desk.events(order_id)


async def test_a_refund_ahead_of_its_order_waits_for_it(desk: Desk) -> None:
    order = an_order()
    await desk.tell(refund(order.external_id), ids=["early"])
    await desk.take_in()
    assert (await desk.delivery("early"))["state"] is Inbox.WAITING

    await desk.tell(order)
    await desk.take_in()

    order_id = await desk.order_id(order.external_id)
    assert (await desk.delivery("early"))["state"] is Inbox.DONE
    assert await desk.ledger(order_id) == {"cash": 2000, "refunds": 500, "sales": -2500}
    (payment,) = await desk.world.rows("SELECT captured, refunded FROM payments WHERE order_id = $1", order_id)
    assert tuple(payment) == (2500, 500)


async def test_a_refund_told_twice_is_one(desk: Desk) -> None:
    order = an_order()
    await desk.tell(order, refund(order.external_id), refund(order.external_id), refund(order.external_id, 2))
    await desk.take_in()

    order_id = await desk.order_id(order.external_id)
    assert await desk.world.value("SELECT count(*) FROM refunds") == 2
    assert (await desk.ledger(order_id))["refunds"] == 1000
    assert (await desk.events(order_id)).count("refunded") == 2


async def test_refunds_whose_long_keys_begin_alike_are_each_booked(desk: Desk) -> None:
    order = an_order()
    long = [
        replace(refund(order.external_id, amount=n), external_id="gid://refund/" + "7" * n) for n in (100, 180, 181)
    ]
    await desk.tell(order, *long)
    await desk.take_in()
    await desk.tell(*long)
    await desk.take_in()

    order_id = await desk.order_id(order.external_id)
    assert await desk.world.value("SELECT count(*) FROM refunds") == 3
    assert (await desk.ledger(order_id))["refunds"] == 461
    await desk.sound()


async def test_a_long_key_that_was_only_cut_is_known_again(desk: Desk) -> None:
    order = an_order()
    told = replace(refund(order.external_id), external_id="gid://refund/" + "7" * 180)
    await desk.tell(order, told)
    await desk.take_in()
    cut = f"channel:{told.external_id}"[:128]
    await desk.world.database.plain.execute("UPDATE refunds SET idempotency_key = $1", cut)

    await desk.tell(told)
    await desk.take_in()

    assert await desk.world.value("SELECT count(*) FROM refunds") == 1


async def test_what_routing_found_short_is_forgotten_when_review_looks_again(desk: Desk) -> None:
    await desk.count(MUG=0)
    order = an_order()
    order_id = await desk.take(order)
    assert set(await desk.holds(order_id)) == {"stock"}

    await desk.take(replace(order, revised_at=at(5), ship_to=None))

    assert set(await desk.holds(order_id)) == {"address"}


async def test_more_given_back_than_was_paid_is_booked_as_it_was(desk: Desk) -> None:
    """The channel's word is what happened; the payment's own counter stays within what was captured."""
    order = an_order()
    await desk.tell(order, refund(order.external_id, amount=9999))
    await desk.take_in()

    order_id = await desk.order_id(order.external_id)
    assert (await desk.ledger(order_id))["refunds"] == 9999
    assert await desk.world.value("SELECT refunded FROM payments WHERE order_id = $1", order_id) == 2500


async def test_somebody_else_shipped(desk: Desk) -> None:
    shipped = ForeignShipment(external_id="s", lines={"L1": 1}, tracking_number="THEIRS")
    order = an_order(shipments=(shipped,))
    order_id = await desk.take(order)

    (line,) = await desk.lines(order_id)
    assert (line["shipped"], line["delivered"], line["assigned"], line["reserved"]) == (1, 1, 2, 1)
    assert await desk.stock() == (100, 1), "only what is left is promised"


async def test_the_echo_of_our_own_shipment_is_no_news(desk: Desk) -> None:
    order = an_order()
    order_id = await desk.ship(order)
    (parcel,) = await desk.parcels(order_id)
    before = await desk.events(order_id)
    ours = ForeignShipment(external_id="s", lines={"L1": 2}, tracking_number=parcel["tracking_number"])

    await desk.take(
        replace(order, revised_at=at(9), shipments=(ours,)),
        ShipmentNotice(order_id=order.external_id, shipment=ours, at=at(9)),
    )

    assert await desk.holds(order_id) == {}
    assert await desk.events(order_id) == [*before, "revised"]
    (line,) = await desk.lines(order_id)
    assert (line["shipped"], line["delivered"]) == (2, 0)


async def test_a_scan_ahead_of_its_parcel_waits_for_it(desk: Desk) -> None:
    order = an_order()
    order_id = await desk.take(order)
    for _ in range(2):
        await desk.works()
        await desk.world.database.plain.execute("UPDATE fulfillment_orders SET automatic = false")
        await desk.send()
    tracking = desk.book("paper_carrier", "carrier").done[0][1].reference  # type: ignore[attr-defined]
    early = ParcelScan(tracking_number=f"TN-{tracking}", external_id="1", status=ScanStatus.PRE_TRANSIT, at=at(1))
    nobodys = replace(early, tracking_number="TN-NOBODY")
    await desk.tell(nobodys, account=desk.carrier, ids=["nobodys"])
    await desk.take_in()

    assert (await desk.delivery("nobodys"))["state"] is Inbox.PENDING, "tried again later"
    for _ in range(7):
        desk.world.clock.advance(timedelta(days=1))
        await desk.take_in()
    told = await desk.delivery("nobodys")
    assert told["state"] is Inbox.SET_ASIDE
    assert "TN-NOBODY" in told["error"]
    assert await desk.parcels(order_id)


async def test_an_account_that_was_removed_at_the_channel_stops(desk: Desk) -> None:
    await desk.tell(AccountClosed(at=at(1)))
    await desk.take_in()

    (row,) = await desk.world.rows("SELECT state, health FROM accounts WHERE id = $1", desk.shop)
    assert row["state"] == "closed"
    assert "connect it again" in row["health"]


async def test_units_cancelled_at_the_channel_are_recorded(desk: Desk) -> None:
    order = an_order()
    order_id = await desk.take(order, Cancellation(order_id=order.external_id, at=at(1), lines={"L1": 1}))

    assert "units_cancelled_at_channel" in await desk.events(order_id)


async def test_orders_of_two_accounts_may_share_an_id(desk: Desk) -> None:
    other = await desk.world.account("paper_shop", "other", {})
    order = an_order()
    await desk.tell(order)
    await desk.tell(replace(order, total=1), account=other)
    await desk.take_in()

    rows = await desk.world.rows("SELECT account_id, total FROM orders ORDER BY total")
    assert [tuple(row) for row in rows] == [(other, 1), (desk.shop, 2500)]


@pytest.mark.parametrize(
    ("status", "tracking_number", "event"),
    [
        ("shipped", "THEIRS", "shipped_elsewhere"),
        ("pending", "THEIRS", None),
        ("cancelled", "THEIRS", "shipment_undone"),
        ("shipped", "OURS", None),
        ("cancelled", "OURS", "shipment_undone"),
    ],
)
async def test_a_shipment_counts_once_it_left_and_is_told_when_it_is_taken_back(
    desk: Desk, status: str, tracking_number: str, event: str | None
) -> None:
    order = an_order()
    order_id = await desk.ship(order)
    (parcel,) = await desk.parcels(order_id)
    number = parcel["tracking_number"] if tracking_number == "OURS" else tracking_number
    shipment = ForeignShipment(external_id="S1", lines={"L1": 1}, carrier="DHL", tracking_number=number)
    before = await desk.events(order_id)

    await desk.tell(ShipmentNotice(order_id=order.external_id, shipment=shipment, at=at(9), status=status))
    await desk.take_in()

    assert await desk.events(order_id) == [*before, *([event] if event else [])]
    await desk.sound()
