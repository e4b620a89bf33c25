"""One turn of a dialogue, pure: from a state and one event to the next state, messages, and at most one effect to run.

    turn = begin(state, heard, flows)
    while turn.effect is not None:
        done = …run it…
        turn = resume(turn.state, turn.effect, done, flows, heard.at)

Messages of each part are to be sent in order. The same input gives the same output, always.
"""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from bot.frames import Flows, Work
from bot.hearing import hear
from bot.state import Done, Effect, Heard, State, Turn
from bot.tongues import settled


def begin(state: State, heard: Heard, flows: Flows) -> Turn:
    """The first part of a turn, in the language of what was heard. Nothing happens while a person has the word."""
    work = Work(settled(state, heard), heard.at, flows)
    return work.run() if hear(work, heard) else work.turn()


def resume(state: State, effect: Effect, done: Done, flows: Flows, at: datetime) -> Turn:
    """The next part, once the effect has happened."""
    frames = tuple(
        replace(frame, done={**frame.done, effect.name: done}) if frame.id == effect.frame else frame
        for frame in state.frames
    )
    return Work(replace(state, frames=frames), at, flows).run()
