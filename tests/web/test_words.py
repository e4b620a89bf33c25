"""Whatever the hub can say has its words in the console."""

from __future__ import annotations

import re
from pathlib import Path

import hub
from hub.web.console import words

SOURCES = [
    file.read_text()
    for room in ("domain", "flow", "actions")
    for file in (Path(hub.__file__).parent / room).glob("*.py")
]


def said(pattern: str) -> set[str]:
    """Every match of `pattern` in what decides and acts."""
    return {match for source in SOURCES for match in re.findall(pattern, source)}


def test_every_event_has_a_sentence() -> None:
    kinds = said(r'\bEvent\(\s*"([a-z_]+)"')
    assert len(kinds) > 20
    assert kinds - set(words.EVENT_SAYS) == set()


def test_every_hold_says_what_is_wrong() -> None:
    kinds = said(r'"what": "([a-z_]+)"')
    assert len(kinds) > 10
    assert kinds - set(words.HOLD_SAYS) == set()


def test_a_page_with_nothing_on_it_says_what_fills_it() -> None:
    empty = re.compile(r'<div class="empty">(.*?)</div>', re.DOTALL)
    pages = Path(hub.__file__).parent / "web" / "templates"
    found = [(file.name, block) for file in sorted(pages.glob("*.html")) for block in empty.findall(file.read_text())]
    assert len(found) > 15
    next_step = re.compile(r'<code>(python main\.py|make) |<a href="/|\bbelow\b|\babove\b|\bTry ')
    unhelpful = [name for name, block in found if not next_step.search(block)]
    assert unhelpful == []


def test_a_sentence_needs_no_detail() -> None:
    for kind in words.EVENT_SAYS:
        assert words.event_says(kind, {})
    for kind in words.HOLD_SAYS:
        assert words.hold_says({"what": kind})


def test_one_is_no_plural() -> None:
    assert words.event_says("picked", {"fulfillment": "N-1-F1", "units": 1}) == "N-1-F1 picked, 1 unit"
    assert words.event_says("rerouted", {"fulfillment": "N-1-F1", "units": 2}).startswith("2 units of N-1-F1 to be")


def test_what_has_no_sentence_is_shown_as_its_own_words() -> None:
    assert words.event_says("moon_landed", {"crew": ["Neil", "Buzz"], "empty": ""}) == "Moon landed: crew Neil and Buzz"
    assert words.event_says("moon_landed", {}) == "Moon landed"
    assert words.hold_says({"what": "moon_dust", "grams": 3}) == "moon dust: grams 3"


def test_holds_are_told_in_words() -> None:
    address = {"what": "address", "faults": ["postcode_unknown", "line1_missing"]}
    assert words.hold_says(address) == (
        "the address cannot be delivered to: the postcode does not exist there and the street and number is missing"
    )
    sums = {"what": "sums", "expected": 1250, "told": 1300, "currency": "EUR"}
    assert words.hold_says(sums) == "the parts add up to €12.50, the channel says €13.00"
