"""How a flow asks: what a prompt says, which answers it reads, and which kept answers still hold. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rapidfuzz import fuzz

from bot.entities import entities
from bot.state import Found, Heard, Option
from bot.texts import languages, text

FREE_TEXT = "text"
"""What a prompt expects that takes any words."""

LIKE_ENOUGH = 85.0
"""How alike (0–100) typed words must be to a button's label to count as pressing it."""

FEW_WORDS = 4

LONGEST_ANSWER = 2000
"""Longest free answer that is kept, in characters."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """A question: the text key that asks it, the one said before asking again, kinds of entity that answer it, options
    that become buttons, and what a plain yes or no means where neither is an option. An answer is always a string: an
    entity's value, an option's value, or free text."""

    text: str
    expects: tuple[str, ...] = ()
    options: tuple[Option, ...] = ()
    retry: str = "ask.again"
    yes: str = ""
    no: str = ""

    def read(self, heard: Heard) -> str | None:
        """The answer in a message that was typed; None when it holds none."""
        chosen = self._chosen(heard.text)
        if chosen is not None:
            return chosen
        fact = self.fact(heard)
        if fact is not None:
            return fact.value
        if FREE_TEXT in self.expects and heard.text.strip():
            return heard.text.strip()[:LONGEST_ANSWER]
        return None

    def fact(self, heard: Heard) -> Found | None:
        """The fact in a typed message that answers this; None when it holds none, or another answer comes first."""
        if self._chosen(heard.text) is not None:
            return None
        return next((found for found in entities(heard.text, self.expects) if found.kind in self.expects), None)

    def holds(self, answer: str) -> bool:
        """Whether a kept answer is still one of the possible ones."""
        return bool(self.expects) or any(option.value == answer for option in self.options)

    def _chosen(self, typed: str) -> str | None:
        words = " ".join(typed.casefold().strip(" .!?").split())
        if not words or not self.options:
            return None
        if words.isdigit() and not self.expects and 1 <= int(words) <= len(self.options):
            return self.options[int(words) - 1].value
        for plain, meant in zip(YES_NO, (self.yes, self.no), strict=True):
            if meant and any(words == text(plain.label, to).casefold() for to in languages()):
                return meant
        scored = [(_likeness(words, option), option.value) for option in self.options]
        best = max(scored)
        tied = sum(score == best[0] for score, _ in scored) > 1
        return best[1] if best[0] >= LIKE_ENOUGH and not tied else None


def _likeness(words: str, option: Option) -> float:
    """How alike typed words are to an option's label, in whichever language they come."""
    if words == option.value.casefold().replace("_", " "):
        return 100.0
    labels = [option.label[1:]] if option.label.startswith("=") else [text(option.label, to) for to in languages()]
    return max(_alike(words, label.casefold()) for label in labels)


def _alike(words: str, label: str) -> float:
    """100 when several words are all on the label, or a few words hold all of it ("the blue one"); else by letters."""
    said, offered = set(re.findall(r"\w+", words)), set(re.findall(r"\w+", label))
    if (len(said) > 1 and said <= offered) or (offered <= said and len(said) <= FEW_WORDS and _no_digits(words)):
        return 100.0
    return fuzz.ratio(words, label)


def _no_digits(words: str) -> bool:
    return not any(letter.isdigit() for letter in words)


YES_NO = (Option(value="yes", label="button.yes"), Option(value="no", label="button.no"))
"""The two buttons of a plain question."""
