"""What belongs to each reason an order may wait for: whose it is, until when, what is asked of whom, what may be done
about it, and what happens when nobody does."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from hub.domain.address_told import KEPT_AS
from hub.domain.order import Value
from hub.domain.outcome import Event, HoldNeed
from hub.errors import Invalid

ESCALATE, CANCEL, ACCEPT = "escalate", "cancel", "accept"

PERSONAL = ("suggestion", KEPT_AS, "email", "phones")
"""Parts of a hold's detail that say who somebody is or where they live. The hold forgets them with the person."""


class Protocol(Value, frozen=True):
    """`owner`: merchant, agent, customer or channel. `asks`: who → what is asked, as a text key. `then`: what happens
    after `hours`; an escalated hold goes to the `next_owner`, who is asked for a decision."""

    owner: str
    hours: int
    asks: Mapping[str, str]
    then: str = ESCALATE
    next_owner: str = "merchant"


PROTOCOLS: Mapping[str, Protocol] = {
    "fraud": Protocol(owner="agent", hours=24, asks={"agent": "look_at_reasons"}),
    "embargo": Protocol(owner="merchant", hours=72, asks={"merchant": "decide_on_destination"}),
    "address": Protocol(owner="customer", hours=24, asks={"customer": "correct_address", "agent": "call_customer"}),
    "payment": Protocol(owner="customer", hours=72, asks={"customer": "pay_again", "agent": "look_for_payment"}),
    "capture_refused": Protocol(owner="merchant", hours=24, asks={"merchant": "collect_payment"}),
    "credit": Protocol(owner="merchant", hours=48, asks={"merchant": "raise_limit_or_collect"}),
    "channel_pending": Protocol(owner="channel", hours=72, asks={"channel": "release_order"}),
    "mapping": Protocol(owner="merchant", hours=24, asks={"merchant": "say_which_product"}),
    "duplicate": Protocol(owner="agent", hours=24, asks={"agent": "ask_if_twice"}),
    "customer": Protocol(owner="agent", hours=24, asks={"agent": "find_contact"}),
    "stock": Protocol(owner="merchant", hours=336, asks={"merchant": "bring_stock"}),
    "customs": Protocol(owner="merchant", hours=48, asks={"merchant": "complete_customs"}),
    "manual": Protocol(owner="merchant", hours=24, asks={"merchant": "look_and_decide"}),
}
"""By what a hold says it is about (`detail["what"]`), else by its reason."""

REASONS = (
    "payment", "fraud", "address", "stock", "credit", "customs", "mapping", "duplicate", "channel_pending", "customer",
    "manual", "rule",
)  # fmt: skip
"""Every reason a hold may have."""


def held(need: HoldNeed) -> Event:
    """What the timeline says of a new hold. Events are for ever, so they say nothing that may have to be forgotten."""
    detail = {name: value for name, value in need.detail.items() if name not in PERSONAL}
    return Event("held", {"reason": need.reason, **detail})


def protocol_of(need: HoldNeed) -> Protocol:
    """The protocol of a hold, with what the need itself says of owner, hours and end before the table's."""
    base = PROTOCOLS.get(str(need.detail.get("what", ""))) or PROTOCOLS.get(need.reason, PROTOCOLS["manual"])
    return Protocol(
        owner=need.owner or base.owner,
        hours=need.hours or base.hours,
        asks=base.asks,
        then=need.then or base.then,
        next_owner=base.next_owner,
    )


def stored(protocol: Protocol) -> dict[str, object]:
    """As the hold's row keeps it."""
    return {"ask": dict(protocol.asks), "then": protocol.then, "to": protocol.next_owner, "hours": protocol.hours}


def overdue_end(kept: Mapping[str, object]) -> str:
    """What happens at the deadline of a hold whose row keeps this; those of an earlier release escalate."""
    then = kept.get("then")
    return then if then in {CANCEL, ACCEPT} else ESCALATE


def after(hours: int) -> timedelta:
    """How long a hold may stay open."""
    return timedelta(hours=hours)


def known_reason(reason: str) -> str:
    """The reason as it is asked for; empty for all. Raises `Invalid` for one that no order waits for."""
    if reason and reason not in REASONS:
        raise Invalid("reason", f"is one of {', '.join(REASONS)}")
    return reason
