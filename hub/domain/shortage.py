"""Short picks: units that are not on the shelf leave their fulfillment order, and somebody else is to ship them."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from hub.domain.lifecycle import Work, move_work
from hub.domain.outcome import Changes, Event, LineDelta, Outcome, StockDelta, WorkRow


class Shortened(Struct, frozen=True):
    """What is left of a fulfillment order. `outcome` moves it on only when nothing is left: then it is cancelled.

    `lines`: fulfillment line → units of its SKU that leave; of a bundle every part of it leaves, found or not.
    """

    outcome: Outcome
    lines: dict[int, int]
    units: int
    """Of the order line."""


def shorten(work: WorkRow, line_id: int, missing: int, actor: str) -> Shortened:
    """Takes `missing` units of one fulfillment line out of `work`. Raises `Conflict` unless it is being picked,
    ValueError for more than it has."""
    line = next(line for line in work.lines if line.id == line_id)
    if not 0 < missing <= line.quantity:
        raise ValueError(f"{missing} of {line.quantity} {line.sku} cannot be missing")
    if work.state is not Work.PICKING:
        move_work(work.state, "shorten")
    units = -(-missing // line.per_unit)
    leave = {part.id: units * part.per_unit for part in work.lines if part.order_line_id == line.order_line_id}
    lines = tuple(
        replace(part, quantity=part.quantity - leave.get(part.id, 0))
        for part in work.lines
        if part.quantity > leave.get(part.id, 0)
    )
    details: dict[str, object] = {"fulfillment": work.number, "sku": line.sku, "missing": missing, "units": units}
    events = [Event("picked_short", details, actor=actor)]
    if not lines:
        why: dict[str, object] = {"fulfillment": work.number, "why": "nothing of it was on the shelf"}
        events.append(Event("fulfillment_cancelled", why, actor=actor))
    back = tuple(
        StockDelta(part.sku, work.location_id, 0, -leave[part.id], "short", work.id)
        for part in work.lines
        if part.id in leave
    )
    changes = Changes(lines=(LineDelta(line.order_line_id, reserved=-units, assigned=-units),), stock=back)
    outcome = Outcome(
        to=None if lines else move_work(work.state, "cancel"),
        events=tuple(events),
        changes=changes,
        row=replace(work, lines=lines),
    )
    return Shortened(outcome, leave, units)
