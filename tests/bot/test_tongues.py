"""The language of an answer: what a person writes or asks for wins over the browser's when it is clear."""

from __future__ import annotations

import time

import pytest
from msgspec.structs import replace

from bot.flows import FLOWS
from bot.state import State
from bot.texts import text
from bot.tongues import HINT, WISH, WORDS, tongue
from tests.bot.talk import Talk
from tests.bot.world import World


def how(words: str) -> tuple[str, str] | None:
    found = tongue(words)
    return (found.language, found.how) if found else None


@pytest.mark.parametrize(
    ("words", "language"),
    [
        ("Wo ist meine Bestellung?", "de"), ("ich möchte BR-1030 stornieren", "de"), ("guten Tag", "de"),
        ("Ich habe einen kaputten Toaster bekommen", "de"), ("der Code ist 123456", "de"),
        ("können Sie mir helfen", "de"),
        ("Guten Morgen, ich hab da mal ne Frage", "de"), ("nein, die andere", "de"), ("was ist los", "de"),
        ("where is my order", "en"), ("Was it shipped?", "en"), ("I want to return my hose", "en"),
        ("my hat was broken", "en"), ("I bought the German edition", "en"), ("the english version is missing", "en"),
        ("Danke, that helped", "en"), ("no, the other one", "en"),
    ],
)  # fmt: skip
def test_a_sentence_shows_its_language(words: str, language: str) -> None:
    assert how(words) == (language, WORDS)


@pytest.mark.parametrize(
    "words",
    [
        "BR-1030", "1001", "#1001", "123456", "status", "die", "ok", "hey", "hi", "no", "ja", "bitte", "BR-1030 bitte",
        "Neue Straße 5", "Heidestr. 17, 10557 Berlin", "Anna Will", "Müller", "Das Boot", "anna@wo-ist-meine.de",
        "my name is Ist Die", "send it to Die Straße Ist Lang 3 Berlin", "https://x.example/wo/ist/meine/bestellung",
        "où est ma commande", "je voudrais un remboursement s'il vous plaît", "¿dónde está mi pedido?", "😀", "",
    ],
)  # fmt: skip
def test_numbers_names_addresses_one_word_and_other_languages_show_none(words: str) -> None:
    assert how(words) is None


@pytest.mark.parametrize(
    ("words", "language"),
    [
        ("English please", "en"), ("in English", "en"), ("can we talk in english please?", "en"), ("Englisch", "en"),
        ("auf Deutsch", "de"), ("Deutsch bitte!", "de"), ("sprechen Sie Deutsch?", "de"), ("do you speak German", "de"),
        ("Können wir Englisch sprechen", "en"), ("français", "fr"), ("parlez-vous français ?", "fr"),
        ("in French please", "fr"),
    ],
)  # fmt: skip
def test_a_language_is_asked_for_by_name(words: str, language: str) -> None:
    assert how(words) == (language, WISH)


def talk(locale: str) -> Talk:
    t = Talk(FLOWS, {"may_see": lambda number: False, "send_code": lambda number: {"limited": False, "minutes": 10}})
    t.state = replace(State(), locale=locale)
    return t


def test_german_in_an_english_browser_is_answered_in_german_and_stays_so() -> None:
    t = talk("en-US")
    t.type("wo ist meine Bestellung?")
    assert t.state.locale == "de"
    for words in ("BR-1030 Smith", "ok", "thanks", "Anna Will", "anna@example.org", "/cancel"):
        t.type(words)
        assert t.state.locale == "de", words
    t.type("where is my order please")
    assert t.state.locale == "en"


def test_one_word_counts_only_until_a_sentence_was_heard() -> None:
    t = talk("en-GB")
    assert how("danke") == ("de", HINT)
    t.type("danke")
    assert t.state.locale == "de"
    t.type("thanks")
    assert t.state.locale == "en"
    t.type("I want to talk about my order")
    t.type("danke")
    assert t.state.locale == "en"


def test_a_browsers_region_stays_where_the_language_is_the_same() -> None:
    t = talk("de-AT")
    t.type("wo ist meine Bestellung?")
    assert t.state.locale == "de-AT"
    assert talk("").state.locale == ""
    t = talk("")
    t.type("1001")
    assert t.state.locale == "en"


def test_who_asks_for_a_language_gets_it_and_keeps_it() -> None:
    t = talk("en")
    t.type("where is my order")
    assert t.type("auf Deutsch bitte") == ["language.now", "track.number"]
    assert t.state.locale == "de"
    t.type("I do not know where it is")
    assert t.state.locale == "de"
    assert t.type("English please")[0] == "language.now"
    t.type("wo ist meine Bestellung")
    assert t.state.locale == "en"


def test_a_language_that_there_is_not_is_said_so() -> None:
    t = talk("fr")
    assert t.type("français, please") == ["language.none", "help.menu"]
    assert t.state.locale == "fr"
    assert "English" in text("language.none", "fr")
    assert "English" in text("language.none", "de")


async def test_the_transcript_and_the_code_come_in_the_language_that_is_written(world: World) -> None:
    await world.order("1001")
    (asked,) = await world.say("Guten Tag, wo ist meine Bestellung 1001?")
    assert asked.startswith("Wenn es eine Bestellung 1001 gibt")
    assert list(await world.buttons()) == ["Neuen Code senden"]
    await world.post()
    assert world.mails()[-1]["Subject"].startswith("Ihr Code")
    order, *_ = await world.say(await world.code())
    assert order == "Bestellung 1001: verschickt. Erwartet bis Dienstag, 24. November."
    assert (await world.say("can you please talk to me in English"))[0] == "All right, let us go on in English."


def test_it_takes_no_time_however_long_the_words() -> None:
    tongue("warm")
    began = time.thread_time()
    tongue("wo ist " * 5000)
    tongue("a@1/" * 5000)
    assert time.thread_time() - began < 0.5, "of our own work: whatever else the machine does is not counted"
