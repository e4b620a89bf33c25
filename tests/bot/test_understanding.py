"""Understanding on lines that are not in training, and facts found by shape."""

from __future__ import annotations

import time

import pytest

from bot.answering import SURE
from bot.entities import CODE, EMAIL, ORDER_NUMBER, POSTCODE, QUANTITY, TRACKING_NUMBER, entities
from bot.flows import FLOWS
from bot.hearing import CONTROL
from bot.texts import languages, training_lines
from bot.understanding import understand
from tests.bot.talk import START

UNSEEN = {
    "track": (
        "hey, any idea where my stuff is?", "parcel still not here", "package status?", "where's order #1002",
        "hi, when is my parcel coming", "wo steckt mein paket", "meine lieferung kommt nicht", "Sendungsstatus",
        "ist die bestellung schon raus", "hallo, wo ist meine bestellung 1002?",
        "it has been a week and nothing arrived", "could you tell me if my order was shipped", "wann ist das paket da",
        "my delivery is overdue",
    ),
    "talk": (
        "I'd like to speak with a real person", "human please!!", "gib mir einen menschen", "bitte verbinden",
        "ich will mit einem mitarbeiter reden", "is anybody there I can talk to", "kann mich bitte jemand zurückrufen",
    ),
    "cancel_order": (
        "pls cancel my order #1002", "ich will stornieren", "storno bitte", "can I cancel what I ordered this morning",
        "please stop the shipment I don't want it", "kann ich die bestellung noch rückgängig machen",
    ),
    "change_address": (
        "I need to change the address", "can you deliver to a different address", "neue adresse bitte",
        "ich habe die falsche adresse angegeben",
    ),
    "return_items": (
        "I want to send this back", "how can I return my shoes", "where do I get a return label", "kann ich umtauschen",
        "ich will es zurückschicken", "die schuhe passen nicht", "I would like a refund",
    ),
    "claim": (
        "one item is missing", "you sent me the wrong color", "das gerät ist kaputt", "es fehlt ein teil",
        "parcel says delivered but nothing here", "my vase arrived broken",
    ),
    "thanks": ("thanks a lot!", "thank you so much", "danke dir", "dankeschön", "super, vielen dank"),
    "help": ("what can this bot do", "hello there", "guten morgen zusammen", "was kannst du alles"),
    "cancel": ("never mind then", "forget about it", "ach egal", "lass mal gut sein"),
    "repeat": ("could you say that again please", "kannst du die frage wiederholen"),
}  # fmt: skip
NONSENSE = (
    "asdf qwer",
    "the weather is nice today",
    "das ist ein hund",
    "I like trains",
    "la la la",
    "12345 kg",
    "…",
    "😀",
)


def test_unseen_lines_are_understood_and_never_surely_mistaken() -> None:
    right, mistaken, lines = 0, [], 0
    for intent, examples in UNSEEN.items():
        for line in examples:
            best = understand(line, START).intents[0]
            lines += 1
            right += best[0] == intent
            if best[0] != intent and best[1] >= SURE:
                mistaken.append((line, best))
    assert mistaken == []
    assert right / lines >= 0.9


@pytest.mark.parametrize("line", NONSENSE)
def test_nonsense_is_not_taken_for_anything(line: str) -> None:
    intents = understand(line, START).intents
    assert not intents or intents[0][1] < SURE


def test_every_intent_has_lines_in_every_language_and_a_flow() -> None:
    lines = training_lines()
    found = {intent: {at for at, name, _ in lines if name == intent} for _, intent, _ in lines}
    assert set(found) <= set(FLOWS) | set(CONTROL)
    assert all(at == set(languages()) for at in found.values())


def test_no_line_is_trained_for_two_intents() -> None:
    seen: dict[str, str] = {}
    for _, intent, line in training_lines():
        assert seen.setdefault(line.casefold(), intent) == intent, line


def test_commands_mean_one_thing() -> None:
    for words, intent in (
        ("/start", "start"),
        ("/track@ShopBot", "track"),
        ("Cancel!", "cancel"),
        ("abbrechen", "cancel"),
    ):
        assert understand(words, START).intents == ((intent, 1.0),)
    assert understand("cancel my order", START).intents[0][0] == "cancel_order"


@pytest.mark.parametrize(
    ("words", "rest"),
    [
        ("no, the blue one", "the blue one"), ("sorry, I meant 1002", "1002"), ("nein, 1002", "1002"),
        ("ich meinte Anna", "Anna"), ("no", ""), ("nobody knows", ""), ("where is it", ""),
    ],
)  # fmt: skip
def test_corrections(words: str, rest: str) -> None:
    assert understand(words, START).corrected == rest


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("where is order 1002?", [(ORDER_NUMBER, "1002")]),
        ("Bestellung Nr. DE-4711 bitte", [(ORDER_NUMBER, "DE-4711")]),
        ("#1002 and # 1003", [(ORDER_NUMBER, "1002"), (ORDER_NUMBER, "1003")]),
        ("it is 302-1234567-1234567", [(ORDER_NUMBER, "302-1234567-1234567")]),
        ("ebay 12-34567-89012", [(ORDER_NUMBER, "12-34567-89012")]),
        ("track BR-1030", [(ORDER_NUMBER, "BR-1030")]), ("wo ist no-1009?", [(ORDER_NUMBER, "NO-1009")]),
        ("D-10115 Berlin", []), ("covid-19", []), ("a-b-1234", []),
        ("my order is late", []), ("in order to", []), ("bestellung", []), ("#tag", []),
        ("Anna.B@Example.ORG", [(EMAIL, "anna.b@example.org")]),
        ("1Z999AA10123456784", [(TRACKING_NUMBER, "1Z999AA10123456784")]),
        ("rr123456785de", [(TRACKING_NUMBER, "RR123456785DE")]),
        ("3x please, or 2 Stück", [(QUANTITY, "3"), (QUANTITY, "2")]),
        ("1002", []), ("123456", []),
    ],
)  # fmt: skip
def test_facts_found_without_being_asked_for(words: str, found: list[tuple[str, str]]) -> None:
    assert [(it.kind, it.value) for it in entities(words)] == found


@pytest.mark.parametrize(
    ("kind", "words", "value"),
    [
        (ORDER_NUMBER, "1002", "1002"), (ORDER_NUMBER, "it's en-1002 I think", "EN-1002"),
        (ORDER_NUMBER, "1002 or 1003", None), (ORDER_NUMBER, "I don't know", None),
        (CODE, "123 456", "123456"), (CODE, "it says 123-456.", "123456"), (CODE, "1234567", None),
        (CODE, "#123456", None),
        (POSTCODE, "10115 Berlin", "10115"), (POSTCODE, "sw1a 1aa", "SW1A 1AA"), (POSTCODE, "1012 ab", "1012 AB"),
        (QUANTITY, "two", "2"), (QUANTITY, "zwei Stück", "2"), (QUANTITY, "talk to a person please", None),
    ],
)  # fmt: skip
def test_facts_that_were_asked_for(kind: str, words: str, value: str | None) -> None:
    found = [it.value for it in entities(words, (kind,)) if it.kind == kind]
    assert (found[0] if found else None) == value


def test_a_message_takes_a_few_milliseconds_however_long() -> None:
    understand("warm", START)
    began = time.thread_time()
    understand("where is my order " * 5000, START)
    entities("1" * 1000 + "a@" * 1000, (ORDER_NUMBER, CODE, POSTCODE, QUANTITY))
    assert time.thread_time() - began < 1.0, "of our own work: whatever else the machine does is not counted"
