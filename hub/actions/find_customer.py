"""Find who is calling, by e-mail address or phone number, with where the last order of theirs went."""

from __future__ import annotations

import json
import re

import msgspec

from hub.actions.order_view import View
from hub.domain.order import Address
from hub.store.database import Database

DIGITS = 8
"""The last digits of a phone number that have to be equal: prefixes are written in too many ways."""

BY_EMAIL = "SELECT name, email, phone FROM customers WHERE merchant_id = $1 AND email = lower($2)"
BY_PHONE = r"""SELECT name, email, phone FROM customers WHERE merchant_id = $1 AND phone <> ''
    AND right(regexp_replace(phone, '\D', '', 'g'), $3) = $2 ORDER BY id DESC LIMIT 1"""
LAST = """SELECT buyer, ship_to FROM orders WHERE merchant_id = $1 AND email = lower($2)
    ORDER BY placed_at DESC, id DESC LIMIT 1"""


class Caller(View, frozen=True):
    """A customer. `ship_to`: where their last order went, None when it went nowhere."""

    name: str
    email: str
    phone: str
    ship_to: Address | None


async def find_customer(database: Database, merchant_id: int, who: str) -> Caller | None:
    """The customer with that e-mail address or phone number; None when nobody, or nothing like either, is given."""
    who = who.replace("\0", "").strip()[:320]
    digits = re.sub(r"\D", "", who, flags=re.ASCII)
    if "@" in who:
        row = await database.plain.fetchrow(BY_EMAIL, merchant_id, who)
    elif len(digits) >= DIGITS:
        row = await database.plain.fetchrow(BY_PHONE, merchant_id, digits[-DIGITS:], DIGITS)
    else:
        return None
    if row is None:
        return None
    last = await database.plain.fetchrow(LAST, merchant_id, row["email"])
    told = json.loads(last["buyer"]) if last else {}
    ship_to = msgspec.json.decode(last["ship_to"], type=Address) if last and last["ship_to"] else None
    return Caller(
        name=row["name"] or told.get("name", ""),
        email=row["email"],
        phone=row["phone"] or told.get("phone", ""),
        ship_to=ship_to,
    )
