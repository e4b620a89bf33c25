"""Marks on SKUs of which something changed: `levels` tells the channels, a moment later."""

from __future__ import annotations

from collections.abc import Iterable

from hub.ports import Ids
from hub.store import sets
from hub.store.database import Tx


async def mark(tx: Tx, ids: Ids, skus: Iterable[tuple[int, str]]) -> None:
    """Marks (merchant, SKU) pairs in the transaction that changed them: one statement, or none without any.

    Rows are only ever added, so that two who change the same SKU do not wait for each other here.
    """
    rows = [{"id": ids.next(), "merchant_id": merchant, "sku": sku} for merchant, sku in sorted(set(skus)) if sku]
    await sets.insert(tx, "stale", rows)
