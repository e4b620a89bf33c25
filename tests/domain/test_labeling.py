"""Label: asks once, waits, and decides on what came back: bought, refused, lost, or nobody to ask."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from hub.domain.labeling import Answered, LabelFacts, intent, label
from hub.domain.lifecycle import LABEL_MOVES, LabelState, Outbox, Work
from hub.domain.order import Address
from hub.domain.outcome import WorkRow
from hub.domain.outgoing import Kind, Label, LabelRequest
from tests.domain.build import BERLIN, CARRIER, NOW, parcel, work

SENDER = Address(company="Lager", line1="Hauptstr. 1", city="Berlin", postcode="10115", country="DE")
PACKED = work(state=Work.PACKED, parcels=(parcel(),))
BUYING = work(state=Work.PACKED, parcels=(parcel(label=LabelState.BUYING),))
BOUGHT = Label(
    external_id="lbl_1", carrier="demo", service="standard", tracking_number="DC1", cost=490, currency="EUR",
    tracking_url="https://track/DC1", document_url="https://label/1",
)  # fmt: skip


def facts(*answers: tuple[str, Answered]) -> LabelFacts:
    return LabelFacts(dict(answers), {7: SENDER})


def answered(state: Outbox, bought: Label | None = None, why: str = "") -> LabelFacts:
    return facts(("label:401:1", Answered(state, bought, why)))


def test_asks_the_carrier_and_waits() -> None:
    outcome = label(PACKED, facts(), NOW)

    assert outcome.to is None
    assert outcome.wake_at is None, "the answer wakes it"
    (message,) = outcome.messages
    assert (message.kind, message.intent, message.account_id) == (Kind.BUY_LABEL, "label:401:1", CARRIER)
    assert (message.subject, message.subject_id) == ("fulfillment", 501)
    assert message.payload == LabelRequest(
        reference="PCH-1", order_number="1001", service="standard", sender=replace(SENDER, name="Lager", company=""),
        recipient=BERLIN, weight_grams=800, value=2500, currency="EUR",
    )  # fmt: skip
    assert [box.label for box in outcome.changes.parcels] == [LabelState.BUYING]


@pytest.mark.parametrize("state", [Outbox.PENDING])
def test_an_answer_that_is_not_there_yet_or_was_lost_is_waited_for(state: Outbox) -> None:
    outcome = label(BUYING, answered(state, why="the answer was lost"), NOW)

    assert outcome.to is None
    assert outcome.messages == (), "not asked again: the outbox looks it up"
    assert outcome.holds == ()
    assert outcome.changes.parcels == ()


def test_the_label_goes_on_the_parcel() -> None:
    outcome = label(BUYING, answered(Outbox.SENT, BOUGHT), NOW)

    assert outcome.to is Work.LABELED
    (box,) = outcome.changes.parcels
    assert (box.label, box.tracking_number, box.label_id) == (LabelState.BOUGHT, "DC1", "lbl_1")
    assert (box.label_cost, box.label_currency, box.carrier) == (490, "EUR", "demo")
    assert (box.tracking_url, box.label_url) == ("https://track/DC1", "https://label/1")
    assert outcome.events[0].kind == "labeled"
    assert isinstance(outcome.row, WorkRow)
    assert outcome.row.parcels == (box,)


@pytest.mark.parametrize("state", [Outbox.REFUSED, Outbox.DEAD])
def test_a_refusal_is_a_hold_with_the_carriers_words(state: Outbox) -> None:
    outcome = label(BUYING, answered(state, why="postcode 99999 is not served"), NOW)

    assert outcome.to is None
    (hold,) = outcome.holds
    assert hold.reason == "manual"
    assert hold.detail == {
        "what": "carrier", "fulfillment": "1001-F1", "parcel": "PCH", "why": "postcode 99999 is not served"
    }  # fmt: skip
    assert "use_address" in hold.resolutions


def test_without_a_carrier_somebody_must_connect_one() -> None:
    outcome = label(replace(PACKED, carrier_account_id=None), facts(), NOW)

    assert outcome.holds[0].detail["what"] == "no_carrier"
    assert outcome.messages == ()


def test_a_second_try_is_a_new_intent_with_a_new_reference() -> None:
    again = replace(PACKED, parcels=(parcel(label_attempt=2),))

    (message,) = label(again, answered(Outbox.REFUSED, why="no"), NOW).messages

    assert message.intent == "label:401:2"
    assert isinstance(message.payload, LabelRequest)
    assert message.payload.reference == "PCH-2"


def test_several_parcels_wait_for_each_other() -> None:
    one, other = parcel(label=LabelState.BUYING), parcel(id=402, number="PCJ", label=LabelState.BUYING)
    row = work(state=Work.PACKED, parcels=(one, other))

    waiting = ("label:402:1", Answered(Outbox.PENDING, None, ""))
    half = label(row, facts(("label:401:1", Answered(Outbox.SENT, BOUGHT, "")), waiting), NOW)

    assert half.to is None
    assert [box.id for box in half.changes.parcels] == [401]
    assert isinstance(half.row, WorkRow)
    rest = facts(("label:402:1", Answered(Outbox.SENT, replace(BOUGHT, tracking_number="DC2"), "")))
    whole = label(half.row, rest, NOW)
    assert whole.to is Work.LABELED
    assert [box.tracking_number for box in whole.row.parcels] == ["DC1", "DC2"]  # type: ignore[union-attr]


answers = st.none() | st.sampled_from([
    Answered(Outbox.PENDING, None, ""), Answered(Outbox.SENT, BOUGHT, ""),
    Answered(Outbox.REFUSED, None, "no"), Answered(Outbox.DEAD, None, "gone"),
])  # fmt: skip


@given(st.lists(answers, min_size=1, max_size=4))
def test_labels_move_along_their_table_and_are_asked_for_once(told: list[Answered | None]) -> None:
    """Whatever is known of each parcel: moves are those of the table, and only unasked labels are asked for."""
    boxes = tuple(
        parcel(id=400 + n, label=LabelState.NONE if answer is None else LabelState.BUYING)
        for n, answer in enumerate(told)
    )
    known = {intent(box): answer for box, answer in zip(boxes, told, strict=True) if answer is not None}

    outcome = label(work(state=Work.PACKED, parcels=boxes), LabelFacts(known, {}), NOW)

    before = {box.id: box.label for box in boxes}
    assert all(box.label in LABEL_MOVES[before[box.id]] for box in outcome.changes.parcels)
    unasked = {box.id for box, answer in zip(boxes, told, strict=True) if answer is None}
    asked = {message.key for message in outcome.messages}
    assert asked == (set() if outcome.holds else unasked)
    assert (outcome.to is Work.LABELED) == all(answer is not None and answer.label is not None for answer in told)
