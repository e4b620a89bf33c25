"""Review: each doubt is a hold that names what is missing, and only what was looked at by a person is let pass."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from hub.domain.lifecycle import Lifecycle, PaymentState
from hub.domain.order import Address, Buyer, Charge
from hub.domain.outcome import HoldNeed, HoldRow, OrderRow, Outcome
from hub.domain.validation import REVIEW_HOLDS, ReviewFacts, Twin, review, signature
from tests.domain.build import BERLIN, MERCHANT, NOW, STORE, line, order, payment

FACTS = ReviewFacts(skus=frozenset({(MERCHANT, "MUG-1")}))


def decide(row: OrderRow, facts: ReviewFacts = FACTS) -> Outcome:
    return review(row, facts, NOW)


def only_hold(outcome: Outcome) -> HoldNeed:
    assert outcome.to is None, "held"
    (hold,) = outcome.holds
    assert hold.reason in REVIEW_HOLDS
    assert hold.resolutions, "a person can do something about it"
    return hold


def test_an_order_with_everything_is_accepted() -> None:
    outcome = decide(order())

    assert outcome.to is Lifecycle.ACCEPTED
    assert outcome.holds == ()
    assert [event.kind for event in outcome.events] == ["accepted"]


# ---------------------------------------------------------------- one doubt each


@pytest.mark.parametrize("off", [-1, 1, 250])
def test_sums_that_do_not_add_up(off: int) -> None:
    hold = only_hold(decide(order(total=2500 + off)))

    assert hold.reason == "manual"
    assert hold.detail == {"what": "sums", "expected": 2500, "told": 2500 + off, "currency": "EUR"}


def test_a_word_that_nobody_knows() -> None:
    hold = only_hold(decide(order(unknown_words=("status: sideways",))))

    assert (hold.reason, hold.detail) == ("mapping", {"what": "words", "words": ["status: sideways"]})


def test_a_sku_that_is_not_ours() -> None:
    hold = only_hold(decide(order(lines=(line(sku="", title="Cup"),))))

    assert hold.reason == "mapping"
    assert hold.detail == {
        "what": "skus",
        "lines": [{"line": "L1", "title": "Cup", "sku": "", "listing": "V1"}],
    }


def test_a_mapped_listing_wins_over_the_channels_own_sku() -> None:
    facts = ReviewFacts(listings={(STORE, "V1"): "MUG-BLUE"}, skus=FACTS.skus)

    outcome = decide(order(), facts)

    assert outcome.to is Lifecycle.ACCEPTED
    assert outcome.changes.skus == {101: "MUG-BLUE"}
    assert isinstance(outcome.row, OrderRow)
    assert outcome.row.lines[0].sku == "MUG-BLUE", "the next stage of the same transaction sees it"


def test_the_listing_of_another_account_means_nothing() -> None:
    facts = ReviewFacts(listings={(STORE + 1, "V1"): "MUG-BLUE"})

    assert only_hold(decide(order(), facts)).reason == "mapping"


@pytest.mark.parametrize(
    "change", [{"requires_shipping": False}, {"cancelled": 2}, {"assigned": 2, "shipped": 2, "delivered": 2}]
)
def test_a_line_that_we_do_not_ship_needs_no_sku(change: dict[str, Any]) -> None:
    assert decide(order(lines=(line(sku="?", **change),), total=2500)).to is Lifecycle.ACCEPTED


@pytest.mark.parametrize(
    ("ship_to", "faults"),
    [
        (replace(BERLIN, postcode=""), ["postcode_missing"]),
        (replace(BERLIN, postcode="ABC", name=""), ["name_missing", "postcode_unknown"]),
        (Address(name="Ann", line1="1 Main St", city="Austin", region="TX", postcode="10118", country="US"),
         ["postcode_mismatch"]),
        (Address(name="Jan", line1="Prosta 1", city="Łódź", postcode="90838", country="PL"), ["postcode_unknown"]),
        (Address(name="Aya", line1="1-1", city="渋谷区", postcode="150-0001", country="JP"), ["region_missing"]),
        (Address(name="Noura", line1="Block 1", country="KW"), ["city_missing"]),
        (Address(name="Ada", line1="1 High St", city="Leeds", country="GB"), ["postcode_missing"]),
        (Address(name="Wing", line1="1 Nathan Road", country="HK"), ["region_missing"]),
    ],
)  # fmt: skip
def test_an_address_that_no_carrier_finds(ship_to: Address, faults: list[str]) -> None:
    hold = only_hold(decide(order(ship_to=ship_to)))

    assert (hold.reason, hold.owner) == ("address", "customer")
    assert {**hold.detail, "suggestion": None} == {"what": "address", "faults": faults, "suggestion": None}
    assert ("suggestion" in hold.detail) == ("use_suggestion" in hold.resolutions)


def test_no_address_at_all() -> None:
    assert only_hold(decide(order(ship_to=None))).detail == {"what": "no_address"}


def test_digital_goods_need_no_address() -> None:
    assert decide(order(ship_to=None, lines=(line(requires_shipping=False),))).to is Lifecycle.ACCEPTED


@pytest.mark.parametrize(
    ("email", "phone", "held"),
    [
        ("erika@example", "", True),
        ("erika@example", "1", True),
        ("erika@example", "030 1234567", False),
        ("", "", False),
        ("", "1", False),
        ("erika@example.com", "1", False),
    ],
)
def test_a_buyer_whom_nothing_reaches(email: str, phone: str, held: bool) -> None:
    outcome = decide(order(email=email, buyer=Buyer(phone=phone), ship_to=replace(BERLIN, phone="")))

    if held:
        assert only_hold(outcome).reason == "customer"
    else:
        assert outcome.to is Lifecycle.ACCEPTED


# ---------------------------------------------------------------- money that is not there yet


def test_an_order_that_the_channel_does_not_release() -> None:
    hold = only_hold(decide(order(pending=True, paid=False)))

    assert (hold.reason, hold.owner) == ("channel_pending", "channel")


@pytest.mark.parametrize("state", PaymentState)
def test_money_counts_when_it_is_there_or_promised(state: PaymentState) -> None:
    good = {PaymentState.AUTHORIZED, PaymentState.CAPTURED, PaymentState.PARTIALLY_CAPTURED}
    failed = {PaymentState.FAILED, PaymentState.VOIDED, PaymentState.EXPIRED}

    outcome = decide(order(paid=False, payments=(payment(state=state),)))

    if state in good:
        assert outcome.to is Lifecycle.ACCEPTED
    else:
        hold = only_hold(outcome)
        what = "payment_failed" if state in failed else "payment_missing"
        assert (hold.reason, hold.detail) == ("payment", {"what": what, "due": 2500, "currency": "EUR"})


def test_payments_add_up_to_the_whole_or_the_order_waits() -> None:
    gift_card, card = payment(id=1, amount=500), payment(id=2, amount=2000, state="authorized")

    assert decide(order(paid=False, payments=(gift_card, card))).to is Lifecycle.ACCEPTED
    short = decide(order(paid=False, payments=(gift_card, replace(card, amount=1999))))
    assert only_hold(short).detail["due"] == 1


def test_a_free_order_needs_no_payment() -> None:
    assert decide(order(paid=False, lines=(line(discount=2500),))).to is Lifecycle.ACCEPTED


# ---------------------------------------------------------------- the same order twice


def twin(**given: Any) -> Twin:
    fields: dict[str, Any] = {
        "order_id": 0, "number": "1000", "placed_at": NOW - timedelta(minutes=3), "signature": (("MUG-1", 2),)
    }  # fmt: skip
    return Twin(**fields | given)


def held_as_duplicate(*twins: Twin) -> bool:
    facts = ReviewFacts(skus=FACTS.skus, twins={1: twins})
    outcome = decide(order(), facts)
    if outcome.to is None:
        hold = only_hold(outcome)
        assert hold.reason == "duplicate"
        assert hold.detail["of"] == "1000"
        return True
    return False


def test_the_later_of_two_equal_orders_waits() -> None:
    assert held_as_duplicate(twin())
    assert held_as_duplicate(twin(placed_at=NOW - timedelta(minutes=10)))
    assert held_as_duplicate(twin(placed_at=NOW, order_id=0)), "of the same second the one that came later"


def test_the_earlier_one_goes_on() -> None:
    assert not held_as_duplicate(twin(placed_at=NOW + timedelta(seconds=1)))
    assert not held_as_duplicate(twin(placed_at=NOW, order_id=2))


def test_what_differs_is_no_duplicate() -> None:
    assert not held_as_duplicate(twin(placed_at=NOW - timedelta(minutes=10, seconds=1)))
    assert not held_as_duplicate(twin(signature=(("MUG-1", 1),)))
    assert not held_as_duplicate(twin(signature=(("MUG-1", 1), ("MUG-1", 1))))


def test_a_signature_knows_no_order_of_lines() -> None:
    one = order(lines=(line(), line(id=102, sku="", listing_id="V2"), line(id=103, sku="", listing_id="", title="T")))

    assert signature(one) == signature(replace(one, lines=one.lines[::-1]))
    assert signature(one) == (("MUG-1", 2), ("T", 2), ("V2", 2))


# ---------------------------------------------------------------- several doubts, and those let pass


def test_every_doubt_is_told_at_once() -> None:
    row = order(total=1, unknown_words=("x",), ship_to=None, paid=False, email="nobody", buyer=Buyer())
    facts = ReviewFacts(skus=FACTS.skus, twins={1: (twin(),)})

    reasons = [hold.reason for hold in decide(row, facts).holds]

    assert sorted(reasons) == ["address", "customer", "duplicate", "manual", "mapping", "payment"]


def test_one_hold_a_reason() -> None:
    row = order(unknown_words=("x",), lines=(line(sku="", listing_id=""),))

    assert [hold.detail["what"] for hold in decide(row).holds] == ["words"]


def waived(detail: dict[str, object], **given: Any) -> HoldRow:
    fields = {"id": 9, "reason": "manual", "state": "released", "detail": detail, "resolution": "accept"}
    return HoldRow(**fields | given)


SUMS = {"what": "sums", "expected": 2500, "told": 2400, "currency": "EUR"}


def test_what_a_person_accepted_is_let_pass() -> None:
    assert decide(order(total=2400, holds=(waived(SUMS),))).to is Lifecycle.ACCEPTED


def test_lists_and_maps_in_a_waived_detail_compare_by_content() -> None:
    accepted = waived({"words": ["b", "a"], "what": "words"}, reason="mapping")

    assert decide(order(unknown_words=("b", "a"), holds=(accepted,))).to is Lifecycle.ACCEPTED
    assert only_hold(decide(order(unknown_words=("b", "c"), holds=(accepted,)))).reason == "mapping"


@pytest.mark.parametrize(
    "hold",
    [
        waived({**SUMS, "told": 2399}),
        waived(SUMS, resolution="healed"),
        waived(SUMS, state="open"),
        waived(SUMS, state="escalated"),
        waived(SUMS, reason="payment"),
    ],
)
def test_only_in_exactly_the_form_that_was_accepted(hold: HoldRow) -> None:
    assert only_hold(decide(order(total=2400, holds=(hold,)))).detail == SUMS


def test_charges_count_towards_the_total() -> None:
    shipping = Charge(kind="shipping", title="DHL", amount=490, discount=90)

    assert decide(order(charges=(shipping,), total=2900)).to is Lifecycle.ACCEPTED
