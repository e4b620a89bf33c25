"""Which language a person writes, and which one they ask for by name. Deterministic, and certain or silent.

What words prove is one of three things, each stronger than the one before (`HOW`): a *hint* is a line of one word, and
counts only until a sentence was heard; *words* are a sentence; a *wish* names the language, and stays until another.

The evidence is in `texts/<language>`: words of the training lines and of what the bot itself says, that no other
language of ours has. One such word proves nothing (names, loan words, a German "die" in an English sentence), nor do
two that are both rare ("Neue Straße"): it takes two, one of which is a common one, in words that are mostly of that
language; or a whole line that is known in one language only ("guten tag").
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache

from babel import Locale
from msgspec.structs import replace

from bot.state import Heard, State, Tongue
from bot.texts import FALLBACK, language_of, languages, templates, training_lines

HINT, WORDS, WISH = "hint", "words", "wish"
HOW = ("", HINT, WORDS, WISH)
"""How a language came to be known, weakest first; empty: from the browser, or not at all."""

OTHERS = (
    "ar",
    "cs",
    "da",
    "el",
    "es",
    "fi",
    "fr",
    "hu",
    "it",
    "ja",
    "nl",
    "pl",
    "pt",
    "ro",
    "ru",
    "sv",
    "tr",
    "uk",
    "zh",
)
"""Languages that people ask for, beside ours: they are told which there are."""

LONGEST = 1000
"""Characters of a message that are looked at."""

ENOUGH = 2
"""Different words of one language only that prove it."""

AHEAD = 2
"""How many times more of them there must be than of any other language."""

COMMON = 3
"""Kinds of line (intents, sections of the texts) a word must stand in to be a common one."""

LEAST_LETTERS = 4
"""Letters of a line that proves its language alone: "ok" and "hey" are everybody's."""

_NO_WORDS = re.compile(r"\S*[\d@/_]\S*|https?:\S*")
"""Order numbers, e-mail addresses, links: not written in any language."""

_ASKING = frozenset(re.findall(r"\w+", """
    please bitte in auf can could we you i do does would like to speak talk write answer switch change use prefer let us
    lets rather continue go on the language kann können könnten wir sie du ich sprechen sprichst sprecht reden schreiben
    schreib antworten möchte gern gerne lieber weiter mit die sprache wechseln zu mir me it es is any anyone jemand hier
    here now jetzt bot instead no nein sorry hi hello hallo
    en sil vous plaît svp parlez por favor habla parla
"""))  # fmt: skip
"""Words that may stand around the name of a language when it is asked for."""


def tongue(words: str) -> Tongue | None:
    """The language that `words` ask for, or are clearly written in; None when that is not clear."""
    said = _tokens(words)
    named = _wanted(said)
    if named:
        return Tongue(language=named, how=WISH)
    line = " ".join(said)
    whole = _lines().get(line, frozenset())
    if len(whole) == 1 and len(line) >= LEAST_LETTERS:
        return Tongue(language=next(iter(whole)), how=HINT if len(said) == 1 else WORDS)
    written = _written(said)
    return Tongue(language=written, how=WORDS) if written else None


def settled(state: State, heard: Heard) -> State:
    """The state with the language to answer in: what a person writes or asks for wins over what their browser says."""
    found = heard.tongue
    if found is None or found.language not in languages() or HOW.index(found.how) < HOW.index(state.tongue_by):
        return state if state.locale else replace(state, locale=FALLBACK)
    same = bool(state.locale) and language_of(state.locale) == found.language
    return replace(state, locale=state.locale if same else found.language, tongue_by=found.how)


def _written(said: Sequence[str]) -> str:
    own = {name: {word for word in said if _words().get(word, {}).keys() == {name}} for name in languages()}
    best, *others = sorted(languages(), key=lambda name: -len(own[name]))
    ahead = all(len(own[best]) >= AHEAD * len(own[other]) for other in others)
    known = sum(best in _words().get(word, {}) for word in said)
    common = any(_words()[word][best] >= COMMON for word in own[best])
    return best if len(own[best]) >= ENOUGH and ahead and common and 2 * known >= len(said) else ""


def _wanted(said: Sequence[str]) -> str:
    """The language that is asked for by its name ("English please", "auf Deutsch"), ours or not; else empty."""
    named = {_names()[word] for word in said if word in _names()}
    rest = [word for word in said if word not in _names()]
    return next(iter(named)) if len(named) == 1 and all(word in _ASKING for word in rest) else ""


def _tokens(words: str) -> list[str]:
    plain = _NO_WORDS.sub(" ", words[:LONGEST]).casefold()
    return re.findall(r"[^\W\d_]+", re.sub(r"['’]", "", plain))


@cache
def _words() -> Mapping[str, Mapping[str, int]]:
    """Word → language → in how many kinds of line it stands."""
    kinds: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for language, kind, line in _all_lines():
        for word in _tokens(line):
            kinds[word][language].add(kind)
    return {word: {language: len(found) for language, found in of.items()} for word, of in kinds.items()}


@cache
def _lines() -> Mapping[str, frozenset[str]]:
    """Training line → languages that have it; a line that is a word of another language is that one's too."""
    found: dict[str, set[str]] = defaultdict(set)
    for language, _, line in training_lines():
        found[" ".join(_tokens(line))].add(language)
    return {line: frozenset({*of, *_words().get(line, {})}) for line, of in found.items()}


@cache
def _names() -> Mapping[str, str]:
    """Names of languages, in ours and in their own → the language: "german" and "deutsch" → "de"."""
    return {
        name.casefold(): language
        for language in (*OTHERS, *languages())
        for told in (*languages(), language)
        if (name := Locale(language).get_language_name(told))
    }


def _all_lines() -> Iterator[tuple[str, str, str]]:
    """(language, kind of line, words) of everything that stands in the texts."""
    yield from training_lines()
    for language in languages():
        yield from _said(language, templates(language).items())


def _said(language: str, texts: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str, str]]:
    for key, template in texts:
        if not key.startswith("format."):
            yield language, key.split(".")[0], re.sub(r"\{[^}]*\}|\[\[|\]\]", " ", template)
