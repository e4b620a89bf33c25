"""Lots: of what expires, the lot that expires first is picked first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from msgspec import Struct

from hub.errors import Invalid


class Lot(Struct, frozen=True):
    """A lot that lies at a location. `left`: units of it that are not picked yet, as far as the books know."""

    lot: str
    expires_on: date
    left: int


def first(lots: Sequence[Lot], today: date) -> Lot | None:
    """Which lot is to be taken from next: of those with units left that have not expired, the one that does first."""
    usable = [lot for lot in lots if lot.left > 0 and lot.expires_on >= today]
    return min(usable, key=lambda lot: (lot.expires_on, lot.lot), default=None)


def check(mark: str, lots: Sequence[Lot], today: date) -> None:
    """Raises `Invalid` for an expired lot, and for one that is not the first to expire. Two lots that expire on the
    same day are as good as each other. Where no usable lot is known, any lot will do."""
    told = next((lot for lot in lots if lot.lot == mark), None)
    if told is not None and told.expires_on < today:
        raise Invalid("code", f"lot {mark} expired on {told.expires_on}; put it aside, and take another one")
    wanted = first(lots, today)
    if wanted is None or mark == wanted.lot:
        return
    hint = f"first lot {wanted.lot}, which expires on {wanted.expires_on}; is none of it there, say so"
    if told is None:
        raise Invalid("code", f"lot {mark} is not known here; {hint}")
    if told.expires_on > wanted.expires_on:
        raise Invalid("code", f"lot {mark} expires on {told.expires_on}; {hint}")
