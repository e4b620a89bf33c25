"""Walk order: every stop once, up one aisle and down the next, never longer than the list."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from hub.domain.walking import NOWHERE, Spot, comb, metres, serpentine, walk_order, walked

SPOTS = st.builds(Spot, st.integers(1, 12), st.integers(0, 30), st.integers(0, 4)) | st.just(NOWHERE)


def test_up_one_aisle_and_down_the_next() -> None:
    spots = [Spot(3, 5), Spot(1, 2), Spot(1, 9), Spot(3, 20), Spot(7, 4)]

    assert walked("cabde", spots) == ["a", "b", "d", "c", "e"]
    assert [spots[place] for place in serpentine(spots)] == [
        Spot(1, 2),
        Spot(1, 9),
        Spot(3, 20),
        Spot(3, 5),
        Spot(7, 4),
    ]


def test_lower_levels_first() -> None:
    assert serpentine([Spot(1, 4, 2), Spot(1, 4, 0), Spot(1, 4, 1)]) == [1, 2, 0]


def test_how_far_it_is() -> None:
    assert metres([]) == 0
    assert metres([Spot(1, 10)]) == 20, "ten racks there and back"
    assert metres([Spot(1, 2), Spot(2, 2)]) == 2 + (3 + 2) + (3 + 2), "around the end that is nearer"


def test_what_has_no_bin_comes_last() -> None:
    assert walk_order([NOWHERE, Spot(2, 1), NOWHERE, Spot(1, 1)]) == [3, 1, 0, 2]


@given(st.lists(SPOTS, max_size=40))
def test_every_stop_once_and_never_longer_than_the_list(spots: list[Spot]) -> None:
    way = walk_order(spots)

    assert sorted(way) == list(range(len(spots)))
    assert metres([spots[place] for place in way]) <= metres(spots)


@given(st.lists(SPOTS.filter(lambda spot: spot != NOWHERE), max_size=30))
def test_simple_ways_visit_everything(spots: list[Spot]) -> None:
    for way in (serpentine(spots), comb(spots)):
        assert sorted(way) == list(range(len(spots)))


def test_a_walk_of_twenty_stops_is_much_shorter_than_the_list() -> None:
    """The figure that docs/explanation/floor.md gives: 200 walks of 20 stops over 10 aisles of 30 racks."""
    chance = random.Random(7)
    as_listed = in_order = 0.0
    for _ in range(200):
        spots = [Spot(chance.randint(1, 10), chance.randint(1, 30)) for _ in range(20)]
        as_listed += metres(spots)
        in_order += metres([spots[place] for place in walk_order(spots)])

    assert in_order < as_listed / 2
