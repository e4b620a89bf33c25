"""Settle: an order is complete once every live unit has arrived and the money is right."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from hub.domain.lifecycle import Lifecycle, Outbox, Work
from hub.domain.outcome import Changes, Event, HoldNeed, OrderRow, Outcome, PaymentRow, Posting


class Capture(Struct, frozen=True):
    """What became of a capture that dispatch asked for."""

    state: Outbox
    why: str


class SettleFacts(Struct, frozen=True):
    """`works`: states of the fulfillment orders by order; `captures`: by payment id."""

    works: Mapping[int, tuple[Work, ...]]
    captures: Mapping[int, Capture]


def settle(order: OrderRow, facts: SettleFacts, now: datetime) -> Outcome:
    """Books what was captured; completes the order when nothing is left to do."""
    taken = [p for p in order.payments if p.captured < p.amount and _captured(p, facts)]
    captured = {payment.id: payment.amount for payment in taken}
    postings = tuple(posting for payment in taken for posting in _received(order, payment))
    events = tuple(
        Event("payment_captured", {"amount": amount, "currency": order.currency}) for amount in captured.values()
    )
    changes = Changes(postings=postings, captured=captured)
    refused = [
        c for p in order.payments if (c := facts.captures.get(p.id)) and c.state in {Outbox.REFUSED, Outbox.DEAD}
    ]
    if refused:
        detail: dict[str, object] = {"what": "capture_refused", "why": refused[0].why}
        return Outcome(holds=(HoldNeed("payment", detail, ("retry", "accept")),), events=events, changes=changes)
    if not _goods_done(order, facts) or not _money_done(order, captured):
        return Outcome(events=events, changes=changes)
    completed = Event("completed", {"delivered": sum(line.delivered for line in order.lines)})
    return Outcome(to=Lifecycle.COMPLETED, events=(*events, completed), changes=changes)


def _captured(payment: PaymentRow, facts: SettleFacts) -> bool:
    capture = facts.captures.get(payment.id)
    return capture is not None and capture.state is Outbox.SENT


def _received(order: OrderRow, payment: PaymentRow) -> tuple[Posting, Posting]:
    posting, amount = f"captured:{payment.id}:{payment.amount}", payment.amount - payment.captured
    return (
        Posting(order.id, posting, "cash", order.currency, amount),
        Posting(order.id, posting, "receivable", order.currency, -amount),
    )


def _goods_done(order: OrderRow, facts: SettleFacts) -> bool:
    live = [work for work in facts.works.get(order.id, ()) if work is not Work.CANCELLED]
    arrived = all(line.delivered + line.cancelled >= line.ordered for line in order.lines if line.requires_shipping)
    return arrived and all(work is Work.DONE for work in live)


def _money_done(order: OrderRow, captured: Mapping[int, int]) -> bool:
    """Paid at the channel, or captured by us in full; what the channel only authorized is the channel's to collect."""
    if order.paid:
        return True
    ours = [payment for payment in order.payments if payment.account_id is not None]
    return all(captured.get(payment.id, payment.captured) >= payment.amount for payment in ours)
