"""Axes that the outside moves: every state of a parcel with every scan of a carrier, and every word on a return after
every other, against tables written out by hand (`order-model.md`)."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import pytest

from hub.domain.lifecycle import Custody
from hub.domain.order import ReturnNotice, ReturnStatus, ScanStatus
from hub.domain.returning import Standing, merged
from hub.domain.tracking import apply_scan
from tests.domain.build import NOW, parcel, scan

C, S, R = Custody, ScanStatus, ReturnStatus
LATER = NOW + timedelta(hours=1)

MOVES = {
    (C.HANDED_OVER, S.DELIVERED): C.DELIVERED,
    (C.HANDED_OVER, S.RETURN_TO_SENDER): C.RETURNED_TO_SENDER,
    (C.HANDED_OVER, S.LOST): C.LOST,
    (C.LOST, S.DELIVERED): C.DELIVERED,
    (C.LOST, S.RETURN_TO_SENDER): C.RETURNED_TO_SENDER,
}
"""All moves of custody that a scan makes; every other pair leaves custody where it is."""

MOVES_ON = {C.PACKED, C.MANIFESTED, C.HANDED_OVER, C.CANCELLED}
"""Where the newest scan is what people see: under way, and cancelled, where the carrier has it after all."""


@pytest.mark.parametrize(("custody", "status"), [*product(Custody, ScanStatus)])
def test_a_parcel_in_each_state_and_each_scan(custody: Custody, status: ScanStatus) -> None:
    before = parcel(custody=custody, tracked_at=NOW, tracking=S.PRE_TRANSIT)

    after = apply_scan(before, scan(status, LATER))

    assert after.custody is MOVES.get((custody, status), custody)
    seen = (custody, status) in MOVES or custody in MOVES_ON
    assert (after.tracking, after.tracked_at) == ((status, LATER) if seen else (S.PRE_TRANSIT, NOW))
    assert (after is before) == (not seen), "a scan that says nothing new changes nothing"


@pytest.mark.parametrize(("custody", "status"), [*product(Custody, ScanStatus)])
def test_a_late_scan_never_moves_custody_back(custody: Custody, status: ScanStatus) -> None:
    before = parcel(custody=custody, tracked_at=LATER, tracking=S.IN_TRANSIT)

    after = apply_scan(before, scan(status, NOW))

    assert after.custody is MOVES.get((custody, status), custody)
    assert (after is before) == ((custody, status) not in MOVES)


WAY = (R.REQUESTED, R.APPROVED, R.IN_TRANSIT, R.RECEIVED)
ENDS = (R.CLOSED, R.DECLINED, R.CANCELLED)


def heard(*words: ReturnStatus) -> Standing:
    standing: Standing | None = None
    for minutes, word in enumerate(words):
        at = NOW + timedelta(minutes=minutes)
        standing = merged(standing, ReturnNotice(order_id="X", external_id="R", at=at, status=word))
    assert standing is not None
    return standing


@pytest.mark.parametrize(("first", "second"), [*product(ReturnStatus, ReturnStatus)])
def test_a_return_in_each_state_and_each_word(first: ReturnStatus, second: ReturnStatus) -> None:
    """An end is one while it is the newest word; else goods are as far as they ever were."""
    furthest = max((word for word in (first, second) if word in WAY), key=WAY.index, default=R.REQUESTED)

    assert {*WAY, *ENDS} == set(ReturnStatus)
    assert heard(first, second).state is (second if second in ENDS else furthest)
