"""Say what a bundle is made of; its availability, and every order that waits for stock, follow at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from hub.actions.import_stock import WAKE
from hub.actions.services import Services
from hub.errors import Invalid
from hub.flow import listings, marks
from hub.store import audit, sets
from hub.store.database import Tx, announce

MOST_PARTS, MOST_OF_ONE = 50, 10_000

LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('crossdock:bundles:' || $1::text, 0))"
KNOWN = "SELECT sku FROM products WHERE merchant_id = $1 AND sku = ANY($2::text[])"
BUNDLES = "SELECT DISTINCT sku FROM components WHERE merchant_id = $1 AND sku = ANY($2::text[]) ORDER BY sku"
HOLDERS = "SELECT DISTINCT sku FROM components WHERE merchant_id = $1 AND component = $2 ORDER BY sku"
ON_HAND = "SELECT sum(on_hand)::bigint FROM stock WHERE merchant_id = $1 AND sku = $2"
BEFORE = "SELECT component, quantity FROM components WHERE merchant_id = $1 AND sku = $2 ORDER BY component"
FORGET = "DELETE FROM components WHERE merchant_id = $1 AND sku = $2"


class Bundle(Struct, frozen=True, kw_only=True):
    """Who says what one unit of `sku` is made of: SKU → units. Without any it is a bundle no more. `title`: of a SKU
    that is new."""

    merchant_id: int
    sku: str
    parts: Mapping[str, int]
    actor: str
    title: str = ""


class Bundled(Struct, frozen=True):
    """What it is made of now, and how many orders are looked at again."""

    sku: str
    parts: Mapping[str, int]
    woken: int


async def set_bundle(services: Services, asked: Bundle) -> Bundled:
    """Orders that are routed already keep the parts they were routed with.

    Raises `Invalid` for parts that are no products or bundles themselves, and for a SKU that is a part of another
    bundle or lies on shelves.
    """
    merchant_id, now = asked.merchant_id, services.clock.now()
    async with services.database.transaction() as tx:
        await tx.execute(LOCK, str(merchant_id))
        await _check(tx, asked)
        before = {row["component"]: row["quantity"] for row in await tx.fetch(BEFORE, merchant_id, asked.sku)}
        await _write(services, tx, asked)
        await marks.mark(tx, services.ids, [(merchant_id, sku) for sku in (asked.sku, *before, *asked.parts)])
        woken = await tx.execute(WAKE, merchant_id, now)
        await audit.append(tx, services.ids, audit.Entry(
            merchant_id=merchant_id, at=now, actor=asked.actor, action="set_bundle", subject=f"product:{asked.sku}",
            details={"parts": _said(asked.parts), "before": _said(before)},
        ))  # fmt: skip
        await announce(tx, "orders")
    return Bundled(asked.sku, asked.parts, woken)


def _said(parts: Mapping[str, int]) -> str:
    """As the audit trail keeps it."""
    return ", ".join(f"{units} × {sku}" for sku, units in sorted(parts.items())) or "no bundle"


async def _check(tx: Tx, asked: Bundle) -> None:
    if not asked.sku.strip() or len(asked.sku) > 128:
        raise Invalid("sku", "give the bundle a SKU of 1 to 128 characters")
    if len(asked.parts) > MOST_PARTS or any(not 0 < units <= MOST_OF_ONE for units in asked.parts.values()):
        raise Invalid("parts", f"at most {MOST_PARTS} parts, and of each 1 to {MOST_OF_ONE}")
    parts = sorted(asked.parts)
    known = {row["sku"] for row in await tx.fetch(KNOWN, asked.merchant_id, parts)}
    if unknown := [sku for sku in parts if sku not in known or sku == asked.sku]:
        raise Invalid("parts", f"{', '.join(unknown)}: no products that could be a part of {asked.sku}")
    if nested := [row["sku"] for row in await tx.fetch(BUNDLES, asked.merchant_id, parts)]:
        raise Invalid("parts", f"{', '.join(nested)}: bundles themselves; name what they are made of")
    if parts:
        await _check_sku(tx, asked)


async def _check_sku(tx: Tx, asked: Bundle) -> None:
    if holders := [row["sku"] for row in await tx.fetch(HOLDERS, asked.merchant_id, asked.sku)]:
        raise Invalid("sku", f"it is a part of {', '.join(holders)}, and bundles hold no bundles")
    if units := await tx.fetchval(ON_HAND, asked.merchant_id, asked.sku):
        raise Invalid("sku", f"{units} of it lie on shelves: a bundle lies nowhere itself, so count it to 0 first")


async def _write(services: Services, tx: Tx, asked: Bundle) -> None:
    base = {"merchant_id": asked.merchant_id, "sku": asked.sku}
    product = {"title": (asked.title or asked.sku)[:500], "gtin": "", "grams": 0, "created_at": services.clock.now()}
    if asked.parts:
        row = base | {"id": services.ids.next()} | product
        await sets.insert(tx, "products", [row], "ON CONFLICT (merchant_id, sku) DO NOTHING")
        await listings.hold(tx, asked.merchant_id, (), [asked.sku])
        await listings.recognize(tx, asked.merchant_id, [asked.sku])
    await tx.execute(FORGET, asked.merchant_id, asked.sku)
    rows = [base | {"id": services.ids.next(), "component": sku, "quantity": n} for sku, n in asked.parts.items()]
    await sets.insert(tx, "components", rows)


def read_parts(given: Sequence[str]) -> dict[str, int]:
    """`MUG=2 TEAPOT` as SKU → units; one of each unless it says more. Raises `Invalid`."""
    parts: dict[str, int] = {}
    for text in given:
        sku, _, count = text.rpartition("=") if "=" in text else (text, "", "1")
        if not sku.strip() or not (count.isascii() and count.isdigit()) or len(count) > 5:
            raise Invalid("parts", f"{text!r}: write SKU=UNITS")
        parts[sku.strip()] = parts.get(sku.strip(), 0) + int(count)
    return parts
