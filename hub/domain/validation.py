"""Review: what any order needs before somebody may ship it. Every doubt is a hold that names what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from msgspec import Struct, to_builtins
from msgspec.structs import replace

from hub.domain import address, address_checks, fraud
from hub.domain.address_suggesting import suggest
from hub.domain.credit import Credit
from hub.domain.credit_leaving import LOOK_AGAIN
from hub.domain.fraud_rules import RuleSet
from hub.domain.lifecycle import Lifecycle
from hub.domain.outcome import Changes, Event, HoldNeed, HoldRow, LineRow, OrderRow, Outcome
from hub.domain.payment_review import due, payment_holds

REVIEW_HOLDS = frozenset({
    "payment", "fraud", "address", "credit", "mapping", "duplicate", "channel_pending", "customer", "manual",
})  # fmt: skip
"""Reasons that review opens and, once healed, closes."""

DUPLICATE_WINDOW = timedelta(minutes=10)
"""The same buyer, lines and amount within this time look like one order placed twice."""


class Twin(Struct, frozen=True):
    """Another order that looks the same: same buyer, same total and currency."""

    order_id: int
    number: str
    placed_at: datetime
    signature: tuple[tuple[str, int], ...]
    """(listing or SKU, units), sorted."""


class Policy(Struct, frozen=True):
    """A merchant's rules in force; `version` 0 are those that come with the product."""

    version: int
    rules: RuleSet


class ReviewFacts(Struct, frozen=True, kw_only=True):
    """`listings`: (account, listing id) → SKU; `skus`: (merchant, SKU) there are; `twins`: by order id.

    By merchant: `policies` (none: no rules), `seen`, what their velocities count, `carriers`, the names of its carriers
    in lower case. `credit` is used up while a batch is decided.
    """

    listings: Mapping[tuple[int, str], str] = {}
    skus: frozenset[tuple[int, str]] = frozenset()
    twins: Mapping[int, tuple[Twin, ...]] = {}
    policies: Mapping[int, Policy] = {}
    seen: Mapping[int, fraud.Sightings] = {}
    carriers: Mapping[int, str] = {}
    credit: Credit = Credit()


def review(order: OrderRow, facts: ReviewFacts, now: datetime) -> Outcome:
    """Accepts the order, or says everything that stands in its way."""
    found = {line.id: sku for line in order.lines if (sku := resolve(order, line, facts)) and sku != line.sku}
    order = replace(order, lines=tuple(_with_sku(line, found) for line in order.lines))
    needs = (
        *sums_holds(order),
        *word_holds(order),
        *mapping_holds(order, facts),
        *address_holds(order, facts),
        *contact_holds(order),
        *payment_holds(order, facts.credit),
        *duplicate_holds(order, facts),
        *fraud_holds(order, facts),
    )
    holds = tuple(_by_policy(need, facts.policies.get(order.merchant_id)) for need in not_waived(order.holds, needs))
    changes = Changes(skus=found)
    if holds:
        looks = any(need.reason == "credit" for need in holds)  # another order that is paid makes room on the account
        return Outcome(holds=holds, changes=changes, row=order, wake_at=now + LOOK_AGAIN if looks else None)
    how = facts.credit.take(order, due(order))
    accepted = Event("accepted", {"checked": sorted(REVIEW_HOLDS), "units": order.units_to_ship, **how})
    return Outcome(to=Lifecycle.ACCEPTED, events=(accepted,), changes=changes, row=order)


def _by_policy(need: HoldNeed, policy: Policy | None) -> HoldNeed:
    """The hold with the deadline and the end that the merchant's own rules give it."""
    own = policy.rules.holds.get(need.reason) if policy else None  # type: ignore[call-overload]
    if own is None:
        return need
    return replace(need, owner=own.owner or need.owner, hours=own.hours or need.hours, then=own.then or need.then)


def _with_sku(line: LineRow, found: Mapping[int, str]) -> LineRow:
    return replace(line, sku=found[line.id]) if line.id in found else line


def not_waived(known: tuple[HoldRow, ...], needs: tuple[HoldNeed, ...]) -> tuple[HoldNeed, ...]:
    """`needs` without those that a person has already looked at, in exactly this form, and let pass."""
    waived = {(hold.reason, _form(hold.detail)) for hold in known if not hold.is_open and hold.resolution == "accept"}
    merged: dict[str, HoldNeed] = {}
    for need in needs:
        if (need.reason, _form(need.detail)) not in waived:
            merged.setdefault(need.reason, need)
    return tuple(merged.values())


def _form(detail: Mapping[str, object]) -> object:
    """What was looked at: the doubt, not what was suggested against it."""
    return _frozen({name: value for name, value in detail.items() if name != "suggestion"})


def _frozen(value: object) -> object:
    if isinstance(value, Mapping):
        return tuple(sorted((key, _frozen(item)) for key, item in value.items()))
    if isinstance(value, list | tuple):
        return tuple(_frozen(item) for item in value)
    return value


def resolve(order: OrderRow, line: LineRow, facts: ReviewFacts) -> str | None:
    """The SKU of ours that a line means: the merchant's mapping of the listing first, then a SKU we know."""
    mapped = facts.listings.get((order.account_id, line.listing_id))
    if mapped:
        return mapped
    return line.sku if (order.merchant_id, line.sku) in facts.skus else None


# ---------------------------------------------------------------- the checks, one each


