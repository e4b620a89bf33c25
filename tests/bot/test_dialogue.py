"""The dialogue engine: answers, corrections, digressions, commit points, waits, hand-over, versions."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from bot.dialogue import ActionRefused, Chat, Flow, Start
from bot.entities import EMAIL, ORDER_NUMBER, QUANTITY
from bot.flows import FLOWS
from bot.prompts import FREE_TEXT, YES_NO, Prompt
from bot.state import Heard, Option
from tests.bot.talk import Refuse, Talk

ORDER = Prompt("track.number", expects=(ORDER_NUMBER,), retry="track.number_retry")
COLOUR = Prompt("help.menu", options=(Option(value="red", label="=Red"), Option(value="blue", label="=Blue")))
HOW_MANY = Prompt("ask.again", expects=(QUANTITY,))
MAIL = Prompt("unsure.which", expects=(EMAIL,))


async def shop(chat: Chat) -> None:
    colour = await chat.ask("colour", COLOUR)
    count = await chat.ask("count", HOW_MANY)
    mail = await chat.ask("mail", MAIL)
    placed = await chat.do("place", "place", colour=colour, count=int(count), mail=mail)
    await chat.say("track.order", number=placed)
    await chat.ask("more", Prompt("track.more", options=YES_NO))


async def shop_undo(chat: Chat) -> None:
    colour = await chat.ask("colour", COLOUR)
    placed = await chat.do("place", "place", undo="unplace", colour=colour)
    await chat.say("track.order", number=placed)
    await chat.ask("more", Prompt("track.more", options=YES_NO))
    await chat.say("thanks.welcome")


def talk(body: Any, **actions: Any) -> Talk:
    conversation = Talk({**FLOWS, "shop": Flow("shop", body, title="flow.help")}, actions)
    conversation.press("do:shop")
    return conversation


def test_answers_are_kept_and_an_action_runs_once() -> None:
    t = talk(shop, place=lambda **_: "1001")
    assert [say.text for say in t.last] == ["help.menu"]
    assert t.choose("=Blue") == ["ask.again"]
    assert t.type("two") == ["unsure.which"]
    assert t.type("Anna@Example.org") == ["track.order", "track.more"]
    t.type("no idea what you want from me")
    assert t.ran == [("place", {"colour": "blue", "count": 2, "mail": "anna@example.org"})]


def test_a_typed_label_or_number_presses_the_button() -> None:
    assert talk(shop).type("blue") == ["ask.again"]
    assert talk(shop).type("2") == ["ask.again"]
    t = talk(shop)
    assert t.type("the green one, with stripes and a hat")[-1] == "help.menu"
    assert "colour" not in t.state.frames[-1].slots


def test_a_correction_changes_one_answer_and_keeps_those_that_hold() -> None:
    t = talk(shop, place=lambda **_: "1001")
    t.type("red")
    t.type("3")
    assert t.type("no, blue") == ["correction.noted", "unsure.which"]
    slots = t.state.frames[-1].slots
    assert slots == {"colour": "blue", "count": "3"}


def test_a_fact_that_fits_only_an_earlier_question_corrects_it() -> None:
    async def body(chat: Chat) -> None:
        number = await chat.ask("order", ORDER)
        await chat.ask("mail", MAIL, number=number)

    t = talk(body)
    t.type("1001")
    assert t.type("sorry, it is #1002") == ["correction.noted", "unsure.which"]
    assert t.state.frames[-1].slots["order"] == "1002"
    assert t.type("order 1003") == ["correction.noted", "unsure.which"]
    assert t.state.frames[-1].slots["order"] == "1003"


def test_an_answer_that_no_longer_holds_is_asked_again() -> None:
    sizes = {"red": ("s", "m"), "blue": ("m", "l")}

    def size(colour: str) -> Prompt:
        return Prompt("track.more", options=tuple(Option(value=it, label=f"={it}") for it in sizes[colour]))

    async def body(chat: Chat) -> None:
        colour = await chat.ask("colour", COLOUR)
        await chat.ask("size", size, colour=colour)
        await chat.ask("count", HOW_MANY)

    t = talk(body)
    t.type("red")
    t.type("m")
    assert t.type("no, blue") == ["correction.noted", "ask.again"], "m exists in blue too: it holds"
    t.type("no, red")
    t.type("no, s")
    assert t.state.frames[-1].slots == {"colour": "red", "size": "s"}
    assert t.type("no, blue") == ["correction.noted", "track.more"], "there is no s in blue: asked again"


def test_a_commit_point_is_not_changed_silently() -> None:
    t = talk(shop, place=lambda **_: "1001")
    for words in ("red", "3", "a@b.de"):
        t.type(words)
    assert t.type("no, blue")[0] == "commit.fixed"
    assert t.state.frames[-1].slots["colour"] == "red"
    assert len(t.ran) == 1


def test_a_commit_point_with_an_undo_is_taken_back_on_confirmation() -> None:
    placed = iter(["1001", "1002"])
    t = talk(shop_undo, place=lambda **_: next(placed), unplace=lambda **_: None)
    t.type("red")
    assert t.type("no, blue") == ["commit.sure"]
    assert t.choose("button.no")[0] == "commit.kept"
    assert t.ran == [("place", {"colour": "red"})]
    assert t.type("no, blue") == ["commit.sure"]
    assert t.choose("button.yes") == ["track.order", "track.more"]
    assert [name for name, _ in t.ran] == ["place", "unplace", "place"]
    assert t.ran[1][1] == {"args": {"colour": "red"}, "result": "1001"}
    assert t.words().startswith("Order 1002")


def test_a_digression_comes_back_to_the_question() -> None:
    t = talk(shop)
    t.type("red")
    assert t.type("thank you") == ["thanks.welcome", "resume.back", "ask.again"]
    assert t.type("I want to cancel my order") == ["person.offer"]
    assert t.choose("button.no") == ["person.declined", "resume.back", "ask.again"]
    assert t.type("4") == ["unsure.which"]


def test_the_same_question_keeps_its_buttons_after_a_digression() -> None:
    t = talk(shop)
    button = t.last[0].buttons[1].value
    t.type("thank you")
    assert t.press(button) == ["ask.again"]
    assert t.state.frames[-1].slots == {"colour": "blue"}


def test_a_button_of_an_earlier_question_says_so() -> None:
    t = talk(shop)
    old = t.last[0].buttons[0].value
    t.type("blue")
    for value in (old, "q9999:0", "q2:7", "q2:x", "q2", "nonsense", "do:nothing_like_it", ""):
        if value:
            assert t.press(value) == ["button.earlier", "ask.again"]
    assert t.state.frames[-1].slots == {"colour": "blue"}


def test_cancel_and_repeat() -> None:
    t = talk(shop)
    assert t.type("repeat") == ["help.menu"]
    assert t.type("/cancel") == ["cancel.done"]
    assert t.state.frames == ()
    assert t.type("cancel") == ["cancel.nothing"]
    t = talk(shop, place=lambda **_: "1001")
    for words in ("red", "3", "a@b.de"):
        t.type(words)
    assert t.type("never mind") == ["cancel.done_stays"]


def test_free_text_takes_any_words_but_a_bare_command_steers() -> None:
    async def body(chat: Chat) -> None:
        why = await chat.ask("why", Prompt("ask.again", expects=(FREE_TEXT,)))
        await chat.say("track.order", number=why)

    t = talk(body)
    assert t.type("where is my order") == ["track.order"]
    assert "where is my order" in t.words()
    assert talk(body).type("/cancel") == ["cancel.done"]


def test_not_sure_offers_meanings_as_buttons_and_keeps_facts() -> None:
    t = Talk(FLOWS, {"may_see": lambda number: True, "show_order": lambda number: []})
    heard = Heard(
        at=t.now,
        text="?",
        intents=(("claim", 0.4), ("track", 0.39), ("cancel", 0.3)),
        found=replace(Heard(at=t.now)).found,
    )
    assert t.hear(heard) == ["unsure.which"]
    assert [button.label for button in t.last[0].buttons] == ["flow.claim", "flow.track", "button.none"]
    assert t.choose("flow.track") == ["track.number"]
    t.hear(heard)
    assert t.choose("button.none")[:1] == ["unsure.rephrase"]
    t.hear(heard)
    assert t.type("thank you") == ["thanks.welcome", "resume.back", "track.number"], "an offer is not returned to"


def test_a_refused_action_is_the_same_on_every_run() -> None:
    async def body(chat: Chat) -> None:
        await chat.ask("colour", COLOUR)
        try:
            await chat.do("place", "place")
        except ActionRefused as refused:
            await chat.say("track.order", number=refused.code)
        await chat.ask("count", HOW_MANY)

    def place() -> None:
        raise Refuse("conflict")

    t = talk(body, place=place)
    assert t.type("red") == ["track.order", "ask.again"]
    assert "conflict" in t.words()
    t.type("what")
    assert len(t.ran) == 1


def test_reading_again_when_arguments_change_binds_nobody() -> None:
    async def body(chat: Chat) -> None:
        number = await chat.ask("order", ORDER)
        seen = await chat.look("order", "read", number=number)
        await chat.say("track.order", number=seen)
        await chat.ask("more", Prompt("track.more", options=YES_NO))

    t = talk(body, read=lambda number: number)
    t.type("1001")
    assert t.type("no, 1002") == ["correction.noted", "track.order", "track.more"]
    assert t.ran == [("read", {"number": "1001"}), ("read", {"number": "1002"})]


def test_a_wait_ends_by_time_and_only_then() -> None:
    async def body(chat: Chat) -> None:
        await chat.wait("nap", timedelta(hours=1))
        await chat.say("thanks.welcome")

    t = talk(body)
    assert t.last == []
    due = t.state.due_at
    assert due is not None and due - t.now == timedelta(hours=1) - timedelta(seconds=1)
    assert t.hear(Heard(at=due - timedelta(seconds=1), kind="due")) == []
    assert t.hear(Heard(at=due, kind="due")) == ["thanks.welcome"]
    assert t.state.due_at is None


def test_while_a_person_has_the_word_the_bot_is_silent_and_comes_back() -> None:
    t = talk(shop)
    t.type("red")
    assert t.type("I want to talk to someone") == ["desk.waiting"]
    assert t.state.control == "pending"
    assert t.type("hello?") == []
    assert t.hear(Heard(at=t.now, kind="released")) == ["desk.back", "resume.back", "ask.again"]
    assert t.state.control == "bot"
    t.type("talk to an agent please")
    assert t.type("/start") == ["start.hello"], "nobody is stuck waiting"


def test_a_version_that_is_gone_offers_a_restart_with_answers_kept() -> None:
    t = talk(shop)
    t.type("red")
    old = t.flows["shop"]
    t.flows = {**t.flows, "shop": Flow("shop", shop, version=2, earlier={1: shop}, title=old.title)}
    assert t.type("qqq")[-1] == "ask.again", "the version it began with is kept"
    t.flows = {**t.flows, "shop": Flow("shop", shop, version=2, title=old.title)}
    assert t.type("3") == ["restart.again"]
    assert t.choose("button.yes") == ["ask.again"]
    assert t.state.frames[-1].slots == {"colour": "red"}
    assert t.state.frames[-1].version == 2


def test_a_flow_that_is_gone_altogether_is_dropped() -> None:
    t = talk(shop)
    t.flows = FLOWS
    assert t.type("hello") == ["help.menu"]


def test_subflows_keep_their_slots_and_effects_apart() -> None:
    async def part(chat: Chat, what: str) -> str:
        answer = await chat.ask("colour", COLOUR)
        await chat.do("place", "place", what=what)
        return answer

    async def body(chat: Chat) -> None:
        one = await chat.call(part, "one", what="a")
        two = await chat.call(part, "two", what="b")
        await chat.say("track.order", number=f"{one}{two}")

    t = talk(body, place=lambda what: what)
    t.type("red")
    assert t.type("blue") == ["track.order"]
    assert "redblue" in t.words()
    assert len(t.ran) == 2


def test_a_flow_may_not_wait_for_anything_but_its_chat() -> None:
    async def body(chat: Chat) -> None:
        await asyncio.sleep(0)

    with pytest.raises(TypeError, match="no I/O"):
        talk(body)


def test_a_flow_that_starts_itself_for_ever_is_stopped() -> None:
    async def body(chat: Chat) -> Start:
        return Start("shop")

    with pytest.raises(RuntimeError, match="flows began or ended"):
        talk(body)


def test_the_stack_does_not_grow_without_end() -> None:
    t = Talk(FLOWS)
    for _ in range(20):
        t.type("I want to cancel my order")
        t.type("my parcel arrived damaged")
    assert len(t.state.frames) <= 6


def test_a_long_effect_name_still_fits_its_column() -> None:
    async def body(chat: Chat) -> None:
        await chat.do("x" * 100, "place")
        await chat.ask("colour", COLOUR)

    t = talk(body, place=lambda: 1)
    assert len(t.ran) == 1
