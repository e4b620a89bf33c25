"""Where words belong when several questions are open: codes, facts for an earlier question, wishes with a number."""

from __future__ import annotations

import pytest

from bot.dialogue import Chat, Flow
from bot.entities import ORDER_NUMBER, QUANTITY, lone_number
from bot.flows import FLOWS
from bot.prompts import Prompt
from bot.state import Heard
from tests.bot.talk import Talk

CODE = "424242"
UNCLEAR = "hm the thing with the stuff"


def shop() -> Talk:
    """A chat that has proven nothing yet; every order has been shipped, and `CODE` is right."""
    proven: list[str] = []

    def check(number: str, code: str) -> bool:
        if code == CODE:
            proven.append(number)
        return number in proven

    def show(number: str) -> list[dict[str, object]]:
        return [{"number": number, "phase": "shipped", "promised": "2026-11-24", "parcels": [], "waiting": False}]

    return Talk(FLOWS, {
        "may_see": lambda number: number in proven,
        "send_code": lambda number: {"limited": False, "minutes": 10},
        "check_code": check, "show_order": show, "show_suggestion": lambda number: None,
    })  # fmt: skip


def tried(talk: Talk) -> list[str]:
    return [args["code"] for action, args in talk.ran if action == "check_code"]


def unsure(talk: Talk) -> list[str]:
    """Something that could mean several things."""
    return talk.hear(Heard(at=talk.now, text="hm", intents=(("claim", 0.45), ("return_items", 0.44))))


@pytest.mark.parametrize(
    "typed",
    [
        CODE,
        "424 242",
        "the code is 424242",
        "42 42 42",
        "4 2 4 2 4 2",
        "sorry, 424242",
        "424242 thanks",
        "４２４２４２",
    ],
)
def test_a_code_typed_while_the_bot_asks_what_was_meant_is_the_code(typed: str) -> None:
    t = shop()
    t.type("where is order 1001")
    assert unsure(t) == ["unsure.which"]
    assert t.type(typed) == ["track.order", "track.more"]
    assert tried(t) == [CODE]
    assert t.state.frames == (), "the question what was meant does not come back"


def test_a_wrong_code_there_asks_for_the_code_again() -> None:
    t = shop()
    t.type("where is order 1001")
    unsure(t)
    assert t.type("111111") == ["identify.wrong", "identify.again"]


def test_a_code_is_the_code_in_the_middle_of_something_else() -> None:
    t = shop()
    t.type("where is order 1001")
    assert t.type("my parcel arrived damaged") == ["person.offer"]
    assert t.type(CODE)[:2] == ["track.order", "track.more"]
    t = shop()
    t.type("where is order 1001")
    assert t.type("where is my other order?") == ["track.number"]
    assert t.type(CODE)[:2] == ["track.order", "track.more"]


def test_a_number_that_was_asked_for_is_none_in_a_shop_whose_numbers_look_like_codes() -> None:
    t = shop()
    t.type("where is order 100001")
    t.type("where is my other order?")
    assert t.type("100002") == ["identify.code"]
    assert "100002" in t.words()
    assert t.type("where is order 100003") == ["identify.code"], "called an order number, it is no code"
    assert tried(t) == []


def test_a_fact_typed_while_the_bot_asks_what_was_meant_answers_the_question_before() -> None:
    t = shop()
    assert t.type("where is my order") == ["track.number"]
    unsure(t)
    assert t.type("it is 1001") == ["identify.code"]
    assert [frame.flow for frame in t.state.frames] == ["track"]


def test_a_question_that_was_never_answered_does_not_come_back_once_the_customer_has_moved_on() -> None:
    t = shop()
    assert t.type("I want to cancel my order") == ["person.offer"]
    assert t.type("where is order 1001") == ["identify.code"]
    assert t.type(CODE) == ["track.order", "track.more"]
    assert t.state.frames == ()


def test_an_order_asked_about_earlier_does_not_come_back_after_another() -> None:
    t = shop()
    t.type("where is order 1001")
    t.type("where is order 1002")
    assert t.type(CODE) == ["track.order", "track.more"]
    assert "Order 1002" in t.words()
    assert t.state.frames == ()


def test_what_the_customer_has_given_something_to_is_come_back_to() -> None:
    t = shop()
    t.type("change my delivery address")
    t.type("1001")
    assert t.type("where is order 1002") == ["identify.code"]
    assert t.type(CODE) == ["track.order", "track.more", "resume.back", "identify.code"]
    assert [frame.flow for frame in t.state.frames] == ["change_address"]


def test_a_bare_number_is_an_order_to_track_as_the_menu_promises_but_not_a_number_in_a_story() -> None:
    assert shop().type("1030") == ["identify.code"]
    assert shop().type("it's 1030") == ["identify.code"]
    assert shop().type("qqq zzz vvv www 1030 qqq") == ["help.menu"]


def test_something_said_in_between_leaves_even_an_unanswered_question_open() -> None:
    t = shop()
    t.type("where is my order")
    assert t.type("thank you") == ["thanks.welcome", "resume.back", "track.number"]


def test_stopping_does_not_bring_back_what_was_left_before() -> None:
    t = shop()
    t.type("I want to cancel my order")
    t.type("where is order 1001")
    assert t.type("never mind") == ["cancel.done"]
    t.type("where is order 1001")
    t.type("my parcel arrived damaged")
    assert t.type("never mind") == ["cancel.done", "resume.back", "identify.code"]


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


def test_what_is_said_of_codes_is_true() -> None:
    t = shop()
    assert t.type("where is order 1001") == ["identify.code"]
    assert t.type("111111") == ["identify.wrong", "identify.again"]
    assert t.type("222222") == ["identify.wrong", "identify.again"]
    assert t.choose("button.new_code") == ["identify.new"]
    assert t.type("333333") == ["identify.wrong", "identify.again"]
    assert [action for action, _ in t.ran].count("send_code") == 2


def test_facts_for_what_only_a_person_does_are_answered_with_that() -> None:
    t = shop()
    t.type("I want to cancel my order")
    assert t.type("BR-1001") == ["person.offer_retry", "person.offer"]
