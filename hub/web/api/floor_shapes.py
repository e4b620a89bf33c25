"""What the API says of the floor, and what it is told. Ids are text."""

from __future__ import annotations

from collections.abc import Iterable

from hub.actions.floor_hand_over import HandedOver
from hub.actions.floor_pick import Picked
from hub.actions.floor_release import Released
from hub.actions.floor_station import Station
from hub.actions.floor_views import Walking
from hub.actions.order_view import View
from hub.domain.boxing import Filled
from hub.domain.order import Value
from hub.domain.packing_by_hand import Boxed
from hub.domain.picking import Stop


class NewWaveBody(Value, frozen=True, forbid_unknown_fields=True):
    """Which orders of which location are picked together, and how. `orders`: only these numbers."""

    location: str
    strategy: str = "cluster"
    most: int = 100
    cart: int = 8
    orders: tuple[str, ...] = ()


class ReleasedView(View, frozen=True):
    """A wave that was released."""

    wave_id: str
    number: str
    orders: int
    units: int
    walks: int


class StopView(View, frozen=True):
    """So many of a SKU from one bin for one order; `left` are still to be picked. `tracking`: lot or serial; `lot`:
    which one is to be taken from first, where one is known."""

    sku: str
    title: str
    bin: str
    quantity: int
    picked: int
    short: int
    left: int
    tracking: str
    slot: int
    tote: str
    order: str
    fulfillment_id: str
    lot: str


class WalkBody(View, frozen=True):
    """A walk. `kind`: what is to be scanned next (item, lot, serial, tote, done), `next` in words, `stop` where."""

    id: str
    wave_id: str
    wave: str
    number: int
    claimed_by: str
    kind: str
    next: str
    stop: StopView | None
    stops: tuple[StopView, ...]
    put_back: tuple[StopView, ...]


class CodeBody(Value, frozen=True, forbid_unknown_fields=True):
    """What was scanned, as the scanner read it; `3*CODE` stands for three."""

    code: str


class OpenBody(Value, frozen=True, forbid_unknown_fields=True):
    """What was scanned or typed at the pack station; `location`: only what lies there."""

    code: str
    location: str = ""


class PickedView(View, frozen=True):
    """What came of it in words, and what is to be scanned next."""

    said: str
    next: str
    kind: str
    done: bool


class ParcelView(View, frozen=True):
    """A parcel as it is being packed: the box's code ('' for one that is none), SKU → units."""

    box: str
    units: dict[str, int]
    grams: int = 0
    why: str = ""


class StationView(View, frozen=True):
    """What lies on the pack station. `parcels`: begun, the last is open; `left`: SKU → units to scan. `packed`: all of
    it lies in parcels and labels follow. `ship_to`: only where a station is opened. `check`: why somebody is to look
    before the parcels are closed, '' when nobody is. `held_by`: who has it in hand, told where it is only looked at."""

    id: str
    number: str
    order: str
    ship_to: str
    totes: tuple[str, ...]
    parcels: tuple[ParcelView, ...]
    left: dict[str, int]
    suggested: tuple[ParcelView, ...]
    said: str
    packed: bool
    check: str
    held_by: str = ""


class LookBody(Value, frozen=True, forbid_unknown_fields=True):
    """What a second look found: ok, wrong_item or damaged; `units` of `sku` where they are damaged."""

    result: str
    sku: str = ""
    units: int = 0
    note: str = ""


class HandedOverView(View, frozen=True):
    """`dispatched` with the last parcel of a fulfillment order; `waiting`: those that are still here."""

    said: str
    waiting: tuple[str, ...]
    dispatched: bool


class DoneView(View, frozen=True):
    """It is done."""

    said: str


def released(of: Released) -> ReleasedView:
    """A wave that was released."""
    return ReleasedView(wave_id=of.wave_id, number=of.number, orders=of.orders, units=of.units, walks=of.walks)


def walk(of: Walking) -> WalkBody:
    """A walk with its stops."""
    return WalkBody(
        id=of.id, wave_id=of.wave_id, wave=of.wave, number=of.number, claimed_by=of.claimed_by, kind=of.kind,
        next=of.next, stop=None if of.stop is None else _stop(of.stop), stops=_stops(of.stops),
        put_back=_stops(of.put_back),
    )  # fmt: skip


def picked(of: Picked) -> PickedView:
    """What came of a scan on a walk."""
    return PickedView(said=of.said, next=of.next, kind=of.kind, done=of.done)


def station(of: Station, *, open_: bool = False) -> StationView:
    """What lies on the pack station; whom it goes to only where it is opened, since answers to scans are kept."""
    return StationView(
        id=of.fulfillment_id, number=of.number, order=of.order, ship_to=of.ship_to if open_ else "", totes=of.totes,
        parcels=tuple(map(_begun, of.begun)), left={sku: units for sku, units in of.left.items() if units},
        suggested=tuple(map(_suggested, of.suggested)), said=of.said, packed=of.packed, check=of.check,
        held_by=of.held_by,
    )  # fmt: skip


def handed_over(of: HandedOver) -> HandedOverView:
    """What came of a scan at the door."""
    return HandedOverView(said=of.said, waiting=of.waiting, dispatched=of.dispatched)


def _begun(box: Boxed) -> ParcelView:
    return ParcelView(box=box.box, units=dict(box.units))


def _suggested(of: Filled) -> ParcelView:
    return ParcelView(box=of.box.code if of.box else "", units=dict(of.units), grams=of.grams, why=of.why)


def _stops(stops: Iterable[Stop]) -> tuple[StopView, ...]:
    return tuple(map(_stop, stops))


def _stop(of: Stop) -> StopView:
    return StopView(
        sku=of.sku, title=of.title, bin=of.bin, quantity=of.quantity, picked=of.picked, short=of.short, left=of.left,
        tracking=of.tracking, slot=of.slot, tote=of.tote, order=of.order, fulfillment_id=str(of.fulfillment_id),
        lot=of.lot,
    )  # fmt: skip
