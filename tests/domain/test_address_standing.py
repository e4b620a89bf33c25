"""Every way an order may stand when its customer wants it to go elsewhere."""

import itertools

import pytest

from hub.domain.address_standing import Progress, Standing, standing

HELD = Progress(phase="on_hold", left=False, labeled=False, held=True, correctable=True)


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (HELD, Standing.HELD),
        (Progress(phase="on_hold", left=False, labeled=True, held=True, correctable=True), Standing.HELD),
        (Progress(phase="on_hold", left=False, labeled=False, held=True, correctable=True, abroad=True), "by_person"),
        (Progress(phase="on_hold", left=False, labeled=False, held=True), Standing.BY_PERSON),
        (Progress(phase="packing", left=False, labeled=False, held=False), Standing.OPEN),
        (Progress(phase="packed", left=False, labeled=True, held=False), Standing.LABELED),
        (Progress(phase="shipped", left=True, labeled=True, held=False), Standing.LEFT),
        (Progress(phase="on_hold", left=True, labeled=True, held=True, correctable=True), Standing.LEFT),
    ],
)
def test_how_an_order_stands(order: Progress, expected: str) -> None:
    assert standing(order) == expected


@pytest.mark.parametrize("phase", ["cancelled", "rejected"])
def test_what_is_over_is_over_whatever_else_is_said(phase: str) -> None:
    for flags in itertools.product([False, True], repeat=5):
        left, labeled, held, correctable, abroad = flags
        order = Progress(phase=phase, left=left, labeled=labeled, held=held, correctable=correctable, abroad=abroad)
        assert standing(order) is Standing.OVER
