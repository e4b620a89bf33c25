"""Customers are asked what only they can say, in the transaction that opens the hold: on the chat they are proven in,
else by e-mail. A batch in which no hold asks a customer costs no statement."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from hub.domain import notices
from hub.domain.holds import protocol_of
from hub.domain.outcome import HoldNeed, OrderRow, Outcome, WorkRow
from hub.flow import contacts
from hub.flow.stage import Desk

Row = OrderRow | WorkRow


async def after(desk: Desk, rows: Sequence[Row], decided: Sequence[Outcome]) -> Sequence[Outcome]:
    """`decided` with the questions that new holds ask; at most one statement, and only where there are some."""
    asking = {
        place: (row, needs)
        for place, (row, outcome) in enumerate(zip(rows, decided, strict=True))
        if outcome.holds and isinstance(row, OrderRow) and (needs := _new(row, outcome.holds))
    }
    if not asking:
        return decided
    found = await contacts.of(desk, [row for row, _ in asking.values()])
    told = list(decided)
    for place, (row, needs) in asking.items():
        questions = [message for need in needs for message in notices.asked(row, need, found[row.id])]
        told[place] = replace(told[place], messages=(*told[place].messages, *questions))
    return told


def _new(order: OrderRow, needs: Sequence[HoldNeed]) -> list[HoldNeed]:
    """Those that ask the customer something that no open hold of the order has asked yet."""
    known = {hold.reason: notices.question(order, hold.detail) for hold in order.holds if hold.is_open}
    return [
        need
        for need in needs
        if "customer" in protocol_of(need).asks and known.get(need.reason) != notices.question(order, need.detail)
    ]
