"""What the carrier offers and what it asks for it: by service, weight and how far the parcel goes."""

from __future__ import annotations

from typing import Any, NamedTuple

from connectors.playing.manners import Refused

CURRENCY = "EUR"
HEAVIEST = 31_500
"""Grams; heavier parcels are refused."""

EUROPE = frozenset(("AT", "BE", "BG", "CH", "CZ", "DE", "DK", "ES", "FI", "FR", "GB", "GR", "HU", "IE", "IT", "LU"))
EUROPE |= frozenset(("NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK"))
WITH_POSTCODE = frozenset(("AT", "BE", "BG", "CA", "CH", "DE", "FR", "GB", "GR", "JP", "NL", "SE", "US"))


class Service(NamedTuple):
    """One service: cents for the first 500 g at home, cents for each 500 g more, days at home."""

    title: str
    first: int
    more: int
    days: int


SERVICES = {
    "economy": Service("Economy", 390, 60, 4),
    "standard": Service("Standard", 520, 80, 2),
    "express": Service("Express", 1190, 190, 1),
}

ZONES = {"home": (100, 0), "near": (180, 1), "far": (420, 4)}
"""Zone → (percent of the price at home, days more)."""


class Price(NamedTuple):
    """What a parcel costs by one service, in euro cents, and how many business days it takes."""

    service: str
    title: str
    cents: int
    days: int


def prices(parcel: dict[str, Any]) -> list[Price]:
    """The price of every service, cheapest first. Raises `Refused` for a parcel that cannot be carried."""
    grams = parcel.get("weight_grams")
    if not isinstance(grams, int) or not 0 < grams <= HEAVIEST:
        raise Refused(422, f"weight_grams must be 1 to {HEAVIEST}")
    percent, longer = ZONES[zone(country(parcel, "sender"), country(parcel, "recipient"))]
    steps = max(0, (grams - 1) // 500)
    return [
        Price(name, service.title, (service.first + steps * service.more) * percent // 100, service.days + longer)
        for name, service in SERVICES.items()
    ]


def price(parcel: dict[str, Any]) -> Price:
    """The price of the service that the parcel asks for. Raises `Refused`."""
    for offer in prices(parcel):
        if offer.service == parcel.get("service"):
            return offer
    raise Refused(422, f"no service {parcel.get('service')!r}; there are {', '.join(SERVICES)}")


def zone(sender: str, recipient: str) -> str:
    """How far it goes."""
    if sender == recipient:
        return "home"
    return "near" if {sender, recipient} <= EUROPE or {sender, recipient} <= {"US", "CA"} else "far"


def country(parcel: dict[str, Any], who: str) -> str:
    """The country of sender or recipient. Raises `Refused` for an address that nothing can be sent to."""
    address = parcel.get(who)
    if not isinstance(address, dict):
        raise Refused(422, f"{who} is required")
    code = str(address.get("country", ""))
    if len(code) != 2 or not address.get("street") or not address.get("name"):
        raise Refused(422, f"{who} needs name, street and country")
    if code in WITH_POSTCODE and not address.get("postcode"):
        raise Refused(422, f"{who} needs a postcode in {code}")
    return code
