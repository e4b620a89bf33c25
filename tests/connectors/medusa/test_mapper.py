"""Money beyond the fixtures: whatever Medusa computes, the parts make the total to the last minor unit."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.medusa import mapper
from hub.domain.order import ChannelOrder
from hub.errors import BadPayload
from tests.connectors.medusa.documents import item, order, payment, restate, way
from tests.connectors.medusa.totals import decorate

RATES = st.sampled_from([(), (19,), (7.25,), (5, 9.975), (20,), (8.875,), (0,)])


def read(document: dict[str, Any]) -> ChannelOrder:
    """The order in a delivery's body."""
    found = mapper.news(msgspec.json.encode({"order": document}))[0]
    assert isinstance(found, ChannelOrder)
    return found


def parts(found: ChannelOrder) -> int:
    """What review adds up: see `hub.domain.validation.expected_total`."""
    lines = sum(line.unit_price * line.quantity - line.discount for line in found.lines)
    charges = sum(charge.amount - charge.discount for charge in found.charges)
    return lines + charges + (0 if found.tax_included else found.tax_total)


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """Orders with prices in cents, promotions of any share, taxes inside or on top."""
    inside = draw(st.booleans())
    lines = []
    for place in range(draw(st.integers(1, 5))):
        price, units = draw(st.integers(1, 99_999)) / 100, draw(st.integers(1, 7))
        share = draw(st.sampled_from([0, 0.1, 0.25, 1 / 3, 0.999]))
        adjustments = [{"id": "adj", "amount": price * units * share, "is_tax_inclusive": inside}] if share else []
        taxes = [{"id": "t", "rate": rate} for rate in draw(RATES)]
        more = {"tax_lines": taxes, "adjustments": adjustments, "is_tax_inclusive": inside}
        lines.append(item(str(place), price, units, **more))
    taxes = [{"id": "t", "rate": rate} for rate in draw(RATES)]
    cost = way(draw(st.integers(0, 2_000)) / 100, tax_lines=taxes, is_tax_inclusive=draw(st.booleans()))
    return order(7, lines, shipping_methods=[cost])


@given(documents())
@settings(max_examples=60)
def test_the_parts_make_the_total(document: dict[str, Any]) -> None:
    found = read(document)
    assert parts(found) == found.total
    assert abs(found.total - document["total"] * 100) < 0.5001, "rounded, and nothing else"
    assert found.tax_total == sum(line.tax for line in found.lines) + sum(charge.tax for charge in found.charges)
    assert all(line.discount >= 0 for line in found.lines)


@pytest.mark.parametrize(
    ("currency", "price", "minor"), [("jpy", 1480, 1480), ("bhd", 1.234, 1234), ("eur", 0.1, 10), ("usd", 1e15, None)]
)
def test_amounts_go_by_the_currency(currency: str, price: float, minor: int | None) -> None:
    document = order(7, [item("1", price, 1)], currency_code=currency)
    if minor is None:
        with pytest.raises(BadPayload, match="proportion"):
            read(document)
    else:
        assert read(document).total == read(document).lines[0].unit_price == minor


def test_a_total_that_its_parts_do_not_make_is_left_for_review() -> None:
    document = order(7, [item("1", 10, 1), item("2", 10, 1)])
    document["total"] += 0.01
    found = read(document)
    assert (found.total, parts(found)) == (2001, 2000)


def test_payments_are_whole_or_authorized_or_void() -> None:
    at = "2026-11-20T10:00:00.000Z"
    document = order(7, [item("1", 90, 1)], paid=False)
    whole, part, void = (payment(name, 30, "eur", *taken, at=at) for name, taken in
                         (("a", (10, 20)), ("b", (10,)), ("c", ())))  # fmt: skip
    void["canceled_at"] = at
    document["payment_collections"][0]["payments"] = [void, part, whole]
    found = read(restate(document))
    assert [(p.external_id, p.status.value, p.amount) for p in found.payments] == [
        ("pay_a", "captured", 3000), ("pay_b", "authorized", 3000), ("pay_c", "voided", 3000),
    ]  # fmt: skip
    assert not found.paid and found.words["payment_status"] == "partially_captured"


def test_the_order_in_which_medusa_lists_things_does_not_matter() -> None:
    document = order(7, [item("1", 10, 1), item("2", 5, 2, created_at="2026-11-20T08:00:00.000Z")])
    other = document | {"items": document["items"][::-1]}
    assert read(document) == read(other)
    assert [line.external_id for line in read(document).lines] == ["ordli_2", "ordli_1"]


def test_what_was_refunded_and_returned_is_not_taken_off_what_was_sold() -> None:
    document = order(7, [item("1", 19.99, 3, tax_lines=[{"id": "t", "rate": 19}])], shipping_methods=[way(4.9)])
    before = read(document)
    document["items"][0]["detail"]["return_received_quantity"] = 2
    document["credit_lines"].append({"id": "ordcl_1", "amount": 3, "reference": "payment_collection"})
    decorate(document)
    after = read(document)
    assert document["total"] < 27 and (after.total, after.lines) == (before.total, before.lines)
    assert parts(after) == after.total == 7626


def test_a_credit_line_is_a_refunds_shadow_only_by_its_name() -> None:
    document = order(7, [item("1", 80, 1)], credit_lines=[
        {"id": "ordcl_1", "amount": 5, "reference": "Damaged", "reference_id": "damaged"},
        {"id": "ordcl_2", "amount": 20, "reference": "gift-card", "reference_id": "gc_1"},
    ])  # fmt: skip
    assert [(c.kind, c.amount) for c in read(document).charges] == [("credit", -500), ("credit", -2000)]
    refund = {"id": "ref_1", "amount": 5, "created_at": "2026-11-21T09:00:00.000Z", "note": None,
              "refund_reason": {"label": "Damaged", "code": "damaged"}}  # fmt: skip
    document["payment_collections"][0]["payments"][0]["refunds"] = [refund]
    found = read(document)
    assert [(c.kind, c.amount) for c in found.charges] == [("credit", -2000)]
    assert found.total == 6000


def test_an_amount_made_to_hurt_is_a_bad_payload() -> None:
    for price in ("1e999999999", "Infinity", "1e-999999", "1." + "3" * 5000):
        document = order(7, [item("1", 10, 1)])
        document["items"][0]["unit_price"] = price
        with pytest.raises(BadPayload, match="is not an amount"):
            read(document)
