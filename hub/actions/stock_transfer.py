"""Transfers: goods leave one location, are in transit, and arrive at another, all of them or fewer.

What is in transit lies at no location, so nobody can promise it; its shipment says how much it is.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from hub.actions import stock_booking as booking
from hub.actions.services import Services
from hub.domain.stocking import Change
from hub.errors import Conflict, Invalid, NotFound
from hub.store import sets
from hub.store.database import Row, Tx

FIND = "SELECT * FROM transfers WHERE merchant_id = $1 AND reference = $2 FOR UPDATE"
LINES = "SELECT id, sku, shipped, received, missing FROM transfer_lines WHERE transfer_id = $1 ORDER BY sku"
ARRIVE = """UPDATE transfer_lines l SET received = l.received + d.received, missing = d.missing
    FROM json_to_recordset($1::json) AS d(id bigint, received integer, missing integer) WHERE l.id = d.id"""
CLOSE = "UPDATE transfers SET state = 'received', closed_at = $2 WHERE id = $1"


class Ship(Struct, frozen=True, kw_only=True):
    """What leaves `source` for `target`. `reference` names the transfer; the same one again ships nothing more."""

    merchant_id: int
    reference: str
    source: str
    target: str
    lines: Mapping[str, int]
    actor: str


class Arrive(Struct, frozen=True, kw_only=True):
    """What arrived of a transfer: SKU → units. `complete`: nothing more will come, so what is left is missing."""

    merchant_id: int
    reference: str
    lines: Mapping[str, int]
    actor: str
    complete: bool = True


class InTransit(Struct, frozen=True):
    """One SKU of a transfer; `open` units are still on their way."""

    sku: str
    shipped: int
    received: int
    missing: int

    @property
    def open(self) -> int:
        return self.shipped - self.received - self.missing


class TransferView(Struct, frozen=True):
    """How a transfer stands: in_transit or received. `woken`: orders looked at again."""

    reference: str
    state: str
    lines: tuple[InTransit, ...]
    woken: int = 0


async def ship_transfer(services: Services, asked: Ship) -> TransferView:
    """Takes free units from the shelves of `source`. Raises `NotFound`, `Invalid`, and `Conflict` where units are
    promised, or when the reference is another transfer's."""
    reference, plain, merchant_id = booking.reference_of(asked.reference), services.database.plain, asked.merchant_id
    source, target = await booking.places(plain, merchant_id, asked.source, asked.target)
    if source == target:
        raise Invalid("target", "is where they lie already; name another location")
    parts = await booking.parts_of(plain, merchant_id, asked.lines)
    await booking.make_rows(services, merchant_id, parts, target)
    async with services.database.transaction() as tx:
        made = await make_transfer(tx, services, asked, (reference, source, target), parts)
        if not made:
            return await _same(tx, merchant_id, (reference, source, target), parts)
        there = await booking.lock(tx, merchant_id, parts)
        changes = tuple(Change(sku, source, -units, 0, "transfer_out") for sku, units in sorted(parts.items()))
        booked = booking.Booking(merchant_id=merchant_id, changes=changes, ref_id=made)
        await booking.book(tx, services, booked, there)
        await booking.note(tx, services, merchant_id, booking.Note(
            actor=asked.actor, action="ship_transfer", subject=f"transfer:{made}",
            details={"reference": reference, "from": asked.source, "to": asked.target,
                     "units": booking.listed(parts)},
        ))  # fmt: skip
    sent = tuple(InTransit(sku, units, 0, 0) for sku, units in sorted(parts.items()))
    return TransferView(reference, "in_transit", sent)


