"""From words to meaning, offline: commands, then facts by shape, then the nearest intent of the training lines.

Training lines are text files, `texts/<language>/intents/<intent>.txt`, one example a line. A message is compared with
them by word and character n-grams weighted by how telling they are; all languages are read together, so a customer may
write in either. Deterministic, and a few milliseconds a message.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache
from itertools import pairwise

from bot.entities import entities
from bot.state import Heard
from bot.texts import training_lines
from bot.tongues import tongue

LONGEST = 1000
"""Characters of a message that are looked at."""

CLEAR_LEAD = 1.8
"""How many times nearer the best intent must be than the second for full confidence."""

TELLING = 2
"""In the lines of how many intents a word may stand and still tell them apart: "order" and "please" do not."""

_NUMBERED = re.compile(r"\S*(?:\d|@)\S*")
"""Order numbers, codes, dates and addresses: what a wish is about, not what is wished."""

_GREETING = re.compile(
    r"^\s*(?:hello|hi|hey|good (?:morning|day|afternoon|evening)|hallo|moin|servus|guten (?:morgen|tag|abend))"
    r"(?: (?:there|all|everybody|zusammen))?\b[\s,.!;:\-–—]+",
    re.IGNORECASE,
)

COMMANDS: Mapping[str, str] = {
    "start": "start", "help": "help", "hilfe": "help", "menu": "help", "menü": "help", "cancel": "cancel",
    "abbrechen": "cancel", "abbruch": "cancel", "stop": "cancel", "repeat": "repeat", "wiederholen": "repeat",
    "track": "track", "status": "track", "agent": "talk", "human": "talk", "mensch": "talk", "mitarbeiter": "talk",
}  # fmt: skip
"""Words that mean one thing when they come alone, with or without a slash."""

_CORRECTION = re.compile(
    r"^\s*(?:no|nope|sorry|oops|wait|actually|i meant?|correction|nein|ne|nee|moment|halt|doch|ich meinte?|korrektur|"
    r"entschuldigung)\b(?!-\w)[\s,.:;!\-–—]*"
    r"(?:(?:no|sorry|wait|i meant?|nein|doch|ich meinte?|it'?s|it is|es ist|make that|lieber)\b(?!-\w)[\s,.:;!\-–—]*)*",
    re.IGNORECASE,
)
"""How a correction begins; "NO-1001" does not, it is an order of a shop in Norway."""


def understand(words: str, at: datetime) -> Heard:
    """A typed message as an event."""
    plain = words.strip()[:LONGEST]
    command = _command(plain)
    if command:
        return Heard(at=at, text=plain, found=entities(plain), intents=((command, 1.0),), tongue=tongue(plain))
    marker = _CORRECTION.match(plain)
    corrected = plain[marker.end() :].strip() if marker else ""
    meant = _without_greeting(plain)
    intents, wish = _model().intents(meant), _model().wish(meant)
    return Heard(
        at=at, text=plain, found=entities(plain), intents=intents, corrected=corrected, wish=wish, tongue=tongue(plain)
    )


def _without_greeting(words: str) -> str:
    """What is said after a greeting, which is no wish; the whole when that is a single word or nothing."""
    rest = _GREETING.sub("", words)
    return rest if len(rest.split()) > 1 else words


def _command(words: str) -> str | None:
    first, _, rest = words.partition(" ")
    name = first.lstrip("/").split("@", 1)[0].casefold().strip(".!?")
    if first.startswith("/") or not rest:
        return COMMANDS.get(name)
    return None


class Model:
    """The training lines as vectors, and how to compare with them."""

    def __init__(self, lines: Iterable[tuple[str, str, str]]) -> None:
        """`lines` are (language, intent, example)."""
        read = [(intent, Counter(_features(example))) for _, intent, example in lines]
        self.labels = [intent for intent, _ in read]
        self._named_by = _spread(read)
        documents: Counter[str] = Counter()
        for _, features in read:
            documents.update(features.keys())
        total = len(read)
        self._weight = {name: math.log((1 + total) / (1 + count)) + 1 for name, count in documents.items()}
        self._unseen = math.log(1 + total) + 1
        self._postings: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for index, (_, features) in enumerate(read):
            for name, value in self._vector(features).items():
                self._postings[name].append((index, value))

    def intents(self, words: str) -> tuple[tuple[str, float], ...]:
        """(intent, confidence 0–1), best first: how near its lines are, less where another intent is nearly as near."""
        near = self._nearest(words)[:5]
        if not near:
            return ()
        lead = near[0][1] / near[1][1] if len(near) > 1 else CLEAR_LEAD
        first = math.sqrt(near[0][1]) * min(1.0, lead / CLEAR_LEAD)
        ranked = [(name, first * score / near[0][1]) for name, score in near]
        return tuple((name, round(min(confidence, 0.99), 4)) for name, confidence in ranked)

    def wish(self, words: str) -> tuple[str, float]:
        """The intent that telling words alone name, and its confidence; ("", 0.0) when no word tells anything."""
        tokens = re.findall(r"\w+", _NUMBERED.sub(" ", words).casefold().replace("'", ""))
        telling = [token for token in tokens if len(self._named_by.get(token, ())) <= TELLING]
        return next(iter(self.intents(" ".join(telling))), ("", 0.0))

    def _nearest(self, words: str) -> list[tuple[str, float]]:
        likeness: dict[int, float] = defaultdict(float)
        for name, value in self._vector(Counter(_features(words))).items():
            for index, other in self._postings.get(name, ()):
                likeness[index] += value * other
        of_label: dict[str, list[float]] = defaultdict(list)
        for index, score in likeness.items():
            of_label[self.labels[index]].append(score)
        scored = [(name, _blend(sorted(scores, reverse=True))) for name, scores in of_label.items()]
        return sorted(scored, key=lambda item: (-item[1], item[0]))

    def _vector(self, features: Counter[str]) -> dict[str, float]:
        raw = {name: (1 + math.log(count)) * self._weight.get(name, self._unseen) for name, count in features.items()}
        norm = math.sqrt(sum(value * value for value in raw.values())) or 1.0
        return {name: value / norm for name, value in raw.items()}


def _spread(read: Iterable[tuple[str, Mapping[str, int]]]) -> Mapping[str, frozenset[str]]:
    """Word → the intents in whose lines it stands."""
    found: dict[str, set[str]] = defaultdict(set)
    for intent, features in read:
        for name in features:
            if name.startswith("w:"):
                found[name[2:]].add(intent)
    return {word: frozenset(intents) for word, intents in found.items()}


def _blend(scores: list[float]) -> float:
    """The nearest line counts most; two more support it, so that one odd line does not decide alone."""
    top = [*scores, 0.0, 0.0]
    return 0.7 * top[0] + 0.2 * top[1] + 0.1 * top[2]


def _features(words: str) -> list[str]:
    """Words, pairs of words, and runs of three and four letters within words; digits are all alike."""
    plain = unicodedata.normalize("NFKC", words).casefold()
    tokens = re.findall(r"[^\W\d_]+|\d+", plain.replace("'", ""))
    tokens = ["0" if token.isdecimal() else token for token in tokens]
    found = [f"w:{token}" for token in tokens]
    found += [f"p:{one} {two}" for one, two in pairwise(tokens)]
    for token in tokens:
        padded = f"^{token}$"
        found += [f"c:{padded[i : i + size]}" for size in (3, 4) for i in range(len(padded) - size + 1)]
    return found


@cache
def _model() -> Model:
    return Model(training_lines())
