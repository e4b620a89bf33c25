"""What all actions on stock share: locations by their codes, bundles as their parts, changes booked under a guard.

Locks are taken in the order that `Batch.flush` names: orders that wait for the goods first, then stock in the order
of SKUs, the audit trail last. Rows of stock that are new are made before, in a transaction of their own: two that add
them in the middle of their locks could wait for each other.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TypeAlias

from msgspec import Struct

from hub.actions.services import Services
from hub.domain.outcome import StockDelta
from hub.domain.stocking import Change, Level, check_booking, in_parts
from hub.errors import Invalid, NotFound
from hub.flow import bundles, levels
from hub.flow.batch import Batch
from hub.store import audit, sets
from hub.store.database import Tx, announce

PLACES = "SELECT id, code FROM locations WHERE merchant_id = $1 ORDER BY code"
KNOWN = "SELECT sku FROM products WHERE merchant_id = $1 AND sku = ANY($2::text[])"
WAITING = """UPDATE orders SET due_at = $3 WHERE id IN (
    SELECT o.id FROM orders o WHERE o.merchant_id = $1 AND o.state < 9 AND o.state = 2 AND EXISTS (
        SELECT 1 FROM holds h WHERE h.merchant_id = $1 AND h.order_id = o.id AND h.reason = 'stock'
        AND h.state IN ('open', 'escalated')) AND EXISTS (
        SELECT 1 FROM order_lines l WHERE l.order_id = o.id AND l.sku = ANY($2::text[]))
    ORDER BY o.id FOR UPDATE OF o)"""
"""Accepted orders (2) that are held for stock and want one of the SKUs."""

MOST_REFERENCE = 128

Levels: TypeAlias = Mapping[tuple[str, int], Level]
"""(SKU, location) → what is there."""


class Booking(Struct, frozen=True, kw_only=True):
    """Changes of one merchant's stock that stand or fall together. `ref_id`: what the ledger says they belong to."""

    merchant_id: int
    changes: tuple[Change, ...]
    ref_id: int


class OnSku(Struct, frozen=True, kw_only=True):
    """What a person books on one SKU at one location: so many units, and why. A bundle is booked as its parts."""

    merchant_id: int
    sku: str
    location: str
    units: int
    reason: str
    actor: str
    note: str = ""


class Booked(Struct, frozen=True):
    """`parts`: SKU → units that were booked; `woken`: orders looked at again."""

    parts: Mapping[str, int]
    woken: int


class Note(Struct, frozen=True, kw_only=True):
    """What the audit trail keeps of it."""

    actor: str
    action: str
    subject: str
    details: Mapping[str, str | int | bool | None]


def reference_of(text: str) -> str:
    """A reference that can be kept. Raises `Invalid`."""
    found = text.replace("\0", "").strip()
    if not 0 < len(found) <= MOST_REFERENCE:
        raise Invalid("reference", f"give 1 to {MOST_REFERENCE} characters, such as the number of the delivery note")
    return found


async def places(tx: Tx, merchant_id: int, *codes: str) -> list[int]:
    """Ids of locations. Raises `NotFound` naming those there are."""
    known = {row["code"]: int(row["id"]) for row in await tx.fetch(PLACES, merchant_id)}
    for code in codes:
        if code not in known:
            raise NotFound(f"no location {code!r}; there are {', '.join(known) or 'none'}")
    return [known[code] for code in codes]


async def parts_of(tx: Tx, merchant_id: int, lines: Mapping[str, int]) -> dict[str, int]:
    """SKU → units as they lie on shelves. Raises `NotFound` for a SKU that is no product, `Invalid` for silly units."""
    unknown = set(lines) - {row["sku"] for row in await tx.fetch(KNOWN, merchant_id, sorted(lines))}
    if unknown:
        raise NotFound(f"no product {', '.join(sorted(unknown))}; import it first, or look at its spelling")
    made_of = await bundles.of(tx, [(merchant_id, sku) for sku in lines])
    return in_parts(lines, {sku: parts for (_, sku), parts in made_of.items()})


