"""Facts of review: what listings mean, which SKUs there are, orders that look the same, and what fraud rules count."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from hub.domain.outcome import OrderRow
from hub.domain.validation import DUPLICATE_WINDOW, ReviewFacts, Twin
from hub.flow import credit_facts, fraud_facts
from hub.flow.directory import Known
from hub.flow.policies import DEFAULT
from hub.flow.stage import Desk

LISTINGS = """SELECT l.account_id, l.listing_id, l.sku FROM listings l
    JOIN unnest($1::bigint[], $2::bigint[], $3::text[]) AS w(merchant_id, account_id, listing_id)
    USING (merchant_id, account_id, listing_id)"""

SKUS = """SELECT p.merchant_id, p.sku FROM products p JOIN unnest($1::bigint[], $2::text[]) AS w(merchant_id, sku)
    USING (merchant_id, sku)"""

TWINS = """SELECT mine.id AS order_id, o.id, o.number, o.placed_at,
        (SELECT array_agg(coalesce(nullif(l.sku, ''), nullif(l.listing_id, ''), l.title) || chr(31) || l.ordered)
         FROM order_lines l WHERE l.order_id = o.id AND l.ordered > 0) AS bought
    FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::bigint[], $5::text[], $6::timestamptz[])
        AS mine(id, merchant_id, email, total, currency, placed_at)
    CROSS JOIN LATERAL (
        SELECT o.id, o.number, o.placed_at FROM orders o
        WHERE o.email = mine.email AND o.merchant_id + 0 = mine.merchant_id AND o.id <> mine.id
            AND o.total = mine.total AND o.currency = mine.currency AND o.state NOT IN (10, 11)
            AND o.placed_at BETWEEN mine.placed_at - $7::interval AND mine.placed_at
        ORDER BY o.placed_at DESC, o.id DESC LIMIT 5) o"""


async def facts(desk: Desk, orders: Sequence[OrderRow]) -> ReviewFacts:
    """Four statements a batch; one more where somebody has not paid."""
    known = await desk.directory.known(desk.tx)
    policies = {order.merchant_id: known.policies.get(order.merchant_id, DEFAULT) for order in orders}
    seen = await fraud_facts.history(desk, orders, policies)
    return ReviewFacts(
        listings=await _listings(desk, orders),
        skus=await _skus(desk, orders),
        twins=await _twins(desk, orders),
        policies=policies,
        seen=seen,
        carriers=_carriers(known, policies),
        credit=await credit_facts.accounts(desk, orders),
    )


def _carriers(known: Known, merchants: Collection[int]) -> dict[int, str]:
    """What each merchant's carrier is called, if it has one: of several the one that labels are bought from."""
    chosen = known.carriers()
    found = {merchant: known.entries[chosen[merchant]] for merchant in merchants if merchant in chosen}
    return {merchant: f"{entry.connector} {entry.name}".lower() for merchant, entry in found.items()}


async def _listings(desk: Desk, orders: Sequence[OrderRow]) -> dict[tuple[int, str], str]:
    wanted = sorted({(o.merchant_id, o.account_id, ln.listing_id) for o in orders for ln in o.lines if ln.listing_id})
    if not wanted:
        return {}
    rows = await desk.tx.fetch(LISTINGS, *map(list, zip(*wanted, strict=True)))
    return {(row["account_id"], row["listing_id"]): row["sku"] for row in rows}


async def _skus(desk: Desk, orders: Sequence[OrderRow]) -> frozenset[tuple[int, str]]:
    wanted = sorted({(order.merchant_id, line.sku) for order in orders for line in order.lines if line.sku})
    if not wanted:
        return frozenset()
    rows = await desk.tx.fetch(SKUS, *map(list, zip(*wanted, strict=True)))
    return frozenset((row["merchant_id"], row["sku"]) for row in rows)


async def _twins(desk: Desk, orders: Sequence[OrderRow]) -> dict[int, tuple[Twin, ...]]:
    mine = [(o.id, o.merchant_id, o.email, o.total, o.currency, o.placed_at) for o in orders if o.email]
    if not mine:
        return {}
    found: dict[int, tuple[Twin, ...]] = {}
    for row in await desk.tx.fetch(TWINS, *map(list, zip(*mine, strict=True)), DUPLICATE_WINDOW):
        bought = [entry.rpartition("\x1f") for entry in row["bought"] or ()]
        signature = tuple(sorted((what, int(units)) for what, _, units in bought))
        twin = Twin(row["id"], row["number"], row["placed_at"], signature)
        found[row["order_id"]] = (*found.get(row["order_id"], ()), twin)
    return found
