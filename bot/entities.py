"""Facts in a message, found by their shape: order and tracking numbers, e-mail, postcode, quantity, code. Pure.

What a question expects is read leniently ("1002" alone is an order number when one was asked for); everything else only
when its shape or a word before it leaves no doubt.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator

from bot.state import Found

_EMAIL = re.compile(r"[A-Za-z0-9._%+\-]{1,64}@(?:[A-Za-z0-9\-]{1,63}\.){1,8}[A-Za-z]{2,24}")
_CHANNEL_NUMBER = re.compile(r"\b(?:\d{3}-\d{7}-\d{7}|\d{2}-\d{5}-\d{5})\b")
"""Amazon's order ids, and eBay's."""
_ORDER = re.compile(
    r"#\s?([A-Za-z0-9][A-Za-z0-9\-_/]{0,40})"
    r"|\b(?:order|bestellung|bestellnummer|auftrag|auftragsnummer)\s*(?:(?:number|no|nr|nummer|id)\b(?!-))?\s*[.:#]*\s*"
    r"([A-Za-z]{0,6}-?[A-Za-z0-9]{0,10}-?\d[A-Za-z0-9\-_/]{0,30})",
    re.IGNORECASE,
)
_PREFIXED_ORDER = re.compile(r"(?<![\w\-#/])([A-Za-z]{2,6}-\d{3,10})(?![\w\-])")
"""A shop's letters and a number, as in "track BR-1030"; one letter would be a country before a postcode."""
_LOOSE_ORDER = re.compile(r"#?\b([A-Za-z0-9\-_/]{0,20}\d[A-Za-z0-9\-_/]{0,30})\b")
_LONE = re.compile(
    r"(?:^|(?<=\s))(\d{3,10}|[A-Za-z]{1,4}\d{7,20}[A-Za-z]{0,2})(?![\w\-/:%€$£]|[.,]\d|\s?(?:days?|weeks?|months?|hours?|minutes?|times|euros?|eur|usd|dollars?|"
    r"pounds?|gbp|chf|kg|g|grams?|cm|mm|km|ml|pcs|pieces?|units?|tage?n?|wochen?|monate?n?|stunden?|minuten?|uhr|mal|"
    r"gramm|stück|stk|x|percent|prozent)\b|\s?[%€$£×])",
    re.IGNORECASE,
)
_ANOTHER = re.compile(
    r"\b(?:an?other|others?|different|second|next|new|else|anderen?|anderer|anderes|zweiten?|zweite[rs]|nächsten?|"
    r"weiteren?|weitere[rs]|neuen?|noch eine?n?)\b",
    re.IGNORECASE,
)
_TRACKING = re.compile(
    r"\b(?:1Z[0-9A-Z]{16}|[A-Z]{2}\d{9}[A-Z]{2}|JJD\d{10,20}|JVGL\d{10,20}|\d{12}|\d{14}|\d{20}|\d{22})\b",
    re.IGNORECASE,
)
_CODE = re.compile(
    r"(?<![\w\-#])(?:\d{3}[ \-.]?\d{3}|\d{2}([ \-.])\d{2}\1\d{2}|\d([ \-.])\d(?:\2\d){4})(?![\w\-]|[.,]\d)", re.ASCII
)
"""Six digits as people copy them: in one, two or three groups, or one by one."""
_POSTCODE = re.compile(
    r"\b(?:[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}|\d{4} ?[A-Z]{2}|[A-Z]-?\d{4,5}|\d{2}-\d{3}|\d{5}(?:-\d{4})?)\b",
    re.IGNORECASE,
)
_COUNTED = re.compile(
    r"\b(\d{1,4})\s?(?:x\b|×|pcs\b|pieces?\b|units?\b|stück\b|stk\b|mal\b)|(?:×|\bx)\s?(\d{1,4})\b", re.IGNORECASE
)
_IT_IS = re.compile(
    r"^(?:(?:oh|sorry|ok|okay|ja|yes|also)\b[\s,.!]*)?"
    r"(?:it'?s|it is|that'?s|that is|this is|es ist|das ist|sie ist|es sind|"
    r"(?:the|my|our|its|die|der|das|meine?|unsere?)\s(?:\w+\s){1,3}?(?:is|are|ist|lautet|heißt|wäre))\b\s*:?\s*",
    re.IGNORECASE,
)
"""How an answer is led in."""
_NUMBER_WORDS = {
    word: value
    for value, words in enumerate(
        (
            "zero null", "one a an ein eine einen eins", "two zwei beide both", "three drei", "four vier", "five fünf",
            "six sechs", "seven sieben", "eight acht", "nine neun", "ten zehn",
        )
    )
    for word in words.split()
}  # fmt: skip

SHORTEST_POSTCODE = 3
"""Characters of the shortest postcodes (Iceland, the Faroes)."""

FEW_WORDS = 3
"""In longer messages "a" and "one" are no quantities."""

