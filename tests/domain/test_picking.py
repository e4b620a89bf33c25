"""Scans: only what is expected counts, whatever is scanned in whatever order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from hub.domain.picking import Hand, Step, Stop, gtin, scan, wanted
from hub.domain.walking import Spot
from hub.domain.waves import HEAP, Pick, Rule, due, last_cut, walks
from hub.errors import Invalid

MUG = Stop(1, "MUG", "Mug", "01-04", 3, slot=1, tote="W1-1-1")
PHONE = Stop(2, "PHONE", "Phone", "02-01", 1, tracking="serial", slot=2, tote="W1-1-2")
CODES = {"MUG": ("MUG", 1), "04006381333931": ("MUG", 1), "CASE": ("MUG", 6), "TRAY": ("MUG", 3), "PHONE": ("PHONE", 1)}


def told(stop: Stop, text: str, hand: Hand | None = None, *, sorting: bool = False) -> Step:
    return scan(wanted([stop], hand, sorting=sorting), text, CODES, sorting=sorting)


def test_one_scan_counts_one() -> None:
    assert told(MUG, "MUG") == Step(put=Hand(1, 1))
    assert told(MUG, "TRAY") == Step(put=Hand(1, 3)), "a code may stand for several"
    assert told(MUG, "2*MUG") == Step(put=Hand(1, 2))


@pytest.mark.parametrize(("text", "why"), [
    ("PHONE", "wrong item: that is PHONE; expected 3 × MUG from 01-04"),
    ("CASE", "too many: 6 scanned, 3 of MUG still wanted"),
    ("4*MUG", "too many: 4 scanned"),
    ("0*MUG", "0 at once cannot be meant"),
    ("NOBODY", "NOBODY is no code of any product here; expected 3 × MUG"),
])  # fmt: skip
def test_anything_else_is_refused_with_what_was_expected(text: str, why: str) -> None:
    with pytest.raises(Invalid) as refused:
        told(MUG, text)
    assert why in str(refused.value)


def test_a_serial_number_and_the_tote_are_asked_for() -> None:
    step = told(PHONE, "PHONE", sorting=True)
    assert wanted([PHONE], step.hand, sorting=True).words == "the serial number of PHONE"
    with pytest.raises(Invalid, match="no serial number"):
        told(PHONE, "PHONE", step.hand, sorting=True)
    with pytest.raises(Invalid, match="at most 64 characters"):
        told(PHONE, "9" * 65, step.hand, sorting=True)
    step = told(PHONE, "SN-1", step.hand, sorting=True)
    assert step.hand == Hand(2, 1, "SN-1")
    with pytest.raises(Invalid, match=r"W1-1-1 is not the tote of this order; expected tote W1-1-2 \(slot 2\)"):
        told(PHONE, "W1-1-1", step.hand, sorting=True)
    assert told(PHONE, "w1-1-2", step.hand, sorting=True) == Step(put=Hand(2, 1, "SN-1"))


@pytest.mark.parametrize(("code", "is_"), [
    ("4006381333931", "04006381333931"), ("04006381333931", "04006381333931"), ("96385074", "00000096385074"),
    ("4006381333932", ""), ("MUG", ""), ("123", ""), ("٤٠٠٦٣٨١٣", ""),
])  # fmt: skip
def test_a_gtin_is_the_same_with_and_without_leading_zeros(code: str, is_: str) -> None:
    assert gtin(code) == is_


SCANS = st.sampled_from(["MUG", "PHONE", "TRAY", "CASE", "2*MUG", "SN-1", "W1-1-1", "W1-1-2", "?"])


@given(st.lists(SCANS, max_size=40), st.booleans())
def test_no_scans_count_more_than_is_wanted(scans: list[str], sorting: bool) -> None:
    stops, hand = [MUG, PHONE], None
    for text in scans:
        try:
            step = scan(wanted(stops, hand, sorting=sorting), text, CODES, sorting=sorting)
        except Invalid:
            continue
        hand = step.hand
        if step.put is not None:
            put = step.put
            stops = [replace(s, picked=s.picked + put.units) if s.id == put.stop_id else s for s in stops]
            assert put.mark or put.stop_id != PHONE.id
        assert all(0 <= stop.picked <= stop.quantity for stop in stops)


# ---------------------------------------------------------------- waves

ORDERS = st.lists(
    st.lists(st.tuples(st.sampled_from("ABC"), st.integers(1, 4), st.integers(1, 9)), min_size=1, max_size=4),
    min_size=1, max_size=30,
)  # fmt: skip


@given(ORDERS, st.sampled_from(["orders", "cluster", "zones", "single"]), st.integers(1, 12))
def test_every_pick_is_on_one_walk(orders: list[list[tuple[str, int, int]]], strategy: str, cart: int) -> None:
    picks = [
        [Pick(100 * n + m, n, f"S{m}", 1, zone=zone, spot=Spot(aisle, rack)) for m, (zone, aisle, rack) in enumerate(o)]
        for n, o in enumerate(orders)
    ]
    cut = walks(strategy, picks, cart)

    assert sorted(p.line_id for walk in cut for p in walk.picks) == sorted(p.line_id for o in picks for p in o)
    most = {"orders": 1, "single": HEAP}.get(strategy, cart)
    assert all(len(walk.slots) <= most for walk in cut)
    assert all(set(walk.slots) == {p.fulfillment_id for p in walk.picks} for walk in cut)
    if strategy == "zones":
        assert all({p.zone for p in walk.picks} == {walk.zone} for walk in cut)


NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(("rule", "waiting", "why"), [
    (Rule(20, None, None), 19, ""),
    (Rule(20, None, None), 20, "20 orders wait, 20 make a wave"),
    (Rule(0, 11 * 60, None), 1, "cut-off at 11:00 UTC"),
    (Rule(0, 11 * 60, NOON - timedelta(minutes=30)), 1, ""),
    (Rule(0, 11 * 60, NOON - timedelta(minutes=90)), 1, "cut-off at 11:00 UTC"),
    (Rule(0, 13 * 60, NOON - timedelta(hours=20)), 1, ""),
    (Rule(1, 0, None), 0, ""),
])  # fmt: skip
def test_when_a_wave_comes_by_itself(rule: Rule, waiting: int, why: str) -> None:
    assert due(rule, waiting, NOON) == why


@given(st.integers(0, 1439), st.integers(0, 10**6))
def test_the_last_cut_off_is_within_a_day(minutes: int, later: int) -> None:
    now = NOON + timedelta(minutes=later)

    assert timedelta(0) <= now - last_cut(minutes, now) < timedelta(days=1)