def expected_total(order: OrderRow) -> int:
    """What the parts say the buyer owes: lines and charges less discounts, and the tax unless prices include it."""
    lines = sum(line.unit_price * line.ordered - line.discount for line in order.lines)
    charges = sum(charge.amount - charge.discount for charge in order.charges)
    return lines + charges + (0 if order.tax_included else order.tax_total)


def sums_holds(order: OrderRow) -> tuple[HoldNeed, ...]:
    """The channel's total must be the sum of its parts, to the last minor unit."""
    expected = expected_total(order)
    if expected == order.total:
        return ()
    detail = {"what": "sums", "expected": expected, "told": order.total, "currency": order.currency}
    return (HoldNeed("manual", detail, ("accept", "cancel")),)


def word_holds(order: OrderRow) -> tuple[HoldNeed, ...]:
    """A status word that nobody knows is never guessed at."""
    if not order.unknown_words:
        return ()
    return (HoldNeed("mapping", {"what": "words", "words": list(order.unknown_words)}, ("accept", "cancel")),)


def mapping_holds(order: OrderRow, facts: ReviewFacts) -> tuple[HoldNeed, ...]:
    """Every line that ships must be a SKU we know; importing the product or mapping the listing heals it."""
    missing: list[object] = [
        {"line": line.external_id, "title": line.title, "sku": line.sku, "listing": line.listing_id}
        for line in order.lines
        if line.to_ship and not resolve(order, line, facts)
    ]
    if not missing:
        return ()
    return (HoldNeed("mapping", {"what": "skus", "lines": missing}, ("cancel",)),)


def address_holds(order: OrderRow, facts: ReviewFacts) -> tuple[HoldNeed, ...]:
    """Goods need a place to go to that its country's rules allow, the merchant's law too, and a carrier serves."""
    if not order.units_to_ship:
        return ()
    to, policy = order.ship_to, facts.policies.get(order.merchant_id)
    if to is None:
        return (HoldNeed("address", {"what": "no_address"}, ("use_address", "cancel"), owner="customer"),)
    if policy and (entry := address_checks.embargo(to, policy.rules.address)):
        return (HoldNeed("address", {"what": "embargo", "entry": entry}, ("use_address", "accept", "cancel")),)
    faults = [f"{fault.field}_{fault.why}" for fault in address.faults(to)]
    if policy:
        faults += address_checks.more_faults(to, policy.rules.address, facts.carriers.get(order.merchant_id, ""))
    if not faults:
        return ()
    detail: dict[str, object] = {"what": "address", "faults": faults}
    better = suggest(to, order.bill_to, order.buyer.name)
    if better is None or "po_box_refused" in faults:
        return (HoldNeed("address", detail, ("use_address", "accept", "cancel"), owner="customer"),)
    detail["suggestion"] = to_builtins(better)
    return (HoldNeed("address", detail, ("use_suggestion", "use_address", "accept", "cancel"), owner="customer"),)


def contact_holds(order: OrderRow) -> tuple[HoldNeed, ...]:
    """A buyer whose every given way of contact is unusable cannot be told anything. None given at all passes."""
    country = order.ship_to.country if order.ship_to else ""
    phones = {p for p in (order.buyer.phone, order.ship_to.phone if order.ship_to else "") if p}
    if not order.email or address.email_ok(order.email) or any(address.phone_ok(p, country) for p in phones):
        return ()
    detail: dict[str, object] = {"what": "contact", "email": order.email, "phones": sorted(phones)}
    return (HoldNeed("customer", detail, ("accept", "cancel")),)


def duplicate_holds(order: OrderRow, facts: ReviewFacts) -> tuple[HoldNeed, ...]:
    """The same buyer, goods and amount within minutes, on any channel: the later one waits for a person. Nothing can be
    shipped twice where nothing is left to ship."""
    if not order.units_to_ship:
        return ()
    mine = signature(order)
    for twin in facts.twins.get(order.id, ()):
        before = (twin.placed_at, twin.order_id) < (order.placed_at, order.id)
        if before and order.placed_at - twin.placed_at <= DUPLICATE_WINDOW and twin.signature == mine:
            detail: dict[str, object] = {"what": "duplicate", "of": twin.number, "order_id": str(twin.order_id)}
            return (HoldNeed("duplicate", detail, ("accept", "cancel")),)
    return ()


def signature(order: OrderRow) -> tuple[tuple[str, int], ...]:
    """What was bought, in a form two channels' orders can be compared by."""
    return tuple(sorted((line.sku or line.listing_id or line.title, line.ordered) for line in order.lines))


def fraud_holds(order: OrderRow, facts: ReviewFacts) -> tuple[HoldNeed, ...]:
    """Points by the merchant's rules. A score that a person let pass is let pass, and so is any lower one."""
    policy = facts.policies.get(order.merchant_id)
    if policy is None or all(line.ordered - line.cancelled <= line.shipped for line in order.lines):
        return ()
    bought = fraud.purchase(order)
    scored = fraud.score(bought, policy.rules, facts.seen.get(order.merchant_id, fraud.Sightings()))
    passed = [
        hold.detail.get("score") for hold in order.holds if hold.reason == "fraud" and hold.resolution == "accept"
    ]
    if scored.points < policy.rules.hold_at or any(isinstance(p, int) and p >= scored.points for p in passed):
        return ()
    detail = {**fraud.detail(scored, policy.rules), "version": policy.version}
    return (HoldNeed("fraud", detail, ("accept", "cancel")),)
