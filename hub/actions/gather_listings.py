"""Gather listings that orders name and nobody has pulled: of channels that do not list what they sell."""

from __future__ import annotations

from hub.actions.services import Services
from hub.store import sets

MISSING = """SELECT DISTINCT ON (o.account_id, l.listing_id COLLATE "C") o.account_id, l.listing_id, l.title,
        l.sku AS channel_sku
    FROM holds h JOIN orders o ON o.id = h.order_id JOIN order_lines l ON l.order_id = o.id
    WHERE h.merchant_id = $1 AND h.reason = 'mapping' AND h.state IN ('open', 'escalated') AND l.listing_id <> ''
      AND NOT EXISTS (SELECT 1 FROM listings g WHERE g.merchant_id = $1 AND g.account_id = o.account_id
                      AND g.listing_id = l.listing_id)
      AND NOT EXISTS (SELECT 1 FROM products p WHERE p.merchant_id = $1 AND p.sku = l.sku)
    ORDER BY o.account_id, l.listing_id COLLATE "C", o.id DESC"""


async def gather_listings(services: Services, merchant_id: int) -> int:
    """Makes a listing without a SKU of each that an order is held for, as the newest order names it; how many."""
    async with services.database.transaction() as tx:
        rows = [
            {"id": services.ids.next(), "merchant_id": merchant_id, "sku": "", **row}
            for row in await tx.fetch(MISSING, merchant_id)
        ]
        return await sets.insert(tx, "listings", rows, "ON CONFLICT (merchant_id, account_id, listing_id) DO NOTHING")
