"""Rules of review as a merchant writes them: TOML in, and every mistake named with its line, its rule, what is wrong
there and what was probably meant."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import lru_cache
from typing import get_args

import msgspec

from hub.domain.fraud_default import SHIPPED
from hub.domain.fraud_rules import AddressRules, HoldRule, Reason, Rule, RuleSet
from hub.errors import Invalid

KINDS = {str(kind.__struct_config__.tag): kind for kind in get_args(Rule)}
"""Word of a rule's `kind` → its shape."""

MOST_RULES = 200
_PATH = re.compile(r" - at `\$\.?(?P<path>[^`]*)`$")
_UNKNOWN = re.compile(r"unknown field `(?P<name>[^`]*)`")
_GIVEN = re.compile(r"[Ii]nvalid (?:enum )?value '(?P<value>[^']*)'")


def read(text: str) -> RuleSet:
    """The rules of a TOML text. Raises `Invalid` that names every mistake, a line each."""
    rules, mistakes = examine(text)
    if rules is None:
        raise Invalid("rules", "\n".join(mistakes))
    return rules


def examine(text: str) -> tuple[RuleSet | None, tuple[str, ...]]:
    """The rules, or what is wrong with the text: each mistake with its line where that can be told."""
    try:
        told = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return None, (f"this is no TOML: {error}",)
    given = told.get("rule", [])
    if not isinstance(given, list) or len(given) > MOST_RULES:
        return None, (f"rule: write each rule as [[rule]]; at most {MOST_RULES}",)
    lines, ends = text.splitlines(), told.get("holds", {})
    mistakes = [said for number, rule in enumerate(given) if (said := _of_rule(lines, number, rule))]
    if isinstance(ends, dict):
        mistakes += [said for reason, end in ends.items() if (said := _of_hold(lines, reason, end))]
    try:
        whole = msgspec.convert({**told, "rule": [], "holds": {}} if mistakes else told, RuleSet)
    except msgspec.ValidationError as error:
        return None, (_of_file(lines, str(error)), *mistakes)
    return (None, tuple(mistakes)) if mistakes else (whole, ())


def _of_hold(lines: Sequence[str], reason: str, end: object) -> str:
    """What is wrong with another deadline or end, if anything."""
    start = _section(lines, f"[holds.{reason}]", 0)
    if reason not in get_args(Reason):
        return f"{_line(lines, start, '')}holds.{reason}: there is no such reason{_near(reason, get_args(Reason))}"
    try:
        msgspec.convert(end, HoldRule)
    except msgspec.ValidationError as error:
        what, field = _parted(str(error))
    else:
        return ""
    unknown = _UNKNOWN.search(what)
    at = _line(lines, start, unknown["name"] if unknown else field)
    meant = _near(unknown["name"], HoldRule.__struct_fields__) if unknown else _of_choice(what, HoldRule, field)
    return f"{at}holds.{reason}{f'.{field}' if field else ''}: {what}{meant}"


def _of_rule(lines: Sequence[str], number: int, rule: object) -> str:
    """What is wrong with one rule, if anything."""
    try:
        msgspec.convert(rule, Rule)
    except msgspec.ValidationError as error:
        what, field = _parted(str(error))
    else:
        return ""
    table: Mapping[str, object] = rule if isinstance(rule, dict) else {}
    name, kind = table.get("name", ""), str(table.get("kind", ""))
    start = _section(lines, "[[rule]]", number)
    unknown = _UNKNOWN.search(what)
    at = _line(lines, start, unknown["name"] if unknown else field or ("kind" if kind not in KINDS else ""))
    where = f"rule {number + 1}{f' ({name})' if name else ''}{f', {field}' if field else ''}"
    return f"{at}{where}: {what}{_meant(what, field, kind)}"


def _meant(what: str, field: str, kind: str) -> str:
    """What may be there, and what is nearest to what is."""
    if kind not in KINDS:
        return _near(kind, KINDS)
    shape = KINDS[kind]
    unknown = _UNKNOWN.search(what)
    if unknown:
        return _near(unknown["name"], ("kind", *shape.__struct_fields__))
    return _of_choice(what, shape, field)


def _of_file(lines: Sequence[str], error: str) -> str:
    """What is wrong outside of the rules."""
    what, path = _parted(error)
    head, _, field = path.rpartition(".")
    unknown = _UNKNOWN.search(what)
    section = path if unknown else head
    start = _section(lines, f"[{section}]", 0) if section else 0
    at = _line(lines, start, unknown["name"] if unknown else field)
    return f"{at}{path or 'the file'}: {what}{_meant_of_file(what, path)}"


def _meant_of_file(what: str, path: str) -> str:
    shape = AddressRules if path.startswith("address") else RuleSet
    unknown = _UNKNOWN.search(what)
    return _near(unknown["name"], shape.__struct_fields__) if unknown else ""


def _of_choice(what: str, shape: type[msgspec.Struct], field: str) -> str:
    """The words of a field that takes one of a few."""
    given = _GIVEN.search(what)
    told = next((it for it in msgspec.structs.fields(shape) if it.name == field), None)
    choices = tuple(word for word in _words(told.type if told else None) if isinstance(word, str))
    return _near(given["value"], choices) if given and choices else ""


def _words(of: object) -> Iterator[object]:
    for part in get_args(of):
        yield part
        yield from _words(part)


def _near(given: str, choices: Sequence[str] | Mapping[str, object]) -> str:
    near = get_close_matches(given, choices, 1)
    return f"; {f'did you mean {near[0]!r}? ' if near else ''}there are {', '.join(choices)}"


def _parted(error: str) -> tuple[str, str]:
    """msgspec's words, and the path they are about."""
    found = _PATH.search(error)
    return (error[: found.start()], found["path"].removesuffix("[...]")) if found else (error, "")


def _section(lines: Sequence[str], head: str, number: int) -> int:
    """Index of the line of the `number`th such head; -1 where there is none."""
    plain = [index for index, line in enumerate(lines) if line.partition("#")[0].replace(" ", "").strip() == head]
    return plain[number] if number < len(plain) else -1


def _line(lines: Sequence[str], start: int, field: str) -> str:
    """`line 12: `, of the field below `start` if it stands there, else of `start` itself."""
    if start < 0:
        return ""
    name = field.partition(".")[0].partition("[")[0]
    for index in range(start, len(lines)):
        if index > start and lines[index].lstrip().startswith("["):
            break
        if name and re.match(rf"""\s*["']?{re.escape(name)}["']?\s*[=.]""", lines[index]):
            return f"line {index + 1}: "
    return f"line {start + 1}: " if start else ""


@lru_cache(maxsize=8)
def shipped(name: str = "default") -> RuleSet:
    """Rules that come with the product. Raises `Invalid` for a name that none has."""
    if name not in SHIPPED:
        raise Invalid("rules", f"no rules are called {name!r}; there are {', '.join(SHIPPED)}")
    return read(SHIPPED[name])
