"""What the floor must know beforehand: where a SKU lies, its size and further codes, and the boxes there are."""

from __future__ import annotations

import re

from msgspec import Struct

from hub.actions import floor_desk
from hub.actions.services import Services
from hub.errors import Conflict, Invalid, NotFound
from hub.store.audit import Plain

PLACE = re.compile(r"^(?:(?P<zone>[A-Za-z]{1,8})-?)?(?P<aisle>\d{1,4})-(?P<rack>\d{1,4})(?:-(?P<level>\d{1,3}))?$")
TRACKING = ("", "lot", "serial")
MOST_MM = 10_000
MOST_GRAMS = 1_000_000

LOCATION = "SELECT id FROM locations WHERE merchant_id = $1 AND code = $2"
PRODUCT = "SELECT 1 FROM products WHERE merchant_id = $1 AND sku = $2"
BIN = """INSERT INTO bins (id, merchant_id, location_id, sku, code, zone, aisle, rack, level)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (merchant_id, location_id, sku) DO UPDATE SET
    code = excluded.code, zone = excluded.zone, aisle = excluded.aisle, rack = excluded.rack, level = excluded.level"""
CODE = """INSERT INTO product_codes (id, merchant_id, code, sku, units) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (merchant_id, code) DO UPDATE SET sku = excluded.sku, units = excluded.units"""
OTHER = "SELECT sku FROM products WHERE merchant_id = $1 AND sku <> $3 AND (sku = $2 OR gtin = $2) LIMIT 1"
BOX = """INSERT INTO boxes (id, merchant_id, code, length_mm, width_mm, height_mm, own_grams, most_grams)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (merchant_id, code) DO UPDATE SET
    length_mm = excluded.length_mm, width_mm = excluded.width_mm, height_mm = excluded.height_mm,
    own_grams = excluded.own_grams, most_grams = excluded.most_grams"""
SIZE = """UPDATE products SET length_mm = $3, width_mm = $4, height_mm = $5 WHERE merchant_id = $1 AND sku = $2"""
TRACK = "UPDATE products SET tracking = $3 WHERE merchant_id = $1 AND sku = $2"


class NewBin(Struct, frozen=True, kw_only=True):
    """`code` is written on the shelf: [zone-]aisle-rack[-level], such as A-03-12-2; it says where the bin is."""

    merchant_id: int
    location: str
    sku: str
    code: str
    actor: str


class NewCode(Struct, frozen=True, kw_only=True):
    """A further code of a SKU; one scan of it stands for `units` (a case)."""

    merchant_id: int
    code: str
    sku: str
    actor: str
    units: int = 1


class NewBox(Struct, frozen=True, kw_only=True):
    """A box: inner size in mm, grams it weighs empty and may hold."""

    merchant_id: int
    code: str
    mm: tuple[int, int, int]
    most_grams: int
    actor: str
    own_grams: int = 0


class Size(Struct, frozen=True, kw_only=True):
    """The size of one unit of a SKU, packed, in mm."""

    merchant_id: int
    sku: str
    mm: tuple[int, int, int]
    actor: str


async def put_bin(services: Services, new: NewBin) -> None:
    """Says where a SKU lies at a location; it lies in one bin there. Raises `NotFound`, `Invalid`."""
    place = PLACE.match(new.code)
    if place is None:
        raise Invalid("code", f"{new.code!r} is no bin; write zone-aisle-rack-level, such as A-03-12-2 or 3-12")
    async with services.database.transaction() as tx:
        location_id = await tx.fetchval(LOCATION, new.merchant_id, new.location)
        if location_id is None:
            raise NotFound(f"no location {new.location!r}")
        if not await tx.fetchval(PRODUCT, new.merchant_id, new.sku):
            raise NotFound(f"no product {new.sku!r}")
        numbers = [int(place[name] or 0) for name in ("aisle", "rack", "level")]
        zone = (place["zone"] or "").upper()
        await tx.execute(BIN, services.ids.next(), new.merchant_id, location_id, new.sku, new.code, zone, *numbers)
        desk = floor_desk.desk_of(services, tx)
        details: dict[str, Plain] = {"location": new.location, "bin": new.code}
        await floor_desk.note(desk, new.merchant_id, (new.actor, "put_bin", f"product:{new.sku}"), details)


