"""Picking by scan: what the picker is to scan next, and what a scan means. Nothing else counts a unit.

A stop is done in up to three scans: the item; its lot or serial number where the product asks for one; and, where a
walk serves several orders, the tote it is put into. A scan that is not the one expected is refused with the one that
is, and changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from hub.errors import Invalid

MOST_AT_ONCE = 9999
MOST_MARK = 64
"""Characters of a lot or serial number (GS1 asks for 20)."""


class Stop(Struct, frozen=True):
    """So many of one SKU from one bin for one order. `tote` is what they are put into; `lot`: which one is to be taken
    from first, where one is known."""

    id: int
    sku: str
    title: str
    bin: str
    quantity: int
    picked: int = 0
    short: int = 0
    tracking: str = ""
    slot: int = 0
    tote: str = ""
    fulfillment_id: int = 0
    line_id: int = 0
    order: str = ""
    lot: str = ""

    @property
    def left(self) -> int:
        """Units still to take."""
        return self.quantity - self.picked - self.short


class Hand(Struct, frozen=True):
    """What the picker has scanned and not put down: `mark` is its lot or serial number."""

    stop_id: int
    units: int
    mark: str = ""


class Step(Struct, frozen=True):
    """What a scan did: what is in hand now, or what was put down and counts as picked."""

    hand: Hand | None = None
    put: Hand | None = None


class Wanted(Struct, frozen=True):
    """What is to be scanned next. `kind`: item, lot, serial, tote, or done when the walk is over."""

    kind: str
    stop: Stop | None = None
    hand: Hand | None = None

    @property
    def words(self) -> str:
        """For the picker's eyes."""
        stop = self.stop
        if stop is None:
            return "nothing: this walk is done"
        if self.kind == "item":
            place = f" from {stop.bin}" if stop.bin else ""
            return f"{stop.left} × {stop.sku}{place}"
        if self.kind == "tote":
            assert self.hand is not None
            return f"tote {stop.tote} (slot {stop.slot}) for {self.hand.units} × {stop.sku}"
        first = f": {stop.lot}" if self.kind == "lot" and stop.lot else ""
        return f"the {self.kind} number of {stop.sku}{first}"


Codes = Mapping[str, tuple[str, int]]
"""Code → SKU and how many units one scan of it stands for."""


def wanted(stops: Sequence[Stop], hand: Hand | None, *, sorting: bool) -> Wanted:
    """What comes next on a walk whose `stops` are in walk order. `sorting`: units are put into totes by scan. What
    is in hand and not wanted any more is forgotten: it goes back to its bin."""
    if hand is not None:
        held = next((stop for stop in stops if stop.id == hand.stop_id and 0 < hand.units <= stop.left), None)
        if held is not None:
            if held.tracking and not hand.mark:
                return Wanted(held.tracking, held, hand)
            if sorting:
                return Wanted("tote", held, hand)
    stop = next((stop for stop in stops if stop.left), None)
    return Wanted("done" if stop is None else "item", stop)


def scan(next_: Wanted, text: str, codes: Codes, *, sorting: bool) -> Step:
    """What a scan of `text` does. `3*CODE` stands for three. Raises `Invalid` with what was expected."""
    stop = next_.stop
    if stop is None:
        raise Invalid("code", "this walk is done; nothing is expected any more")
    if next_.kind == "item":
        return _item(stop, *read(text), codes, sorting)
    assert next_.hand is not None
    if next_.kind == "tote":
        if same(text) != same(stop.tote):
            raise Invalid("code", f"{text} is not the tote of this order; expected {next_.words}")
        return Step(put=next_.hand)
    if not text or text in codes:
        raise Invalid("code", f"{text or 'nothing'} is no {next_.kind} number; expected {next_.words}")
    if len(text) > MOST_MARK:
        raise Invalid("code", f"a {next_.kind} number has at most {MOST_MARK} characters; expected {next_.words}")
    marked = replace(next_.hand, mark=text)
    return Step(hand=marked) if sorting else Step(put=marked)


def _item(stop: Stop, times: int, code: str, codes: Codes, sorting: bool) -> Step:
    expected = f"expected {Wanted('item', stop).words}"
    known = codes.get(code)
    if known is None:
        raise Invalid("code", f"{code} is no code of any product here; {expected}")
    sku, units = known
    if sku != stop.sku:
        raise Invalid("code", f"wrong item: that is {sku}; {expected}")
    units *= times
    if units > stop.left:
        raise Invalid("code", f"too many: {units} scanned, {stop.left} of {stop.sku} still wanted; {expected}")
    if stop.tracking == "serial" and units != 1:
        raise Invalid("code", f"{stop.sku} has serial numbers: scan them one by one; {expected}")
    hand = Hand(stop.id, units)
    return Step(hand=hand) if stop.tracking or sorting else Step(put=hand)


def read(text: str) -> tuple[int, str]:
    """How many, and of which code: `3*CODE`, else one. Raises `Invalid` for a number that cannot be meant."""
    times, star, code = text.partition("*")
    if not star or not (times.isascii() and times.isdigit()):
        return 1, text
    if not 0 < int(times[:9]) <= MOST_AT_ONCE:
        raise Invalid("code", f"{times} at once cannot be meant; scan 1 to {MOST_AT_ONCE}")
    return int(times), code


def same(text: str) -> str:
    """A tote's code as it is compared."""
    return text.strip().upper()


def gtin(code: str) -> str:
    """A GTIN in its 14 digits, however many leading zeros a scanner left out; '' for what is none (GS1 General
    Specifications, 8, 12, 13 or 14 digits with a check digit)."""
    if not (code.isascii() and code.isdigit() and len(code) in {8, 12, 13, 14}):
        return ""
    digits = [int(char) for char in code.zfill(14)]
    total = sum(digit * (3 if place % 2 == 0 else 1) for place, digit in enumerate(digits[:-1]))
    return code.zfill(14) if (10 - total % 10) % 10 == digits[-1] else ""
