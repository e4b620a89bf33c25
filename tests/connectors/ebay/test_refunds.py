"""Refunds that eBay tells twice, once with the order and once with the line, are one."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.ebay.mapper import news
from hub.domain.order import RefundNotice
from tests.connectors.checks.common import encode
from tests.connectors.ebay.orders import amount, plain_order

DAY = "2024-11-02T10:00:00.000Z"


def refund(value: str, date: str | None = DAY, **names: str) -> dict[str, Any]:
    dated = {"refundDate": date} if date else {}
    return {"amount": amount(value), **dated, **names}


def told(whole: list[dict[str, Any]], *lines: list[dict[str, Any]]) -> list[tuple[str, int]]:
    order = plain_order(1, "2024-11-01T08:00:00.000Z", lines=max(1, len(lines)))
    order["paymentSummary"]["refunds"] = whole
    for line, refunds in zip(order["lineItems"], lines, strict=False):
        line["refunds"] = refunds
    found = [it for it in news(encode(order)) if isinstance(it, RefundNotice)]
    return [(it.external_id, it.amount) for it in found]


def test_a_lines_refund_that_the_order_names_by_reference_is_one() -> None:
    """issueRefund of a line: "these refund identifiers are returned at the line item level instead"."""
    whole = [refund("10.0", refundReferenceId="5244299502", refundStatus="REFUNDED")]
    assert told(whole, [refund("10.0", refundId="5000001")]) == [("5000001", 1000)]
    assert told(whole, [refund("10.0", None, refundId="5000001")]) == [("5000001", 1000)]


def test_it_has_not_gone_through_before_the_order_says_so() -> None:
    whole = [refund("10.0", None, refundStatus="PENDING")]
    assert told(whole, [refund("10.0", refundId="5000001")]) == []


def test_two_lines_as_much_each_are_two() -> None:
    whole = [refund("10.0", refundReferenceId=name, refundStatus="REFUNDED") for name in ("1", "2")]
    found = told(whole, [refund("10.0", refundId="A")], [refund("10.0", refundId="B")])
    assert found == [("A", 1000), ("B", 1000)]


@pytest.mark.parametrize(
    "other",
    [
        refund("7.5", refundReferenceId="9", refundStatus="REFUNDED"),
        refund("10.0", "2024-11-20T10:00:00.000Z", refundReferenceId="9", refundStatus="REFUNDED"),
        refund("10.0", refundId="9", refundStatus="REFUNDED"),
    ],
)
def test_others_stay_what_they_are(other: dict[str, Any]) -> None:
    found = told([other], [refund("10.0", refundId="A")])
    assert sorted(name for name, _ in found) == ["9", "A"]


def test_one_name_at_both_is_one() -> None:
    whole = [refund("10.0", refundId="r1", refundStatus="REFUNDED")]
    assert told(whole, [refund("10.0", refundId="r1")]) == [("r1", 1000)]
