"""One conversation, one worker, one transaction.

A worker takes the row of a conversation that has an event waiting, with `FOR UPDATE SKIP LOCKED`; then, in a statement
of its own, the oldest event (a snapshot from before the lock might show one that another worker has just finished). It
runs the turn with its effects and writes state, effects, transcript, outgoing messages and the event's end together. A
crash before the commit leaves nothing; the event is simply taken again.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec
import structlog
from msgspec.structs import replace

from bot.actions import ACTIONS
from bot.flows import FLOWS
from bot.frames import PENDING, Flows
from bot.outgoing import Outgoing
from bot.receiving import READERS
from bot.scene import Action, Scene, Tools
from bot.state import Done, Effect, Frame, Heard, Kept, Say, State
from bot.texts import FALLBACK
from bot.transports.port import Incoming
from bot.turn import begin, resume
from bot.understanding import understand
from hub.actions.services import Services
from hub.domain.lifecycle import FOREVER
from hub.domain.lifecycle import Inbox as InboxState
from hub.errors import CrossdockError
from hub.store.database import Row, Tx

log = structlog.get_logger()

WORK = "chat"
"""What is announced when an event for a conversation is kept."""

TRIES = 5
"""Times an event is tried before it is set aside and a person is called."""

POLL_SECONDS = 1.0
RELEASED = "released"
"""Topic of the event by which an agent gives the word back."""

_CLAIM = """SELECT c.* FROM inbox i JOIN conversations c ON c.id = i.subject_id
    WHERE i.kind = 1 AND i.state = 0 AND i.due_at <= $1
      AND NOT EXISTS (SELECT 1 FROM inbox e
                      WHERE e.subject_id = i.subject_id AND e.kind = 1 AND e.state = 0 AND e.id < i.id)
    ORDER BY i.due_at, i.id LIMIT 1 FOR UPDATE OF c SKIP LOCKED"""

_CLAIM_DUE = """SELECT c.* FROM conversations c WHERE c.due_at <= $1 AND c.due_at < '9999-01-01Z' AND c.control = 'bot'
    ORDER BY c.due_at LIMIT 1 FOR UPDATE SKIP LOCKED"""

_EVENT = """SELECT id, account_id, delivery_id, topic, body, received_at, attempts FROM inbox
    WHERE subject_id = $1 AND kind = 1 AND state = 0 ORDER BY id LIMIT 1"""

_EFFECTS = """SELECT frame, name, result FROM effects
    WHERE merchant_id = $1 AND conversation_id = $2 AND frame = ANY($3::text[])"""

_ADD_EFFECT = """INSERT INTO effects (id, merchant_id, conversation_id, frame, name, result, at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)"""

_SAVE = """UPDATE conversations
    SET control = $3, version = version + 1, stack = $4, slots = $5, locale = $6, due_at = $7
    WHERE id = $1 AND version = $2"""

_FINISH = f"UPDATE inbox SET state = {int(InboxState.DONE)}, attempts = attempts + 1 WHERE id = $1"  # noqa: S608

_PUT_OFF = """UPDATE inbox SET state = $2, attempts = attempts + 1, due_at = $3, error = $4
    WHERE id = $1 AND state = 0"""


@dataclass
class _Failed(Exception):
    """A turn failed: the event that caused it, to be put off."""

    event_id: int
    attempts: int
    conversation: Row
    incoming: Incoming | None
    cause: Exception


@dataclass(frozen=True)
class Conversations:
    """Works off chat events. Any number of these, in any number of processes, share one database."""

    services: Services
    flows: Flows = field(default_factory=lambda: FLOWS)
    actions: Mapping[str, Action] = field(default_factory=lambda: ACTIONS)

    async def run(self, workers: int = 4) -> None:
        """Works until cancelled: when woken, and every second in case nobody woke us."""
        arrived = asyncio.Event()
        await self.services.database.listen(WORK, arrived.set)
        async with asyncio.TaskGroup() as group:
            for number in range(workers):
                group.create_task(self._loop(arrived), name=f"conversations-{number}")

    async def _loop(self, arrived: asyncio.Event) -> None:
        while True:
            arrived.clear()
            try:
                worked = await self.work()
            except Exception:
                log.exception("conversations could not be worked on")
                worked = False
            if not worked:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(arrived.wait(), POLL_SECONDS)

    async def work(self) -> bool:
        """One event of one conversation, or one wait that is over; says whether there was anything to do."""
        try:
            async with self.services.database.transaction() as tx:
                return await self._take(tx, self.services.clock.now())
        except _Failed as failed:
            log.error("a turn failed", event_id=failed.event_id, exc_info=failed.cause)
            await self._put_off(failed)
            return True

    async def _take(self, tx: Tx, now: datetime) -> bool:
        row = await tx.fetchrow(_CLAIM, now)
        if row is None:
            row = await tx.fetchrow(_CLAIM_DUE, now)
            if row is None:
                return False
            await self._turn(tx, row, Heard(at=now, kind="due"), None)
            return True
        event = await tx.fetchrow(_EVENT, row["id"])
        if event is None:
            return True
        incoming: Incoming | None = None
        try:
            if event["topic"] == RELEASED:
                await self._turn(tx, row, Heard(at=now, kind="released"), None)
            elif (incoming := READERS[row["transport"]](bytes(event["body"]))) is not None:
                await self._turn(tx, row, _heard(incoming, now), incoming)
        except Exception as error:
            raise _Failed(event["id"], event["attempts"], row, incoming, error) from error
        await tx.execute(_FINISH, event["id"])
        return True

    async def _turn(self, tx: Tx, row: Row, heard: Heard, incoming: Incoming | None) -> None:
        state = await _load(tx, row)
        turn = begin(state, heard, self.flows)
        scene = self._scene(tx, row, heard.at, turn.state.locale)
        out = Outgoing(scene, incoming)
        said: list[Say] = [*turn.messages]
        while turn.effect is not None:
            done = await self._run(scene, turn.effect)
            turn = resume(turn.state, turn.effect, done, self.flows, heard.at)
            said += turn.messages
        await out.write(said)
        await _save(tx, row, turn.state)

    async def _run(self, scene: Scene, effect: Effect) -> Done:
        """Runs an effect and keeps what came of it; a refusal takes back what the action wrote."""
        action = self.actions[effect.action]
        if action.writes:
            await scene.tx.execute("SAVEPOINT effect")
        try:
            done = effect.done(await action.run(scene, **effect.args))
        except CrossdockError as error:
            if action.writes:
                await scene.tx.execute("ROLLBACK TO SAVEPOINT effect")
            log.info("an action refused", action=effect.action, why=str(error))
            done = effect.done(error=error.code)
        await scene.tx.execute(
            _ADD_EFFECT, scene.tools.ids.next(), scene.merchant_id, scene.conversation_id, str(effect.frame),
            effect.name, msgspec.json.encode(done).decode(), scene.now,
        )  # fmt: skip
        return done

    def _scene(self, tx: Tx, row: Row, now: datetime, locale: str) -> Scene:
        tools = Tools(self.services.ids, self.services.rng, self.services.vault)
        return Scene(
            tx=tx, tools=tools, now=now, merchant_id=row["merchant_id"], conversation_id=row["id"],
            account_id=row["account_id"], transport=row["transport"], peer=row["peer"], locale=locale,
        )  # fmt: skip

    async def _put_off(self, failed: _Failed) -> None:
        """Tries again later; after the last time the event is set aside, and a person takes over."""
        now = self.services.clock.now()
        last = failed.attempts + 1 >= TRIES
        state = InboxState.SET_ASIDE if last else InboxState.PENDING
        why = f"{type(failed.cause).__name__}: {failed.cause}"[:1000]
        async with self.services.database.transaction() as tx:
            later = now + timedelta(seconds=4**failed.attempts)
            put_off = await tx.execute(_PUT_OFF, failed.event_id, int(state), later, why)
            if last and put_off:
                row = failed.conversation
                scene = self._scene(tx, row, now, row["locale"] or FALLBACK)
                await Outgoing(scene, failed.incoming).write([Say(text="fallback.sorry")])
                await tx.execute(
                    "UPDATE conversations SET control = $2, version = version + 1 WHERE id = $1 AND control = 'bot'",
                    row["id"], PENDING,
                )  # fmt: skip


def _heard(incoming: Incoming, now: datetime) -> Heard:
    return Heard(at=now, button=incoming.button) if incoming.button else understand(incoming.text, now)


async def _load(tx: Tx, row: Row) -> State:
    """The conversation's state, with the effects of the frames under way."""
    frames = msgspec.json.decode(row["stack"], type=tuple[Frame, ...])
    kept = msgspec.json.decode(row["slots"], type=Kept)
    happened: dict[int, dict[str, Done]] = {frame.id: {} for frame in frames}
    if frames:
        under_way = [str(frame.id) for frame in frames]
        for effect in await tx.fetch(_EFFECTS, row["merchant_id"], row["id"], under_way):
            happened[int(effect["frame"])][effect["name"]] = msgspec.json.decode(effect["result"], type=Done)
    return State(
        frames=tuple(replace(frame, done=happened[frame.id]) for frame in frames),
        control=row["control"],
        locale=row["locale"],
        questions=kept.questions,
        frames_made=kept.frames_made,
        tongue_by=kept.tongue_by,
    )


async def _save(tx: Tx, row: Row, state: State) -> None:
    frames = [replace(frame, done={}) for frame in state.frames]
    kept = Kept(questions=state.questions, frames_made=state.frames_made, tongue_by=state.tongue_by)
    saved = await tx.execute(
        _SAVE, row["id"], row["version"], state.control, msgspec.json.encode(frames).decode(),
        msgspec.json.encode(kept).decode(), state.locale, state.due_at or FOREVER,
    )  # fmt: skip
    if saved != 1:
        raise RuntimeError(f"conversation {row['id']} was changed while it was locked")
