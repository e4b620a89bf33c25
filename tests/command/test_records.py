"""Stock and holds from the command line: what is wrong is said with what to do, and ends with another code than 0."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.command.conftest import Typed
from tests.flow.desk import BERLIN, Desk, an_order


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            "stock set MUG berlin -4",
            "to take units away: `python main.py stock adjust MUG berlin -4",
        ),
        ("stock set MUG berlin 9999999999", "give 0 to 999999999"),
        ("stock set MUG berlin many", "Invalid value for 'units'"),
        ("stock safety MUG -1", "Invalid value for 'units'"),
        ("stock quarantine MUG berlin -1 --reason damaged", "Invalid value for 'units'"),
        ("stock count tell 42 MUG -1", "Invalid value for 'units'"),
        ("stock location berlin --at nowhere", "write latitude,longitude in degrees"),
        ("stock location new", "new has none yet: give --address"),
    ],
)
async def test_a_number_that_cannot_be_says_what_to_do(typed: Typed, words: str, says: str) -> None:
    ended = await typed(*words.split())
    assert ended.code == 2
    assert says in ended.said


async def test_a_place_is_given_to_people_and_nothing_else_of_it_changes(typed: Typed, desk: Desk) -> None:
    assert (await typed("stock", "location", "berlin", "--at", "52.5,13.4")).code == 0
    assert (await typed("stock", "location", "berlin", "--by-people")).code == 0
    row = await desk.world.value("SELECT (automatic, latitude, longitude) FROM locations WHERE code = 'berlin'")
    assert tuple(row) == (False, 52.5, 13.4)


async def test_a_resolution_that_is_not_offered_ends_with_1_and_names_those_that_are(typed: Typed, desk: Desk) -> None:
    nowhere = replace(BERLIN, postcode="1")
    order = await desk.take(an_order(ship_to=nowhere))
    await desk.orders()
    assert list(await desk.holds(order)) == ["address"]
    for more in ((), ("--dry-run",), ("--json",)):
        ended = await typed("orders", "release", "--reason", "address", "--resolution", "nope", *more)
        assert ended.code == 1, ended.said
        assert "use_address" in ended.said
    assert "'nope' is not offered; choose one of use_address, " in ended.said
    assert (await typed("orders", "release", "--reason", "address", "--resolution", "accept")).code == 0
    none = await typed("orders", "release", "--reason", "address", "--resolution", "accept")
    assert (none.code, "0 of 0 released" in none.said, "none" in none.said) == (0, True, True)
