"""Add a place that ships, or change what is known of it: only what is told changes."""

from __future__ import annotations

import re

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from hub.actions.services import Services
from hub.domain import address as rules
from hub.domain.order import Address
from hub.errors import Invalid
from hub.store import sets
from hub.store.database import Row

KNOWN = """SELECT name, address, automatic, latitude, longitude FROM locations WHERE merchant_id = $1 AND code = $2
    FOR UPDATE"""
UPSERT = """ON CONFLICT (merchant_id, code) DO UPDATE SET name = excluded.name, address = excluded.address,
    automatic = excluded.automatic, latitude = excluded.latitude, longitude = excluded.longitude, active = true"""
POINT = re.compile(r"\s*(-?\d{1,3}(?:\.\d+)?)\s*[,;]\s*(-?\d{1,3}(?:\.\d+)?)\s*", re.ASCII)


class NewLocation(Struct, frozen=True, kw_only=True):
    """A place. `automatic`: picking and packing advance by themselves. Coordinates in degrees, both or neither. What is
    None stays as it is; a new place needs an address, people work there, and its postcode says where it is."""

    code: str
    address: Address | None = None
    automatic: bool | None = None
    latitude: float | None = None
    longitude: float | None = None


async def add_location(services: Services, merchant_id: int, location: NewLocation) -> int:
    """Returns the location's id. Raises `Invalid` for a new place without an address, and for an address that no
    carrier could collect from."""
    if not location.code or len(location.code) > 64:
        raise Invalid("code", "give the location a code of 1 to 64 characters")
    async with services.database.transaction() as tx:
        known = await tx.fetchrow(KNOWN, merchant_id, location.code)
        address, point = _address(location, known), (location.latitude, location.longitude)
        if known is not None and None in point:
            point = (known["latitude"], known["longitude"])
        automatic = location.automatic if location.automatic is not None else bool(known and known["automatic"])
        name = address.company or address.name or (known["name"] if known is not None else location.code)
        row = {
            "id": services.ids.next(), "merchant_id": merchant_id, "code": location.code,
            "name": name[:200], "address": address, "latitude": point[0],
            "longitude": point[1], "automatic": automatic, "active": True,
        }  # fmt: skip
        await sets.insert(tx, "locations", [row], UPSERT)
        found = await tx.fetchval(
            "SELECT id FROM locations WHERE merchant_id = $1 AND code = $2", merchant_id, location.code
        )
    return int(found)


def _address(location: NewLocation, known: Row | None) -> Address:
    """The address told, with who is there as known (name, company, phone) unless it says so; else the known one.

    Labels need a name: the place's code, where nobody gave one. Raises `Invalid`.
    """
    before = msgspec.json.decode(known["address"], type=Address) if known is not None else Address()
    told = location.address
    if told is None and known is not None:
        return before
    if told is None:
        raise Invalid("address", f"{location.code} has none yet: give --address, as JSON with line1, city, country, …")
    if not (told.company or told.name):
        told = replace(told, company=before.company, name=before.name)
    if not (told.company or told.name):
        told = replace(told, company=location.code)
    told = replace(told, phone=told.phone or before.phone)
    if faults := rules.faults(told):
        raise Invalid("address", ", ".join(map(str, faults)))
    return told


def read_location(code: str, address: str = "", automatic: bool | None = None, at: str = "") -> NewLocation:
    """A location from the command line: `address` is JSON with our field names, `at` LATITUDE,LONGITUDE in degrees;
    what is empty or None is not told. Raises `Invalid`."""
    latitude, longitude = _point(at) if at else (None, None)
    try:
        told = msgspec.json.decode(address, type=Address) if address else None
    except msgspec.DecodeError as error:
        why = f"write JSON with line1, city, postcode, country, and a name or company: {error}"
        raise Invalid("address", why) from None
    return NewLocation(code=code, address=told, automatic=automatic, latitude=latitude, longitude=longitude)


def _point(at: str) -> tuple[float, float]:
    found = POINT.fullmatch(at)
    if found is None or abs(float(found[1])) > 90 or abs(float(found[2])) > 180:
        raise Invalid("at", f"{at!r} is no place: write latitude,longitude in degrees, as 52.50,13.43")
    return float(found[1]), float(found[2])
