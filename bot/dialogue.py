"""What a flow is written with: ask, do, look, say, call, wait, hand_over. A flow is a plain coroutine, re-run.

On every event the coroutine runs again from the top over its named slots: `ask` returns the stored answer, or asks and
stops the turn; `do` returns the stored result of its action, or stops until the action has run once. No live coroutine
exists between events, so nothing is lost in a crash. A flow body has no clock, no chance and no I/O of its own; waiting
for anything but its chat is an error.

    async def return_items(chat: Chat) -> None:
        order = await chat.ask("order", ORDER)
        reason = await chat.ask("reason", REASON)
        rma = await chat.do("request_return", "request_return", order=order, reason=reason)
        await chat.say("return.accepted", rma=rma)
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Coroutine, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NoReturn, TypeAlias, TypeVar

import msgspec
from msgspec.structs import replace

from bot.prompts import Prompt
from bot.state import Effect, Frame, Json, Option, Say
from hub.errors import CrossdockError

T = TypeVar("T")

LONGEST_NAME = 60
"""Longest name of an effect; its column takes 64, and one that is done again after an undo has its count appended."""


class ActionRefused(CrossdockError):
    """An action of `do` or `look` refused: `code` is the failure's own (`not_found`, `conflict` …), for the flow to
    tell the person. It is raised again, the same, on every re-run."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


# ---------------------------------------------------------------- what a flow's body stops with


@dataclass(frozen=True, slots=True)
class Asked:
    """The flow waits for an answer to `prompt`."""

    slot: str
    prompt: Prompt
    params: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Needs:
    """The flow waits for an effect."""

    effect: Effect


@dataclass(frozen=True, slots=True)
class Waits:
    """The flow waits for a time."""

    until: datetime


@dataclass(frozen=True, slots=True)
class HandsOver:
    """The flow gives the word to a person."""


@dataclass(frozen=True, slots=True)
class Finished:
    """The flow has ended with `value`."""

    value: object = None


Outcome: TypeAlias = Asked | Needs | Waits | HandsOver | Finished


# ---------------------------------------------------------------- what a flow may return


@dataclass(frozen=True, slots=True)
class Start:
    """Returned by a flow: `flow` takes its place, with these slots already answered."""

    flow: str
    slots: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Amend:
    """Returned by a flow: an answer of the frame below changes, now that the effects which rested on it are undone."""

    slot: str
    value: str
    undone: Sequence[str]


@dataclass(frozen=True, slots=True)
class Flow:
    """One entry of the table of flows. A dialogue stays with the version it began with.

    `earlier` keeps bodies of previous versions by number. `fills` maps slots to the kind of entity that answers them
    when it comes with the request itself. A `transient` flow is dropped, not returned to, when the person turns to
    something else. `title` is the text key of what it is about.
    """

    name: str
    run: Body
    version: int = 1
    earlier: Mapping[int, Body] = field(default_factory=dict)
    fills: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    transient: bool = False
    title: str = ""

    def body(self, version: int) -> Body | None:
        """The flow's body of that version; None when it is no longer kept."""
        return self.run if version == self.version else self.earlier.get(version)


class _Stop(Awaitable[None]):
    """Hands an outcome to `drive`, which closes the coroutine."""

    def __init__(self, outcome: Outcome) -> None:
        self._outcome = outcome

    def __await__(self) -> Generator[Outcome, None, None]:
        yield self._outcome


