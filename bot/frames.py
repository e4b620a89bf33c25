"""A turn under way: the stack of frames, what is said, and how flows begin, stop, end and are corrected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from msgspec.structs import replace

from bot.builtin import BUILTIN, CHANGE_DONE, RESTART
from bot.dialogue import (
    ActionRefused,
    Amend,
    Asked,
    Chat,
    Finished,
    Flow,
    HandsOver,
    Needs,
    Start,
    Waits,
    drive,
    generation,
)
from bot.prompts import Prompt
from bot.state import Effect, Frame, Json, Option, Question, Say, State, Turn

Flows: TypeAlias = Mapping[str, Flow]

MAX_STEPS = 50
"""Flows begun or ended in one turn; more is a loop in a flow."""

DEEPEST = 6
"""Frames kept in a stack; beyond it the oldest is forgotten."""

REFUSED = object()
"""The value of a flow that let a refused action end it."""

BOT = "bot"
PENDING = "pending"


@dataclass
class Work:
    """A turn under way: the state so far and what is to be said."""

    state: State
    at: datetime
    flows: Flows
    out: list[Say] = field(default_factory=list)

    def turn(self, effect: Effect | None = None) -> Turn:
        """What came of it so far."""
        return Turn(state=self.state, messages=tuple(self.out), effect=effect)

    def flow(self, name: str) -> Flow | None:
        """A flow of the table, or one that the engine itself brings."""
        return self.flows.get(name) or BUILTIN.get(name)

    def title(self, name: str) -> str:
        """The text key of what a flow is about; empty when it has none."""
        flow = self.flow(name)
        return flow.title if flow else ""

    def say(self, key: str, buttons: tuple[Option, ...] = (), **params: str) -> None:
        """Says something of the engine's own."""
        self.out.append(Say(text=key, params={n: v for n, v in params.items() if v}, buttons=buttons))

    def push(self, name: str, slots: Mapping[str, str] | None = None, args: Mapping[str, Json] | None = None) -> None:
        """Begins a flow on top of what is under way."""
        flow = self.flow(name)
        if flow is None:
            raise LookupError(f"there is no flow {name!r}")
        made = self.state.frames_made + 1
        frame = Frame(id=made, flow=name, version=flow.version, args=dict(args or {}), slots=dict(slots or {}))
        self.state = replace(self.state, frames=(*self.state.frames, frame)[-DEEPEST:], frames_made=made)

    def pop(self) -> Frame:
        """Drops the top frame."""
        *rest, top = self.state.frames
        self.state = replace(self.state, frames=tuple(rest))
        return top

    def lift(self, frame: Frame) -> None:
        """Goes back to a frame further down: what lies above it comes under it, or is dropped if it is transient."""
        place = self.state.frames.index(frame)
        above = [it for it in self.state.frames[place + 1 :] if not self.is_transient(it)]
        self.state = replace(self.state, frames=(*self.state.frames[:place], *above, frame))

    def is_transient(self, frame: Frame) -> bool:
        """Whether a frame is dropped, not returned to, when the person turns to something else."""
        flow = self.flow(frame.flow)
        return flow is not None and flow.transient

    def change(self, frame: Frame) -> None:
        """Puts a changed top frame in place of the old one."""
        self.state = replace(self.state, frames=(*self.state.frames[:-1], frame))

    def run(self) -> Turn:
        """Runs the top frame, and those below as it ends, until something has to be waited for."""
        for _ in range(MAX_STEPS):
            frame = self.state.top
            if frame is None:
                return self.turn()
            flow = self.flow(frame.flow)
            body = flow.body(frame.version) if flow else None
            if body is None:
                self._offer_restart(frame)
                continue
            chat = Chat(frame, self.at)
            try:
                outcome = drive(body, chat)
            except ActionRefused:
                outcome = Finished(REFUSED)
            self.out += chat.out
            self.change(replace(frame, slots=chat.slots, said=chat.said, due_at=None))
            match outcome:
                case Finished(value):
                    self._finish(value)
                    continue
                case Asked(slot, prompt, params):
                    self._ask(slot, prompt, params)
                case Needs(effect):
                    return self.turn(effect)
                case Waits(until):
                    self.change(replace(self._top, due_at=until, question=None))
                case HandsOver():
                    self.state = replace(self.state, control=PENDING)
            return self.turn()
        raise RuntimeError(f"more than {MAX_STEPS} flows began or ended in one turn")

    @property
    def _top(self) -> Frame:
        top = self.state.top
        assert top is not None
        return top

    def _ask(self, slot: str, prompt: Prompt, params: Mapping[str, str]) -> None:
        """Asks the top frame's question; one that was asked before keeps its id, so that its old buttons still work."""
        top = self._top
        before = top.question
        number = self.state.questions + 1
        question = Question(
            id=number, slot=slot, text=prompt.text, params=dict(params), options=prompt.options, expects=prompt.expects
        )
        if before is not None and replace(question, id=before.id) == before:
            question = before
        else:
            self.state = replace(self.state, questions=number)
        self.change(replace(self._top, question=question))
        buttons = tuple(
            Option(value=f"q{question.id}:{index}", label=option.label) for index, option in enumerate(prompt.options)
        )
        self.out.append(Say(text=question.text, params=question.params, buttons=buttons))

    def come_back(self, gone: Frame) -> None:
        """A frame has ended: says what the conversation goes back to, if it goes back to anything.

        Something said in between leaves what lies below as it was. But who was asked things by another flow, and
        answered, has moved on from a question that they never gave anything to, and from the same wish made earlier:
        those do not come back (docs/decisions/022).
        """
        if gone.question is not None and not self.is_transient(gone):
            kept = [it for it in self.state.frames if it.flow != gone.flow and (it.slots or it.done)]
            self.state = replace(self.state, frames=tuple(kept))
        top = self.state.top
        title = self.title(top.flow) if top is not None else ""
        if title:
            self.say("resume.back", topic=title)

    def _finish(self, value: object) -> None:
        gone = self.pop()
        if value is REFUSED:
            self.say("fallback.refused", buttons=(Option(value="do:talk", label="button.talk"),))
        if isinstance(value, Start):
            self.push(value.flow, value.slots)
            return
        top = self.state.top
        if top is None:
            return
        if isinstance(value, Amend):
            undone = dict(top.undone)
            for name in value.undone:
                undone[name] = undone.get(name, 0) + 1
            self.change(replace(top, slots={**top.slots, value.slot: value.value}, undone=undone))
            return
        self.come_back(gone)

    def _offer_restart(self, frame: Frame) -> None:
        """The frame's version is no longer kept: what was answered is kept for a fresh start."""
        self.pop()
        if self.flow(frame.flow) is not None:
            self.push(RESTART, args={"flow": frame.flow, "slots": frame.slots})

    def correct(self, slot: str, value: str) -> None:
        """Changes an answer of the top frame; one that an effect rests on is not changed silently."""
        top = self._top
        resting = [
            (name, done) for name, done in top.done.items() if slot in done.rests_on and not _taken_back(top, name)
        ]
        if not resting:
            self.say("correction.noted")
            self.change(replace(top, slots={**top.slots, slot: value}))
            return
        if all(done.undo for _, done in resting):
            effects = [{"name": generation(name)[0], "undo": done.undo, "args": done.args, "result": done.result}
                       for name, done in reversed(resting)]  # fmt: skip
            self.push(CHANGE_DONE, args={"slot": slot, "value": value, "effects": effects})
            return
        self.say("commit.fixed", buttons=(Option(value="do:talk", label="button.talk"),))


def _taken_back(frame: Frame, name: str) -> bool:
    """Whether an effect was undone: a later generation of the same name counts now."""
    plain, count = generation(name)
    return count <= frame.undone.get(plain, 0)
