"""Facts of what is available: stock, bundles, safety stock and demand of some SKUs, and the accounts' allotments."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from hub.domain.lifecycle import Lifecycle
from hub.domain.promising import Allotment, Supply
from hub.store.database import Tx

# ruff: noqa: S608 - statements are put together from constants of our own code

BUNDLES = """
    WITH parts AS (
        SELECT unnest($2::text[]) AS sku
        UNION SELECT component FROM components WHERE merchant_id = $1 AND sku = ANY($2::text[]))
    SELECT c.sku, c.component, c.quantity FROM components c WHERE c.merchant_id = $1 AND c.sku IN (
        SELECT x.sku FROM components x JOIN parts p ON p.sku = x.component WHERE x.merchant_id = $1)
    ORDER BY c.sku, c.component"""
"""Bundles among the SKUs, and all those that share a part with them or with which they share one."""

WAITING = f"""SELECT l.sku, sum(l.ordered - l.cancelled - l.assigned)::bigint AS units
    FROM orders o JOIN order_lines l ON l.order_id = o.id
    WHERE o.merchant_id = $1 AND o.state < 3 AND o.state <> {int(Lifecycle.DRAFT)} AND l.requires_shipping
      AND l.sku = ANY($2::text[]) AND l.ordered > l.cancelled + l.assigned GROUP BY l.sku"""
FREE = """SELECT s.sku, s.location_id, CASE WHEN p.active THEN s.on_hand - s.reserved ELSE 0 END AS units
    FROM stock s JOIN locations p ON p.id = s.location_id WHERE s.merchant_id = $1 AND s.sku = ANY($2::text[])"""
SAFETY = "SELECT sku, safety FROM products WHERE merchant_id = $1 AND sku = ANY($2::text[]) AND safety > 0"
ALLOTMENTS = """SELECT account_id, buffer, percent, most FROM allotments
    WHERE merchant_id = $1 AND account_id = ANY($2::bigint[])"""


async def of(tx: Tx, merchant_id: int, skus: Collection[str]) -> Supply:
    """What there is of `skus`, in four statements. Demand is read before stock: an order that is routed between the two
    counts twice for a moment, and never not at all."""
    bundles: dict[str, dict[str, int]] = {}
    for row in await tx.fetch(BUNDLES, merchant_id, sorted(skus)):
        bundles.setdefault(row["sku"], {})[row["component"]] = row["quantity"]
    everything = sorted({*skus, *bundles, *(part for parts in bundles.values() for part in parts)})
    waiting = {row["sku"]: row["units"] for row in await tx.fetch(WAITING, merchant_id, everything)}
    safety = {row["sku"]: row["safety"] for row in await tx.fetch(SAFETY, merchant_id, everything)}
    free: dict[str, dict[int, int]] = {}
    for row in await tx.fetch(FREE, merchant_id, everything):
        free.setdefault(row["sku"], {})[row["location_id"]] = row["units"]
    return Supply(free=free, waiting=waiting, safety=safety, bundles=bundles)


async def allotments(tx: Tx, merchant_id: int, accounts: Sequence[int]) -> dict[int, Allotment]:
    """What each account may offer, where somebody has said so."""
    rows = await tx.fetch(ALLOTMENTS, merchant_id, sorted(set(accounts)))
    return {row["account_id"]: Allotment(row["buffer"], row["percent"], row["most"]) for row in rows}
