"""Returns that channels tell of: what becomes known of one, whatever the order of its news, and which of its units can
be. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

import msgspec

from hub.domain.order import ReturnedLine, ReturnNotice, ReturnStatus, Value
from hub.domain.outgoing import ReturnUnits

_WAY = tuple(ReturnStatus)
ENDS = frozenset({ReturnStatus.CLOSED, ReturnStatus.DECLINED, ReturnStatus.CANCELLED})
"""From here only the channel itself goes back, by news that are newer."""

VOID = frozenset({ReturnStatus.DECLINED, ReturnStatus.CANCELLED})
"""Nothing comes back after all."""

STATES = (*_WAY, "awaiting_parcel", "inspected", "expired")
"""Every state a return may have; those that no channel tells are of returns that are ours."""

AWAITED = ("requested", "approved", "awaiting_parcel", "in_transit", "received")
"""States in which what was not received yet is still to come."""

VOIDED = ("declined", "cancelled", "expired")
"""States in which nothing comes back after all, ours included."""

NO_LISTINGS: Mapping[str, str] = {}


class Standing(Value, frozen=True):
    """What is known of a return. `marks`: when each part of it was told; the newest word on each part counts.

    `furthest` is how far the goods ever were on their way back, which no late word undoes; `last` the newest status
    that has a meaning; `word` the channel's newest own word, `unknown` when nobody knows what it means; `began` when
    the return was asked for, or first heard of.
    """

    began: datetime
    furthest: ReturnStatus = ReturnStatus.REQUESTED
    last: ReturnStatus | None = None
    word: str = ""
    unknown: bool = False
    number: str = ""
    lines: tuple[ReturnedLine, ...] = ()
    reason: str = ""
    tracking_number: str = ""
    carrier: str = ""
    marks: dict[str, datetime] = {}

    @property
    def state(self) -> ReturnStatus:
        """An end, while that is the newest word; else as far as it ever came."""
        return self.last if self.last in ENDS else self.furthest


class Fault(Value, frozen=True):
    """Units that cannot come back: `told` of them were, `possible` can be. `line_id` is the line's external id."""

    line_id: str
    told: int
    possible: int


class Share(Value, frozen=True):
    """Units of a line that a return counts, and how many of them were received."""

    line_id: str
    quantity: int
    received: int


class Allotted(Value, frozen=True):
    """What of a return can be, and what cannot. `lines`: what was told, by the lines of the order that it is of."""

    shares: tuple[Share, ...] = ()
    faults: tuple[Fault, ...] = ()
    lines: tuple[ReturnedLine, ...] = ()


def merged(known: Standing | None, told: ReturnNotice) -> Standing:
    """What is known once `told` is heard: the same whatever was heard first, or twice."""
    began = told.requested_at or told.at
    before = known or Standing(began=began)
    changes: dict[str, object] = {"began": min(before.began, began)}
    marks = dict(before.marks)
    for part, was, now, values in _parts(before, told):
        mark = marks.get(part)
        if mark is None or (told.at, now) > (mark, was):
            marks[part] = told.at
            changes |= values
    if told.status is not None and told.status not in ENDS:
        changes["furthest"] = max(before.furthest, told.status, key=_WAY.index)
    return msgspec.structs.replace(before, **changes, marks=marks)


def _parts(before: Standing, told: ReturnNotice) -> Iterator[tuple[str, bytes, bytes, dict[str, object]]]:
    """The parts that `told` says something of: name, what tells its words of the same moment apart (the one before,
    the one now), and the fields it sets. Of two statuses of one moment the further one counts."""
    if told.status is not None:
        was = b"" if before.last is None else bytes([_WAY.index(before.last)])
        yield "status", was, bytes([_WAY.index(told.status)]), {"last": told.status}
    if told.word:
        said: dict[str, object] = {"word": told.word, "unknown": told.status is None}
        yield "word", _content([before.unknown, before.word]), _content([told.status is None, told.word]), said
    for name in ("number", "lines", "reason", "tracking_number", "carrier"):
        if value := getattr(told, name):
            yield name, _content(getattr(before, name)), _content(value), {name: value}


