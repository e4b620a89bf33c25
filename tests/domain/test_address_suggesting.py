"""What an address was probably meant to be: only what its country's rules and the rest of the order give away."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from hub.domain.address import faults
from hub.domain.address_checks import embargo, is_po_box, lacks_house_number, more_faults
from hub.domain.address_suggesting import suggest
from hub.domain.fraud_rules import AddressRules
from hub.domain.order import Address
from tests.domain.build import BERLIN

BOSTON = Address(name="Ann", line1="1 High St", city="Boston", region="MA", postcode="02139", country="US")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (replace(BERLIN, postcode="1O557"), {"postcode": "10557"}),
        (replace(BERLIN, postcode="D-10557"), {"postcode": "10557"}),
        (replace(BERLIN, postcode="1067", city="Dresden"), {"postcode": "01067"}),
        (replace(BOSTON, postcode="2139"), {"postcode": "02139"}),
        (replace(BOSTON, region="Massachusets"), {"region": "MA"}),
        (replace(BOSTON, region="TX"), {"region": "MA"}),
        (Address(name="Jan", line1="Prosta 1", city="Łódź", postcode="90838", country="PL"), {"postcode": "90-838"}),
        (Address(name="Aya", line1="1-1", city="渋谷区", postcode="150-0001", country="JP"), {"region": "東京都"}),
        (replace(BERLIN, name=""), {"name": "Buyer"}),
    ],
)
def test_what_was_meant(written: Address, meant: dict[str, str]) -> None:
    assert suggest(written, None, "Buyer") == replace(written, **meant)


@pytest.mark.parametrize("field", ["line1", "postcode", "city"])
def test_a_billing_address_of_the_same_place_fills_what_is_missing(field: str) -> None:
    assert suggest(replace(BERLIN, **{field: ""}), BERLIN) == BERLIN


def test_the_house_number_of_the_billing_address() -> None:
    assert suggest(replace(BERLIN, line1="Heidestr."), BERLIN) == BERLIN
    assert suggest(replace(BERLIN, line1="Torstr."), BERLIN) is None, "that is another street"


@pytest.mark.parametrize(
    "written", [BERLIN, replace(BERLIN, postcode="ABC"), replace(BERLIN, line1=""), Address(country="ZZ"), Address()]
)
def test_nothing_is_made_up(written: Address) -> None:
    assert suggest(written) is None


@given(st.text(max_size=9), st.sampled_from(["DE", "US", "GB", "PL", "JP", "NL", "KW"]), st.text(max_size=12))
def test_a_suggestion_has_no_fault_left(postcode: str, country: str, region: str) -> None:
    written: Any = replace(BOSTON, postcode=postcode, country=country, region=region)

    better = suggest(written)

    assert better is None or faults(better) == ()


@pytest.mark.parametrize(
    ("line1", "country", "lacks"),
    [
        ("Heidestraße", "DE", True), ("Heidestr. 17", "DE", False), ("Packstation 102", "DE", False),
        ("Rose Cottage", "GB", False), ("Calle Mayor s/n", "ES", False), ("", "DE", False), ("Main Street", "US", True),
    ],
)  # fmt: skip
def test_streets_without_a_number(line1: str, country: str, lacks: bool) -> None:
    assert lacks_house_number(Address(line1=line1, country=country)) is lacks


@pytest.mark.parametrize(
    ("line1", "box"),
    [("PO Box 12", True), ("P.O. Box 12", True), ("Postfach 10 20", True), ("Boîte postale 4", True), ("BP 123", True),
     ("Boxhagener Str. 1", False), ("Post Street 4", False)],
)  # fmt: skip
def test_po_boxes_and_the_carriers_that_cannot(line1: str, box: bool) -> None:
    address = replace(BERLIN, line1=line1)
    rules = AddressRules(no_po_box=("ups",))

    assert is_po_box(address) is box
    assert list(more_faults(address, rules, "karrio ups germany")) == (["po_box_refused"] if box else [])
    assert list(more_faults(address, rules, "karrio dhl")) == []


def test_an_embargo_of_a_country_or_of_a_region() -> None:
    rules = AddressRules(embargoed=("KP", "US-MA"))

    assert embargo(BOSTON, rules) == "US-MA"
    assert embargo(replace(BOSTON, region="Massachusetts"), rules) == ""
    assert embargo(Address(country="KP"), rules) == "KP"
    assert embargo(BERLIN, rules) == ""
