"""Whatever is typed or pressed, in any order: a turn is pure, ends, and says only texts that exist."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from bot.actions import ACTIONS
from bot.state import Say
from hub.domain.address_standing import Standing
from tests.bot.shop import CODE, shop

LINES = st.sampled_from([
    "where is my order", "1001", "#1002", "no, 1003", "123456", "talk to someone", "cancel", "repeat", "thanks", "yes",
    "no", "my parcel is broken", "/start", "/help", "asdf", "new code", "", "😀", "wo ist mein paket",
    "cancel my order", "English please", "auf deutsch", "0" * 400, "sorry, order 77", "none of these", CODE,
    "change the address of 1002", "my address is wrong", "5", "111 51", "Drottninggatan 7", "no, Gamla gatan 3",
])  # fmt: skip
PRESSES = st.sampled_from([
    "do:track", "do:track:1001", "do:talk", "do:change_address", "do:change_address:1001", "q1:0", "q2:0", "q3:1",
    "q4:0", "q4:1", "q5:0", "q6:1", "do:", "q:", "x",
])  # fmt: skip
EVENTS = st.one_of(LINES.map(lambda line: ("type", line)), PRESSES.map(lambda value: ("press", value)))
CORRECTED = [("type", "Drottninggatan 7"), ("type", "111 51"), ("type", "yes")]
KNOWN = st.sampled_from([(), ("1001", "1002", "1003")])


def test_the_made_up_shop_knows_every_action() -> None:
    assert shop().actions.keys() == ACTIONS.keys()


@given(st.lists(EVENTS, max_size=25), st.sampled_from(Standing), KNOWN)
@example([("press", "do:change_address:1001"), *CORRECTED], Standing.HELD, ("1001",))
@example([("type", "change the address of 1002"), ("type", CODE), ("type", "yes")], Standing.HELD, ())
def test_any_conversation_is_pure_ends_every_turn_and_says_only_known_texts(
    events: list[tuple[str, str]], standing: Standing, known: tuple[str, ...]
) -> None:
    t = shop(standing, known)
    for kind, value in events:
        answer = t.type(value) if kind == "type" else t.press(value)
        assert answer or t.state.control != "bot"
        assert t.words() or not answer
        assert all(_small(say) for say in t.last)


def _small(say: Say) -> bool:
    return all(len(button.value.encode()) <= 64 for button in say.buttons)
