"""Transfers that are planned: a list of what is to leave, which is picked and shipped later, in full or with fewer."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from hub.actions import stock_booking as booking
from hub.actions.services import Services
from hub.actions.stock_transfer import FIND, LINES, Ship, make_transfer
from hub.domain.stocking import Change
from hub.errors import Conflict, Invalid, NotFound
from hub.store import sets
from hub.store.database import Row, Tx

SHIPPED = """UPDATE transfer_lines l SET shipped = d.shipped
    FROM json_to_recordset($1::json) AS d(id bigint, shipped integer) WHERE l.id = d.id"""
NOT_SHIPPED = "DELETE FROM transfer_lines WHERE id = ANY($1::bigint[])"
LEAVE = "UPDATE transfers SET state = 'in_transit', shipped_at = $2 WHERE id = $1"
CANCEL = "UPDATE transfers SET state = 'cancelled', closed_at = $2 WHERE id = $1"


class Send(Struct, frozen=True, kw_only=True):
    """A planned transfer leaves. `lines`: SKU → units that really do, None for all that was planned."""

    merchant_id: int
    reference: str
    actor: str
    lines: Mapping[str, int] | None = None


async def plan_transfer(services: Services, asked: Ship) -> str:
    """Keeps what is to be shipped; nothing moves, and nothing is promised. Gives the reference. Raises `NotFound`,
    `Invalid`, and `Conflict` for a reference that is taken."""
    plain, merchant_id = services.database.plain, asked.merchant_id
    reference = booking.reference_of(asked.reference)
    source, target = await booking.places(plain, merchant_id, asked.source, asked.target)
    if source == target:
        raise Invalid("target", "is where they lie already; name another location")
    parts = await booking.parts_of(plain, merchant_id, asked.lines)
    async with services.database.transaction() as tx:
        if not await make_transfer(tx, services, asked, (reference, source, target), parts, planned=True):
            raise Conflict(f"{reference} is another transfer; use another reference")
        await booking.note(tx, services, merchant_id, booking.Note(
            actor=asked.actor, action="plan_transfer", subject=f"transfer:{reference}",
            details={"from": asked.source, "to": asked.target, "units": booking.listed(parts)},
        ))  # fmt: skip
    return reference


async def send_transfer(services: Services, asked: Send) -> None:
    """Takes what leaves from the shelves of its source. Raises `NotFound`, `Invalid` for a SKU that was not planned or
    for nothing at all, `Conflict` when it left before or units are promised."""
    merchant_id = asked.merchant_id
    found = await services.database.plain.fetchrow(FIND.removesuffix(" FOR UPDATE"), merchant_id, asked.reference)
    if found is not None:
        skus = [row["sku"] for row in await services.database.plain.fetch(LINES, found["id"])]
        await booking.make_rows(services, merchant_id, skus, found["to_id"])
    async with services.database.transaction() as tx:
        transfer = await _draft(tx, merchant_id, asked.reference)
        rows = await tx.fetch(LINES, transfer["id"])
        leaving = _leaving(rows, asked.lines)
        shipped = {row["sku"]: units for row, units in zip(rows, leaving, strict=True) if units}
        there = await booking.lock(tx, merchant_id, shipped)
        changes = tuple(
            Change(sku, transfer["from_id"], -units, 0, "transfer_out") for sku, units in sorted(shipped.items())
        )
        made = booking.Booking(merchant_id=merchant_id, changes=changes, ref_id=transfer["id"])
        await booking.book(tx, services, made, there)
        lines = [{"id": row["id"], "shipped": units} for row, units in zip(rows, leaving, strict=True) if units]
        await sets.update(tx, SHIPPED, lines)
        await tx.execute(NOT_SHIPPED, [row["id"] for row, units in zip(rows, leaving, strict=True) if not units])
        await tx.execute(LEAVE, transfer["id"], services.clock.now())
        await booking.note(tx, services, merchant_id, booking.Note(
            actor=asked.actor, action="ship_transfer", subject=f"transfer:{transfer['id']}",
            details={"reference": transfer["reference"], "units": booking.listed(shipped)},
        ))  # fmt: skip


async def cancel_transfer(services: Services, asked: Send) -> None:
    """Nothing of a planned transfer will leave. Raises `NotFound`, and `Conflict` when it has left."""
    async with services.database.transaction() as tx:
        transfer = await _draft(tx, asked.merchant_id, asked.reference)
        await tx.execute(CANCEL, transfer["id"], services.clock.now())
        await booking.note(tx, services, asked.merchant_id, booking.Note(
            actor=asked.actor, action="cancel_transfer", subject=f"transfer:{transfer['id']}",
            details={"reference": transfer["reference"]},
        ))  # fmt: skip


async def _draft(tx: Tx, merchant_id: int, reference: str) -> Row:
    transfer = await tx.fetchrow(FIND, merchant_id, reference.replace("\0", "").strip())
    if transfer is None:
        raise NotFound(f"no transfer {reference!r}")
    if transfer["state"] != "draft":
        raise Conflict(f"{reference} is {transfer['state'].replace('_', ' ')} already")
    return transfer


def _leaving(rows: list[Row], told: Mapping[str, int] | None) -> list[int]:
    """Units that leave of each row."""
    if told is None:
        return [row["shipped"] for row in rows]
    known = {row["sku"] for row in rows}
    for sku, units in told.items():
        if sku not in known:
            raise Invalid(sku, "is not on this transfer; plan another one for it")
        if units < 0:
            raise Invalid(sku, "give 0 or more units")
    leaving = [told.get(row["sku"], 0) for row in rows]
    if not any(leaving):
        raise Invalid("lines", "nothing leaves; cancel the transfer instead")
    return leaving
