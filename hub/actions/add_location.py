"""Add a place that ships, or change what is known of it."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from hub.actions.services import Services
from hub.domain import address as rules
from hub.domain.order import Address
from hub.errors import Invalid
from hub.store import sets

UPSERT = """ON CONFLICT (merchant_id, code) DO UPDATE SET name = excluded.name, address = excluded.address,
    automatic = excluded.automatic, latitude = excluded.latitude, longitude = excluded.longitude, active = true"""


class NewLocation(Struct, frozen=True, kw_only=True):
    """A place. `automatic`: picking and packing advance by themselves. Coordinates in degrees, both or neither."""

    code: str
    address: Address
    automatic: bool = False
    latitude: float | None = None
    longitude: float | None = None


async def add_location(services: Services, merchant_id: int, location: NewLocation) -> int:
    """Returns the location's id. Raises `Invalid` for an address that no carrier could collect from."""
    if not location.code or len(location.code) > 64:
        raise Invalid("code", "give the location a code of 1 to 64 characters")
    address = await _named(services, merchant_id, location)
    faults = rules.faults(address)
    if faults:
        raise Invalid("address", ", ".join(map(str, faults)))
    row = {
        "id": services.ids.next(), "merchant_id": merchant_id, "code": location.code,
        "name": (address.company or address.name)[:200], "address": address,
        "latitude": location.latitude, "longitude": location.longitude, "automatic": location.automatic,
        "active": True,
    }  # fmt: skip
    async with services.database.transaction() as tx:
        await sets.insert(tx, "locations", [row], UPSERT)
        found = await tx.fetchval(
            "SELECT id FROM locations WHERE merchant_id = $1 AND code = $2", merchant_id, location.code
        )
    return int(found)


async def _named(services: Services, merchant_id: int, location: NewLocation) -> Address:
    """The address with a name for labels: its own, else the one the place has already, else the place's code."""
    if location.address.company or location.address.name:
        return location.address
    known = await services.database.plain.fetchval(
        "SELECT name FROM locations WHERE merchant_id = $1 AND code = $2", merchant_id, location.code
    )
    return msgspec.structs.replace(location.address, company=known or location.code)


def read_location(code: str, address: str, automatic: bool) -> NewLocation:
    """A location from the command line; `address` is JSON with our field names. Raises `Invalid`."""
    try:
        return NewLocation(code=code, address=msgspec.json.decode(address, type=Address), automatic=automatic)
    except msgspec.DecodeError as error:
        why = f"write JSON with line1, city, postcode, country, and a name or company: {error}"
        raise Invalid("address", why) from None