async def receive_transfer(services: Services, asked: Arrive) -> TransferView:
    """Puts what arrived on the shelves of its target. Raises `NotFound` for an unknown transfer, `Conflict` when it was
    received already, `Invalid` for more than was shipped."""
    merchant_id = asked.merchant_id
    async with services.database.transaction() as tx:
        transfer = await tx.fetchrow(FIND, merchant_id, asked.reference.replace("\0", "").strip())
        if transfer is None:
            raise NotFound(f"no transfer {asked.reference!r}")
        if transfer["state"] == "received":
            raise Conflict(f"{asked.reference} was received already; adjust what turned up later, reason found")
        if transfer["state"] != "in_transit":
            raise Conflict(f"{asked.reference} is {transfer['state']}: nothing of it has left")
        rows = await tx.fetch(LINES, transfer["id"])
        parts = await booking.parts_of(tx, merchant_id, asked.lines) if asked.lines else {}
        after = _after(rows, parts, complete=asked.complete)
        woken = await booking.wake(tx, services, merchant_id, parts) if parts else 0
        await _put(tx, services, transfer, parts)
        arrived = [
            {"id": row["id"], "received": parts.get(line.sku, 0), "missing": line.missing}
            for row, line in zip(rows, after, strict=True)
        ]
        await sets.update(tx, ARRIVE, arrived)
        done = not any(line.open for line in after)
        if done:
            await tx.execute(CLOSE, transfer["id"], services.clock.now())
        await booking.note(tx, services, merchant_id, _arrival(asked, transfer, after, parts))
    return TransferView(transfer["reference"], "received" if done else "in_transit", after, woken)


async def _put(tx: Tx, services: Services, transfer: Row, parts: Mapping[str, int]) -> None:
    there = await booking.lock(tx, transfer["merchant_id"], parts)
    to = transfer["to_id"]
    changes = tuple(Change(sku, to, units, 0, "transfer_in") for sku, units in sorted(parts.items()))
    booked = booking.Booking(merchant_id=transfer["merchant_id"], changes=changes, ref_id=transfer["id"])
    await booking.book(tx, services, booked, there)


def _after(rows: list[Row], parts: Mapping[str, int], *, complete: bool) -> tuple[InTransit, ...]:
    lines = {row["sku"]: InTransit(row["sku"], row["shipped"], row["received"], row["missing"]) for row in rows}
    for sku, units in parts.items():
        line = lines.get(sku)
        if line is None or units > line.open:
            raise Invalid(
                sku, f"{line.open if line else 0} are on their way, not {units}; adjust what came besides, reason found"
            )
    found = []
    for sku, line in lines.items():
        received = line.received + parts.get(sku, 0)
        found.append(InTransit(sku, line.shipped, received, line.shipped - received if complete else line.missing))
    return tuple(found)


def _arrival(asked: Arrive, transfer: Row, after: tuple[InTransit, ...], parts: Mapping[str, int]) -> booking.Note:
    missing = {line.sku: line.missing for line in after if line.missing}
    return booking.Note(
        actor=asked.actor, action="receive_transfer", subject=f"transfer:{transfer['id']}",
        details={"reference": transfer["reference"], "units": booking.listed(parts),
                 "missing": booking.listed(missing)},
    )  # fmt: skip


async def make_transfer(  # noqa: PLR0913 - one row and its lines
    tx: Tx,
    services: Services,
    asked: Ship,
    key: tuple[str, int, int],
    parts: Mapping[str, int],
    *,
    planned: bool = False,
) -> int:
    """The id of a new transfer with its lines, which has left or is only planned; 0 when its reference is taken."""
    made = services.ids.next()
    row = {
        "id": made, "merchant_id": asked.merchant_id, "reference": key[0], "from_id": key[1], "to_id": key[2],
        "state": "draft" if planned else "in_transit", "shipped_at": None if planned else services.clock.now(),
        "actor": asked.actor[:128],
    }  # fmt: skip
    if not await sets.insert(tx, "transfers", [row], "ON CONFLICT (merchant_id, reference) DO NOTHING"):
        return 0
    base = {"merchant_id": asked.merchant_id, "transfer_id": made}
    lines = [{"id": services.ids.next(), **base, "sku": sku, "shipped": units} for sku, units in sorted(parts.items())]
    await sets.insert(tx, "transfer_lines", lines)
    return made


async def _same(tx: Tx, merchant_id: int, key: tuple[str, int, int], parts: Mapping[str, int]) -> TransferView:
    reference, source, target = key
    before = await tx.fetchrow(FIND, merchant_id, reference)
    assert before is not None
    rows = await tx.fetch(LINES, before["id"])
    shipped = {row["sku"]: row["shipped"] for row in rows}
    if before["state"] in {"draft", "cancelled"}:
        raise Conflict(f"{reference} is {before['state']}; send what was planned, or use another reference")
    if (before["from_id"], before["to_id"]) != (source, target) or shipped != dict(parts):
        raise Conflict(f"{reference} is another transfer, of {booking.listed(shipped)}; use another reference")
    lines = tuple(InTransit(row["sku"], row["shipped"], row["received"], row["missing"]) for row in rows)
    return TransferView(reference, before["state"], lines)
