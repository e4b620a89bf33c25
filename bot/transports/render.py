"""From a notice to what one transport can show: text in the person's language, buttons, parts that fit. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.texts import known, text
from hub.domain.outgoing import Notice


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a transport can do. `buttons`: most under one message, 0 for none; `button_label` in characters and
    `button_data` in bytes; `longest_text` in characters; `edits`: can change what it sent; `subject`: messages have
    one; `media`: kinds of file it takes; `at_once`: an answer is expected on the line (voice)."""

    longest_text: int
    buttons: int = 0
    button_label: int = 64
    button_data: int = 256
    edits: bool = False
    subject: bool = False
    media: frozenset[str] = frozenset()
    at_once: bool = False


@dataclass(frozen=True, slots=True)
class Rendered:
    """One message as the person will see it. `buttons` are (value, label)."""

    text: str
    buttons: tuple[tuple[str, str], ...] = ()
    subject: str = ""


def whole(parts: Sequence[Rendered]) -> tuple[str, tuple[tuple[str, str], ...]]:
    """All the text of the parts, and the buttons under the last: as a transcript keeps it."""
    return "\n\n".join(part.text for part in parts), parts[-1].buttons if parts else ()


ANNOUNCED = frozenset({"notice.out_for_delivery", "notice.exception", "notice.delivered"})
"""Facts worth a new message of their own; other notices of the same thing are edited in place."""


def replaces(notice: Notice) -> bool:
    """Whether the notice changes the message before it of the same `edit_key`; answers to a person never do."""
    return bool(notice.edit_key) and notice.text.startswith("notice.") and notice.text not in ANNOUNCED


def render(notice: Notice, locale: str, abilities: Abilities) -> tuple[Rendered, ...]:
    """The messages to send, in order; buttons are under the last. Empty for a notice without text.

    Choices that get no button are numbered in the text: typing the number answers. Buttons that begin something by
    themselves, and those whose value is longer than the transport carries, are left out where there is no room.
    Raises `Invalid` for a text key that does not exist, or a parameter that cannot be formatted.
    """
    if not notice.text:
        return ()
    words = text(notice.text, locale, {name: clean(value) for name, value in notice.params.items()})
    labels = [(value, clean(text(key, locale, notice.params))) for value, key in notice.buttons]
    buttons = _fitting(labels, abilities)
    if len(buttons) < len(labels):
        numbered = [f"{n}. {label}" for n, (value, label) in enumerate(labels, 1) if not value.startswith("do:")]
        if len(numbered) == len(labels):
            words, buttons = "\n".join((words, *numbered)), ()
    parts = list(_parts(words, abilities.longest_text))
    subject = _subject(notice, locale) if abilities.subject else ""
    return tuple(Rendered(part, buttons if index == len(parts) else (), subject) for index, part in enumerate(parts, 1))


def clean(value: str) -> str:
    """Without control characters and marks that turn the direction of text around: names come from outside."""
    if value.isascii() and value.isprintable():
        return value
    return "".join(
        letter
        for letter in value
        if letter == "\n" or (unicodedata.category(letter) not in ("Cc", "Cs") and letter not in _TURNING)
    )


_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f")


def _fitting(labels: list[tuple[str, str]], abilities: Abilities) -> tuple[tuple[str, str], ...]:
    short = [(value, _cut(label, abilities.button_label)) for value, label in labels]
    return tuple(pair for pair in short if len(pair[0].encode()) <= abilities.button_data)[: abilities.buttons]


def _cut(label: str, longest: int) -> str:
    return label if len(label) <= longest else label[: longest - 1] + "…"


def _subject(notice: Notice, locale: str) -> str:
    group, _, name = notice.text.partition(".")
    for key in (f"{group}.subject", f"subject.{name}", "subject.message"):
        if known(key):
            return " ".join(text(key, locale, {n: clean(v) for n, v in notice.params.items()}).split())
    return ""


def _parts(words: str, longest: int) -> Iterator[str]:
    """Pieces of at most `longest` characters, cut at the last line, sentence or word that fits."""
    rest = words
    while len(rest) > longest:
        window = rest[: longest + 1]
        cut = max((window.rfind(mark) + keep for mark, keep in (("\n", 0), (". ", 1))), default=0)
        if cut < longest // 2:
            cut = window.rfind(" ")
        if cut <= 0:
            cut = longest
        yield rest[:cut].rstrip()
        rest = rest[cut:].lstrip()
    yield rest
