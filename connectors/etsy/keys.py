"""What names a variant of a listing, for orders, products and stock alike. Pure.

Etsy gives each product a new id whenever its inventory is written, so the id cannot name it. The listing and the ids of
the values that tell its variants apart do: 1654741347/200-49928889190/513-108800809405.
"""

from __future__ import annotations

from collections.abc import Iterable

from connectors.etsy.wire import Property
from hub.errors import Reject


def variant_key(listing_id: int | None, properties: Iterable[Property] | None) -> str:
    """The key of a variant: the listing alone where it has no variants; empty without a listing."""
    if listing_id is None:
        return ""
    parts = sorted((one.property_id, sorted(one.value_ids or ())) for one in properties or ())
    return "/".join([str(listing_id), *(f"{name}-{'+'.join(map(str, ids))}" for name, ids in parts)])


def listing_of(key: str) -> int:
    """The listing's number in a key. Raises `Reject` for what is no key."""
    number = key.partition("/")[0]
    if not (number.isascii() and number.isdigit() and len(number) <= 19):
        raise Reject(f"{key[:100]!r} does not name a listing of Etsy: import the products of the account again")
    return int(number)
