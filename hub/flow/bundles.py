"""Which SKUs are bundles, and what they are made of."""

from __future__ import annotations

from collections.abc import Iterable

from hub.store.database import Tx

COMPONENTS = """SELECT c.merchant_id, c.sku, c.component, c.quantity FROM components c
    JOIN unnest($1::bigint[], $2::text[]) AS w(merchant_id, sku) USING (merchant_id, sku)
    ORDER BY c.merchant_id, c.sku, c.component"""


async def of(tx: Tx, skus: Iterable[tuple[int, str]]) -> dict[tuple[int, str], dict[str, int]]:
    """Bundles among the (merchant, SKU) pairs: what one unit of each is made of, in one statement."""
    wanted = sorted(set(skus))
    found: dict[tuple[int, str], dict[str, int]] = {}
    if wanted:
        for row in await tx.fetch(COMPONENTS, *map(list, zip(*wanted, strict=True))):
            found.setdefault((row["merchant_id"], row["sku"]), {})[row["component"]] = row["quantity"]
    return found
