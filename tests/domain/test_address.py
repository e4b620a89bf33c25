"""Addresses by the rules of their country: what a carrier could deliver passes, each lack is named."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from hub.domain.address import Fault, email_ok, faults, phone_ok
from hub.domain.order import Address

GOOD = {
    "US": Address(name="Ann Lee", line1="350 5th Ave", city="New York", region="NY", postcode="10118", country="US"),
    "PL": Address(name="Jan Nowak", line1="ul. Prosta 51", city="Warszawa", postcode="00-838", country="PL"),
    "DE": Address(name="Erika Muster", line1="Heidestr. 17", city="Berlin", postcode="10557", country="DE"),
    "JP": Address(
        name="山田 太郎", line1="千代田1-1", city="千代田区", region="東京都", postcode="100-0001", country="JP"
    ),
    "KW": Address(name="Noura", line1="Block 3, Street 15", city="Salmiya", country="KW"),
    "GB": Address(name="Ada King", line1="10 Downing St", city="London", postcode="SW1A 2AA", country="GB"),
    "HK": Address(name="陳大文", line1="1 Nathan Road", region="Kowloon", country="HK"),
    "IN": Address(
        name="Asha Rao", line1="12 MG Road", city="Mumbai", region="Maharashtra", postcode="400001", country="IN"
    ),
    "MX": Address(name="Ana", line1="Av. Juárez 1", city="Guadalajara", region="Jal.", postcode="44100", country="MX"),
    "AR": Address(
        name="Eva", line1="Calle 7 10", city="La Plata", region="Buenos Aires", postcode="1900", country="AR"
    ),
    "FR": Address(company="Acme SARL", line1="1 rue de Rivoli", city="Paris", postcode="75001", country="FR"),
}


@pytest.mark.parametrize("country", GOOD)
def test_what_a_carrier_can_deliver_passes(country: str) -> None:
    assert faults(GOOD[country]) == ()


@pytest.mark.parametrize(
    ("country", "change", "expected"),
    [
        ("US", {"region": ""}, ("region", "missing")),
        ("US", {"region": "Bavaria"}, ("region", "unknown")),
        ("US", {"postcode": "1011"}, ("postcode", "unknown")),
        ("US", {"postcode": "94103"}, ("postcode", "mismatch")),
        ("US", {"postcode": ""}, ("postcode", "missing")),
        ("PL", {"postcode": "00838"}, ("postcode", "unknown")),
        ("PL", {"city": " "}, ("city", "missing")),
        ("DE", {"postcode": "1055"}, ("postcode", "unknown")),
        ("DE", {"postcode": "1055O"}, ("postcode", "unknown")),
        ("DE", {"name": ""}, ("name", "missing")),
        ("DE", {"line1": ""}, ("line1", "missing")),
        ("JP", {"region": ""}, ("region", "missing")),
        ("JP", {"postcode": "100-000"}, ("postcode", "unknown")),
        ("KW", {"city": ""}, ("city", "missing")),
        ("KW", {"postcode": "123"}, ("postcode", "unknown")),
        ("GB", {"postcode": "SW1A"}, ("postcode", "unknown")),
        ("GB", {"postcode": ""}, ("postcode", "missing")),
        ("HK", {"region": ""}, ("region", "missing")),
        ("HK", {"region": "Shenzhen"}, ("region", "unknown")),
        ("FR", {"company": "  "}, ("name", "missing")),
        ("JP", {"region": "JP-27"}, ("postcode", "mismatch")),
        ("JP", {"region": "99"}, ("region", "unknown")),
        ("IN", {"region": "GJ"}, ("postcode", "mismatch")),
        ("IN", {"region": "Bavaria"}, ("region", "unknown")),
        ("US", {"region": "QQ"}, ("region", "unknown")),
        ("DE", {"country": ""}, ("country", "missing")),
        ("DE", {"country": "XX"}, ("country", "unknown")),
    ],
)
def test_each_lack_is_named_alone(country: str, change: dict[str, Any], expected: tuple[str, str]) -> None:
    assert faults(replace(GOOD[country], **change)) == (Fault(*expected),)


@pytest.mark.parametrize(
    ("country", "change"),
    [
        ("US", {"postcode": "10118-0110"}),
        ("US", {"region": "New York"}),
        ("US", {"region": "ny"}),
        ("JP", {"postcode": "1000001"}),
        ("JP", {"region": "Tokyo"}),
        ("JP", {"region": "JP-13"}),
        ("JP", {"region": "13"}),
        ("IN", {"region": "MH"}),
        ("IN", {"region": "Maharashtra"}),
        ("MX", {"region": "JAL"}),
        ("MX", {"region": "Q ROO"}),
        ("AR", {"region": "B"}),
        ("US", {"region": "US-NY"}),
        ("GB", {"postcode": "sw1a 2aa"}),
        ("GB", {"postcode": "SW1A2AA"}),
        ("KW", {"postcode": "22013"}),
        ("HK", {"city": "Tsim Sha Tsui"}),
        ("DE", {"region": "Berlin"}),
    ],
)
def test_ways_of_writing_that_carriers_read(country: str, change: dict[str, Any]) -> None:
    assert faults(replace(GOOD[country], **change)) == ()


def test_everything_that_is_missing_is_told_at_once() -> None:
    told = {fault.field for fault in faults(Address(country="US"))}

    assert told == {"name", "line1", "city", "postcode", "region"}


@pytest.mark.parametrize("email", ["a@b.co", "erika.muster+shop@example.com", "用户@例子.公司", "o'hara@example.ie"])
def test_addresses_that_mail_can_reach(email: str) -> None:
    assert email_ok(email)


@pytest.mark.parametrize(
    "email", ["", "erika", "erika@", "@example.com", "a b@example.com", "a@b@c.de", "x" * 300 + "@a.de"]
)
def test_addresses_that_it_cannot(email: str) -> None:
    assert not email_ok(email)


@pytest.mark.parametrize(
    ("phone", "country"),
    [("030 1234567", "DE"), ("+49 30 1234567", ""), ("+1 212 736 3100", "DE"), ("03-3213-1111", "JP")],
)
def test_numbers_that_can_be_dialled(phone: str, country: str) -> None:
    assert phone_ok(phone, country)


@pytest.mark.parametrize(
    ("phone", "country"), [("", "DE"), ("1", "DE"), ("+49", "DE"), ("030 1234567", ""), ("call me", "US")]
)
def test_numbers_that_cannot(phone: str, country: str) -> None:
    assert not phone_ok(phone, country)
