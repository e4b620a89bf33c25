"""Receive goods: a purchase, or anything else that arrives, booked once for each reference."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from msgspec import Struct

from hub.actions import stock_booking as booking
from hub.actions.services import Services
from hub.domain.stocking import Change
from hub.errors import Conflict, Invalid
from hub.store import sets
from hub.store.database import Tx

KINDS = ("purchase", "plain")
BEFORE = """SELECT r.lines, r.location_id, l.code FROM receipts r JOIN locations l ON l.id = r.location_id
    WHERE r.merchant_id = $1 AND r.reference = $2"""


class Receive(Struct, frozen=True, kw_only=True):
    """What arrived where. `reference`: of the delivery note or the purchase; the same one again is booked no more.

    `lines`: SKU → units; a bundle arrives as its parts. `kind`: purchase or plain.
    """

    merchant_id: int
    reference: str
    location: str
    lines: Mapping[str, int]
    actor: str
    kind: str = "purchase"


class Received(Struct, frozen=True):
    """`booked` False: it was booked before. `parts`: what lies on the shelves more; `woken`: orders looked at again."""

    reference: str
    booked: bool
    parts: Mapping[str, int]
    woken: int


async def receive_stock(services: Services, asked: Receive) -> Received:
    """Books all of it or nothing.

    Raises `NotFound` for an unknown location or SKU, `Invalid` for silly units, `Conflict` when the reference was
    booked with other contents or elsewhere.
    """
    reference = booking.reference_of(asked.reference)
    if asked.kind not in KINDS:
        raise Invalid("kind", f"{asked.kind!r} is none; choose one of {', '.join(KINDS)}")
    plain, merchant_id = services.database.plain, asked.merchant_id
    (place,) = await booking.places(plain, merchant_id, asked.location)
    parts = await booking.parts_of(plain, merchant_id, asked.lines)
    await booking.make_rows(services, merchant_id, parts, place)
    async with services.database.transaction() as tx:
        receipt = await _keep(tx, services, asked, (reference, place))
        if not receipt:
            await _same(tx, asked, (reference, place))
            return Received(reference, False, parts, 0)
        woken = await booking.wake(tx, services, merchant_id, parts)
        there = await booking.lock(tx, merchant_id, parts)
        changes = tuple(Change(sku, place, units, 0, "received") for sku, units in sorted(parts.items()))
        made = booking.Booking(merchant_id=merchant_id, changes=changes, ref_id=receipt)
        await booking.book(tx, services, made, there)
        await booking.note(tx, services, merchant_id, booking.Note(
            actor=asked.actor, action="receive_stock", subject=f"receipt:{receipt}",
            details={"reference": reference, "location": asked.location, "units": booking.listed(parts)},
        ))  # fmt: skip
    return Received(reference, True, parts, woken)


async def _keep(tx: Tx, services: Services, asked: Receive, key: tuple[str, int]) -> int:
    """The receipt's id; 0 when there is one of this reference."""
    made = services.ids.next()
    row = {
        "id": made, "merchant_id": asked.merchant_id, "reference": key[0], "location_id": key[1], "kind": asked.kind,
        "lines": dict(asked.lines), "at": services.clock.now(), "actor": asked.actor[:128],
    }  # fmt: skip
    return made if await sets.insert(tx, "receipts", [row], "ON CONFLICT (merchant_id, reference) DO NOTHING") else 0


async def _same(tx: Tx, asked: Receive, key: tuple[str, int]) -> None:
    before = await tx.fetchrow(BEFORE, asked.merchant_id, key[0])
    assert before is not None
    lines = msgspec.json.decode(before["lines"], type=dict[str, int])
    if before["location_id"] != key[1] or lines != dict(asked.lines):
        raise Conflict(
            f"{key[0]} was booked at {before['code']} with {booking.listed(lines)}; use another reference, or adjust"
        )
