"""Goods on terms are looked at again before they leave: an account whose limit was lowered, or that is overdrawn by
now, sends nothing out until a person says so or there is room again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from msgspec import Struct

from hub.domain.credit import Account, Key
from hub.domain.outcome import HoldNeed, HoldRow, WorkRow

CREDIT_HOLDS = frozenset({"credit"})
"""Reasons that label and dispatch open and, once healed, close."""

LOOK_AGAIN = timedelta(minutes=5)
"""How often an order that waits for room on an account is looked at: mostly another order's money makes it."""


class Standing(Struct, frozen=True):
    """`accounts` as they stand now, ended ones with a limit of 0; `due`: what is neither paid nor promised, by order,
    in minor units."""

    accounts: Mapping[Key, Account] = {}
    due: Mapping[int, int] = {}


NO_TERMS = Standing()


def holds(work: WorkRow, standing: Standing) -> tuple[HoldNeed, ...]:
    """All that the account owes, shipped or not, this order among it, must be within the limit as it is now.

    What a person let pass is let pass while the order does not owe more and the limit is no lower than it was then; an
    order that was accepted without money by a person is not on the account.
    """
    due = standing.due.get(work.order_id, 0)
    account = standing.accounts.get((work.merchant_id, work.email.strip().lower(), work.currency))
    if not work.on_terms or account is None or not due:
        return ()
    owed = max(0, account.owed - due)
    if owed + due <= account.limit or any(_passed(hold, due, account.limit) for hold in work.holds):
        return ()
    detail: dict[str, object] = {
        "what": "credit", "at": "dispatch", "owed": owed, "due": due, "limit": account.limit, "currency": work.currency,
    }  # fmt: skip
    return (HoldNeed("credit", detail, ("accept", "cancel")),)


def _passed(hold: HoldRow, due: int, limit: int) -> bool:
    """Whether a person has seen this and said yes."""
    if hold.is_open or hold.resolution != "accept":
        return False
    if hold.reason == "payment":
        return True
    then_due, then_limit = hold.detail.get("due"), hold.detail.get("limit")
    return isinstance(then_due, int) and isinstance(then_limit, int) and then_due >= due and then_limit <= limit
