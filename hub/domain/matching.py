"""Which product of ours a listing may be: suggestions with a reason each, for a person to choose from; no decision.

The same GTIN says most, then the same SKU, then a name that is close. Names of variants differ in a size or a number
only, so what differs there counts more than the rest of the name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from msgspec import Struct
from rapidfuzz import fuzz, process

SAME_GTIN, SAME_SKU, ALIKE_SKU, MOST_BY_NAME = 100, 98, 95, 90
"""Scores out of 100."""

LEAST = 60
"""A name that is less alike is not suggested."""

OTHER_VARIANT = 25
"""Taken off where sizes or numbers differ."""

SIZES = frozenset({"xxs", "xs", "s", "m", "l", "xl", "xxl", "xxxl"})


class Thing(Struct, frozen=True):
    """What is known of a product of ours, or of a channel's listing. Anything may be empty."""

    sku: str
    title: str
    gtin: str = ""


class Suggestion(Struct, frozen=True):
    """A product that a listing may be. `reason`: same_gtin, same_sku, alike_sku or close_name; `score` out of 100."""

    sku: str
    title: str
    reason: str
    score: int


class Catalog:
    """Our products, looked up by what a listing may say."""

    def __init__(self, products: Iterable[Thing]) -> None:
        self._products = list(products)
        self._names = [name(product.title) for product in self._products]
        self._by_gtin: dict[str, list[Thing]] = {}
        self._by_sku: dict[str, list[Thing]] = {}
        for product in self._products:
            self._by_gtin.setdefault(gtin(product.gtin), []).append(product)
            self._by_sku.setdefault(bare(product.sku), []).append(product)

    def suggest(self, listing: Thing, most: int = 3) -> tuple[Suggestion, ...]:
        """The best first; each product once, with its best reason."""
        found: dict[str, Suggestion] = {}
        for given in (*self._of_gtin(listing), *self._of_sku(listing), *self._of_name(listing, most)):
            found.setdefault(given.sku, given)
        return tuple(sorted(found.values(), key=lambda s: (-s.score, s.sku))[:most])

    def _of_gtin(self, listing: Thing) -> Iterable[Suggestion]:
        code = gtin(listing.gtin)
        for product in self._by_gtin.get(code, ()) if code else ():
            yield Suggestion(product.sku, product.title, "same_gtin", SAME_GTIN)

    def _of_sku(self, listing: Thing) -> Iterable[Suggestion]:
        key = bare(listing.sku)
        for product in self._by_sku.get(key, ()) if key else ():
            same = product.sku == listing.sku.strip()
            reason, score = ("same_sku", SAME_SKU) if same else ("alike_sku", ALIKE_SKU)
            yield Suggestion(product.sku, product.title, reason, score)

    def _of_name(self, listing: Thing, most: int) -> Iterable[Suggestion]:
        wanted = name(listing.title)
        if not wanted:
            return
        near = process.extract(
            wanted, self._names, scorer=fuzz.token_sort_ratio, score_cutoff=LEAST, limit=most + len(SIZES)
        )
        scored = []
        for other, ratio, place in near:
            score = round(ratio * MOST_BY_NAME / 100) - (OTHER_VARIANT if marks(other) != marks(wanted) else 0)
            if score >= LEAST:
                scored.append((score, self._products[place]))
        for score, product in sorted(scored, key=lambda pair: (-pair[0], pair[1].sku))[:most]:
            yield Suggestion(product.sku, product.title, "close_name", score)


def gtin(text: str) -> str:
    """A GTIN of 8 to 14 digits as 14 digits; empty for what is none, its check digit included (GS1 General
    Specifications, 7.9)."""
    digits = re.sub(r"[\s-]", "", text)
    if not (digits.isascii() and digits.isdigit() and 8 <= len(digits) <= 14):
        return ""
    full = digits.zfill(14)
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(full))
    return full if total % 10 == 0 and int(full) else ""


def bare(sku: str) -> str:
    """A SKU without what people write differently: case, spaces, dashes."""
    return re.sub(r"[\W_]", "", sku.casefold())


def name(title: str) -> str:
    """A title as words, lower case."""
    return " ".join(re.findall(r"\w+", title.casefold()))


def marks(words: str) -> frozenset[str]:
    """The words of a name that tell variants apart: numbers and sizes."""
    return frozenset(word for word in words.split() if word in SIZES or any(letter.isdigit() for letter in word))
