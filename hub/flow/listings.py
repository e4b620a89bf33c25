"""Listings in bulk: held in the order in which everybody locks them, and mapped where the channel's SKU is ours."""

from __future__ import annotations

from collections.abc import Collection

from hub.store.database import Tx

HOLD = """SELECT 1 FROM listings WHERE merchant_id = $1 AND (
        (account_id, listing_id) IN (SELECT * FROM unnest($2::bigint[], $3::text[]))
        OR (sku = '' AND mapped_by = '' AND channel_sku = ANY($4::text[])))
    ORDER BY account_id, listing_id COLLATE "C" FOR UPDATE"""
RECOGNIZE = """UPDATE listings SET sku = channel_sku, mapped_by = 'sku'
    WHERE merchant_id = $1 AND sku = '' AND mapped_by = '' AND channel_sku <> '' AND channel_sku = ANY($2::text[])"""


async def hold(tx: Tx, merchant_id: int, listings: Collection[tuple[int, str]], skus: Collection[str]) -> None:
    """Holds `listings` (account, its id) for this transaction, and those that `recognize` would map for `skus`. To be
    called before any of them is changed: whoever tells levels holds them in this order too."""
    accounts, ids = zip(*sorted(listings), strict=True) if listings else ((), ())
    await tx.fetch(HOLD, merchant_id, list(accounts), list(ids), sorted(skus))


async def recognize(tx: Tx, merchant_id: int, skus: Collection[str]) -> int:
    """Maps listings that nobody has said anything of, now that the channel's own SKU is a product of ours; how many."""
    return await tx.execute(RECOGNIZE, merchant_id, sorted(skus))
