"""What may be agreed with a customer who pays later, read from what people type."""

from __future__ import annotations

from hub.domain import address, money
from hub.domain.order import Value
from hub.errors import Invalid

MOST_DAYS = 365


class Terms(Value, frozen=True):
    """Who orders with `email` in `currency` may owe up to `limit` minor units, and pays within `days`."""

    email: str
    currency: str
    limit: int
    days: int


def of(email: str, currency: str) -> tuple[str, str]:
    """E-mail address and currency as accounts are kept. Raises `Invalid` that says what is wrong with which."""
    mail, code = email.strip().lower(), currency.strip().upper()
    if len(mail) > 320 or not address.email_ok(mail):
        raise Invalid("email", f"{mail[:80]!r} is no e-mail address")
    try:
        money.exponent(code)
    except ValueError as error:
        raise Invalid("currency", f"{error}; give three letters as in ISO 4217, like EUR") from None
    return mail, code


def agreed(email: str, currency: str, limit: str, days: int) -> Terms:
    """Terms with `limit` in major units ("2500.00"). Raises `Invalid` that says what is wrong with which field."""
    mail, code = of(email, currency)
    try:
        minor = money.minor(limit.strip(), code)
    except ValueError as error:
        raise Invalid("limit", f"{error}; write it like 2500.00") from None
    return checked(Terms(email=mail, currency=code, limit=minor, days=days))


def checked(terms: Terms) -> Terms:
    """The terms as accounts are kept. Raises `Invalid` that says what is wrong with which field."""
    mail, code = of(terms.email, terms.currency)
    if not 0 <= terms.limit <= money.MAX_MINOR:
        raise Invalid("limit", "is 0 or more, and no sum out of all proportion")
    if not 0 <= terms.days <= MOST_DAYS:
        raise Invalid("days", f"are 0 to {MOST_DAYS}")
    return Terms(email=mail, currency=code, limit=terms.limit, days=terms.days)
