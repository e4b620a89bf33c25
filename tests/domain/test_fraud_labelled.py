"""The rules that come with the product, on a labelled set: how many of the held are fraud, and of the fraud held."""

from __future__ import annotations

import pytest

from bench.fraud import judge, measure
from bench.fraud_orders import labelled
from hub.domain.fraud_reading import shipped


@pytest.mark.parametrize(("name", "recall"), [("default", 0.3), ("strict", 0.5)])
def test_what_comes_with_the_product_is_mostly_right(name: str, recall: float) -> None:
    found = measure(shipped(name), 5000, 2, 3)

    assert found["precision"] >= 0.7, found
    assert found["recall"] >= recall, found
    assert found["by_kind"]["family"].startswith("0 of"), "people of one house are let be"
    assert all(order["rules"] for order in found["shown"])


def test_every_held_order_names_its_reasons_and_they_add_up() -> None:
    rules = shipped("strict")
    held = [scored for _, scored in judge(labelled(2000, 4), rules) if scored.points >= rules.hold_at]

    assert held
    for scored in held:
        told = scored.rules
        assert sum(int(str(why["points"])) for why in told) == scored.points
        assert all(why["rule"] and why["why"] for why in told)
