"""What a conversation remembers between events, and what one turn gives back. All values: nothing here does anything.

A conversation is a stack of frames; each frame is one flow under way with its named slots. `State` is kept in the
conversation's row, `Done` in the effects table, and a turn is a pure function from one state and one event to the next.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeAlias

from hub.domain.order import Value

Json: TypeAlias = Any
"""Whatever JSON can hold; slots, arguments and results are kept as JSON."""


class Option(Value, frozen=True):
    """One choice. `label` is a text key, or literal text after a leading `=`."""

    value: str
    label: str


class Say(Value, frozen=True):
    """One message to the person: a text key with parameters. Messages of one `edit_key` replace each other where the
    transport can edit. A button's value is `q<question>:<option>`, or `do:<flow>` with an optional `:<answer>`."""

    text: str
    params: dict[str, str] = {}
    buttons: tuple[Option, ...] = ()
    edit_key: str = ""


class Question(Value, frozen=True):
    """What was asked last in a frame. `id` is on its buttons, so that a button says which question it belongs to."""

    id: int
    slot: str
    text: str
    params: dict[str, str] = {}
    options: tuple[Option, ...] = ()
    expects: tuple[str, ...] = ()


class Done(Value, frozen=True):
    """An effect that happened, for ever. `error` is the code of the failure when the action refused.

    `rests_on` names the slots answered before it: changing one of them later needs `undo`, the action that takes the
    effect back, or a person.
    """

    action: str
    args: dict[str, Json] = {}
    result: Json = None
    error: str = ""
    rests_on: tuple[str, ...] = ()
    undo: str = ""


class Effect(Value, frozen=True):
    """An action a turn wants run before it can go on. Unique by conversation, `frame` and `name`."""

    frame: int
    name: str
    action: str
    args: dict[str, Json] = {}
    rests_on: tuple[str, ...] = ()
    undo: str = ""

    def done(self, result: Json = None, error: str = "") -> Done:
        """What happened, ready to be kept."""
        return Done(
            action=self.action, args=self.args, result=result, error=error, rests_on=self.rests_on, undo=self.undo
        )


class Frame(Value, frozen=True):
    """One flow under way, pinned to the version it began with. `said` maps each message said to a digest of it.

    `done` comes from the effects table; `undone` counts how often an effect was taken back and may be done again.
    """

    id: int
    flow: str
    version: int
    args: dict[str, Json] = {}
    slots: dict[str, str] = {}
    said: dict[str, str] = {}
    question: Question | None = None
    due_at: datetime | None = None
    undone: dict[str, int] = {}
    done: dict[str, Done] = {}


class State(Value, frozen=True):
    """A whole conversation. The last frame has the word. `control` is `bot`, `pending` or `agent:<id>`."""

    frames: tuple[Frame, ...] = ()
    control: str = "bot"
    locale: str = "en"
    questions: int = 0
    frames_made: int = 0
    tongue_by: str = ""

    @property
    def top(self) -> Frame | None:
        """The frame that has the word; None when nothing is under way."""
        return self.frames[-1] if self.frames else None

    @property
    def due_at(self) -> datetime | None:
        """When the conversation goes on by itself, if it waits for a time."""
        times = [frame.due_at for frame in self.frames if frame.due_at is not None]
        return min(times) if times else None


class Kept(Value, frozen=True):
    """The part of a `State` that has no column of its own: goes to the conversation's `slots`. `tongue_by` is how the
    language of `locale` is known (`bot.tongues.HOW`)."""

    questions: int = 0
    frames_made: int = 0
    tongue_by: str = ""


class Found(Value, frozen=True):
    """Something recognised in a message: `kind` is order_number, email, postcode, quantity, tracking_number, code …"""

    kind: str
    value: str


class Tongue(Value, frozen=True):
    """What words say about the language: which it is, and `how` that is known (`bot.tongues.HOW`)."""

    language: str
    how: str


class Heard(Value, frozen=True):
    """One event, understood. `kind` is message, due (a wait is over) or released (an agent gave the word back).

    `button` is the value of the button that was pressed; `intents` are (name, confidence 0–1), best first; `corrected`
    is what follows when the message begins like a correction ("no, …"). `wish` is the intent, with its confidence, that
    is left without numbers and the words that are said of any order ("my order", "please"). `at` is when it happened:
    all the time a turn knows of.
    """

    at: datetime
    kind: str = "message"
    text: str = ""
    button: str = ""
    found: tuple[Found, ...] = ()
    intents: tuple[tuple[str, float], ...] = ()
    corrected: str = ""
    wish: tuple[str, float] = ("", 0.0)
    tongue: Tongue | None = None

    def entity(self, *kinds: str) -> str | None:
        """The first thing found of any of `kinds`, in the order of `kinds`."""
        for kind in kinds:
            for found in self.found:
                if found.kind == kind:
                    return found.value
        return None


class Turn(Value, frozen=True):
    """What one event led to. With an `effect`, run it and `resume`; without, the turn is over."""

    state: State
    messages: tuple[Say, ...] = ()
    effect: Effect | None = None
