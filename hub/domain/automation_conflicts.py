"""What is odd about rules that are each right: two that set the same thing differently for orders that may match both,
one that can never match, one that never has an effect because of another above it."""

from __future__ import annotations

from collections.abc import Sequence, Set
from itertools import combinations

from hub.domain.automation import Action, If, Range, Rule, Trigger
from hub.domain.order import Value


class Finding(Value, frozen=True, omit_defaults=False):
    """`kind`: conflict, never or shadowed; `rules`: their names; `why`: what is wrong and which of them counts."""

    kind: str
    rules: tuple[str, ...]
    why: str


def findings(rules: Sequence[Rule], channels: Set[str] | None = None) -> tuple[Finding, ...]:
    """Everything odd about the rules that are on. `channels`: case-folded names and kinds of the accounts there are;
    None: nobody knows."""
    on = [rule for rule in rules if not rule.off]
    added = {(tag, rule.name) for rule in on for tag in rule.then.tag}
    found = [Finding("never", (rule.name,), why) for rule in on if (why := _never(rule, added, channels))]
    idle = {finding.rules[0] for finding in found}
    for upper, lower in combinations([rule for rule in on if rule.name not in idle], 2):
        if _shadows(upper, lower):
            why = f"“{upper.name}” matches all that this one matches, and does all that it does"
            found.append(Finding("shadowed", (lower.name, upper.name), why))
        else:
            found += _conflicts(upper, lower)
    return tuple(found)


def _never(rule: Rule, added: Set[tuple[str, str]], channels: Set[str] | None) -> str:
    wanted = rule.if_
    for name, span in (("total", wanted.total), ("weight", wanted.weight), ("units", wanted.units)):
        if span is not None and span.at_least is not None and span.below is not None and span.at_least >= span.below:
            return f"no {name} is at least the one and below the other"
    if wanted.country and set(wanted.country) <= set(wanted.country_not):
        return "every country that is asked for is excluded too"
    if wanted.tag and set(wanted.tag) <= set(wanted.tag_not):
        return "every tag that is asked for is excluded too"
    if wanted.tag and not any(tag in wanted.tag and by != rule.name for tag, by in added):
        return f"no other rule adds the tag {' or '.join(wanted.tag)}"
    if wanted.channel and channels is not None and not {name.casefold() for name in wanted.channel} & channels:
        return f"no account is called {' or '.join(wanted.channel)}, or of that kind"
    return ""


def _conflicts(upper: Rule, lower: Rule) -> list[Finding]:
    if not _may_meet(upper, lower):
        return []
    found = []
    for action in (Action.SERVICE, Action.PRIORITY):
        one, other = getattr(upper.then, action), getattr(lower.then, action)
        if one in ("", None) or other in ("", None) or one == other:
            continue
        counts = f"“{upper.name}” counts, it stands further up" if upper.when is lower.when else "the later one counts"
        why = f"{action} {one} and {action} {other} for orders that match both; {counts}"
        found.append(Finding("conflict", (upper.name, lower.name), why))
    return found


def _may_meet(one: Rule, other: Rule) -> bool:
    """Whether an order could match both."""
    if one.when is other.when is Trigger.HELD and one.reason and other.reason and not {*one.reason} & {*other.reason}:
        return False
    return overlap(one.if_, other.if_)


def overlap(one: If, other: If) -> bool:
    """Whether there can be an order that both fit. SKUs, tags and notes of an order are many, so any two may meet."""
    for a, b in ((one.country, other.country), (one.service, other.service)):
        if a and b and not {*a} & {*b}:
            return False
    if _only(one) == set() or _only(other) == set():
        return False
    for yes, no in ((one, other), (other, one)):
        if yes.country and {*yes.country} <= {*no.country_not}:
            return False
        if yes.tag and {*yes.tag} <= {*no.tag_not}:
            return False
    if None not in {one.first_order, other.first_order} and one.first_order is not other.first_order:
        return False
    return all(
        a is None or b is None or _meet(a, b)
        for a, b in ((one.total, other.total), (one.weight, other.weight), (one.units, other.units))
    )


def _only(wanted: If) -> set[str] | None:
    """Countries that are left, None for any."""
    return {*wanted.country} - {*wanted.country_not} if wanted.country else None


def _meet(one: Range, other: Range) -> bool:
    lows = [low for low in (one.at_least, other.at_least) if low is not None]
    highs = [high for high in (one.below, other.below) if high is not None]
    return one.currency == other.currency and (not lows or not highs or max(lows) < min(highs))


def _shadows(upper: Rule, lower: Rule) -> bool:
    """Whether `lower` can have no effect of its own."""
    same_moment = upper.when is lower.when and (upper.state, upper.hours) == (lower.state, lower.hours)
    if not same_moment or (upper.reason and not (lower.reason and {*lower.reason} <= {*upper.reason})):
        return False
    mine, theirs = lower.then, upper.then
    nothing_new = (
        {*mine.tag} <= {*theirs.tag}
        and (not mine.service or bool(theirs.service))
        and (mine.priority is None or theirs.priority is not None)
        and mine.hold in {"", theirs.hold}
        and mine.notify in {"", theirs.notify}
        and mine.note in {"", theirs.note}
    )
    return nothing_new and implies(lower.if_, upper.if_)


def implies(narrow: If, wide: If) -> bool:
    """Whether every order that fits `narrow` fits `wide`."""
    for a, b in (
        (tuple(name.casefold() for name in narrow.channel), tuple(name.casefold() for name in wide.channel)),
        (narrow.sku, wide.sku), (narrow.service, wide.service), (narrow.tag, wide.tag), (narrow.country, wide.country),
        (tuple(text.casefold() for text in narrow.note), tuple(text.casefold() for text in wide.note)),
    ):  # fmt: skip
        if b and not (a and {*a} <= {*b}):
            return False
    excluded = not wide.country_not or (
        {*wide.country_not} <= {*narrow.country_not}
        or (_only(narrow) or {*wide.country_not}).isdisjoint(wide.country_not)
    )
    if not excluded or not {*wide.tag_not} <= {*narrow.tag_not}:
        return False
    if wide.first_order is not None and wide.first_order is not narrow.first_order:
        return False
    return all(
        b is None or (a is not None and _within(a, b))
        for a, b in ((narrow.total, wide.total), (narrow.weight, wide.weight), (narrow.units, wide.units))
    )


def _within(inner: Range, outer: Range) -> bool:
    low = outer.at_least is None or (inner.at_least is not None and inner.at_least >= outer.at_least)
    high = outer.below is None or (inner.below is not None and inner.below <= outer.below)
    return inner.currency == outer.currency and low and high
