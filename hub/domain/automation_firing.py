"""Which rules act on an order, why, and what they want: decided from the order's facts alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set

from hub.domain.automation import Facts, Firing, If, Moment, Plan, Rule, RuleSet, Then, Trigger
from hub.domain.money import major

NOTHING = Plan()


def fire(rules: RuleSet, moments: Sequence[Moment], facts: Facts, fired: Set[tuple[str, str]]) -> Plan:
    """Which rules act on an order to which `moments` happened just now. `fired`: (rule, trigger) that acted before.

    Rules act in the order in which they are written; of two that set the same, the upper one wins.
    """
    done = set(fired)
    found: list[Firing] = []
    plan = Plan()
    for moment in moments:
        for rule in rules.waiting_for(moment.trigger):
            why = matches(rule, moment, facts)
            if why is None or (rule.name, rule.when.value) in done:
                continue
            done.add((rule.name, rule.when.value))
            plan, firing = _act(plan, rule, why, facts)
            found.append(firing)
    return Plan(firings=tuple(found), tags=plan.tags, service=plan.service, priority=plan.priority)


def _act(plan: Plan, rule: Rule, why: tuple[str, ...], facts: Facts) -> tuple[Plan, Firing]:
    then, lost = rule.then, []
    if then.service and plan.service and plan.service != then.service:
        lost.append(f"service {then.service}: a rule further up had set {plan.service}")
    if then.priority is not None and plan.priority is not None and plan.priority != then.priority:
        lost.append(f"priority {then.priority}: a rule further up had set {plan.priority}")
    after = Plan(
        tags=plan.tags | (frozenset(then.tag) - facts.tags),
        service=plan.service or then.service,
        priority=then.priority if plan.priority is None else plan.priority,
    )
    did = tuple(said for said in effects(then) if not any(word.startswith(f"{said}:") for word in lost))
    return after, Firing(rule, rule.when, why, did, tuple(lost))


def effects(then: Then) -> tuple[str, ...]:
    """What a rule does, in words."""
    told = {
        f"tag {', '.join(then.tag)}": bool(then.tag),
        f"service {then.service}": bool(then.service),
        f"priority {then.priority}": then.priority is not None,
        f"hold: {then.hold}": bool(then.hold),
        f"notify {then.notify}": bool(then.notify),
        f"note: {then.note}": bool(then.note),
    }
    return tuple(words for words, wanted in told.items() if wanted)


def matches(rule: Rule, moment: Moment, facts: Facts) -> tuple[str, ...] | None:
    """Why `rule` fits the moment and the order; None when it does not."""
    if rule.reason and moment.reason not in rule.reason:
        return None
    if rule.when is Trigger.OVERDUE and (moment.state != rule.state or moment.hours < rule.hours):
        return None
    said = list(_said(rule, moment))
    for words in _asked(rule.if_, facts):
        if not words:
            return None
        said.append(words)
    return tuple(said) or ("every order",)


def _said(rule: Rule, moment: Moment) -> Iterator[str]:
    if rule.reason:
        yield f"held for {moment.reason}"
    if rule.when is Trigger.OVERDUE:
        yield f"{moment.hours:.0f} hours {moment.state}, more than {rule.hours}"


def _asked(wanted: If, facts: Facts) -> Iterator[str]:
    """For each condition that is asked: words that it holds, or nothing."""
    if wanted.channel:
        hits = [name for name in wanted.channel if name.casefold() in facts.channels]
        yield f"channel {hits[0]}" if hits else ""
    if wanted.country:
        yield f"country {facts.country}" if facts.country in wanted.country else ""
    if wanted.country_not:
        yield f"country {facts.country or 'unknown'}, none of these" if facts.country not in wanted.country_not else ""
    if wanted.total is not None:
        fits = facts.currency == wanted.total.currency and wanted.total.holds(facts.total)
        yield f"total {major(facts.total, facts.currency)} {facts.currency}" if fits else ""
    if wanted.weight is not None:
        yield f"weight {facts.grams} g" if wanted.weight.holds(facts.grams) else ""
    if wanted.units is not None:
        yield f"{facts.units} units" if wanted.units.holds(facts.units) else ""
    for name, asked, there in (("SKU", wanted.sku, facts.skus), ("tag", wanted.tag, facts.tags)):
        if asked:
            found = [item for item in asked if item in there]
            yield f"{name} {found[0]}" if found else ""
    yield from _asked_last(wanted, facts)


def _asked_last(wanted: If, facts: Facts) -> Iterator[str]:
    if wanted.service:
        yield f"service {facts.service}" if facts.service in wanted.service else ""
    if wanted.tag_not:
        yield f"no tag {', '.join(wanted.tag_not)}" if facts.tags.isdisjoint(wanted.tag_not) else ""
    if wanted.first_order is not None:
        words = "the buyer's first order" if facts.first_order else "not the buyer's first order"
        yield words if facts.first_order == wanted.first_order else ""
    if wanted.note:
        found = [text for text in wanted.note if text.casefold() in facts.note.casefold()]
        yield f"the note has “{found[0]}”" if found else ""
