"""The one word people see: every word can be reached, and the first that fits wins."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.domain.lifecycle import PHASES, Lifecycle, PhaseFacts, Work, phase

HOLDS = ("payment", "fraud", "address", "stock", "credit", "customs", "mapping", "duplicate", "channel_pending",
         "customer", "manual")  # fmt: skip
GOING = {"lifecycle": Lifecycle.IN_PROGRESS, "units": 4}
DONE = {"lifecycle": Lifecycle.COMPLETED, "units": 4, "shipped": 4, "delivered": 4}

facts = st.builds(
    PhaseFacts,
    lifecycle=st.sampled_from(Lifecycle),
    holds=st.frozensets(st.sampled_from(HOLDS), max_size=3),
    works=st.frozensets(st.sampled_from(Work), max_size=3),
    trouble=st.booleans(),
    units=st.integers(0, 5),
    shipped=st.integers(0, 5),
    delivered=st.integers(0, 5),
    returned=st.integers(0, 5),
    return_open=st.booleans(),
    closed=st.booleans(),
)


EXAMPLES: list[tuple[str, dict[str, Any]]] = [
    ("cancelled", {"lifecycle": Lifecycle.CANCELLED, "trouble": True, "holds": {"stock"}}),
    ("rejected", {"lifecycle": Lifecycle.REJECTED, "trouble": True}),
    ("draft", {"lifecycle": Lifecycle.DRAFT, "holds": {"stock"}}),
    ("exception", {**GOING, "trouble": True, "holds": {"address"}, "shipped": 4}),
    ("on_hold", {"lifecycle": Lifecycle.RECEIVED, "holds": {"address"}}),
    ("on_hold", {"lifecycle": Lifecycle.RECEIVED, "holds": {"address", "payment"}}),
    ("on_hold", {"lifecycle": Lifecycle.ACCEPTED, "holds": {"stock", "manual"}}),
    ("awaiting_payment", {"lifecycle": Lifecycle.RECEIVED, "holds": {"payment"}}),
    ("awaiting_payment", {"lifecycle": Lifecycle.RECEIVED, "holds": {"payment", "channel_pending"}}),
    ("reviewing", {"lifecycle": Lifecycle.RECEIVED}),
    ("backordered", {"lifecycle": Lifecycle.ACCEPTED, "holds": {"stock"}}),
    ("ready_to_route", {"lifecycle": Lifecycle.ACCEPTED}),
    ("routed", {**GOING, "works": {Work.OPEN}}),
    ("picking", {**GOING, "works": {Work.OPEN, Work.PICKING}}),
    ("picking", {**GOING, "works": {Work.SHORT}}),
    ("packed", {**GOING, "works": {Work.PICKED, Work.PACKED}}),
    ("packed", {**GOING, "works": {Work.LABELED}}),
    ("partially_shipped", {**GOING, "works": {Work.DISPATCHED, Work.PACKED}, "shipped": 2}),
    ("shipped", {**GOING, "works": {Work.DISPATCHED}, "shipped": 4}),
    ("partially_delivered", {**GOING, "shipped": 4, "delivered": 1}),
    ("delivered", {**GOING, "shipped": 4, "delivered": 4}),
    ("delivered", DONE),
    ("return_open", {**DONE, "return_open": True, "returned": 4}),
    ("partially_returned", {**DONE, "returned": 1, "closed": True}),
    ("returned", {**DONE, "returned": 4}),
    ("closed", {**DONE, "closed": True}),
    ("closed", {"lifecycle": Lifecycle.COMPLETED}),
]


@pytest.mark.parametrize(("expected", "given_facts"), EXAMPLES)
def test_examples(expected: str, given_facts: dict[str, Any]) -> None:
    sets = {name: frozenset(value) for name, value in given_facts.items() if isinstance(value, set)}

    assert phase(PhaseFacts(**given_facts | sets)) == expected


def test_every_phase_but_those_of_later_issues_is_reached() -> None:
    assert set(PHASES) - {word for word, _ in EXAMPLES} == {"amending"}, "amending comes with changes by people"


@given(facts)
def test_every_order_has_a_phase_of_the_list(some: PhaseFacts) -> None:
    assert phase(some) in PHASES


@given(facts)
def test_the_first_that_fits_wins(some: PhaseFacts) -> None:
    """Each rule in the order of the list, none of which may be overtaken by a later one."""
    word = phase(some)
    running = some.lifecycle in {Lifecycle.RECEIVED, Lifecycle.ACCEPTED, Lifecycle.IN_PROGRESS}

    if some.lifecycle in {Lifecycle.CANCELLED, Lifecycle.REJECTED, Lifecycle.DRAFT}:
        assert word == some.lifecycle.name.lower()
    elif running and some.trouble:
        assert word == "exception"
    elif running and some.holds:
        assert word in {"on_hold", "awaiting_payment", "backordered"}
    elif running:
        assert PHASES.index(word) >= PHASES.index("reviewing")
        assert word not in {"on_hold", "awaiting_payment", "backordered", "exception"}
    else:
        assert PHASES.index(word) >= PHASES.index("delivered")


@given(
    st.builds(
        PhaseFacts,
        lifecycle=st.just(Lifecycle.IN_PROGRESS),
        works=st.frozensets(st.sampled_from(Work), max_size=3),
        units=st.integers(0, 5),
        shipped=st.integers(0, 5),
        delivered=st.integers(0, 5),
    )
)
def test_goods_only_ever_look_as_far_as_they_are(some: PhaseFacts) -> None:
    word = phase(some)

    if word in {"delivered", "shipped"}:
        assert (some.delivered if word == "delivered" else some.shipped) >= some.units
    if word in {"partially_delivered", "partially_shipped"}:
        assert (some.delivered or some.shipped) > 0
    if word in {"routed", "picking", "packed"}:
        assert not some.shipped
        assert not some.delivered
