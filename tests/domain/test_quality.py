"""Second looks: which orders, by whom, and what may be found."""

from __future__ import annotations

import pytest

from hub.domain.quality import Rule, check, found, may_look, why
from hub.errors import Conflict, Invalid

RULE = Rule(every=4, newcomers=2, skus=frozenset({"PHONE"}), other=True)


def test_one_order_in_four() -> None:
    looked = [number for number in range(1, 13) if why(RULE, {"MUG"}, number, packed=9)]
    assert looked == [4, 8, 12]
    assert why(RULE, {"MUG"}, 4, 9) == "one order in 4 is looked at"
    assert why(Rule(every=1), {"MUG"}, 3, 9) == "every order is looked at"


@pytest.mark.parametrize(("skus", "packed", "said"), [
    ({"MUG", "PHONE"}, 0, "PHONE is always looked at"), ({"MUG"}, 0, "order 1 of the first 2 of this packer"),
    ({"MUG"}, 1, "order 2 of the first 2 of this packer"), ({"MUG"}, 2, ""),
])  # fmt: skip
def test_chosen_skus_and_newcomers(skus: set[str], packed: int, said: str) -> None:
    assert why(RULE, skus, 1, packed) == said


def test_no_rule_asks_for_nothing() -> None:
    assert {why(Rule(), {"MUG"}, number, 0) for number in range(1, 50)} == {""}


def test_what_cannot_be_meant() -> None:
    for rule in (Rule(every=-1), Rule(every=10_001), Rule(newcomers=-1)):
        with pytest.raises(Invalid):
            check(rule)
    with pytest.raises(Conflict, match="somebody else"):
        may_look(RULE, "user:1", "user:1")
    may_look(RULE, "user:1", "user:2")
    may_look(Rule(), "user:1", "user:1")


@pytest.mark.parametrize(("result", "sku", "units", "said"), [
    ("fine", "", 0, "choose one of ok, wrong_item, damaged"), ("damaged", "MUG", 3, "2 of MUG are in this order"),
    ("damaged", "MUG", 0, "say how many"), ("damaged", "", 1, "0 of nothing"),
    ("wrong_item", "TEA", 0, "does not belong"),
])  # fmt: skip
def test_what_cannot_be_found(result: str, sku: str, units: int, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        found(result, sku, units, {"MUG": 2})


def test_what_can_be_found() -> None:
    for told in (("ok", "", 0), ("wrong_item", "", 0), ("wrong_item", "MUG", 0), ("damaged", "MUG", 2)):
        found(*told, {"MUG": 2})
