"""Returns told to those who listen: each state that a return comes to, once. What the channels themselves know of their
returns is not told back to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from hub.domain.listening import tellings
from hub.domain.outcome import Message
from hub.domain.outgoing import Kind, ReturnUpdate
from hub.domain.returning import Standing, allot, reason_of, units_told
from hub.flow.intake_common import Intake, Present
from hub.store.database import Row

Name = tuple[int, str]
"""(account, the channel's id of the return)."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A state that a return came to `at` a moment, as the channel tells it. `standing`: what was known then; `seq`: the
    number of the event on the order's timeline, which is what makes the message one of a kind."""

    return_id: int
    name: Name
    present: Present
    seq: int
    standing: Standing
    at: datetime


def tell(intake: Intake, turns: Sequence[Turn], lines: Sequence[Row], standings: Mapping[str, Standing]) -> None:
    """Queues a message for each listener and each of `turns`, which are of one order, in the order of its timeline.

    `lines` are the order's (external_id, sku, listing_id, shipped), `standings` those of all of its returns by external
    id: no return counts as received what another one has. A state that a channel takes back and comes to again is told
    again.
    """
    listeners = intake.known.listeners()
    shipped = {line["external_id"]: line["shipped"] for line in lines}
    skus = {line["external_id"]: line["sku"] for line in lines}
    listings = {line["external_id"]: line["listing_id"] for line in lines}
    for turn in sorted(turns, key=lambda turn: turn.seq):
        order = turn.present.row
        if not listeners.of(order["merchant_id"]):
            return
        allotted = allot(shipped, {**standings, turn.name[1]: turn.standing}, listings)[turn.name[1]]
        update = ReturnUpdate(
            reference=f"return-{turn.return_id}", order_id=order["external_id"], status=turn.standing.state, at=turn.at,
            number=turn.standing.number or turn.name[1], requested_at=turn.standing.began,
            lines=units_told(allotted, skus), reason=reason_of(turn.standing),
            tracking_number=turn.standing.tracking_number, carrier=turn.standing.carrier,
        )  # fmt: skip
        intent = f"return:{turn.return_id}:{turn.seq}"
        push = Message(Kind.PUSH_RETURN, intent, turn.name[0], turn.present.id, update)
        for message in tellings(push, (order["merchant_id"], order["number"]), listeners, taken=False):
            intake.batch.message(order["merchant_id"], message)
