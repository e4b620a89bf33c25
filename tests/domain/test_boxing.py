"""Box suggestions: everything is in exactly one parcel, nothing is in a box that cannot hold it."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from hub.domain.boxing import Crate, Thing, best, fits, sizes, suggest

SMALL = Crate("S", (200, 150, 100), 80, 2_000)
LARGE = Crate("L", (400, 300, 200), 250, 10_000)
SIDES = st.integers(1, 450)
THINGS = st.builds(
    Thing,
    key=st.sampled_from("abcdef"),
    size=st.tuples(SIDES, SIDES, SIDES).map(lambda mm: sizes(*mm)) | st.just(()),
    grams=st.integers(1, 12_000),
)


def book(key: str = "book", grams: int = 400) -> Thing:
    return Thing(key, sizes(100, 150, 50), grams)


def test_the_smallest_box_that_holds_it() -> None:
    (parcel,) = suggest([book()], [LARGE, SMALL])

    assert parcel.box == SMALL
    assert parcel.grams == 480
    assert parcel.why == "smallest that holds it: 25 % of its volume, 400 of 2000 g"


def test_too_heavy_together_makes_two_parcels() -> None:
    parcels = suggest([book(grams=6_000)] * 3, [SMALL, LARGE])

    assert [dict(parcel.units) for parcel in parcels] == [{"book": 1}, {"book": 1}, {"book": 1}]
    assert {parcel.box for parcel in parcels} == {LARGE}
    assert len(suggest([book(grams=5_000)] * 3, [SMALL, LARGE])) == 2


def test_a_long_thing_may_be_turned_but_not_bent() -> None:
    assert fits([Thing("roll", sizes(10, 10, 200), 100)], SMALL)
    assert not fits([Thing("roll", sizes(10, 10, 201), 100)], SMALL)


def test_what_fits_no_box_goes_alone_and_says_so() -> None:
    parcels = suggest([book(), Thing("ladder", sizes(2000, 400, 100), 9_000)], [SMALL, LARGE])

    assert [(p.box.code if p.box else "", dict(p.units)) for p in parcels] == [("S", {"book": 1}), ("", {"ladder": 1})]
    assert parcels[1].why == "ladder fits no box"


def test_without_boxes_everything_is_one_parcel() -> None:
    (parcel,) = suggest([book(), book("pen")], [])

    assert (parcel.box, dict(parcel.units)) == (None, {"book": 1, "pen": 1})
    assert suggest([], [SMALL]) == ()


@given(st.lists(THINGS, max_size=14))
def test_everything_lies_in_one_parcel_that_holds_it(things: list[Thing]) -> None:
    parcels = suggest(things, [SMALL, LARGE])
    packed: Counter[str] = Counter()
    for parcel in parcels:
        packed.update(parcel.units)
        if parcel.box is not None:
            assert parcel.grams - parcel.box.own <= parcel.box.most
        else:
            assert sum(parcel.units.values()) == 1

    assert packed == Counter(thing.key for thing in things)
    assert len(parcels) <= len(things)
    assert sum(p.grams - (p.box.own if p.box else 0) for p in parcels) == sum(thing.grams for thing in things)


@given(st.lists(THINGS, max_size=6))
def test_a_larger_order_never_fits_a_smaller_box(things: list[Thing]) -> None:
    for place in range(len(things)):
        whole, part = best(things, [SMALL, LARGE]), best(things[:place], [SMALL, LARGE])
        assert whole is None or (part is not None and part.volume <= whole.volume)
