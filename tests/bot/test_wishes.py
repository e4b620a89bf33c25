"""Wishes with a number in them: when they are an answer, and when something else is wished."""

from __future__ import annotations

import pytest

from bot.answering import SURE
from bot.dialogue import Chat, Flow
from bot.entities import ORDER_NUMBER, QUANTITY, lone_number
from bot.flows import FLOWS
from bot.prompts import Prompt
from bot.understanding import understand
from tests.bot.shop import shop
from tests.bot.talk import START, Talk


@pytest.mark.parametrize(
    ("wish", "flow", "number"),
    [
        ("where is 1030?", "track", "1030"), ("wo ist BR-1030", "track", "BR-1030"),
        ("track BR-1030", "track", "BR-1030"),
        ("no, where is 1030?", "track", "1030"), ("wann kommt 1030 an?", "track", "1030"),
        ("cancel BR-1030", "cancel_order", None), ("can I cancel 1030", "cancel_order", None),
        ("storniere bitte BR-1030", "cancel_order", None), ("1030 is broken", "claim", None),
        ("I want to return 1030", "return_items", None), ("1030 zurückgeben", "return_items", None),
    ],
)  # fmt: skip
def test_a_wish_with_a_number_in_it_is_no_answer_to_the_question_for_another_thing(
    wish: str, flow: str, number: str | None
) -> None:
    t = shop()
    assert t.type("change my delivery address") == ["track.number"]
    t.type(wish)
    top = t.state.frames[-1]
    assert (top.flow, top.slots.get("order")) == (flow, number)
    assert all("order" not in frame.slots for frame in t.state.frames[:-1])


@pytest.mark.parametrize(
    "answer",
    [
        "1030", "BR-1030", "order BR-1030 please", "my order is BR-1030", "meine bestellung BR-1030", "BR-1030, thanks",
        "hi, it is BR-1030", "bitte bestellung BR-1030", "the number is 1030", "the address of BR-1030",
        "my order number is 1030", "in der mail steht 1030", "the confirmation says 1030", "no idea, maybe BR-1030?",
    ],
)  # fmt: skip
def test_a_number_with_words_that_wish_nothing_else_is_the_answer(answer: str) -> None:
    t = shop()
    t.type("change my delivery address")
    assert t.type(answer) == ["identify.code"]
    (frame,) = t.state.frames
    assert (frame.flow, frame.slots["order"].removeprefix("BR-")) == ("change_address", "1030")


def test_a_wish_with_a_number_wins_while_a_quantity_is_asked_for_and_when_it_begins_like_a_correction() -> None:
    async def body(chat: Chat) -> None:
        await chat.ask("order", Prompt("track.number", expects=(ORDER_NUMBER,)))
        await chat.ask("count", Prompt("ask.again", expects=(QUANTITY,)))

    for words in ("cancel BR-1030", "no, cancel BR-1030"):
        t = Talk({**FLOWS, "buy": Flow("buy", body, title="flow.help")})
        t.press("do:buy")
        t.type("1001")
        assert t.type(words) == ["person.offer"]
        assert t.state.frames[0].slots == {"order": "1001"}


@pytest.mark.parametrize(
    ("words", "number"),
    [
        ("where is 1030?", "1030"), ("wo ist 1030", "1030"), ("where is my order from 3 days ago", None),
        ("I have been waiting 100 days", None), ("I paid 120 €, where is it", None), ("where is 1030 or 1031", None),
        ("ordered on 2026-11-20, where is it", None), ("where is it? 123456", None), ("it cost 120.50", None),
    ],
)  # fmt: skip
def test_the_only_number_of_a_wish(words: str, number: str | None) -> None:
    assert lone_number(words) == number


def test_a_wish_may_name_a_parcel_by_any_carriers_number() -> None:
    t = shop()
    t.type("where is my parcel DC00780770038")
    assert t.state.frames[-1].slots["order"] == "DC00780770038"


@pytest.mark.parametrize("again", ["where is my order??", "track my parcel", "wo bleibt mein paket"])
def test_saying_the_same_wish_again_asks_the_same_question_again(again: str) -> None:
    t = shop()
    t.type("where is order 1001")
    assert t.type(again) == ["identify.code"]
    assert "1001" in t.words()
    assert len(t.state.frames) == 1


@pytest.mark.parametrize("other", ["where is my other order", "wo ist meine andere bestellung"])
def test_another_order_is_another_order(other: str) -> None:
    t = shop()
    t.type("where is order 1001")
    assert t.type(other) == ["track.number"]
    t = shop()
    t.type("where is order 1001")
    assert t.press("do:track") == ["track.number"]


@pytest.mark.parametrize(
    ("words", "flow"),
    [
        ("Guten Tag, ich möchte BR-1001 zurückgeben", "return_items"),
        ("Hallo, BR-1001 stornieren bitte", "cancel_order"), ("Hello", "help"),
        ("hello, I would like to return BR-1001", "return_items"), ("hi there, where is BR-1001", "track"),
        ("hi there, my item from BR-1001 arrived broken", "claim"), ("guten morgen zusammen", "help"),
    ],
)  # fmt: skip
def test_a_greeting_does_not_hide_a_wish(words: str, flow: str) -> None:
    heard = understand(words, START)
    assert heard.intents[0][0] == flow
    assert heard.intents[0][1] >= SURE
