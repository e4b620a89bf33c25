"""Available to promise: what is free, less what waits, less safety and buffer; bundles by their parts; never less
than 0."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.domain.promising import EVERYTHING, MOST, Allotment, Supply, makeable, offer, sellable

SET = {"SET": {"POT": 1, "CUP": 4}}


def of_mugs(free: dict[int, int] | None = None, **more: object) -> Supply:
    return Supply(free={"MUG": {1: 7, 2: 5} if free is None else free}, **more)  # type: ignore[arg-type]


def test_everything_that_is_free_anywhere() -> None:
    assert offer("MUG", of_mugs()) == 12


def test_what_was_never_counted_is_nobodys_to_promise() -> None:
    assert offer("CUP", of_mugs()) is None
    assert offer("MUG", of_mugs({1: 0})) == 0, "counted, and there is none"


def test_less_what_buyers_wait_for_and_the_safety_stock() -> None:
    assert offer("MUG", of_mugs(waiting={"MUG": 4})) == 8
    assert offer("MUG", of_mugs(waiting={"MUG": 4}, safety={"MUG": 3})) == 5
    assert sellable("MUG", of_mugs(waiting={"MUG": 40})) == -28
    assert offer("MUG", of_mugs(waiting={"MUG": 40})) == 0, "a channel is never told less than nothing"


@pytest.mark.parametrize(
    ("allotment", "offered"),
    [
        (Allotment(buffer=2), 10),
        (Allotment(buffer=20), 0),
        (Allotment(percent=50), 6),
        (Allotment(percent=0), 0),
        (Allotment(buffer=1, percent=50), 5),
        (Allotment(most=3), 3),
        (Allotment(most=0), 0),
        (Allotment(buffer=5, percent=30, most=9), 2),
    ],
)
def test_an_account_offers_its_share(allotment: Allotment, offered: int) -> None:
    assert offer("MUG", of_mugs(), allotment) == offered


def test_a_level_that_no_channel_could_read_is_cut() -> None:
    assert offer("MUG", of_mugs({1: MOST, 2: MOST})) == MOST


# ---------------------------------------------------------------- bundles


def test_a_bundle_is_worth_what_its_scarcest_part_makes() -> None:
    supply = Supply(free={"POT": {1: 9}, "CUP": {1: 11}}, bundles=SET)

    assert offer("SET", supply) == 2
    assert offer("POT", supply) == 9, "and its parts may still be sold one by one"


def test_parts_that_lie_apart_make_no_bundle() -> None:
    supply = Supply(free={"POT": {1: 9}, "CUP": {2: 40}}, bundles=SET)

    assert offer("SET", supply) == 0


def test_a_bundle_with_a_part_that_nobody_counted_is_not_promised() -> None:
    assert offer("SET", Supply(free={"POT": {1: 9}}, bundles=SET)) is None


def test_the_safety_stock_of_a_part_is_kept_from_bundles_too() -> None:
    supply = Supply(free={"POT": {1: 9}, "CUP": {1: 40}}, bundles=SET, safety={"CUP": 5})

    assert offer("SET", supply) == 8
    assert offer("CUP", supply) == 35


def test_a_bundle_may_have_a_safety_stock_of_its_own() -> None:
    supply = Supply(free={"POT": {1: 9}, "CUP": {1: 40}}, bundles=SET, safety={"SET": 3})

    assert offer("SET", supply) == 6
    assert offer("POT", supply) == 9


def test_bundles_that_buyers_wait_for_take_their_parts_from_everything() -> None:
    bundles = {**SET, "DUO": {"CUP": 2}}
    supply = Supply(free={"POT": {1: 9}, "CUP": {1: 20}}, bundles=bundles, waiting={"SET": 2, "CUP": 1})

    assert offer("CUP", supply) == 20 - 1 - 2 * 4
    assert offer("POT", supply) == 7
    assert offer("DUO", supply) == (20 - 9) // 2
    assert offer("SET", supply) == (20 - 9) // 4


# ---------------------------------------------------------------- properties

units = st.integers(0, 30)
places = st.dictionaries(st.integers(1, 3), units, max_size=3)
supplies = st.builds(
    Supply,
    free=st.fixed_dictionaries({"POT": places, "CUP": places}),
    waiting=st.dictionaries(st.sampled_from(["POT", "CUP", "SET"]), units),
    safety=st.dictionaries(st.sampled_from(["POT", "CUP", "SET"]), units),
    bundles=st.just(SET),
)
allotments = st.builds(
    Allotment, buffer=units, percent=st.integers(0, 100), most=st.one_of(st.none(), st.integers(0, 50))
)


@given(supplies, allotments, st.sampled_from(["POT", "CUP", "SET"]))
def test_nothing_is_offered_that_is_not_there(supply: Supply, allotment: Allotment, sku: str) -> None:
    """Whatever the numbers: at least 0, at most what could be handed out now, and an account never more than all."""
    there = makeable(SET["SET"], supply) if sku == "SET" else sum(supply.free[sku].values())
    offered = offer(sku, supply, allotment)

    assert offered is not None
    assert 0 <= offered <= there
    assert offered <= (offer(sku, supply, EVERYTHING) or 0)
    assert allotment.most is None or offered <= allotment.most


@given(supplies, st.sampled_from(["POT", "CUP"]), st.integers(1, 3), st.integers(1, 10))
def test_more_stock_never_means_less_to_sell(supply: Supply, part: str, place: int, more: int) -> None:
    free = {sku: dict(at) for sku, at in supply.free.items()}
    free[part][place] = free[part].get(place, 0) + more
    richer = Supply(free=free, waiting=supply.waiting, safety=supply.safety, bundles=supply.bundles)

    for sku in ("POT", "CUP", "SET"):
        assert (offer(sku, richer) or 0) >= (offer(sku, supply) or 0)
