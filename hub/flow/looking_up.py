"""What became of a call whose answer was lost: asked of the system, before it is called again."""

from __future__ import annotations

from typing import Protocol

from hub.contract import Channel, LooksUp, LooksUpAmong
from hub.domain.lifecycle import Outbox as State
from hub.domain.order import Value
from hub.domain.outgoing import Kind, Receipt
from hub.errors import Unknown
from hub.store.database import Database

OTHERS = f"""SELECT s.receipt->>'external_id' FROM outbox o
    JOIN outbox s ON s.key = o.key AND s.lane = o.lane AND s.kind = o.kind AND s.id <> o.id
    WHERE o.id = $1 AND s.state = {int(State.SENT)} AND s.receipt->>'external_id' <> ''"""  # noqa: S608 our own text
"""What the other messages of the same key and kind brought about: it cannot be this one's."""


class Asked(Protocol):
    """The message that is looked up (`hub.flow.calls.Call`)."""

    @property
    def id(self) -> int: ...
    @property
    def kind(self) -> Kind: ...
    @property
    def payload(self) -> Value: ...
    @property
    def key(self) -> str: ...


class Lost(Unknown):
    """An answer was lost, the system cannot be asked and does not honour keys: a person must look."""


async def looked_up(database: Database, channel: Channel, call: Asked) -> Receipt | None:
    """What became of an earlier try; None where the system never saw it. Raises `Lost` where nobody can tell."""
    if isinstance(channel, LooksUpAmong):
        others = [row[0] for row in await database.plain.fetch(OTHERS, call.id)]
        return await channel.look_up_among(call.kind, call.payload, call.key, others)
    if isinstance(channel, LooksUp):
        return await channel.look_up(call.kind, call.payload, call.key)
    raise Lost("an earlier try may have gone through and cannot be looked up: check at the channel, then send again")