async def found(tx: Tx, asked: OnSku) -> tuple[int, dict[str, int]]:
    """The location, and SKU → units as they lie there, without a sign. Raises as `places` and `parts_of`."""
    (place,) = await places(tx, asked.merchant_id, asked.location)
    return place, await parts_of(tx, asked.merchant_id, {asked.sku: abs(asked.units)})


async def make_rows(services: Services, merchant_id: int, skus: Collection[str], location_id: int) -> None:
    """Rows of stock for SKUs that never lay at the location, with nothing on hand."""
    base = {"merchant_id": merchant_id, "location_id": location_id, "on_hand": 0, "reserved": 0, "version": 0}
    rows = [base | {"id": services.ids.next(), "sku": sku} for sku in sorted(skus)]
    await sets.insert(services.database.plain, "stock", rows, "ON CONFLICT (merchant_id, sku, location_id) DO NOTHING")


async def wake(tx: Tx, services: Services, merchant_id: int, skus: Collection[str]) -> int:
    """Orders that are held for any of the SKUs, or for a bundle of them, are looked at again; returns how many.

    Comes before stock is locked.
    """
    touched = [row["sku"] for row in await tx.fetch(levels.TOUCHED, merchant_id, sorted(skus))]
    woken = await tx.execute(WAITING, merchant_id, touched, services.clock.now())
    if woken:
        await announce(tx, "orders")
    return woken


async def lock(tx: Tx, merchant_id: int, skus: Collection[str]) -> dict[tuple[str, int], Level]:
    """(SKU, location) → what is there, held until the end of the transaction."""
    rows = await sets.stock_of(tx, [(merchant_id, sku) for sku in skus], lock=True)
    return {(row["sku"], row["location_id"]): Level(row["on_hand"], row["reserved"]) for row in rows}


async def book(tx: Tx, services: Services, booking: Booking, there: Levels) -> None:
    """Writes the changes and their movements, and marks the SKUs for the channels. `there` was locked in this
    transaction. Raises `Conflict` where more would be taken than is free."""
    check_booking(booking.changes, there)
    batch = Batch(services.ids, services.clock.now())
    for change in booking.changes:
        batch.stock_change(booking.merchant_id, delta(change, booking.ref_id))
    await batch.flush(tx)


def delta(change: Change, ref_id: int) -> StockDelta:
    """The change as a batch writes it."""
    return StockDelta(change.sku, change.location_id, change.on_hand, change.reserved, change.reason, ref_id)


async def note(tx: Tx, services: Services, merchant_id: int, said: Note) -> None:
    """Writes the audit trail: the last statement of an action, for its lock is one for the whole merchant."""
    entry = audit.Entry(
        merchant_id=merchant_id, at=services.clock.now(), actor=said.actor, action=said.action, subject=said.subject,
        details=said.details,
    )  # fmt: skip
    await audit.append(tx, services.ids, entry)


async def note_on_sku(tx: Tx, services: Services, asked: OnSku, action: str, parts: Mapping[str, int]) -> None:
    """The audit trail of what was booked on one SKU."""
    details = {"location": asked.location, "units": listed(parts), "reason": asked.reason, "note": asked.note[:500]}
    said = Note(actor=asked.actor, action=action, subject=f"stock:{asked.sku}", details=details)
    await note(tx, services, asked.merchant_id, said)


def listed(parts: Mapping[str, int]) -> str:
    """Units and SKUs as people read them."""
    return ", ".join(f"{units} × {sku}" for sku, units in sorted(parts.items()))


def read_lines(given: Sequence[str]) -> dict[str, int]:
    """`MUG=2 CUP=5` as SKU → units. Raises `Invalid`."""
    lines: dict[str, int] = {}
    for text in given:
        sku, _, count = text.rpartition("=")
        if not sku.strip() or not (count.isascii() and count.isdigit()) or len(count) > 9:
            raise Invalid("lines", f"{text!r}: write SKU=UNITS")
        lines[sku.strip()] = lines.get(sku.strip(), 0) + int(count)
    return lines
