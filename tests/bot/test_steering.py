"""Where words belong when several questions are open: codes, facts for an earlier question, what is come back to."""

from __future__ import annotations

import pytest

from bot.state import Heard
from tests.bot.shop import CODE, shop, tried, unsure


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


@pytest.mark.parametrize(
    "words", ["no thanks", "No, thank you!", "nein danke", "ne danke dir", "danke, nein", "thanks but no"]
)
def test_a_no_with_thanks_leaves_a_question_that_no_no_answers(words: str) -> None:
    t = shop()
    t.type("where is my order")
    assert t.type(words) == ["cancel.done"]
    assert t.state.frames == ()


@pytest.mark.parametrize("words", ["no problem, thanks", "thank you, no worries at all", "danke"])
def test_thanks_without_a_no_leave_nothing(words: str) -> None:
    t = shop()
    t.type("where is my order")
    assert t.type(words) == ["thanks.welcome", "resume.back", "track.number"]


@pytest.mark.parametrize("words", ["no thanks", "nein danke"])
def test_a_no_with_thanks_is_the_no_of_a_question_that_has_one(words: str) -> None:
    t = shop()
    t.type("my parcel arrived damaged")
    offered = t.state.frames[-1].question
    assert offered is not None and "no" in [option.value for option in offered.options]
    assert t.type(words) == ["person.declined"]


def test_stopping_does_not_bring_back_what_was_left_before() -> None:
    t = shop()
    t.type("I want to cancel my order")
    t.type("where is order 1001")
    assert t.type("never mind") == ["cancel.done"]
    t.type("where is order 1001")
    t.type("my parcel arrived damaged")
    assert t.type("never mind") == ["cancel.done", "resume.back", "identify.code"]


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


def test_who_is_not_understood_twice_is_not_asked_the_same_again() -> None:
    t = shop()
    t.type("where is order 1001")
    assert unsure(t) == ["unsure.which"]
    assert t.type("qqq www") == ["unsure.rephrase", "identify.code"]
    assert [frame.flow for frame in t.state.frames] == ["track"]


@pytest.mark.parametrize("no", ["no", "No.", "nein"])
def test_a_plain_no_to_what_was_meant_is_none_of_these(no: str) -> None:
    t = shop()
    unsure(t)
    assert t.type(no) == ["unsure.rephrase"]
    assert t.state.frames == ()


def test_a_plain_yes_takes_the_only_meaning_there_was() -> None:
    t = shop()
    t.hear(Heard(at=t.now, text="hm", intents=(("claim", 0.45),)))
    assert t.type("yes") == ["person.offer"]


def test_a_shop_in_norway_may_number_its_orders_as_it_likes() -> None:
    t = shop()
    t.type("where is NO-1001")
    assert t.type("NO-1002") == ["correction.noted", "identify.code"]
    assert "order NO-1002" in t.words()
    assert t.type("no, NO-1003") == ["correction.noted", "identify.code"]
    assert "order NO-1003" in t.words()


def test_the_words_of_a_button_reach_the_question_under_a_passing_one() -> None:
    t = shop()
    t.type("where is order 1001")
    unsure(t)
    assert t.type("send a new code") == ["identify.new"]


def test_the_flow_under_way_is_not_offered_as_what_was_meant() -> None:
    t = shop()
    t.type("where is order 1001")
    assert t.hear(Heard(at=t.now, text="hm", intents=(("track", 0.45),))) == ["identify.code_retry", "identify.code"]
    assert t.hear(Heard(at=t.now, text="hm", intents=(("track", 0.45), ("claim", 0.44)))) == ["unsure.which"]
    assert [button.label for button in t.last[0].buttons] == ["flow.claim", "button.none"]
