"""What the bot says: text keys with parameters, one `messages.toml` per language. Loaded once; English is the fallback.

In a template `{name}` is a parameter and `{name:kind}` one that is formatted for the language: `date` and `datetime`
take ISO 8601, `money` "1250 EUR" in minor units, `number` digits, `country` "DE", `text` another text key. What stands
in `[[…]]` is left out when a parameter in it is missing or empty.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.dates import format_datetime
from babel.numbers import format_currency, format_decimal

from hub.domain import money
from hub.errors import Invalid

FALLBACK = "en"
FOLDER = Path(__file__).parent

_OPTIONAL = re.compile(r"\[\[(.*?)\]\]", re.DOTALL)
_PARAMETER = re.compile(r"\{(\w+)(?::(\w+))?\}")


@cache
def languages() -> tuple[str, ...]:
    """Languages there are texts for, the fallback first."""
    found = sorted(path.parent.name for path in FOLDER.glob("*/messages.toml"))
    return (FALLBACK, *(name for name in found if name != FALLBACK))


@cache
def templates(language: str) -> Mapping[str, str]:
    """All templates of a language by key."""
    with (FOLDER / language / "messages.toml").open("rb") as file:
        return dict(_flat(tomllib.load(file)))


@lru_cache(maxsize=1024)
def language_of(locale: str) -> str:
    """The language with texts that is nearest to a locale such as `de-AT`; the fallback when there is none."""
    wanted = re.split(r"[-_]", locale.lower(), maxsplit=1)[0]
    return wanted if wanted in languages() else FALLBACK


@cache
def training_lines() -> Sequence[tuple[str, str, str]]:
    """(language, intent, example) of every line that intents are learned from: `<language>/intents/<intent>.txt`."""
    found: list[tuple[str, str, str]] = []
    for path in sorted(FOLDER.glob("*/intents/*.txt")):
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.strip() and not line.startswith("#"):
                found.append((path.parent.parent.name, path.stem, line.strip()))
    return found


def known(key: str) -> bool:
    """Whether there is a text of that key."""
    return key in templates(FALLBACK)


def parameters(template: str) -> frozenset[tuple[str, str]]:
    """(name, kind) of every parameter of a template; kind is empty for plain ones."""
    return frozenset((name, kind) for name, kind in _PARAMETER.findall(template))


def text(key: str, locale: str, params: Mapping[str, str] | None = None) -> str:
    """A text in the language of `locale`; literal after a leading `=`. Raises `Invalid` for an unknown key, or a
    parameter that cannot be formatted as its kind."""
    if key.startswith("="):
        return key[1:]
    template = templates(language_of(locale)).get(key) or templates(FALLBACK).get(key)
    if template is None:
        raise Invalid("text", f"there is no text {key!r}; see bot/texts/{FALLBACK}/messages.toml")
    given = params or {}
    said: list[str] = []
    for optional, pieces in _taken_apart(template):
        if optional and not all(given.get(name) for _, name, _ in pieces if name):
            continue
        said += [_formatted(given.get(name, ""), kind, locale) if name else words for words, name, kind in pieces]
    return "".join(said).strip()


@lru_cache(maxsize=1024)
def _taken_apart(template: str) -> tuple[tuple[bool, tuple[tuple[str, str, str], ...]], ...]:
    """Stretches of a template, each with whether it is left out unless all its parameters are given, and its pieces:
    (words, name, kind), of which a piece of words has no name."""
    stretches = enumerate(_OPTIONAL.split(template))
    return tuple((place % 2 == 1, tuple(_pieces(words))) for place, words in stretches)


def _pieces(words: str) -> Iterator[tuple[str, str, str]]:
    end = 0
    for match in _PARAMETER.finditer(words):
        yield words[end : match.start()], "", ""
        yield "", match[1], match[2] or ""
        end = match.end()
    yield words[end:], "", ""


@lru_cache(maxsize=4096)
def _formatted(value: str, kind: str, locale: str) -> str:  # noqa: PLR0911 one for each kind
    if not value or not kind:
        return value
    if kind == "text":
        return text(value, locale) if known(value) else value
    where = _babel(locale)
    if kind == "country":
        return str(where.territories.get(value, value))
    try:
        match kind:
            case "date":
                return str(format_datetime(datetime.fromisoformat(value), text("format.date", locale), locale=where))
            case "datetime":
                return str(format_datetime(datetime.fromisoformat(value), format="medium", locale=where))
            case "number":
                return str(format_decimal(Decimal(value), locale=where))
            case "money":
                amount, currency = value.split(" ")
                return str(format_currency(Decimal(money.major(int(amount), currency)), currency, locale=where))
    except (ValueError, ArithmeticError):
        raise Invalid("text", f"{value!r} is not a {kind}") from None
    raise Invalid("text", f"{kind!r} is not a kind of parameter")


@lru_cache(maxsize=128)
def _babel(locale: str) -> Locale:
    """The locale, if its language has texts: no Swedish day in an English sentence."""
    try:
        found = Locale.parse(locale.replace("-", "_"))
    except (UnknownLocaleError, ValueError, TypeError):
        return Locale.parse(language_of(locale))
    return found if found.language in languages() else Locale.parse(FALLBACK)


def _flat(table: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, value in table.items():
        if isinstance(value, Mapping):
            found += _flat(value, f"{prefix}{name}.")
        else:
            found.append((f"{prefix}{name}", str(value)))
    return found
