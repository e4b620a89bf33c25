"""A channel that says its old address again has changed nothing; a third one is a change."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from hub.domain.address_told import Told, told
from hub.domain.order import Address

A = Address(name="Erika Muster", line1="Heidestr. 17", city="Berlin", postcode="1O557", country="DE")
B = replace(A, postcode="10557")
C = replace(B, line1="Heidestr. 71")
D = replace(B, line1="Neue Str. 2")

PLACES = (A, B, C, D, None)
places = st.sampled_from(PLACES)


def test_what_a_correction_replaced_is_no_change() -> None:
    assert told(A, B, [A]) is Told.REPLACED
    assert told(replace(A), B, [A]) is Told.REPLACED, "by what it says"


def test_the_correction_itself_is_no_change() -> None:
    assert told(B, B, [A]) is Told.OURS
    assert told(B, B, []) is Told.OURS


def test_a_third_address_is_a_change() -> None:
    assert told(D, B, [A]) is Told.CHANGED
    assert told(replace(A, phone="+4930123456"), B, [A]) is Told.CHANGED
    assert told(A, B, []) is Told.CHANGED


def test_each_of_two_corrections_replaced_something() -> None:
    assert told(A, C, [A, B]) is Told.REPLACED
    assert told(B, C, [A, B]) is Told.REPLACED
    assert told(D, C, [A, B]) is Told.CHANGED


def test_no_address_at_all_may_have_been_replaced_too() -> None:
    assert told(None, B, [None]) is Told.REPLACED
    assert told(None, B, [A]) is Told.CHANGED
    assert told(A, None, []) is Told.CHANGED


@given(places, places, st.lists(places))
def test_only_what_nobody_here_knows_is_a_change(
    address: Address | None, ours: Address | None, replaced: list[Address | None]
) -> None:
    assert (told(address, ours, replaced) is Told.CHANGED) == (address not in [ours, *replaced])
    assert (told(address, ours, replaced) is Told.OURS) == (address == ours), "ours comes first, replaced or not"
