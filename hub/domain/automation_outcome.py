"""From a stage's outcome to the moments that rules wait for, and from what rules want back to an outcome."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct
from msgspec.structs import replace

from hub.domain.automation import RULE_HOLD, Firing, Moment, Plan, Trigger
from hub.domain.lifecycle import Lifecycle
from hub.domain.order import ScanStatus
from hub.domain.outcome import Event, HoldNeed, HoldRow, Message, OrderRow, Outcome, State, WorkRow
from hub.domain.outgoing import Kind, Notice

EVENTS = {
    "accepted": Trigger.ACCEPTED, "routed": Trigger.ROUTED, "dispatched": Trigger.DISPATCHED,
    "payment_captured": Trigger.CAPTURED,
}  # fmt: skip
SCANS = {
    ScanStatus.DELIVERED.value: Trigger.DELIVERED, ScanStatus.EXCEPTION.value: Trigger.EXCEPTION,
    ScanStatus.FAILED_ATTEMPT.value: Trigger.EXCEPTION, ScanStatus.LOST.value: Trigger.EXCEPTION,
    ScanStatus.RETURN_TO_SENDER.value: Trigger.EXCEPTION,
}  # fmt: skip
"""Scan → trigger: an exception is whatever keeps a parcel from arriving."""

KINDS: Mapping[Trigger, str] = {
    **{trigger: kind for kind, trigger in EVENTS.items()},
    Trigger.HELD: "held", Trigger.DELIVERED: "scanned", Trigger.EXCEPTION: "scanned",
}  # fmt: skip
"""The kind of event that each trigger is seen by; overdue is seen by the clock."""

RESOLUTIONS = ("accept", "cancel")


class Desk(Struct, frozen=True):
    """What carrying out needs to know: the order, the version of its merchant's rules, who mails for the merchant
    (None: nobody)."""

    order_id: int
    number: str
    version: int
    mail: int | None


def moment_of(event: Event) -> Moment | None:
    """What an event means to rules; None for the many that mean nothing, what rules did among them."""
    if event.kind == "held":
        reason = str(event.details.get("reason", ""))
        return None if reason == RULE_HOLD else Moment(Trigger.HELD, reason)
    trigger = SCANS.get(str(event.details.get("status"))) if event.kind == "scanned" else EVENTS.get(event.kind)
    return Moment(trigger) if trigger is not None else None


def moments(row: OrderRow | WorkRow, outcome: Outcome) -> tuple[Moment, ...]:
    """What happened to a row by this outcome: its events, and holds that were not open before."""
    found = [moment for event in outcome.events if (moment := moment_of(event)) is not None]
    if outcome.holds:
        known = row.open_holds if isinstance(row, WorkRow) else {hold.reason for hold in row.holds if hold.is_open}
        news = dict.fromkeys(need.reason for need in outcome.holds if need.reason not in known)
        found += [Moment(Trigger.HELD, reason) for reason in news if reason != RULE_HOLD]
    return tuple(found)


def kept_back(row: OrderRow | WorkRow, state: State) -> bool:
    """Whether a rule holds an order that would be routed next: a person must say so first."""
    if state is not Lifecycle.ACCEPTED or not isinstance(row, OrderRow):
        return False
    return any(hold.reason == RULE_HOLD and hold.is_open for hold in row.holds)


def carried_out(row: OrderRow | WorkRow, outcome: Outcome, plan: Plan, desk: Desk) -> Outcome:
    """The outcome with what the rules want: events that say so, a hold, messages."""
    need = hold_need(plan.firings, _open_detail(row))
    after = replace(
        outcome,
        events=(*outcome.events, *(told(firing, desk) for firing in plan.firings)),
        messages=(*outcome.messages, *messages(plan.firings, desk)),
    )
    if need is None:
        return after
    seen = outcome.row or row
    if isinstance(seen, OrderRow):
        others = tuple(hold for hold in seen.holds if not (hold.reason == RULE_HOLD and hold.is_open))
        seen = replace(seen, holds=(*others, HoldRow(0, RULE_HOLD, "open", need.detail, "")))
    return replace(after, holds=(*after.holds, need), row=seen)


def by_service(outcome: Outcome, service: str) -> Outcome:
    """The outcome with its new fulfillment orders going by `service`."""
    works = tuple(
        replace(work, service=service, why={**work.why, "service": f"{service}, set by a rule"})
        for work in outcome.changes.works
    )
    return replace(outcome, changes=replace(outcome.changes, works=works))


def told(firing: Firing, desk: Desk) -> Event:
    """The event that says which rule acted, why, and what it did."""
    did, not_done = list(firing.did), list(firing.not_done)
    if firing.rule.then.notify and desk.mail is None:
        words = f"notify {firing.rule.then.notify}"
        did.remove(words)
        not_done.append(f"{words}: no account that sends e-mail is connected")
    details: dict[str, object] = {
        "rule": firing.rule.name, "version": desk.version, "trigger": firing.trigger.value, "why": list(firing.why),
        "did": did,
    }  # fmt: skip
    return Event("rule_fired", details | ({"not_done": not_done} if not_done else {}), actor="rule")


def hold_need(firings: Iterable[Firing], before: Mapping[str, object] | None = None) -> HoldNeed | None:
    """One hold for all that ask for one, added to what an open one says already (`before`)."""
    asked = {firing.rule.name: firing.rule.then.hold for firing in firings if firing.rule.then.hold}
    if not asked:
        return None
    known = before.get("asked") if before is not None else None
    earlier = dict(known) if isinstance(known, Mapping) else {}
    return HoldNeed(RULE_HOLD, {"what": "rule", "asked": {**earlier, **asked}}, RESOLUTIONS)


def messages(firings: Iterable[Firing], desk: Desk) -> tuple[Message, ...]:
    """What goes out to people of the merchant."""
    if desk.mail is None:
        return ()
    return tuple(
        Message(
            kind=Kind.NOTIFY,
            intent=f"rule:{desk.order_id}:{firing.trigger}:{firing.rule.name}",
            account_id=desk.mail,
            key=desk.order_id,
            payload=Notice(
                conversation_id=0,
                address=firing.rule.then.notify,
                text="notice.rule",
                params={"number": desk.number, "rule": firing.rule.name, "why": "; ".join(firing.why)},
            ),
        )
        for firing in firings
        if firing.rule.then.notify
    )


def _open_detail(row: OrderRow | WorkRow) -> Mapping[str, object] | None:
    holds = row.holds if isinstance(row, OrderRow) else ()
    return next((hold.detail for hold in holds if hold.reason == RULE_HOLD and hold.is_open), None)
