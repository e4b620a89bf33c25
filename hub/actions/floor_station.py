"""What lies on a pack station: its totes, the parcels begun, what is left to scan, what is suggested; and its end."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from hub.actions import floor_looks
from hub.domain import boxing
from hub.domain.boxing import Crate, Filled
from hub.domain.lifecycle import Work
from hub.domain.outcome import Event, WorkRow
from hub.domain.packing_by_hand import Boxed, contents, packed_by_hand, things
from hub.errors import Conflict
from hub.flow import hands
from hub.flow.batch import Batch
from hub.flow.stage import Desk
from hub.store.database import Row, Tx, announce

TOTES = """SELECT t.*, coalesce((SELECT u.name FROM users u WHERE 'user:' || u.id = t.held_by), t.held_by) AS held_name
    FROM totes t WHERE t.merchant_id = $1 AND t.fulfillment_id = $2 ORDER BY t.id FOR UPDATE OF t"""
HOLD = "UPDATE totes SET held_by = $2, held_at = $3 WHERE fulfillment_id = $1"
DRAFT = "UPDATE totes SET packing = $2 WHERE id = $1"
BOXES = (
    "SELECT code, length_mm, width_mm, height_mm, own_grams, most_grams FROM boxes WHERE merchant_id = $1 ORDER BY code"
)
SIZES = "SELECT sku, length_mm, width_mm, height_mm FROM products WHERE merchant_id = $1 AND sku = ANY($2::text[])"

PUT_DOWN = "UPDATE totes SET held_by = '', held_at = NULL WHERE fulfillment_id = $1"
PACKED = """INSERT INTO packers (id, merchant_id, actor, orders) VALUES ($1, $2, $3, 1)
    ON CONFLICT (merchant_id, actor) DO UPDATE SET orders = packers.orders + 1"""


class Station(Struct, frozen=True, kw_only=True):
    """What lies before the packer. `begun`: parcels with what was scanned into them; `left`: SKU → units to scan.
    `check`: why somebody is to look before the parcels are closed. `packed`: nothing of it is left to pack. `held_by`,
    `held_name`, `held_at`: who has it in hand, told where it is only looked at."""

    fulfillment_id: str
    number: str
    order: str
    ship_to: str
    totes: tuple[str, ...]
    begun: tuple[Boxed, ...]
    left: Mapping[str, int]
    titles: Mapping[str, str]
    suggested: tuple[Filled, ...]
    said: str = ""
    packed: bool = False
    check: str = ""
    held_by: str = ""
    held_name: str = ""
    held_at: datetime | None = None


class Pack(Struct, frozen=True, kw_only=True):
    """Who packs which fulfillment order; `code`: what was scanned; `location`: where they stand ('': anywhere)."""

    merchant_id: int
    actor: str
    fulfillment_id: int = 0
    code: str = ""
    location: str = ""


async def totes_of(desk: Desk, work: WorkRow) -> list[Row]:
    """The totes of a fulfillment order that waits at the station, locked. Raises `Conflict` for one that does not."""
    if work.state is not Work.PICKED:
        hint = " It is still being picked." if work.state is Work.PICKING else ""
        raise Conflict(f"{work.number} is {work.state.name.lower()}; the pack station takes what is picked.{hint}")
    totes = await desk.tx.fetch(TOTES, work.merchant_id, work.id)
    if not totes:
        raise Conflict(f"{work.number} was not picked in a wave; nothing of it lies here")
    return totes


async def hold_totes(desk: Desk, work: WorkRow, actor: str, *, looking: bool = False) -> list[Row]:
    """The totes of a fulfillment order, held by the packer from now on. `looking`: while a look is asked for, somebody
    else may see them, who takes nothing over.

    Raises `Conflict` for one that is not picked, or in somebody else's hands.
    """
    totes = await totes_of(desk, work)
    others = [tote for tote in totes if tote["held_by"] not in {"", actor}]
    if others and looking and await floor_looks.open_look(desk.tx, work.merchant_id, work.id):
        return totes
    for tote in others:
        raise Conflict(in_hands(tote))
    await desk.tx.execute(HOLD, work.id, actor, desk.now)
    return totes


def in_hands(tote: Row) -> str:
    """Whose a tote is, and what to do about it."""
    since = f" since {tote['held_at']:%H:%M} UTC" if tote["held_at"] else ""
    return f"tote {tote['code']} is in the hands of {tote['held_name']}{since}; they, or a merchant, may free it"


async def station_of(desk: Desk, work: WorkRow, totes: Sequence[Row], said: str) -> Station:
    """What lies on it now; `said`: what came of the last scan."""
    begun = begun_of(totes)
    left: dict[str, int] = {}
    for line in work.lines:
        left[line.sku] = left.get(line.sku, 0) + line.quantity
    for box in begun:
        for sku, units in box.units.items():
            left[sku] = left.get(sku, 0) - units
    return Station(
        fulfillment_id=str(work.id),
        number=work.number,
        order=work.order_number,
        ship_to=", ".join(filter(None, (work.ship_to.name, work.ship_to.city, work.ship_to.country)))
        if work.ship_to
        else "",
        totes=tuple(tote["code"] for tote in totes),
        begun=begun,
        left=left,
        titles={line.sku: line.title for line in work.lines},
        suggested=await _suggested(desk, work),
        said=said,
        check=await floor_looks.open_look(desk.tx, work.merchant_id, work.id),
    )


async def _suggested(desk: Desk, work: WorkRow) -> tuple[Filled, ...]:
    """The suggestion in SKUs, as a packer sees them."""
    skus = sorted({line.sku for line in work.lines})
    measured = {row["sku"]: tuple(row)[1:] for row in await desk.tx.fetch(SIZES, work.merchant_id, skus)}
    crates = await crates_of(desk.tx, work.merchant_id)
    made = []
    for filled in boxing.suggest(things(work, measured), crates):
        units: dict[str, int] = {}
        for line in work.lines:
            if count := filled.units.get(str(line.order_line_id), 0) * line.per_unit:
                units[line.sku] = units.get(line.sku, 0) + count
        made.append(Filled(filled.box, units, filled.grams, filled.why))
    return tuple(made)


async def crates_of(tx: Tx, merchant_id: int) -> list[Crate]:
    """The merchant's boxes."""
    rows = await tx.fetch(BOXES, merchant_id)
    return [Crate(row["code"], _longest_first(row), row["own_grams"], row["most_grams"]) for row in rows]


