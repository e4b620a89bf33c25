"""Release, pick and pack: automatic locations advance by themselves, others wait for people."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.domain import packing
from hub.domain.lifecycle import Custody, LabelState, Work
from hub.domain.outcome import LineDelta, Outcome, WorkLineDelta, WorkRow
from hub.domain.packing import PackFacts, pack, pick, reference, release, weight
from tests.domain.build import NOW, work, work_line

TWO = (work_line(), work_line(id=302, order_line_id=102, quantity=1, grams=0, external_id="L2"))


def test_released_to_a_location_that_works_by_itself() -> None:
    outcome = release(work(), None, NOW)

    assert outcome.to is Work.PICKING
    assert outcome.events[0].details == {"fulfillment": "1001-F1", "to": "automatic location"}


def test_where_people_work_it_waits_for_a_wave() -> None:
    assert release(work(automatic=False), None, NOW) == Outcome()


def test_released_to_people() -> None:
    outcome = packing.released(work(automatic=False), "wave W1", "user:7")

    assert outcome.to is Work.PICKING
    assert (outcome.events[0].details["to"], outcome.events[0].actor) == ("wave W1", "user:7")


@pytest.mark.parametrize("reason", ["manual", "address", "payment"])
def test_a_hold_on_the_order_keeps_it_back(reason: str) -> None:
    assert release(work(open_holds=frozenset({reason})), None, NOW) == Outcome()


@pytest.mark.parametrize("step", [pick, lambda row, facts, now: pack(row, PackFacts({}), now)])
def test_people_say_when_they_are_done(step: Any) -> None:
    assert step(work(automatic=False), None, NOW) == Outcome()


def test_everything_is_picked() -> None:
    outcome = pick(work(state=Work.PICKING, lines=TWO), None, NOW)

    assert outcome.to is Work.PICKED
    assert outcome.changes.lines == (LineDelta(101, picked=2), LineDelta(102, picked=1))
    assert outcome.changes.work_lines == (WorkLineDelta(301, picked=2), WorkLineDelta(302, picked=1))
    assert outcome.events[0].details == {"fulfillment": "1001-F1", "units": 3}


def test_everything_goes_into_one_box() -> None:
    outcome = pack(work(state=Work.PICKED, lines=TWO), PackFacts({501: 77}), NOW)

    assert outcome.to is Work.PACKED
    (box,) = outcome.changes.new_parcels
    assert (box.id, box.label, box.custody) == (77, LabelState.NONE, Custody.PACKED)
    assert box.contents == {101: 2, 102: 1}
    assert box.weight_grams == packing.PACKAGING_GRAMS + 2 * 350 + packing.UNKNOWN_GRAMS
    assert isinstance(outcome.row, WorkRow)
    assert outcome.row.parcels == (box,), "the next stage of the same transaction sees it"
    assert outcome.changes.lines == (LineDelta(101, packed=2), LineDelta(102, packed=1))


def test_a_person_is_named() -> None:
    assert packing.picked(work(), "user:7").events[0].actor == "user:7"
    assert packing.packed(work(), 1, "user:7").events[0].actor == "user:7"


@given(st.sets(st.integers(1, 2**63 - 1), min_size=2, max_size=50))
def test_references_are_short_and_never_the_same(ids: set[int]) -> None:
    made = {reference(number) for number in ids}

    assert len(made) == len(ids)
    assert all(len(text) <= 14 and text[0] == "P" for text in made)
    assert not {"I", "L", "O", "U"} & set("".join(made)), "nothing that people misread"


def test_a_box_always_weighs_something() -> None:
    assert weight(work(lines=())) == packing.PACKAGING_GRAMS
