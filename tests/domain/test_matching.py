"""Suggestions: the same GTIN, the same SKU, a close name; each with its reason, and never a decision."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.domain.matching import LEAST, Catalog, Suggestion, Thing, gtin

MUG = Thing("MUG-BLUE", "Stoneware mug, blue", "4006381000017")
SAND = Thing("MUG-SAND", "Stoneware mug, sand", "4006381000024")
SHIRT_M = Thing("TEE-M", "T-shirt, organic cotton, M", "4006381000307")
SHIRT_L = Thing("TEE-L", "T-shirt, organic cotton, L", "4006381000314")
PAN = Thing("PAN-28", "Steel pan, 28 cm")
CATALOG = Catalog([MUG, SAND, SHIRT_M, SHIRT_L, PAN])


def said(listing: Thing) -> list[tuple[str, str]]:
    return [(suggestion.sku, suggestion.reason) for suggestion in CATALOG.suggest(listing)]


def test_the_same_gtin_comes_first_whatever_else_is_said() -> None:
    first = CATALOG.suggest(Thing("TEE-M", "Stoneware mug, sand", "04006381000017"))

    assert first[0] == Suggestion("MUG-BLUE", "Stoneware mug, blue", "same_gtin", 100)
    assert [s.score for s in first] == sorted((s.score for s in first), reverse=True)


def test_the_same_sku_and_one_that_is_written_differently() -> None:
    assert said(Thing("PAN-28", "Bratpfanne"))[0] == ("PAN-28", "same_sku")
    assert said(Thing("pan 28", "Bratpfanne"))[0] == ("PAN-28", "alike_sku")


def test_names_are_compared_word_by_word() -> None:
    assert said(Thing("", "Blue mug (stoneware)"))[0] == ("MUG-BLUE", "close_name")


def test_another_size_is_another_thing() -> None:
    """All that differs between two shirts is a letter; it counts."""
    suggestions = CATALOG.suggest(Thing("", "T-Shirt organic cotton L"))

    assert suggestions[0].sku == "TEE-L"
    assert all(s.sku != "TEE-M" or s.score < suggestions[0].score - 20 for s in suggestions)
    assert said(Thing("", "Steel pan 24 cm")) == [], "a pan of 24 cm is not one of 28"


def test_each_product_is_named_once_with_its_best_reason() -> None:
    suggestions = CATALOG.suggest(Thing("MUG-BLUE", "Stoneware mug, blue", "4006381000017"), most=5)

    assert [s.sku for s in suggestions].count("MUG-BLUE") == 1
    assert suggestions[0].reason == "same_gtin"


def test_what_says_nothing_is_like_nothing() -> None:
    assert said(Thing("", "")) == []
    assert said(Thing("XYZ", "Garden hose")) == []
    assert Catalog([]).suggest(MUG) == ()


def test_two_products_of_one_gtin_are_both_named() -> None:
    twins = Catalog([MUG, Thing("MUG-BLUE-2ND", "Mug, second choice", MUG.gtin)])

    assert {s.sku for s in twins.suggest(Thing("", "", MUG.gtin))} == {"MUG-BLUE", "MUG-BLUE-2ND"}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("4006381333931", "04006381333931"),
        ("0 40-06381333931", "04006381333931"),
        ("96385074", "00000096385074"),
        ("4006381333930", ""),
        ("12345", ""),
        ("00000000", ""),
        ("４００６３８１３３３９３１", ""),
        ("", ""),
    ],
)
def test_gtins_are_read_with_their_check_digit(text: str, code: str) -> None:
    assert gtin(text) == code


@given(st.builds(Thing, sku=st.text(max_size=12), title=st.text(max_size=30), gtin=st.text(max_size=14)))
def test_any_text_is_fit_to_be_compared(listing: Thing) -> None:
    suggestions = CATALOG.suggest(listing)

    assert len(suggestions) <= 3
    assert len({s.sku for s in suggestions}) == len(suggestions)
    assert all(LEAST <= s.score <= 100 for s in suggestions)
