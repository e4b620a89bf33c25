"""Fulfillment orders go on in the transaction that makes them: all that is to be known of them is in the batch already,
so they are not written only to be claimed, read and written again (docs/decisions/026).

Left to the next claim is what the store has to say more about: orders with a hold, which may keep them back, those on
terms, whose account is reckoned from what is stored, and those whose SKUs were only just found, which rules read there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec.structs import replace

from hub.domain.lifecycle import Work
from hub.domain.outcome import OrderRow, WorkLine, WorkRow
from hub.flow.batch import Batch
from hub.flow.stage import Desk

Key = tuple[int, str, str]

GRAMS = """SELECT p.merchant_id, p.sku, p.grams FROM products p
    JOIN unnest($1::bigint[], $2::text[]) AS w(merchant_id, sku) USING (merchant_id, sku)"""
TERMS = """SELECT t.merchant_id, t.email, t.currency FROM terms t
    JOIN unnest($1::bigint[], $2::text[], $3::text[]) AS w(merchant_id, email, currency)
    USING (merchant_id, email, currency)"""


async def works(desk: Desk, batch: Batch, orders: Iterable[OrderRow]) -> list[WorkRow]:
    """What `batch` makes for those of its `orders` that are not left out, as `loading.works` would read it. Two
    statements at most: one where somebody has not paid, one where a channel does not tell what a line weighs."""
    held = {order_id for _, order_id, _ in batch.holds}
    found = {line["id"] for line in batch.skus}
    free = {
        order.id: order
        for order in orders
        if not order.holds and order.id not in held and found.isdisjoint(line.id for line in order.lines)
    }
    made = [(free[work["order_id"]], work, lines) for work, lines in batch.made if work["order_id"] in free]
    owing = await _on_terms(desk, {_key(order) for order, _, _ in made if order.email and not order.paid})
    made = [(order, work, lines) for order, work, lines in made if order.paid or _key(order) not in owing]
    unknown = {(order.merchant_id, line.sku) for order, _, lines in made for line in lines if not line.grams}
    grams = await _grams(desk, unknown)
    return [_row(order, work, _weighed(lines, order.merchant_id, grams)) for order, work, lines in made]


async def _on_terms(desk: Desk, keys: set[Key]) -> frozenset[Key]:
    if not keys:
        return frozenset()
    rows = await desk.tx.fetch(TERMS, *map(list, zip(*sorted(keys), strict=True)))
    return frozenset((row["merchant_id"], row["email"], row["currency"]) for row in rows)


async def _grams(desk: Desk, skus: set[tuple[int, str]]) -> dict[tuple[int, str], int]:
    if not skus:
        return {}
    rows = await desk.tx.fetch(GRAMS, *map(list, zip(*sorted(skus), strict=True)))
    return {(row["merchant_id"], row["sku"]): row["grams"] for row in rows}


def _key(order: OrderRow) -> Key:
    return order.merchant_id, order.email, order.currency


def _weighed(
    lines: tuple[WorkLine, ...], merchant_id: int, grams: Mapping[tuple[int, str], int]
) -> tuple[WorkLine, ...]:
    """Lines with what one of a part weighs, where the channel told no weight."""
    if not grams:
        return lines
    return tuple(ln if ln.grams else replace(ln, part_grams=grams.get((merchant_id, ln.sku), 0)) for ln in lines)


def _row(order: OrderRow, work: Mapping[str, Any], lines: tuple[WorkLine, ...]) -> WorkRow:
    """With what its own row will say, and its order's."""
    return WorkRow(
        id=work["id"],
        merchant_id=order.merchant_id,
        order_id=order.id,
        account_id=order.account_id,
        location_id=work["location_id"],
        number=work["number"],
        state=Work(work["state"]),
        version=work["version"],
        automatic=work["automatic"],
        service=work["service"],
        carrier_account_id=work["carrier_account_id"],
        external_order_id=order.external_id,
        order_number=order.number,
        currency=order.currency,
        total=order.total,
        ship_to=order.ship_to,
        email=order.email,
        customer_id=order.customer_id,
        locale=order.buyer.locale,
        tracking_token=order.tracking_token,
        promised_at=order.promised_at,
        lines=lines,
    )
