"""Drives dialogues in tests: every turn is run twice and compared, and goes through JSON in between."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from bot.dialogue import Flow
from bot.state import Done, Effect, Heard, Say, State, Turn
from bot.texts import text
from bot.turn import begin, resume
from bot.understanding import understand

START = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)

Action = Callable[..., Any]


class Refuse(Exception):
    """What a test's action raises to refuse."""


class Talk:
    """One conversation with a table of flows and a table of actions. `ran` lists every effect that ran."""

    def __init__(self, flows: Mapping[str, Flow], actions: Mapping[str, Action] | None = None) -> None:
        self.flows = flows
        self.actions = actions or {}
        self.state = State()
        self.now = START
        self.ran: list[tuple[str, dict[str, Any]]] = []
        self.last: list[Say] = []

    def type(self, words: str) -> list[str]:
        """Says something; returns the text keys of the answer."""
        return self.hear(understand(words, self.now))

    def press(self, value: str) -> list[str]:
        """Presses a button by its value."""
        return self.hear(Heard(at=self.now, button=value))

    def choose(self, label: str) -> list[str]:
        """Presses the button with that label key under the latest messages."""
        for say in reversed(self.last):
            for button in say.buttons:
                if button.label == label:
                    return self.press(button.value)
        raise AssertionError(f"no button {label!r} under {self.last}")

    def hear(self, heard: Heard) -> list[str]:
        self.last = []
        turn = self._twice(lambda: begin(self.state, heard, self.flows))
        while turn.effect is not None:
            done = self._run(turn.effect)
            state, effect = self.state, turn.effect
            turn = self._twice(
                lambda state=state, effect=effect, done=done: resume(state, effect, done, self.flows, heard.at)
            )
        self.now += timedelta(seconds=1)
        return [say.text for say in self.last]

    def words(self) -> str:
        """The latest answer in English."""
        return "\n".join(text(say.text, "en", say.params) for say in self.last)

    def _twice(self, part: Callable[[], Turn]) -> Turn:
        one, two = part(), part()
        assert one == two, "a turn must be a pure function"
        self.state = msgspec.json.decode(msgspec.json.encode(one.state), type=State)
        assert self.state == one.state, "a state must survive the database"
        self.last += one.messages
        return one

    def _run(self, effect: Effect) -> Done:
        frame = next(frame for frame in self.state.frames if frame.id == effect.frame)
        assert effect.name not in frame.done, f"{effect.name} would happen twice"
        assert len(effect.name) <= 64
        self.ran.append((effect.action, effect.args))
        try:
            return effect.done(self.actions[effect.action](**effect.args))
        except Refuse as error:
            return effect.done(error=str(error))
