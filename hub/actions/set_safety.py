"""Keep some units of a product back from every channel."""

from __future__ import annotations

from hub.actions.services import Services
from hub.errors import Invalid, NotFound
from hub.flow import marks
from hub.store import audit

MOST = 1_000_000
SET = """WITH before AS (SELECT id, safety FROM products WHERE merchant_id = $1 AND sku = $2 FOR UPDATE)
    UPDATE products p SET safety = $3 FROM before b WHERE p.id = b.id RETURNING b.safety"""


async def set_safety(services: Services, product: tuple[int, str], units: int, actor: str) -> int:
    """`product`: (merchant, SKU). What channels may offer follows at once; returns what was kept back before.

    Raises `NotFound` for a SKU that is no product, `Invalid` below 0 or above a million.
    """
    merchant_id, sku = product
    if not 0 <= units <= MOST:
        raise Invalid("safety", f"is 0 to {MOST}")
    async with services.database.transaction() as tx:
        row = await tx.fetchrow(SET, merchant_id, sku.replace("\0", ""), units)
        if row is None:
            raise NotFound(f"no product {sku!r}")
        await marks.mark(tx, services.ids, [(merchant_id, sku)])
        await audit.append(tx, services.ids, audit.Entry(
            merchant_id=merchant_id, at=services.clock.now(), actor=actor, action="set_safety",
            subject=f"product:{sku}", details={"units": units, "before": row["safety"]},
        ))  # fmt: skip
    return int(row["safety"])