def _content(value: object) -> bytes:
    return msgspec.json.encode(value)


def allot(
    shipped: Mapping[str, int], returns: Mapping[str, Standing], listings: Mapping[str, str] = NO_LISTINGS
) -> dict[str, Allotted]:
    """What of each return of an order can be: no line gives back more than was shipped of it, and what came first
    counts first. `shipped` and `listings`: units, and what was sold, by line external id; `returns` by external id. A
    return that was declined or cancelled takes nothing from the others."""
    left = dict(shipped)
    found = {}
    for name, standing in sorted(returns.items(), key=lambda item: (item[1].began, item[0])):
        room = dict(shipped) if standing.state in VOID else left
        found[name] = _allotted(standing, room, listings)
    return found


def _allotted(standing: Standing, room: dict[str, int], listings: Mapping[str, str]) -> Allotted:
    shares, faults = [], []
    lines = _by_line(_placed(standing.lines, room, listings))
    all_back = standing.furthest is ReturnStatus.RECEIVED and not any(line.received for line in lines)
    for line in lines:
        possible = min(line.quantity, room.get(line.line_id, 0))
        if possible:
            room[line.line_id] -= possible
            received = 0 if standing.state in VOID else possible if all_back else min(line.received, possible)
            shares.append(Share(line_id=line.line_id, quantity=possible, received=received))
        if possible < line.quantity and standing.state not in VOID:
            faults.append(Fault(line_id=line.line_id, told=line.quantity, possible=possible))
    return Allotted(shares=tuple(shares), faults=tuple(faults), lines=tuple(lines))


def _placed(
    lines: Iterable[ReturnedLine], room: Mapping[str, int], listings: Mapping[str, str]
) -> Iterator[ReturnedLine]:
    """`lines` with the order's line that each is of. Units of a listing go to its lines as far as these have `room`;
    the rest stays with the first, or under the listing's own name where the order has no such line."""
    taken: dict[str, int] = {}
    for line in lines:
        if line.line_id or not line.listing_id:
            yield line
            continue
        homes = [name for name, listing in listings.items() if listing == line.listing_id]
        left, received = line.quantity, line.received
        for name in homes:
            units = min(left, max(0, room.get(name, 0) - taken.get(name, 0)))
            taken[name] = taken.get(name, 0) + units
            yield msgspec.structs.replace(line, line_id=name, quantity=units, received=min(received, units))
            left, received = left - units, received - min(received, units)
        rest = homes[0] if homes else line.listing_id
        yield msgspec.structs.replace(line, line_id=rest, quantity=left, received=received)


def units_told(allotted: Allotted, skus: Mapping[str, str]) -> tuple[ReturnUnits, ...]:
    """The lines of a return for those who are told of it: what the channel said comes back, and what of it counts as
    received. `skus`: by line external id, empty for a line that the order does not have."""
    received = {share.line_id: share.received for share in allotted.shares}
    return tuple(
        ReturnUnits(
            line_id=line.line_id, sku=skus.get(line.line_id, ""), quantity=line.quantity,
            received=received.get(line.line_id, 0), reason=line.reason,
        )
        for line in allotted.lines
    )  # fmt: skip


def reason_of(standing: Standing) -> str:
    """The return's own reason, or those of its lines, each once."""
    return standing.reason or ", ".join(dict.fromkeys(line.reason for line in standing.lines if line.reason))


def _by_line(lines: Iterable[ReturnedLine]) -> Sequence[ReturnedLine]:
    """One entry a line: a channel may tell units of one line one by one, each with a reason of its own."""
    found: dict[str, ReturnedLine] = {}
    for line in lines:
        if line.quantity < 1:
            continue
        known = found.get(line.line_id, ReturnedLine(line_id=line.line_id, quantity=0))
        reasons = dict.fromkeys([*known.reason.split(", "), line.reason])
        found[line.line_id] = msgspec.structs.replace(
            known, quantity=known.quantity + line.quantity, received=known.received + line.received,
            reason=", ".join(filter(None, reasons)),
        )  # fmt: skip
    return tuple(found.values())
