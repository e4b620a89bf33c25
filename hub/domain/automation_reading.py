"""Rules as people write them: TOML in, checked to the last word; every mistake is named with its rule.

[[rule]]
name = "Large orders get a look"
when = "accepted"
if.total = { currency = "EUR", at_least = "500.00" }
then.hold = "Call the buyer before it ships"
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from typing import Any

from hub.domain.address import email_ok
from hub.domain.automation import FITS, If, Range, Rule, Then, Trigger
from hub.domain.automation_overdue import STAYS
from hub.domain.money import minor
from hub.errors import Invalid

MOST_RULES, MOST_WORDS, LONGEST = 200, 200, 500
MOST_BYTES = 200_000

HOLD_REASONS = (
    "payment", "fraud", "address", "stock", "credit", "customs", "mapping", "duplicate", "channel_pending", "customer",
    "manual",
)  # fmt: skip
"""Reasons that a rule may wait for. Its own are not among them: that is one way in which nothing loops."""

_WORD = re.compile(r"[a-z0-9][a-z0-9 ._-]{0,39}")
_SERVICE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}")
_COUNTRY = re.compile(r"[A-Z]{2}")

Table = Mapping[str, Any]


class _Mistake(Exception):
    """What is wrong with one value."""


def read(text: str) -> tuple[tuple[Rule, ...], tuple[str, ...]]:
    """The rules, and what is wrong with the text; with mistakes the rules that are right come nevertheless."""
    if len(text.encode("utf-8", "replace")) > MOST_BYTES:
        return (), (f"the rules are larger than {MOST_BYTES // 1000} kB",)
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return (), (f"this is not TOML: {error}",)
    given = document.pop("rule", [])
    wrong = [f"{name!r} is unknown; a file holds [[rule]] tables only" for name in document]
    if not isinstance(given, list) or not all(isinstance(table, Mapping) for table in given):
        return (), ("write each rule as [[rule]]",)
    if len(given) > MOST_RULES:
        return (), (f"{len(given)} rules; at most {MOST_RULES}",)
    rules: list[Rule] = []
    for place, table in enumerate(given, 1):
        label = f"rule {place}" + (f" ({table['name']})" if isinstance(table.get("name"), str) else "")
        mistakes: list[str] = []
        rule = _rule(table, mistakes)
        if rule is not None and any(other.name == rule.name for other in rules):
            mistakes.append("name: another rule has it; the name is what a rule is known by")
        wrong += [f"{label}: {mistake}" for mistake in mistakes]
        if rule is not None and not mistakes:
            rules.append(rule)
    return tuple(rules), tuple(wrong)


def parse(text: str) -> tuple[Rule, ...]:
    """The rules. Raises `Invalid` that names every mistake."""
    rules, wrong = read(text)
    if wrong:
        raise Invalid("rules", "\n".join(wrong))
    return rules


def _rule(table: Table, mistakes: list[str]) -> Rule | None:
    values: dict[str, Any] = {}
    for name, reader in _FIELDS.items():
        _take(table, name, reader, values, mistakes)
    mistakes += [f"{name!r} is unknown; choose from {', '.join(_FIELDS)}" for name in table if name not in _FIELDS]
    missing = [name for name in ("name", "when", "then") if name not in table]
    mistakes += [f"{name} is missing" for name in missing]
    if missing or mistakes:
        return None
    nested: dict[str, dict[str, Any]] = {"if": {}, "then": {}}
    for group, readers in (("if", _IF), ("then", _THEN)):
        inner = values.pop(group, {})
        for name in inner:
            if name not in readers:
                mistakes.append(f"{group}.{name} is unknown; choose from {', '.join(readers)}")
        for name, reader in readers.items():
            _take(inner, name, reader, nested[group], mistakes, f"{group}.")
    if mistakes:
        return None
    rule = Rule(**values, if_=If(**nested["if"]), then=Then(**nested["then"]))
    mistakes += _fits(rule)
    return rule


def _take(  # noqa: PLR0913, PLR0917 - one reading, all of its parts
    table: Table, name: str, reader: Callable[[Any], Any], into: dict[str, Any], mistakes: list[str], group: str = ""
) -> None:
    if name not in table:
        return
    try:
        into[name] = reader(table[name])
    except _Mistake as error:
        mistakes.append(f"{group}{name}: {error}")


def _fits(rule: Rule) -> list[str]:
    """What the parts of a rule, each right in itself, are together."""
    wrong: list[str] = []
    actions = rule.then.actions()
    if not actions:
        wrong.append(f"then: says nothing to do; choose from {', '.join(_THEN)}")
    for action in sorted(actions - FITS[rule.when]):
        able = ", ".join(trigger for trigger in Trigger if action in FITS[trigger])
        wrong.append(f"then.{action}: comes too late when {rule.when}; it works when {able}")
    if rule.reason and rule.when is not Trigger.HELD:
        wrong.append('reason: belongs to when = "held"')
    overdue = rule.when is Trigger.OVERDUE
    if overdue and not (rule.state and rule.hours):
        wrong.append('when = "overdue" needs a state and hours')
    if not overdue and (rule.state or rule.hours):
        wrong.append('state and hours: belong to when = "overdue"')
    return wrong


# ---------------------------------------------------------------- readers of single values


def _text(longest: int) -> Callable[[Any], str]:
    def reader(value: Any) -> str:  # noqa: ANN401 - whatever TOML holds
        if not isinstance(value, str) or not value.strip() or len(value) > longest or "\0" in value:
            raise _Mistake(f"is a text of 1 to {longest} characters")
        return value.strip()

    return reader


def _one_of(choices: tuple[str, ...]) -> Callable[[Any], str]:
    def reader(value: Any) -> str:  # noqa: ANN401 - whatever TOML holds
        if value not in choices:
            raise _Mistake(f"{str(value)[:40]!r}: choose one of {', '.join(choices)}")
        return str(value)

    return reader


def _list(one: Callable[[Any], str]) -> Callable[[Any], tuple[str, ...]]:
    def reader(value: Any) -> tuple[str, ...]:  # noqa: ANN401 - whatever TOML holds
        items = value if isinstance(value, list) else [value]
        if not items or len(items) > MOST_WORDS:
            raise _Mistake(f"is one text, or a list of 1 to {MOST_WORDS}")
        return tuple(dict.fromkeys(one(item) for item in items))

    return reader


def _shaped(pattern: re.Pattern[str], words: str) -> Callable[[Any], str]:
    def reader(value: Any) -> str:  # noqa: ANN401 - whatever TOML holds
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise _Mistake(f"{str(value)[:40]!r} is not {words}")
        return value

    return reader


def _number(least: int, most: int) -> Callable[[Any], int]:
    def reader(value: Any) -> int:  # noqa: ANN401 - whatever TOML holds
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise _Mistake(f"is a whole number from {least} to {most}")
        return value

    return reader


def _flag(value: Any) -> bool:  # noqa: ANN401 - whatever TOML holds
    if not isinstance(value, bool):
        raise _Mistake("is true or false")
    return value


def _table(value: Any) -> Table:  # noqa: ANN401 - whatever TOML holds
    if not isinstance(value, Mapping):
        raise _Mistake('is a table, as in if.country = ["DE"]')
    return value


def _range(value: Any) -> Range:  # noqa: ANN401 - whatever TOML holds
    table = _table(value)
    count = _number(0, 10**9)
    if set(table) - {"at_least", "below"} or not table:
        raise _Mistake("has at_least, below, or both")
    low, high = (count(table[name]) if name in table else None for name in ("at_least", "below"))
    return Range(at_least=low, below=high)


def _total(value: Any) -> Range:  # noqa: ANN401 - whatever TOML holds
    table = dict(_table(value))
    currency = table.pop("currency", None)
    if not isinstance(currency, str) or set(table) - {"at_least", "below"} or not table:
        raise _Mistake('has a currency, and at_least, below, or both: { currency = "EUR", at_least = "100.00" }')
    try:
        amounts = {name: minor(_money(amount), currency) for name, amount in table.items()}
    except ValueError as error:
        raise _Mistake(str(error)) from None
    return Range(currency=currency, at_least=amounts.get("at_least"), below=amounts.get("below"))


def _money(value: Any) -> str | int:  # noqa: ANN401 - whatever TOML holds
    if not isinstance(value, str | int) or isinstance(value, bool) or str(value).startswith("-"):
        raise _Mistake('amounts are texts such as "100.00"')
    return value


def _email(value: Any) -> str:  # noqa: ANN401 - whatever TOML holds
    if not isinstance(value, str) or not email_ok(value):
        raise _Mistake(f"{str(value)[:60]!r} is not an e-mail address")
    return value


_country = _shaped(_COUNTRY, "a country of two capital letters")
_word = _shaped(_WORD, "a tag: small letters, digits, spaces, dots, - and _, at most 40")
_service = _shaped(_SERVICE, "a service's code")

_FIELDS: Mapping[str, Callable[[Any], Any]] = {
    "name": _text(80), "when": lambda value: Trigger(_one_of(tuple(Trigger))(value)), "if": _table, "then": _table,
    "reason": _list(_one_of(HOLD_REASONS)), "state": _one_of(tuple(STAYS)), "hours": _number(1, 24 * 90), "off": _flag,
}  # fmt: skip
_IF: Mapping[str, Callable[[Any], Any]] = {
    "channel": _list(_text(200)), "country": _list(_country), "country_not": _list(_country), "total": _total,
    "weight": _range, "units": _range, "sku": _list(_text(128)), "service": _list(_service), "tag": _list(_word),
    "tag_not": _list(_word), "first_order": _flag, "note": _list(_text(100)),
}  # fmt: skip
_THEN: Mapping[str, Callable[[Any], Any]] = {
    "tag": _list(_word), "service": _service, "priority": _number(1, 9), "hold": _text(LONGEST), "notify": _email,
    "note": _text(LONGEST),
}  # fmt: skip
