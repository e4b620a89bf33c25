"""What is known of a return is the same whatever was heard first; no line comes back more often than it was shipped."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import reduce

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from hub.domain.order import ReturnedLine, ReturnNotice, ReturnStatus
from hub.domain.outgoing import ReturnUnits
from hub.domain.returning import ENDS, VOID, Fault, Share, Standing, allot, merged, units_told

T0 = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def at(minutes: int) -> datetime:
    return T0 + timedelta(minutes=minutes)


def said(minutes: int, status: ReturnStatus | None, **more: object) -> ReturnNotice:
    return ReturnNotice(order_id="X", external_id="R", at=at(minutes), status=status, **more)  # type: ignore[arg-type]


def heard(*news: ReturnNotice) -> Standing:
    found = reduce(merged, news, None)  # type: ignore[arg-type]
    assert isinstance(found, Standing)
    return found


lines = st.lists(
    st.builds(
        ReturnedLine,
        line_id=st.sampled_from(["L1", "L2", "L9"]),
        quantity=st.integers(0, 4),
        received=st.integers(0, 4),
        reason=st.sampled_from(["", "size"]),
    ),
    max_size=3,
).map(tuple)
notices = st.builds(
    ReturnNotice,
    order_id=st.just("X"),
    external_id=st.just("R"),
    at=st.integers(0, 4).map(at),
    status=st.sampled_from([None, *ReturnStatus]),
    word=st.sampled_from(["", "OPEN", "offen"]),
    number=st.sampled_from(["", "#1-R1", "#1-R2"]),
    lines=lines,
    reason=st.sampled_from(["", "broken"]),
    tracking_number=st.sampled_from(["", "T1", "T2"]),
    requested_at=st.none() | st.integers(0, 4).map(at),
)


@given(st.lists(notices, min_size=1, max_size=6).flatmap(lambda told: st.tuples(st.just(told), st.permutations(told))))
@settings(max_examples=80)
def test_any_order_and_any_repeats_end_the_same(told: tuple[list[ReturnNotice], list[ReturnNotice]]) -> None:
    straight, shuffled = told
    assert heard(*shuffled, *straight) == heard(*straight)


def test_late_news_take_nothing_back() -> None:
    came = heard(said(1, ReturnStatus.REQUESTED), said(5, ReturnStatus.RECEIVED), said(3, ReturnStatus.APPROVED))
    assert came.state is ReturnStatus.RECEIVED
    again = heard(said(5, ReturnStatus.RECEIVED), said(6, ReturnStatus.APPROVED))
    assert again.state is ReturnStatus.RECEIVED, "newer, and still not the way back"
    over = heard(said(5, ReturnStatus.CLOSED), said(4, ReturnStatus.IN_TRANSIT))
    assert over.state is ReturnStatus.CLOSED


def test_only_the_channel_opens_again_what_has_ended() -> None:
    closed = heard(said(1, ReturnStatus.RECEIVED), said(2, ReturnStatus.CLOSED))
    assert merged(closed, said(3, ReturnStatus.APPROVED)).state is ReturnStatus.RECEIVED
    assert merged(closed, said(1, ReturnStatus.APPROVED)).state is ReturnStatus.CLOSED
    assert merged(closed, said(3, None, word="?")).state is ReturnStatus.CLOSED, "a word without meaning moves nothing"


def test_a_word_that_nobody_knows_is_kept() -> None:
    found = heard(said(1, ReturnStatus.APPROVED, word="OPEN"), said(2, None, word="LOST_IN_SPACE"))
    assert (found.state, found.word, found.unknown) == (ReturnStatus.APPROVED, "LOST_IN_SPACE", True)


def test_what_is_not_told_stays() -> None:
    first = said(1, ReturnStatus.APPROVED, lines=(ReturnedLine(line_id="L1", quantity=1),), reason="size", number="R1")
    found = heard(first, said(2, None, tracking_number="T1"))
    assert (found.lines, found.reason, found.number, found.tracking_number) == (first.lines, "size", "R1", "T1")


def a_return(minutes: int, status: ReturnStatus = ReturnStatus.APPROVED, **units: int) -> Standing:
    told = tuple(ReturnedLine(line_id=name, quantity=count) for name, count in units.items())
    return heard(said(minutes, status, lines=told))


def test_what_was_asked_for_first_counts_first() -> None:
    returns = {"A": a_return(2, L1=2), "B": a_return(1, L1=2, L9=1)}
    found = allot({"L1": 3}, returns)
    assert found["B"].shares == (Share(line_id="L1", quantity=2, received=0),)
    assert found["B"].faults == (Fault(line_id="L9", told=1, possible=0),)
    assert found["A"].shares == (Share(line_id="L1", quantity=1, received=0),)
    assert found["A"].faults == (Fault(line_id="L1", told=2, possible=1),)


def test_a_return_that_is_none_takes_nothing_from_the_others() -> None:
    returns = {"A": a_return(1, ReturnStatus.DECLINED, L1=2), "B": a_return(2, L1=2)}
    found = allot({"L1": 2}, returns)
    assert [share.quantity for each in found.values() for share in each.shares] == [2, 2]
    assert not any(each.faults for each in found.values())


def of_listing(minutes: int, units: int, listing: str = "MUG", **more: int) -> Standing:
    line = ReturnedLine(line_id="", listing_id=listing, quantity=units, **more)  # type: ignore[arg-type]
    return heard(said(minutes, ReturnStatus.APPROVED, lines=(line,)))


MUGS = {"L1": "MUG", "L2": "CUP", "L3": "MUG"}


def test_goods_go_to_the_lines_that_sold_them() -> None:
    found = allot({"L1": 1, "L2": 5, "L3": 2}, {"A": of_listing(1, 2, received=1), "B": of_listing(2, 3)}, MUGS)
    assert found["A"].shares == (
        Share(line_id="L1", quantity=1, received=1), Share(line_id="L3", quantity=1, received=0)
    )  # fmt: skip
    assert found["B"].shares == (Share(line_id="L3", quantity=1, received=0),)
    assert found["B"].faults == (Fault(line_id="L1", told=2, possible=0),)


def test_goods_that_nobody_sold_are_named_by_their_listing() -> None:
    found = allot({"L2": 5}, {"A": of_listing(1, 2)}, {"L2": "CUP"})["A"]
    assert (found.shares, found.faults) == ((), (Fault(line_id="MUG", told=2, possible=0),))
    assert units_told(found, {"L2": "CUP-1"}) == (ReturnUnits(line_id="MUG", sku="", quantity=2),)


def test_units_that_are_told_one_by_one_are_told_on_as_one_line() -> None:
    lines = tuple(ReturnedLine(line_id="L1", quantity=1, reason=why) for why in ("size", "", "broken", "size"))
    found = allot({"L1": 3}, {"A": heard(said(1, ReturnStatus.RECEIVED, lines=lines))})["A"]
    assert units_told(found, {"L1": "MUG"}) == (
        ReturnUnits(line_id="L1", sku="MUG", quantity=4, received=3, reason="size, broken"),
    )


@given(
    st.lists(st.tuples(st.integers(1, 3), st.sampled_from(["MUG", "CUP", "POT"])), min_size=1, max_size=5),
    st.fixed_dictionaries({name: st.integers(0, 3) for name in MUGS}),
)
@settings(max_examples=80)
def test_goods_fill_their_lines_and_nothing_is_lost(told: list[tuple[int, str]], shipped: dict[str, int]) -> None:
    returns = {str(at): of_listing(at, units, listing) for at, (units, listing) in enumerate(told)}
    found = allot(shipped, returns, MUGS)
    for listing in ("MUG", "CUP", "POT"):
        asked = sum(units for units, name in told if name == listing)
        room = sum(units for line, units in shipped.items() if MUGS[line] == listing)
        placed = sum(it.quantity for each in found.values() for it in each.shares if MUGS[it.line_id] == listing)
        assert placed == min(asked, room)
    for (units, _), each in zip(told, (found[name] for name in returns), strict=True):
        assert sum(line.quantity for line in each.lines) == units


def test_received_is_all_of_it_unless_units_are_told() -> None:
    whole = a_return(1, ReturnStatus.RECEIVED, L1=2)
    part = replace(whole, lines=(ReturnedLine(line_id="L1", quantity=2, received=1),))
    assert allot({"L1": 2}, {"A": whole})["A"].shares == (Share(line_id="L1", quantity=2, received=2),)
    assert allot({"L1": 2}, {"A": part})["A"].shares == (Share(line_id="L1", quantity=2, received=1),)


@given(st.dictionaries(st.sampled_from("ABC"), st.lists(notices, min_size=1, max_size=3).map(lambda n: heard(*n))),
       st.dictionaries(st.sampled_from(["L1", "L2"]), st.integers(0, 4)))  # fmt: skip
@settings(max_examples=80)
def test_no_more_comes_back_than_was_shipped(returns: dict[str, Standing], shipped: dict[str, int]) -> None:
    found = allot(shipped, returns)
    units: dict[str, int] = {}
    for name, each in found.items():
        for share in each.shares:
            assert 0 <= share.received <= share.quantity <= shipped[share.line_id]
            if returns[name].state not in VOID:
                units[share.line_id] = units.get(share.line_id, 0) + share.quantity
    assert all(units[line] <= shipped[line] for line in units)
    assert VOID < ENDS
