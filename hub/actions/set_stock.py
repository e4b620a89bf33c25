"""One product counted at one location, both of which are known already: a slip of the pen makes neither."""

from __future__ import annotations

from msgspec import Struct

from hub.actions.import_stock import Imported, StockLine, import_stock
from hub.actions.services import Services
from hub.actions.stock_booking import KNOWN, places
from hub.errors import Invalid, NotFound

MOST = 999_999_999
"""Units, the same as a line of an import may say."""


class SetStock(Struct, frozen=True, kw_only=True):
    """`units` lie there, counted."""

    merchant_id: int
    sku: str
    location: str
    units: int


async def set_stock(services: Services, asked: SetStock) -> Imported:
    """Writes the count. Raises `NotFound` for an unknown SKU or location, `Invalid` for a count that cannot be, for one
    below what is promised already, and for a bundle."""
    if asked.units < 0:
        less = f"`python main.py stock adjust {asked.sku} {asked.location} {asked.units} --reason …`"
        raise Invalid("units", f"a count cannot be negative, as {asked.units} is; to take units away: {less}")
    if asked.units > MOST:
        raise Invalid("units", f"{asked.units}: give 0 to {MOST}")
    async with services.database.transaction() as tx:
        await places(tx, asked.merchant_id, asked.location)
        if not await tx.fetch(KNOWN, asked.merchant_id, [asked.sku]):
            raise NotFound(f"no product {asked.sku}; import it first, or look at its spelling")
    line = StockLine(sku=asked.sku, location=asked.location, on_hand=asked.units)
    return await import_stock(services, asked.merchant_id, [line])