class Chat:
    """A flow's side of the conversation, for one run of one frame."""

    def __init__(self, frame: Frame, at: datetime) -> None:
        self._frame = frame
        self._at = at
        self._scope = ""
        self._spoken: dict[str, int] = {}
        self.slots = dict(frame.slots)
        self.said = dict(frame.said)
        self.out: list[Say] = []
        self.asked: dict[str, Prompt] = {}
        """Slots asked in this run, in order, with what they were asked by."""

    @property
    def flow(self) -> str:
        """The name of the frame's flow."""
        return self._frame.flow

    @property
    def args(self) -> dict[str, Json]:
        """What the frame was started with."""
        return self._frame.args

    async def ask(self, slot: str, prompt: Prompt | Callable[..., Prompt], **params: object) -> str:
        """The answer to `prompt`, kept under `slot`; asks and stops the turn while there is none.

        A prompt that depends on earlier answers is given as a function of `params`. A kept answer that no longer holds
        for it (after a correction, say) is dropped and asked for again; all others stay.
        """
        name = self._scope + slot
        wanted = prompt if isinstance(prompt, Prompt) else prompt(**params)
        self.asked[name] = wanted
        answer = self.slots.get(name)
        if answer is not None and wanted.holds(answer):
            return answer
        self.slots.pop(name, None)
        return await self._stop(Asked(name, wanted, _words(params)))

    async def do(self, name: str, action: str, *, undo: str = "", binding: bool = True, **args: Json) -> Json:
        """The result of `action`, which runs once for this name, for ever. Raises `ActionRefused`.

        A commit point: answers given before it are not changed afterwards unless `undo` names the action that takes it
        back. Not so with `binding` off: for what must happen once but commits nobody (sending a code).
        """
        wanted = Effect(frame=self._frame.id, name=self._scope + name, action=action, args=args, undo=undo,
                        rests_on=tuple(self.asked) if binding else ())  # fmt: skip
        return await self._effect(wanted)

    async def look(self, name: str, action: str, **args: Json) -> Json:
        """As `do`, for an action that only reads: no commit point, and it reads anew when its arguments change."""
        name = f"{self._scope}{name}~{_digest(args)}"
        return await self._effect(Effect(frame=self._frame.id, name=name, action=action, args=args))

    async def say(self, text: str, *, buttons: Sequence[Option] = (), edit_key: str = "", **params: object) -> None:
        """Says a text once. After a correction it is said again if its parameters have changed."""
        message = Say(text=text, params=_words(params), buttons=tuple(buttons), edit_key=edit_key)
        name = self._scope + text
        count = self._spoken[name] = self._spoken.get(name, 0) + 1
        name = name if count == 1 else f"{name}#{count}"
        digest = _digest(message)
        if self.said.get(name) != digest:
            self.said[name] = digest
            self.out.append(message)

    async def call(self, subflow: Callable[..., Coroutine[Any, Any, T]], name: str = "", **args: Json) -> T:
        """Runs another flow's body here, its slots and effects under its own name; returns what it returns."""
        outer = self._scope
        self._scope = f"{outer}{name or subflow.__name__}/"
        try:
            return await subflow(self, **args)
        finally:
            self._scope = outer

    async def wait(self, name: str, until: datetime | timedelta) -> None:
        """Stops until a time, or for a while from when this was first reached."""
        slot = f"{self._scope}wait:{name}"
        if slot not in self.slots:
            self.slots[slot] = (until if isinstance(until, datetime) else self._at + until).isoformat()
        when = datetime.fromisoformat(self.slots[slot])
        if self._at < when:
            await self._stop(Waits(when))

    async def hand_over(self, name: str = "person") -> None:
        """Gives the word to a person; goes on once they give it back."""
        slot = f"{self._scope}handed:{name}"
        if slot not in self.slots:
            self.slots[slot] = "yes"
            await self._stop(HandsOver())

    async def _effect(self, wanted: Effect) -> Json:
        name = _short(wanted.name)
        again = self._frame.undone.get(name, 0)
        name = f"{name}#{again + 1}" if again else name
        done = self._frame.done.get(name)
        if done is None:
            return await self._stop(Needs(replace(wanted, name=name)))
        if done.error:
            raise ActionRefused(done.error)
        return done.result

    async def _stop(self, outcome: Outcome) -> NoReturn:
        await _Stop(outcome)
        raise RuntimeError("a stopped flow must not go on")


Body: TypeAlias = Callable[[Chat], Coroutine[Any, Any, object]]
"""A flow: a coroutine function over its chat. It may return `Start` or nothing."""


def drive(body: Body, chat: Chat) -> Outcome:
    """Runs a flow's body until it stops. Raises TypeError when it waits for anything but its chat."""
    run = body(chat)
    try:
        stopped = run.send(None)
    except StopIteration as end:
        return Finished(end.value)
    finally:
        run.close()
    if not isinstance(stopped, Asked | Needs | Waits | HandsOver):
        raise TypeError(f"the flow {chat.flow!r} waits for {stopped!r}: a flow body does no I/O of its own")
    return stopped


def generation(name: str) -> tuple[str, int]:
    """An effect's own name, and how many times it was done by then: ("x", 1), and ("x", 2) for `x#2`."""
    plain, _, count = name.rpartition("#")
    return (plain, int(count)) if plain and count.isdecimal() else (name, 1)


def _words(params: Mapping[str, object]) -> dict[str, str]:
    return {name: str(value) for name, value in params.items() if isinstance(value, str | int) and value != ""}


def _digest(value: object) -> str:
    return hashlib.sha256(msgspec.json.encode(value, order="sorted")).hexdigest()[:16]


def _short(name: str) -> str:
    """Names that are too long for their column keep their beginning and a digest of the whole."""
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 17]}~{_digest(name)}"
