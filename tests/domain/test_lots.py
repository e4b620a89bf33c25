"""Of lots the first to expire is picked first, whatever lies there."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.domain.lots import Lot, check, first
from hub.errors import Invalid

TODAY = date(2026, 11, 22)
OLD, SOON, LATE = Lot("OLD", date(2026, 11, 21), 5), Lot("SOON", TODAY, 2), Lot("LATE", date(2027, 1, 31), 9)
ALL = (LATE, OLD, SOON)


@pytest.mark.parametrize(("mark", "why"), [
    ("OLD", "expired on 2026-11-21"), ("LATE", "first lot SOON, which expires on 2026-11-22"),
    ("NEW", "not known here; first lot SOON"),
])  # fmt: skip
def test_what_is_not_to_be_taken_now(mark: str, why: str) -> None:
    with pytest.raises(Invalid, match=why):
        check(mark, ALL, TODAY)


def test_what_may_be_taken() -> None:
    check("SOON", ALL, TODAY)
    check("TWIN", (*ALL, Lot("TWIN", TODAY, 0)), TODAY)
    check("LATE", (LATE, Lot("SOON", TODAY, 0)), TODAY)
    check("ANY", (), TODAY)
    check("ANY", (OLD,), TODAY)


@given(st.lists(st.builds(Lot, st.text("AB", min_size=1), st.dates(TODAY - timedelta(9), TODAY + timedelta(9)),
                          st.integers(0, 3)), unique_by=lambda lot: lot.lot))  # fmt: skip
def test_only_the_first_to_expire_passes(lots: list[Lot]) -> None:
    wanted = first(lots, TODAY)
    for lot in lots:
        try:
            check(lot.lot, lots, TODAY)
        except Invalid:
            assert wanted is None or lot.expires_on != wanted.expires_on
        else:
            assert lot.expires_on >= TODAY
            assert wanted is None or lot.expires_on <= wanted.expires_on
