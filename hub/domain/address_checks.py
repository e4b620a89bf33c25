"""What keeps a parcel back besides the country's own rules: no house number, a PO box that the carrier cannot serve, a
destination under embargo."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hub.domain.address import region_name
from hub.domain.fraud_rules import AddressRules
from hub.domain.order import Address

NUMBERED = frozenset({
    "AT", "AU", "BE", "CA", "CH", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "HU", "IT", "LT", "LU", "LV", "NL", "NO",
    "PL", "PT", "SE", "SI", "SK", "US",
})  # fmt: skip
"""Countries where a street without a number is not enough. Not Britain or Ireland: houses have names there."""

_NUMBER = re.compile(r"\d")
_NO_NUMBER = re.compile(r"\b(s/?n|sin n[uú]mero|senza numero|snc|general delivery|poste restante|postlagernd)\b", re.I)
_PO_BOX = re.compile(
    r"\b(p\.?\s*o\.?\s*box|post\s?office\s?box|postfach|bo[iî]te\s?postale|b\.?p\.?\s?\d+|postbus|apartado|"
    r"casella\s?postale|postboks|skrytka\s?pocztowa|caixa\s?postal)\b",
    re.I,
)


def lacks_house_number(address: Address) -> bool:
    """Whether a street is given, and nowhere a number, in a country that wants one."""
    lines = f"{address.line1} {address.line2}"
    if address.country not in NUMBERED or not address.line1.strip() or _NO_NUMBER.search(lines):
        return False
    return not _NUMBER.search(f"{lines} {address.company}")


def is_po_box(address: Address) -> bool:
    """Whether the street is a PO box, in the words of a dozen countries."""
    return bool(_PO_BOX.search(f"{address.line1} {address.line2}"))


def embargo(address: Address, rules: AddressRules) -> str:
    """The entry of the list that the destination is under, or nothing."""
    region = region_name(address.country, address.region)
    here = {address.country, f"{address.country}-{address.region}".upper(), f"{address.country}-{region}".upper()}
    return next((entry for entry in rules.embargoed if entry.upper() in here), "")


def more_faults(address: Address, rules: AddressRules, carriers: str) -> Iterator[str]:
    """Faults as a hold tells them. `carriers`: names of the merchant's carriers in lower case."""
    if rules.house_numbers and lacks_house_number(address):
        yield "house_number_missing"
    if is_po_box(address) and any(name.lower() in carriers for name in rules.no_po_box if name):
        yield "po_box_refused"
