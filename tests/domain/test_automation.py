"""Rules as pure functions: how they are read, what is odd about them, and that no set of them loops."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.domain.automation import FITS, RULE_HOLD, Action, Facts, If, Moment, Range, Rule, RuleSet, Then, Trigger
from hub.domain.automation_conflicts import findings, implies, overlap
from hub.domain.automation_firing import fire, matches
from hub.domain.automation_outcome import Desk, carried_out, moment_of, moments
from hub.domain.automation_overdue import Happened, longest_stay
from hub.domain.automation_reading import parse, read
from hub.domain.outcome import Event, HoldNeed, HoldRow, Outcome
from hub.errors import Invalid
from tests.domain.build import NOW, order, work

# ---------------------------------------------------------------- reading

GOOD = """
[[rule]]
name = "Large"
when = "accepted"
if.total = { currency = "JPY", at_least = "5000" }
then.tag = "big"
[[rule]]
name = "Late"
when = "overdue"
state = "accepted"
hours = 24
then.priority = 9
[[rule]]
name = "Stock"
when = "held"
reason = ["stock"]
off = true
then.notify = "ops@example.com"
"""


def test_rules_read_as_they_are_written() -> None:
    large, late, stock = parse(GOOD)
    assert large.if_.total == Range(at_least=5000, currency="JPY")
    assert large.then == Then(tag=("big",))
    assert (late.state, late.hours, late.then.priority) == ("accepted", 24, 9)
    assert stock.off
    assert stock.reason == ("stock",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rule = 3", "write each rule as [[rule]]"),
        ("[[rule]", "this is not TOML"),
        ("[[rules]]\nname = 'x'", "'rules' is unknown; a file holds [[rule]] tables only"),
        ("[[rule]]\nname = 'x'", "rule 1 (x): when is missing"),
        ("[[rule]]\nname='x'\nwhen='sold'\nthen.note='n'", "when: 'sold': choose one of accepted, held, routed"),
        ("[[rule]]\nname='x'\nwhen='routed'\nthen={}", "then: says nothing to do; choose from tag, service"),
        ("[[rule]]\nname='x'\nwhen='routed'\nif.colour='red'\nthen.note='n'", "if.colour is unknown; choose from"),
        ("[[rule]]\nname='x'\nwhen='routed'\nif.country='de'\nthen.note='n'", "if.country: 'de' is not a country"),
        ("[[rule]]\nname='x'\nwhen='routed'\nif.total={at_least='1'}\nthen.note='n'", "if.total: has a currency"),
        ("[[rule]]\nname='x'\nwhen='routed'\nif.total={currency='EUR',below='1.005'}\nthen.note='n'", "finer than EUR"),
        ("[[rule]]\nname='x'\nwhen='routed'\nif.total={currency='EUR',below=1.5}\nthen.note='n'", "amounts are texts"),
        ("[[rule]]\nname='x'\nwhen='routed'\nthen.priority=10", "then.priority: is a whole number from 1 to 9"),
        ("[[rule]]\nname='x'\nwhen='routed'\nthen.notify='ops'", "then.notify: 'ops' is not an e-mail address"),
        ("[[rule]]\nname='x'\nwhen='delivered'\nthen.hold='h'", "then.hold: comes too late when delivered"),
        ("[[rule]]\nname='x'\nwhen='dispatched'\nthen.service='s'", "it works when accepted, routed"),
        ("[[rule]]\nname='x'\nwhen='overdue'\nthen.note='n'", 'when = "overdue" needs a state and hours'),
        ("[[rule]]\nname='x'\nwhen='routed'\nhours=3\nthen.note='n'", "state and hours: belong to"),
        ("[[rule]]\nname='x'\nwhen='routed'\nreason='stock'\nthen.note='n'", 'reason: belongs to when = "held"'),
        ("[[rule]]\nname='x'\nwhen='held'\nreason='rule'\nthen.note='n'", "reason: 'rule': choose one of payment"),
        ("[[rule]]\nname='x'\nwhen='routed'\nthen.note='n'\n" * 2, "rule 2 (x): name: another rule has it"),
    ],
)  # fmt: skip
def test_every_mistake_is_named_with_its_rule(text: str, said: str) -> None:
    with pytest.raises(Invalid, match=r"^rules: ") as caught:
        parse(text)
    assert said in str(caught.value)


def test_all_mistakes_come_at_once() -> None:
    rules, wrong = read(GOOD + "\n[[rule]]\nname = 'x'\nwhen = 3\nthen.tag = 'A'\n[[rule]]\nfoo = 1")
    assert len(rules) == 3
    assert len(wrong) >= 3


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda raw: raw.decode("latin-1")))
def test_no_text_breaks_the_reader(text: str) -> None:
    rules, wrong = read(text)
    assert wrong or not rules


# ---------------------------------------------------------------- what is odd


def rule(name: str, then: dict[str, Any], **given: Any) -> Rule:
    """A rule at accept unless told otherwise."""
    fields: dict[str, Any] = {"when": Trigger.ACCEPTED, **given}
    return Rule(name=name, then=Then(**then), **fields)


FAST, SLOW = {"service": "express"}, {"service": "economy"}


def test_two_that_set_the_same_differently_conflict_only_where_an_order_can_match_both() -> None:
    german, french = If(country=("DE",)), If(country=("FR",))
    assert findings([rule("a", FAST, if_=german), rule("b", SLOW, if_=french)]) == ()
    assert findings([rule("a", FAST, if_=german), rule("b", FAST, if_=If(note=("x",)))]) == ()
    (found,) = findings([rule("a", FAST, if_=german), rule("b", SLOW, if_=If(note=("gift",)))])
    assert (found.kind, found.rules) == ("conflict", ("a", "b"))
    assert "“a” counts, it stands further up" in found.why
    (found,) = findings([rule("a", FAST), rule("b", SLOW, when=Trigger.ROUTED)])
    assert "the later one counts" in found.why
    cheap, dear = If(total=Range(below=100, currency="EUR")), If(total=Range(at_least=100, currency="EUR"))
    assert findings([rule("a", {"priority": 1}, if_=cheap), rule("b", {"priority": 9}, if_=dear)]) == ()
    assert findings([rule("a", FAST), rule("b", SLOW, off=True)]) == ()


@pytest.mark.parametrize(
    "wanted",
    [
        If(total=Range(at_least=100, below=100, currency="EUR")), If(weight=Range(at_least=5, below=1)),
        If(country=("DE",), country_not=("DE", "FR")), If(tag=("vip",)), If(channel=("nobody",)),
    ],
)  # fmt: skip
def test_a_rule_that_can_never_match_is_said(wanted: If) -> None:
    (found,) = findings([rule("a", {"note": "n"}, if_=wanted)], {"shop", "shopify"})
    assert (found.kind, found.rules) == ("never", ("a",))


def test_a_tag_that_another_rule_adds_can_match() -> None:
    adds, asks = rule("a", {"tag": ("vip",)}), rule("b", FAST, when=Trigger.ROUTED, if_=If(tag=("vip",)))
    assert findings([adds, asks]) == ()


def test_a_rule_whose_every_effect_an_upper_one_has_is_shadowed() -> None:
    wide, narrow = If(country=("DE", "AT")), If(country=("DE",), note=("gift",))
    (found,) = findings([rule("a", FAST, if_=wide), rule("b", SLOW, if_=narrow)])
    assert (found.kind, found.rules) == ("shadowed", ("b", "a"))
    assert findings([rule("a", FAST, if_=narrow), rule("b", FAST, if_=wide)]) == ()
    assert findings([rule("a", FAST, if_=wide), rule("b", {**FAST, "note": "n"}, if_=narrow)]) == ()


# ---------------------------------------------------------------- no loops, one order of things

TAGS, SERVICES, COUNTRIES = ("a", "b", "c"), ("standard", "express", "economy"), ("DE", "FR", "US", "")


def some(values: tuple[str, ...]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(values), max_size=2, unique=True).map(tuple)


spans = st.none() | st.builds(
    Range, at_least=st.none() | st.integers(0, 6), below=st.none() | st.integers(0, 6), currency=st.just("EUR")
)
ifs = st.builds(
    If, country=some(COUNTRIES[:3]), country_not=some(COUNTRIES[:3]), total=spans, units=spans, sku=some(("X", "Y")),
    tag=some(TAGS), tag_not=some(TAGS), service=some(SERVICES), first_order=st.none() | st.booleans(),
    note=some(("gift", "now")), channel=some(("shop", "till")),
)  # fmt: skip
facts = st.builds(
    Facts, country=st.sampled_from(COUNTRIES), currency=st.sampled_from(("EUR", "USD")), total=st.integers(0, 6),
    units=st.integers(0, 6), skus=st.frozensets(st.sampled_from(("X", "Y"))), tags=st.frozensets(st.sampled_from(TAGS)),
    service=st.sampled_from(SERVICES), first_order=st.booleans(), note=st.sampled_from(("", "a Gift now", "NOW")),
    channels=st.frozensets(st.sampled_from(("shop", "till")), min_size=1, max_size=1),
)  # fmt: skip


@st.composite
def rule_sets(draw: st.DrawFn) -> RuleSet:
    rules = []
    for place in range(draw(st.integers(1, 6))):
        when = draw(st.sampled_from(list(Trigger)))
        values: dict[Action, Any] = {
            Action.TAG: draw(some(TAGS)), Action.SERVICE: draw(st.sampled_from(SERVICES)), Action.HOLD: "look",
            Action.PRIORITY: draw(st.integers(1, 9)), Action.NOTIFY: "ops@example.com", Action.NOTE: "n",
        }  # fmt: skip
        chosen = draw(st.sets(st.sampled_from(sorted(FITS[when])), min_size=1))
        rules.append(Rule(name=f"r{place}", when=when, if_=draw(ifs), then=Then(**{a: values[a] for a in chosen})))
    return RuleSet(1, tuple(rules))


def happened(trigger: Trigger) -> Moment:
    return Moment(trigger, "stock" if trigger is Trigger.HELD else "")


@given(rule_sets(), facts, st.lists(st.sampled_from(list(Trigger)), max_size=8))
def test_no_rule_set_loops(rules: RuleSet, seen: Facts, line: list[Trigger]) -> None:
    """Whatever happens how often: feeding back all that rules did, they act at most once for an order and trigger, and
    nothing they did is a trigger."""
    fired: set[tuple[str, str]] = set()
    row = order()
    queue, acted = [happened(trigger) for trigger in (*line, *line)], 0
    while queue:
        plan = fire(rules, (queue.pop(0),), seen, fired)
        acted += len(plan.firings)
        fired |= {(firing.rule.name, firing.trigger.value) for firing in plan.firings}
        outcome = carried_out(row, Outcome(), plan, Desk(1, "1", 1, 7))
        queue += moments(row, outcome)
    assert acted == len(fired) <= len(rules.rules)


@settings(max_examples=40)
@given(rule_sets(), facts, st.randoms(use_true_random=False))
def test_the_same_rules_act_in_the_same_order_whatever_order_the_moments_come_in(
    rules: RuleSet, seen: Facts, chance: random.Random
) -> None:
    line = [happened(trigger) for trigger in Trigger]
    once, again = (fire(rules, line, seen, set()) for _ in range(2))
    assert once == again
    chance.shuffle(line)
    other = fire(rules, line, seen, set())
    assert {firing.rule.name for firing in other.firings} == {firing.rule.name for firing in once.firings}
    places = {item.name: place for place, item in enumerate(rules.rules)}
    for trigger in Trigger:
        order_of = [places[firing.rule.name] for firing in once.firings if firing.trigger is trigger]
        assert order_of == sorted(order_of)


@given(ifs, ifs, facts)
def test_what_is_said_of_two_conditions_holds_for_every_order(one: If, other: If, seen: Facts) -> None:
    first, second = (
        matches(rule("x", {"note": "n"}, if_=wanted), Moment(Trigger.ACCEPTED), seen) is not None
        for wanted in (one, other)
    )
    if first and second:
        assert overlap(one, other)
    if implies(one, other) and first:
        assert second


# ---------------------------------------------------------------- moments and outcomes


def test_a_hold_that_is_open_already_is_no_news_and_a_rules_own_is_never() -> None:
    need = HoldNeed("stock", {}, ("wait",))
    own = HoldNeed(RULE_HOLD, {}, ("accept",))
    assert moments(order(), Outcome(holds=(need, own))) == (Moment(Trigger.HELD, "stock"),)
    open_already = HoldRow(1, "stock", "open", {}, "")
    assert moments(order(holds=(open_already,)), Outcome(holds=(need,))) == ()
    assert moments(work(open_holds=frozenset({"stock"})), Outcome(holds=(need,))) == ()
    assert moment_of(Event("held", {"reason": RULE_HOLD})) is None
    assert moment_of(Event("rule_fired", {"trigger": "accepted"})) is None


def test_the_longest_stay_counts_and_ends_where_it_ended() -> None:
    def at(hours: float, kind: str, subject: int = 1) -> Happened:
        return Happened(kind, subject, NOW + timedelta(hours=hours))

    until = NOW + timedelta(hours=10)
    assert longest_stay("received", [], until) == 0
    assert longest_stay("received", [at(0, "received")], until) == 10
    assert longest_stay("received", [at(0, "received"), at(3, "accepted")], until) == 3
    two = [at(0, "dispatched", 2), at(1, "dispatched", 3), at(5, "fulfillment_done", 2), at(9, "fulfillment_done", 3)]
    assert longest_stay("dispatched", two, until) == 8
    assert longest_stay("in_progress", [at(2, "routed"), at(4, "cancelled")], until) == 2