async def put_code(services: Services, new: NewCode) -> None:
    """Adds a code, or says anew whose it is. Raises `NotFound`, `Invalid`, `Conflict` for another product's own."""
    code = floor_desk.clean(new.code)
    if not 0 < new.units <= 9999:
        raise Invalid("units", "is 1 to 9999")
    async with services.database.transaction() as tx:
        if not await tx.fetchval(PRODUCT, new.merchant_id, new.sku):
            raise NotFound(f"no product {new.sku!r}")
        other = await tx.fetchval(OTHER, new.merchant_id, code, new.sku)
        if other is not None:
            raise Conflict(f"{code} is {other}'s own SKU or GTIN; change that first")
        await tx.execute(CODE, services.ids.next(), new.merchant_id, code, new.sku, new.units)
        desk = floor_desk.desk_of(services, tx)
        details: dict[str, Plain] = {"code": code, "units": new.units}
        await floor_desk.note(desk, new.merchant_id, (new.actor, "put_code", f"product:{new.sku}"), details)


async def put_box(services: Services, new: NewBox) -> None:
    """Adds a box, or says anew what it holds. Raises `Invalid`."""
    code = floor_desk.clean(new.code)[:32]
    _check_size(new.mm)
    if not (0 < new.most_grams <= MOST_GRAMS and 0 <= new.own_grams <= MOST_GRAMS):
        raise Invalid("grams", f"are 1 to {MOST_GRAMS}")
    async with services.database.transaction() as tx:
        await tx.execute(BOX, services.ids.next(), new.merchant_id, code, *new.mm, new.own_grams, new.most_grams)
        desk = floor_desk.desk_of(services, tx)
        details: dict[str, Plain] = {"mm": "×".join(map(str, new.mm)), "most_grams": new.most_grams}
        await floor_desk.note(desk, new.merchant_id, (new.actor, "put_box", f"box:{code}"), details)


async def set_size(services: Services, size: Size) -> None:
    """Says how large one unit is. Raises `NotFound`, `Invalid`."""
    _check_size(size.mm)
    async with services.database.transaction() as tx:
        if not await tx.execute(SIZE, size.merchant_id, size.sku, *size.mm):
            raise NotFound(f"no product {size.sku!r}")
        desk = floor_desk.desk_of(services, tx)
        details: dict[str, Plain] = {"mm": "×".join(map(str, size.mm))}
        await floor_desk.note(desk, size.merchant_id, (size.actor, "set_size", f"product:{size.sku}"), details)


def read_size(text: str) -> tuple[int, int, int]:
    """`300x200x150` as millimetres. Raises `Invalid`."""
    sides = text.lower().replace("×", "x").split("x")
    if len(sides) != 3 or not all(side.isascii() and side.isdigit() and len(side) < 7 for side in sides):
        raise Invalid("size", f"{text!r} is no size; write length, width and height in mm, such as 300x200x150")
    return int(sides[0]), int(sides[1]), int(sides[2])


async def set_tracking(services: Services, product: tuple[int, str], tracking: str, actor: str) -> None:
    """`product`: (merchant, SKU). Asks pickers for its `lot` or `serial` number from now on, or for neither ('')."""
    if tracking not in TRACKING:
        raise Invalid("tracking", "is lot, serial or nothing")
    async with services.database.transaction() as tx:
        if not await tx.execute(TRACK, *product, tracking):
            raise NotFound(f"no product {product[1]!r}")
        desk, said = floor_desk.desk_of(services, tx), (actor, "set_tracking", f"product:{product[1]}")
        await floor_desk.note(desk, product[0], said, {"tracking": tracking})


def _check_size(mm: tuple[int, int, int]) -> None:
    if not all(0 < side <= MOST_MM for side in mm):
        raise Invalid("size", f"is three sides in millimetres, 1 to {MOST_MM}")
