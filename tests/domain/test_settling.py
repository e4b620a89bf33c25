"""Settle: complete only when goods and money are done; what was captured is booked once and in balance."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.domain.lifecycle import Lifecycle, Outbox, Work
from hub.domain.outcome import Outcome, Posting
from hub.domain.settling import Capture, SettleFacts, settle
from tests.domain.build import NOW, PROVIDER, line, order, payment

ARRIVED = line(assigned=2, shipped=2, delivered=2)
GOING = {"state": Lifecycle.IN_PROGRESS, "lines": (ARRIVED,)}


def facts(*works: Work, **captures: Capture) -> SettleFacts:
    return SettleFacts({1: works}, {int(name.removeprefix("p")): capture for name, capture in captures.items()})


def decide(**given: object) -> Outcome:
    return settle(order(**GOING | given), facts(Work.DONE), NOW)


SENT = Capture(Outbox.SENT, "")


def test_complete_when_everything_arrived_and_is_paid() -> None:
    outcome = decide()

    assert outcome.to is Lifecycle.COMPLETED
    assert [event.kind for event in outcome.events] == ["completed"]
    assert outcome.events[0].details == {"delivered": 2}


@pytest.mark.parametrize(
    "rest",
    [
        line(assigned=2, shipped=2, delivered=1),
        line(assigned=2, shipped=1, delivered=1),
        line(ordered=3, cancelled=0, assigned=2, shipped=2, delivered=2),
    ],
)
def test_not_while_a_unit_is_under_way(rest: object) -> None:
    assert decide(lines=(rest,)).to is None


def test_cancelled_and_digital_units_are_done() -> None:
    lines = (line(ordered=5, cancelled=3, assigned=2, shipped=2, delivered=2), line(id=2, requires_shipping=False))

    assert decide(lines=lines).to is Lifecycle.COMPLETED


@pytest.mark.parametrize("work", [work for work in Work if work not in {Work.DONE, Work.CANCELLED}])
def test_not_while_a_fulfillment_order_is_open(work: Work) -> None:
    assert settle(order(**GOING), facts(Work.DONE, work), NOW).to is None


def test_a_cancelled_fulfillment_order_does_not_count() -> None:
    assert settle(order(**GOING), facts(Work.CANCELLED, Work.DONE), NOW).to is Lifecycle.COMPLETED


def test_what_the_channel_collects_is_the_channels_to_collect() -> None:
    promised = payment(state="authorized", captured=0)

    assert decide(paid=False, payments=(promised,)).to is Lifecycle.COMPLETED


def test_what_we_collect_must_be_there() -> None:
    ours = payment(state="authorized", account_id=PROVIDER, captured=0)
    row = order(**GOING, paid=False, payments=(ours,))

    assert settle(row, facts(Work.DONE), NOW).to is None
    assert settle(row, facts(Work.DONE, p201=Capture(Outbox.PENDING, "")), NOW).to is None
    taken = settle(row, facts(Work.DONE, p201=SENT), NOW)
    assert taken.to is Lifecycle.COMPLETED
    assert taken.changes.captured == {201: 2500}
    assert taken.changes.postings == (
        Posting(1, "captured:201:2500", "cash", "EUR", 2500),
        Posting(1, "captured:201:2500", "receivable", "EUR", -2500),
    )
    assert [event.kind for event in taken.events] == ["payment_captured", "completed"]


def test_a_capture_is_booked_while_goods_are_still_under_way() -> None:
    ours = payment(state="authorized", account_id=PROVIDER, captured=500)
    row = order(state=Lifecycle.IN_PROGRESS, paid=False, payments=(ours,), lines=(line(assigned=2, shipped=2),))

    outcome = settle(row, facts(Work.DISPATCHED, p201=SENT), NOW)

    assert outcome.to is None
    assert [posting.amount for posting in outcome.changes.postings] == [2000, -2000], "only what is new"


def test_a_capture_that_was_booked_is_not_booked_again() -> None:
    outcome = settle(order(**GOING, payments=(payment(account_id=PROVIDER),)), facts(Work.DONE, p201=SENT), NOW)

    assert outcome.changes.postings == ()
    assert outcome.changes.captured == {}


@pytest.mark.parametrize("state", [Outbox.REFUSED, Outbox.DEAD])
def test_a_capture_that_was_refused_is_a_persons_to_decide(state: Outbox) -> None:
    ours = payment(state="authorized", account_id=PROVIDER, captured=0)

    outcome = settle(
        order(**GOING, paid=False, payments=(ours,)), facts(Work.DONE, p201=Capture(state, "expired")), NOW
    )

    assert outcome.to is None
    (hold,) = outcome.holds
    assert (hold.reason, hold.detail) == ("payment", {"what": "capture_refused", "why": "expired"})


payments = st.lists(
    st.tuples(st.integers(0, 10**6), st.integers(0, 10**6), st.sampled_from([None, PROVIDER]),
              st.sampled_from([None, *Outbox])),
    max_size=5,
)  # fmt: skip


@given(payments, st.sampled_from(["JPY", "EUR", "BHD"]), st.booleans())
def test_bookings_balance_and_are_what_arrived(
    parts: list[tuple[int, int, int | None, Outbox | None]], currency: str, paid: bool
) -> None:
    rows = tuple(
        payment(id=n, account_id=account, amount=amount, captured=min(captured, amount), currency=currency)
        for n, (amount, captured, account, _) in enumerate(parts)
    )
    captures = {n: Capture(state, "") for n, (_, _, account, state) in enumerate(parts) if account and state}

    outcome = settle(order(**GOING, paid=paid, payments=rows, currency=currency), SettleFacts({}, captures), NOW)

    postings = outcome.changes.postings
    assert sum(posting.amount for posting in postings) == 0
    arrived = sum(p.amount - p.captured for p in rows if p.id in captures and captures[p.id].state is Outbox.SENT)
    assert sum(posting.amount for posting in postings if posting.account == "cash") == arrived
    assert {posting.currency for posting in postings} <= {currency}
    assert all(outcome.changes.captured[n] == rows[n].amount for n in outcome.changes.captured)
