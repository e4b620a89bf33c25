"""Keys are cut to their columns without any two becoming one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hub.domain.fitting import fitted


@given(st.text(min_size=60, max_size=90), st.text(max_size=40), st.text(max_size=40))
def test_keys_that_begin_alike_stay_apart(start: str, one: str, other: str) -> None:
    keys = [fitted(start + end, 64) for end in (one, other)]

    assert (keys[0] == keys[1]) == (one == other)
    assert all(len(key) <= 64 for key in keys)


@given(st.text(max_size=64))
def test_what_fits_is_left_as_it_is(key: str) -> None:
    assert fitted(key, 64) == key