def _longest_first(row: Row) -> tuple[int, int, int]:
    longest, middle, least = sorted((row["length_mm"], row["width_mm"], row["height_mm"]), reverse=True)
    return longest, middle, least


async def close_or_ask(desk: Desk, work: WorkRow, pack: Pack, into: tuple[Sequence[Boxed], Sequence[Row]]) -> Station:
    """Everything lies in parcels: they are closed, unless somebody is to look first. Raises `Invalid` when it does not
    all lie there."""
    boxed = [box for box in into[0] if any(box.units.values())]
    contents(work.lines, [box.units for box in boxed])
    why = await floor_looks.ask_look(desk, work, pack.actor)
    if not why:
        return await close(desk, work, (boxed, into[1]), pack.actor)
    await draft(desk.tx, into[1], boxed)
    totes = await desk.tx.fetch(TOTES, work.merchant_id, work.id)
    return await station_of(desk, work, totes, f"everything is in; now a second look, for {why}")


async def draft(tx: Tx, totes: Sequence[Row], boxed: Sequence[Boxed]) -> None:
    """Keeps what lies in the parcels begun."""
    begun = [{"box": box.box, "own": box.own_grams, "units": dict(box.units)} for box in boxed]
    await tx.execute(DRAFT, totes[0]["id"], json.dumps(begun))


async def close(
    desk: Desk, work: WorkRow, into: tuple[Sequence[Boxed], Sequence[Row]], packer: str, said: tuple[Event, ...] = ()
) -> Station:
    """The parcels are closed, and labels are bought next. `said`: events before it."""
    boxed, totes = into
    batch = Batch(desk.ids, desk.now)
    outcome = packed_by_hand(work, boxed, [desk.ids.next() for _ in boxed], packer)
    hands.done(replace(outcome, events=(*said, *outcome.events)), work, batch)
    await batch.flush(desk.tx)
    await desk.tx.execute(PUT_DOWN, work.id)
    await desk.tx.execute(PACKED, desk.ids.next(), work.merchant_id, packer)
    await announce(desk.tx, "fulfillments")
    count = "one parcel" if len(boxed) == 1 else f"{len(boxed)} parcels"
    return ended(work, totes, boxed, f"{work.number} is packed in {count}; labels follow")


def ended(work: WorkRow, totes: Sequence[Row], boxed: Sequence[Boxed], said: str) -> Station:
    """Nothing of a fulfillment order is left to pack."""
    return Station(
        fulfillment_id=str(work.id), number=work.number, order=work.order_number, ship_to="",
        totes=tuple(tote["code"] for tote in totes), begun=tuple(boxed), left={}, titles={}, suggested=(), said=said,
        packed=True,
    )  # fmt: skip


def begun_of(totes: Sequence[Row]) -> tuple[Boxed, ...]:
    """Parcels that were begun."""
    return tuple(map(boxed_of, json.loads(totes[0]["packing"])))


def boxed_of(begun: Mapping[str, Any]) -> Boxed:
    """A parcel as its draft keeps it."""
    return Boxed(begun["box"], begun["own"], begun["units"])


def count_of(boxed: Sequence[Boxed]) -> int:
    """Units in parcels."""
    return sum(sum(box.units.values()) for box in boxed)
