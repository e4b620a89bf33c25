"""Dispatch: the parcel leaves once, with everything that follows from it."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from hub.domain.dispatching import DispatchFacts, dispatch, dispatched
from hub.domain.lifecycle import Custody, LabelState, PaymentState, Work
from hub.domain.outcome import LineDelta, Outcome, StockDelta, WorkLineDelta, WorkRow
from hub.domain.outgoing import Kind, PaymentAction, Shipment, ShipmentLine
from tests.domain.build import CONTACT, NOW, PROVIDER, STORE, parcel, payment, work, work_line

BOX = parcel(label=LabelState.BOUGHT, carrier="demo", tracking_number="DC1", tracking_url="https://t/DC1")
LABELED = work(state=Work.LABELED, parcels=(BOX,))
FACTS = DispatchFacts(
    kinds={STORE: frozenset({Kind.PUSH_SHIPMENT})}, contacts={1: (CONTACT,)}, payments={}, locations={7: "berlin"}
)


def kinds(outcome: Outcome) -> list[Kind]:
    return [message.kind for message in outcome.messages]


def test_the_parcel_is_the_carriers() -> None:
    outcome = dispatch(LABELED, FACTS, NOW)

    assert outcome.to is Work.DISPATCHED
    (box,) = outcome.changes.parcels
    assert (box.custody, box.handed_over_at) == (Custody.HANDED_OVER, NOW)
    assert isinstance(outcome.row, WorkRow)
    assert outcome.row.parcels == (box,)


def test_people_hand_over_where_people_work() -> None:
    assert dispatch(replace(LABELED, automatic=False), FACTS, NOW) == Outcome()
    assert dispatched(LABELED, FACTS, NOW, "user:7").events[0].actor == "user:7"


def test_stock_goes_down_by_what_was_promised() -> None:
    row = replace(LABELED, lines=(work_line(), work_line(id=302, order_line_id=102, sku="CUP-1", quantity=1)))

    changes = dispatch(row, FACTS, NOW).changes

    assert changes.stock == (
        StockDelta("MUG-1", 7, -2, -2, "dispatched", 501),
        StockDelta("CUP-1", 7, -1, -1, "dispatched", 501),
    )
    assert changes.lines == (LineDelta(101, shipped=2, reserved=-2), LineDelta(102, shipped=1, reserved=-1))
    assert changes.work_lines == (WorkLineDelta(301, reserved=-2), WorkLineDelta(302, reserved=-1))


def test_the_channel_is_told_each_parcel_by_its_own_line_ids() -> None:
    lines = (work_line(), work_line(id=302, order_line_id=102, external_id="L2", quantity=1))
    second = replace(BOX, id=402, number="PCJ", tracking_number="DC2", contents={102: 1})
    row = replace(LABELED, lines=lines, parcels=(BOX, second))

    pushes = [m for m in dispatch(row, FACTS, NOW).messages if m.kind is Kind.PUSH_SHIPMENT]

    assert [push.intent for push in pushes] == ["shipment:401", "shipment:402"]
    assert {push.key for push in pushes} == {1}, "in order for one order"
    assert pushes[0].payload == Shipment(
        reference="PCH", order_id="X1", order_number="1001", lines=(ShipmentLine(line_id="L1", quantity=2),),
        carrier="demo", tracking_number="DC1", tracking_url="https://t/DC1", shipped_at=NOW, location="berlin",
    )  # fmt: skip
    assert pushes[1].payload.lines == (ShipmentLine(line_id="L2", quantity=1),)  # type: ignore[attr-defined]


def test_a_channel_that_takes_no_shipments_is_not_bothered() -> None:
    assert kinds(dispatch(LABELED, replace(FACTS, kinds={}), NOW)) == [Kind.NOTIFY]


def test_a_customer_without_an_address_hears_nothing() -> None:
    assert kinds(dispatch(LABELED, replace(FACTS, contacts={}), NOW)) == [Kind.PUSH_SHIPMENT]


@pytest.mark.parametrize("state", PaymentState)
@pytest.mark.parametrize("account", [None, PROVIDER])
def test_only_what_was_authorized_with_a_provider_of_ours_is_taken(state: PaymentState, account: int | None) -> None:
    promised = payment(state=state, account_id=account, captured=0)

    captures = [
        m for m in dispatch(LABELED, replace(FACTS, payments={1: (promised,)}), NOW).messages
        if m.kind is Kind.CAPTURE_PAYMENT
    ]  # fmt: skip

    if state is PaymentState.AUTHORIZED and account is not None:
        (capture,) = captures
        assert (capture.intent, capture.subject, capture.subject_id) == ("capture:201", "order", 1)
        assert capture.payload == PaymentAction(reference="capture-201", payment_id="P1", amount=2500, currency="EUR")
    else:
        assert captures == []


def test_a_second_dispatch_of_the_order_asks_for_the_same_capture() -> None:
    facts = replace(FACTS, payments={1: (payment(state="authorized", account_id=PROVIDER, captured=0),)})
    other = replace(LABELED, id=502, number="1001-F2", parcels=(replace(BOX, id=402),))

    one, two = dispatch(LABELED, facts, NOW), dispatch(other, facts, NOW)

    assert {m.intent for m in one.messages} & {m.intent for m in two.messages} == {"capture:201"}
