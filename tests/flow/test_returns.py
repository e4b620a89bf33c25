"""Returns that a channel tells of: one row for each, whatever the order of the news; nothing beyond what was shipped;
nothing put on a shelf."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from hub.actions.show_order import show_order
from hub.domain.lifecycle import Inbox
from hub.domain.order import ChannelOrder, ForeignShipment, News, ReturnedLine, ReturnNotice, ReturnStatus
from tests.flow.desk import Desk, an_order, at, mug
from tests.support.world import MERCHANT

CUP = mug(external_id="L2", sku="CUP", listing_id="V2", title="Cup", unit_price=700, quantity=3)


def shipped_order(**given: Any) -> ChannelOrder:
    """Two mugs and three cups, all but one cup shipped by the channel itself."""
    shipped = ForeignShipment(external_id="S", lines={"L1": 2, "L2": 2}, tracking_number="THEIRS")
    return an_order(**{"lines": (mug(), CUP), "shipments": (shipped,)} | given)


def told(order: ChannelOrder, minutes: float, status: ReturnStatus | None, **more: Any) -> ReturnNotice:
    units = more.pop("units", {"L1": 1})
    lines = tuple(ReturnedLine(line_id=name, quantity=count, reason="size") for name, count in units.items())
    fields = {"external_id": "R1", "number": "#1-R1", "lines": lines, "word": str(status or "?")} | more
    return ReturnNotice(order_id=order.external_id, at=at(minutes), status=status, **fields)


async def returns_of(desk: Desk, order_id: int) -> dict[str, dict[str, Any]]:
    """Returns by their number, each with {line: (units, received)} as `units`."""
    found = {}
    for row in await desk.world.rows("SELECT * FROM returns WHERE order_id = $1 ORDER BY id", order_id):
        lines = await desk.world.rows(
            """SELECT l.external_id, w.quantity, w.received FROM return_lines w
               JOIN order_lines l ON l.id = w.order_line_id WHERE w.return_id = $1 ORDER BY 1""",
            row["id"],
        )
        units = {line["external_id"]: (line["quantity"], line["received"]) for line in lines}
        found[row["number"]] = {**row, "units": units, "details": msgspec.json.decode(row["details"])}
    return found


async def counted(desk: Desk, order_id: int) -> dict[str, tuple[int, int]]:
    """(asked back, received) by line, empty ones left out."""
    lines = {row["external_id"]: (row["return_requested"], row["received_back"]) for row in await desk.lines(order_id)}
    return {name: units for name, units in lines.items() if any(units)}


async def test_a_return_from_the_request_to_the_end(desk: Desk) -> None:
    order = shipped_order()
    order_id = await desk.take(order)
    stock = await desk.stock()
    steps = (
        (ReturnStatus.REQUESTED, {"L1": (1, 0)}), (ReturnStatus.APPROVED, {"L1": (1, 0)}),
        (ReturnStatus.IN_TRANSIT, {"L1": (1, 0)}), (ReturnStatus.RECEIVED, {"L1": (0, 1)}),
        (ReturnStatus.CLOSED, {"L1": (0, 1)}),
    )  # fmt: skip
    for minute, (status, counts) in enumerate(steps):
        number = "T1" if status is ReturnStatus.IN_TRANSIT else ""
        await desk.take(order, told(order, 10 + minute, status, tracking_number=number))
        assert await counted(desk, order_id) == counts
        await desk.sound()

    (found,) = (await returns_of(desk, order_id)).values()
    assert (found["state"], found["tracking_number"], found["reason"]) == ("closed", "T1", "size")
    assert (found["account_id"], found["external_id"], found["requested_at"]) == (desk.shop, "R1", at(10))
    assert [kind for kind in await desk.events(order_id) if kind.startswith("return")] == [
        f"return_{status}" for status, _ in steps
    ]
    assert await desk.stock() == stock, "what a channel received lies on no shelf of ours"


async def test_a_return_ahead_of_its_order_waits_for_it(desk: Desk) -> None:
    order = shipped_order()
    await desk.tell(told(order, 10, ReturnStatus.REQUESTED), ids=["early"])
    await desk.take_in()
    assert (await desk.delivery("early"))["state"] is Inbox.WAITING

    order_id = await desk.take(order)

    assert (await desk.delivery("early"))["state"] is Inbox.DONE
    assert (await returns_of(desk, order_id))["#1-R1"]["units"] == {"L1": (1, 0)}
    await desk.sound()


async def test_the_same_news_again_change_nothing(desk: Desk) -> None:
    order = shipped_order()
    news = told(order, 10, ReturnStatus.APPROVED)
    order_id = await desk.take(order, news)
    before = await desk.order(order_id), await returns_of(desk, order_id), await desk.events(order_id)
    await desk.tell(news, news)
    await desk.tell(news)
    await desk.take_in()

    assert (await desk.order(order_id), await returns_of(desk, order_id), await desk.events(order_id)) == before


async def test_no_more_comes_back_than_was_shipped(desk: Desk) -> None:
    """What was asked for first counts first; the rest is said on the timeline, and stands with the return."""
    order = shipped_order()
    first = told(order, 10, ReturnStatus.CLOSED, units={"L2": 1})
    second = told(order, 11, ReturnStatus.APPROVED, external_id="R2", number="#1-R2", units={"L2": 2, "L9": 1})
    order_id = await desk.take(order, second, first)

    found = await returns_of(desk, order_id)
    assert (found["#1-R1"]["units"], found["#1-R2"]["units"]) == ({"L2": (1, 0)}, {"L2": (1, 0)})
    assert found["#1-R2"]["details"]["faults"] == [
        {"line_id": "L2", "told": 2, "possible": 1}, {"line_id": "L9", "told": 1, "possible": 0}
    ]  # fmt: skip
    assert "return_in_doubt" in await desk.events(order_id)
    assert await desk.holds(order_id) == {}, "there is nothing left to stop"
    (_, shown) = (await show_order(desk.world.database, MERCHANT, order_id)).returns
    assert [(line.line_id, line.told, line.possible) for line in shown.faults] == [("L2", 2, 1), ("L9", 1, 0)]
    await desk.sound()


async def test_goods_that_no_line_is_named_for_are_of_the_lines_that_sold_them(desk: Desk) -> None:
    """Whatever came first, each line gives back what was shipped of it; what nobody sold is said."""
    again = mug(external_id="L3", quantity=1)
    shipped = ForeignShipment(external_id="S", lines={"L1": 2, "L3": 1}, tracking_number="THEIRS")
    order = shipped_order(lines=(mug(), again), shipments=(shipped,))
    strange = ReturnedLine(line_id="", listing_id="V9", quantity=1)
    first, second = (
        replace(
            told(order, minute, ReturnStatus.RECEIVED, external_id=name, number=name),
            lines=(ReturnedLine(line_id="", listing_id="V1", quantity=units), strange),
        )
        for minute, name, units in ((10, "A", 1), (11, "B", 3))
    )
    order_id = await desk.take(order, second, first)

    found = await returns_of(desk, order_id)
    assert found["A"]["units"] == {"L1": (1, 1)}
    assert found["B"]["units"] == {"L1": (1, 1), "L3": (1, 1)}
    assert found["A"]["details"]["faults"] == [{"line_id": "V9", "told": 1, "possible": 0}]
    assert found["B"]["details"]["faults"] == [
        {"line_id": "L1", "told": 2, "possible": 1}, {"line_id": "V9", "told": 1, "possible": 0}
    ]  # fmt: skip
    await desk.sound()


async def test_a_declined_return_leaves_its_units_to_others(desk: Desk) -> None:
    order = shipped_order()
    declined = told(order, 10, ReturnStatus.DECLINED, units={"L1": 2})
    second = told(order, 11, ReturnStatus.APPROVED, external_id="R2", number="#1-R2", units={"L1": 2})
    order_id = await desk.take(order, declined, second)

    assert await counted(desk, order_id) == {"L1": (2, 0)}
    assert (await returns_of(desk, order_id))["#1-R1"]["units"] == {"L1": (2, 0)}, "it is still known what was asked"
    await desk.sound()


async def test_a_later_shipment_makes_room_and_one_taken_back_leaves_none(desk: Desk) -> None:
    order = shipped_order(shipments=())
    await desk.world.database.plain.execute("UPDATE locations SET active = false")
    order_id = await desk.take(order, told(order, 10, ReturnStatus.RECEIVED, units={"L1": 2}))
    assert await counted(desk, order_id) == {}

    await desk.take(replace(order, revised_at=at(11), shipments=shipped_order().shipments))
    assert await counted(desk, order_id) == {"L1": (0, 2)}
    assert (await returns_of(desk, order_id))["#1-R1"]["details"]["faults"] == []

    one = ForeignShipment(external_id="S", lines={"L1": 1}, tracking_number="THEIRS")
    await desk.take(replace(order, revised_at=at(12), shipments=(one,)))
    assert await counted(desk, order_id) == {"L1": (0, 1)}
    await desk.take(replace(order, revised_at=at(13), lines=(CUP,), total=2100))
    assert (await returns_of(desk, order_id))["#1-R1"]["units"] == {}
    await desk.sound()


async def test_a_return_of_another_order_is_set_aside(desk: Desk) -> None:
    order, other = shipped_order(), shipped_order()
    order_id = await desk.take(order, told(order, 10, ReturnStatus.APPROVED))
    other_id = await desk.take(other)
    await desk.tell(told(other, 11, ReturnStatus.APPROVED), ids=["strange"])
    await desk.take_in()

    delivery = await desk.delivery("strange")
    assert delivery["state"] is Inbox.SET_ASIDE and "another order" in delivery["error"]
    assert len(await returns_of(desk, order_id)) == 1 and not await returns_of(desk, other_id)
    await desk.sound()


async def test_two_shops_may_call_their_returns_alike(desk: Desk) -> None:
    other = await desk.world.account("paper_shop", "other", {})
    order = shipped_order()
    news = told(order, 10, ReturnStatus.APPROVED)
    await desk.tell(order, news)
    await desk.tell(order, news, account=other)
    await desk.take_in()

    assert await desk.world.value("SELECT count(*) FROM returns WHERE number = '#1-R1'") == 2
    await desk.sound()


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"external_id": ""}, "id"),
        ({"units": {"L1": -1}}, "quantity"),
        ({"units": {"L1": 10**9}}, "quantity"),
        ({"at": "2026-03-02T09:00:00"}, "zone"),
    ],
)
async def test_a_return_that_cannot_be_is_set_aside(desk: Desk, wrong: dict[str, Any], why: str) -> None:
    order = shipped_order()
    fields = {name: value for name, value in wrong.items() if name != "at"}
    body = msgspec.to_builtins(told(order, 10, ReturnStatus.APPROVED, **fields))
    made = await desk.post("ReturnNotice", msgspec.json.encode(body | {"at": wrong.get("at", body["at"])}))
    await desk.take_in()

    delivery = await desk.delivery(made)
    assert delivery["state"] is Inbox.SET_ASIDE and why in delivery["error"]


# ---------------------------------------------------------------- permutations


@st.composite
def stories(draw: st.DrawFn) -> tuple[list[News], list[int], list[int]]:
    """An order that is shipped in two steps, two returns of it as they went; in what order and how often that is heard,
    and after which of it a batch ends."""
    order = shipped_order(shipments=())
    part = ForeignShipment(external_id="S", lines={"L1": 2}, tracking_number="THEIRS")
    whole = ForeignShipment(external_id="S2", lines={"L2": 2}, tracking_number="THEIRS TOO")
    said: list[News] = [
        order,
        replace(order, revised_at=at(1), shipments=(part,)),
        replace(order, revised_at=at(2), shipments=(part, whole)),
    ]
    way = list(ReturnStatus)
    for number in (1, 2):
        units = draw(st.dictionaries(st.sampled_from(["L1", "L2", "L9"]), st.integers(1, 3), min_size=1))
        for step in sorted(draw(st.sets(st.integers(0, len(way) - 1), min_size=1, max_size=4))):
            more: dict[str, Any] = {"units": units} if draw(st.booleans()) else {"units": {}, "tracking_number": "T"}
            minute = draw(st.integers(3, 6))
            said.append(told(order, minute, way[step], external_id=f"R{number}", number=f"#1-R{number}", **more))
    again = draw(st.lists(st.sampled_from(range(len(said))), max_size=4))
    heard = list(draw(st.permutations([*range(len(said)), *again])))
    ends = draw(st.lists(st.sampled_from(range(1, len(heard))), max_size=4))
    return said, heard, sorted(set(ends))


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(stories())
async def test_any_order_of_news_ends_in_the_same_store(
    desk: Desk, story: tuple[list[News], list[int], list[int]]
) -> None:
    await desk.world.database.plain.execute("UPDATE locations SET active = false")
    said, heard, ends = story
    ways = []
    for suffix, order, cuts in (("-straight", range(len(said)), range(1, len(said))), ("-shuffled", heard, ends)):
        renamed = [_renamed(news, suffix) for news in said]
        for first, last in zip([0, *cuts], [*cuts, len(order)], strict=True):
            await desk.tell(*(renamed[place] for place in list(order)[first:last]))
            await desk.take_in()
        order_id = await desk.order_id(renamed[0].external_id)  # type: ignore[union-attr]
        found = await returns_of(desk, order_id)
        kept = ("state", "units", "details", "reason", "tracking_number", "requested_at")
        ways.append((
            {name.removesuffix(suffix): {key: one[key] for key in kept} for name, one in found.items()},
            await counted(desk, order_id),
        ))  # fmt: skip
    assert ways[0] == ways[1]
    assert await desk.world.value("SELECT count(*) FROM inbox WHERE state <> 9") == 0
    await desk.sound()


def _renamed(news: News, suffix: str) -> News:
    """The same news of another order, whose returns have ids of their own too."""
    if isinstance(news, ChannelOrder):
        buyer = replace(news.buyer, email=f"{news.external_id}{suffix}@example.com")
        return replace(news, external_id=news.external_id + suffix, buyer=buyer)
    assert isinstance(news, ReturnNotice)
    return replace(news, order_id=news.order_id + suffix, external_id=news.external_id + news.order_id + suffix)