ORDER_NUMBER = "order_number"
TRACKING_NUMBER = "tracking_number"
EMAIL = "email"
POSTCODE = "postcode"
QUANTITY = "quantity"
CODE = "code"
POSTCODE_PART = "postcode_part"
STREET_PART = "street_part"
PLACE_PART = "place_part"
"""What is said when a part of an address is asked for: something with a digit, anything, or something without digits
(a town, a region, a name). Never looked for unasked."""
ADDRESS_PARTS = frozenset({POSTCODE_PART, STREET_PART, PLACE_PART})
CODE_DIGITS = 6
"""Digits of a one-time code."""


def entities(words: str, expects: Collection[str] = ()) -> tuple[Found, ...]:
    """Everything found in `words`, what `expects` asks for read leniently and put first."""
    lenient = [Found(kind=kind, value=value) for kind in expects for value in _expected(words, kind)]
    certain = [Found(kind=kind, value=value) for kind, value in _certain(words)]
    return tuple(dict.fromkeys((*lenient, *certain)))


def _certain(words: str) -> Iterator[tuple[str, str]]:
    for match in _EMAIL.finditer(words):
        yield EMAIL, match[0].lower()
    rest = _EMAIL.sub(" ", words)
    for match in _CHANNEL_NUMBER.finditer(rest):
        yield ORDER_NUMBER, match[0]
    for match in _ORDER.finditer(rest):
        number = match[1] or match[2]
        if any(letter.isdigit() for letter in number) and not _TRACKING.fullmatch(number):
            yield ORDER_NUMBER, number.upper()
    for match in _PREFIXED_ORDER.finditer(rest):
        yield ORDER_NUMBER, match[1].upper()
    for match in _TRACKING.finditer(rest):
        yield TRACKING_NUMBER, match[0].upper()
    for match in _COUNTED.finditer(rest):
        yield QUANTITY, str(int(match[1] or match[2]))


def _expected(words: str, kind: str) -> Iterator[str]:
    rest = _EMAIL.sub(" ", words)
    match kind:
        case "order_number":
            yield from _order_numbers(rest)
        case "code":
            yield from _codes(rest)
        case "postcode":
            yield from (match[0].upper() for match in _POSTCODE.finditer(rest))
        case "quantity":
            yield from _quantities(rest)
        case "postcode_part" | "street_part" | "place_part":
            yield from _address_part(words, kind)


def _address_part(words: str, kind: str) -> Iterator[str]:
    """What is left without "it is", "the postcode is"; of a place without words that have digits."""
    said = _IT_IS.sub("", words).strip()
    if kind == PLACE_PART:
        said = " ".join(word for word in said.split() if not any(letter.isdigit() for letter in word))
    if kind == POSTCODE_PART and not _has_postcode(said):
        return
    if any(map(str.isalnum, said)):
        yield said


def _has_postcode(words: str) -> bool:
    """Whether what has digits could be a postcode: "12" alone, "11455 Stockholm", but not "Storgatan 12"."""
    coded = [word for word in words.split() if any(map(str.isdigit, word))]
    return len("".join(coded)) >= (SHORTEST_POSTCODE if any(map(_is_word, words.split())) else 1)


def _is_word(word: str) -> bool:
    return len(word) > SHORTEST_POSTCODE and not any(map(str.isdigit, word))


def another(words: str) -> bool:
    """Whether the words speak of another one than before: "my other order", "noch eine Bestellung"."""
    return _ANOTHER.search(words) is not None


def lone_number(words: str) -> str | None:
    """The only number, an order's or a parcel's, in a wish that nothing calls one ("where is 1030?"); None when there
    is none, or several, or when it counts something, is a price, a date or a time, or could be a one-time code."""
    found = [match[0] for match in re.finditer(r"\S*\d\S*", _EMAIL.sub(" ", words))]
    match = _LONE.search(words) if len(found) == 1 else None
    return match[1] if match and len(match[1]) != CODE_DIGITS else None


def _codes(words: str) -> Iterator[str]:
    """Six digits that the words do not call an order number."""
    orders = {value for kind, value in _certain(words) if kind == ORDER_NUMBER}
    for match in _CODE.finditer(unicodedata.normalize("NFKC", words)):
        digits = re.sub(r"\D", "", match[0])
        if digits not in orders:
            yield digits


def _order_numbers(words: str) -> Iterator[str]:
    """Any one token with a digit in it, when it was an order number that was asked for; marked ones first."""
    marked = [value for kind, value in _certain(words) if kind == ORDER_NUMBER]
    if marked:
        yield from marked
        return
    loose = [match[1].upper() for match in _LOOSE_ORDER.finditer(words) if not _TRACKING.fullmatch(match[1])]
    if len(loose) == 1:
        yield loose[0]


def _quantities(words: str) -> Iterator[str]:
    found = re.findall(r"\w+", words.casefold())
    for word in found:
        if word.isascii() and word.isdecimal() and len(word) <= 4:
            yield str(int(word))
        elif word in _NUMBER_WORDS and len(found) <= FEW_WORDS:
            yield str(_NUMBER_WORDS[word])
