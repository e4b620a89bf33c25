"""The transcript of conversations: what was said, for replay, for editing, and as the web chat's mailbox."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.scene import Seals, Store
from bot.transports.email import SEALED
from bot.transports.port import Sent
from bot.transports.render import replaces
from hub.actions.add_chat_messages import ChatLine, add_chat_messages
from hub.domain.order import Value
from hub.domain.outgoing import Notice
from hub.ports import Clock, Ids

IN, OUT = "in", "out"
CUSTOMER, BOT = "customer", "bot"

_LAST_SENT = """SELECT external_id FROM chat_messages WHERE conversation_id = $1 AND direction = 'out'
    AND payload->>'edit_key' = $2 AND external_id <> '' ORDER BY id DESC LIMIT 1"""

_KNOWN = "SELECT 1 FROM chat_messages WHERE conversation_id = $1 AND payload->>'key' = $2 LIMIT 1"

_HISTORY = """SELECT id, direction, author, text, payload, at FROM (
        SELECT * FROM chat_messages WHERE conversation_id = $1 AND id > $2 ORDER BY id DESC LIMIT $3
    ) newest ORDER BY id"""


class Line(Value, frozen=True):
    """One line of a transcript as it is shown. `buttons` are (value, label); `edit_key` is common to lines about the
    same thing, and `replaces` says that this one takes the place of the one before it."""

    id: int
    direction: str
    author: str
    text: str
    at: datetime
    buttons: tuple[tuple[str, str], ...] = ()
    edit_key: str = ""
    replaces: bool = False


class Transcript:
    """Implements `bot.transports.port.Post` on the database, and gives web chats their history."""

    def __init__(self, store: Store, vault: Seals, ids: Ids, clock: Clock) -> None:
        self._store = store
        self._vault = vault
        self._ids = ids
        self._clock = clock

    async def last_sent(self, conversation_id: int, edit_key: str) -> str:
        """The transport's id of the newest message of that `edit_key`; empty when there is none."""
        return await self._store.plain.fetchval(_LAST_SENT, conversation_id, edit_key) or ""

    async def sent(self, notice: Notice, message: Sent) -> None:
        """Keeps that a notice was shown: on its line, or on a new one for what nobody said before."""
        if notice.message_id:
            await self._store.plain.execute(
                "UPDATE chat_messages SET external_id = $2 WHERE id = $1", notice.message_id, message.external_id
            )
            return
        if not notice.conversation_id:
            return
        async with self._store.transaction() as tx:
            merchant = await tx.fetchval(
                "SELECT merchant_id FROM conversations WHERE id = $1 FOR UPDATE", notice.conversation_id
            )
            if merchant is None or await tx.fetchval(_KNOWN, notice.conversation_id, message.key):
                return
            line = ChatLine(
                id=self._ids.next(), merchant_id=merchant, conversation_id=notice.conversation_id, direction=OUT,
                author=BOT, text=message.text, at=self._clock.now(), external_id=message.external_id,
                payload={**payload(notice, message.buttons), "key": message.key},
            )  # fmt: skip
            await add_chat_messages(tx, [line])

    def unseal(self, value: str, *belongs: object) -> str:
        """A sealed parameter in plain words; any other as it is."""
        return self._vault.open(value.removeprefix(SEALED), *belongs) if value.startswith(SEALED) else value

    async def history(self, conversation_id: int, after: int, most: int = 200) -> list[Line]:
        """Lines beyond `after`, oldest first; the newest `most` of them."""
        rows = await self._store.plain.fetch(_HISTORY, conversation_id, after, most)
        return [line_of(row["id"], json.loads(row["payload"]), row) for row in rows]


def payload(notice: Notice, buttons: Sequence[tuple[str, str]] = ()) -> dict[str, object]:
    """What a line keeps of its notice, apart from sealed parameters."""
    kept: dict[str, object] = {"text": notice.text, "params": _open_params(notice)}
    if buttons:
        kept["buttons"] = list(buttons)
    if notice.edit_key:
        kept |= {"edit_key": notice.edit_key, "replaces": replaces(notice)}
    return kept


def _open_params(notice: Notice) -> dict[str, str]:
    return {name: value for name, value in notice.params.items() if not value.startswith(SEALED)}


def line_of(line_id: int, kept: dict[str, object], row: Mapping[str, object]) -> Line:
    """A row of `chat_messages` as it is shown; `kept` is its payload."""
    buttons = kept.get("buttons")
    return Line(
        id=line_id,
        direction=str(row["direction"]),
        author=str(row["author"]),
        text=str(row["text"]),
        at=row["at"] if isinstance(row["at"], datetime) else datetime.fromisoformat(str(row["at"])),
        buttons=tuple((str(value), str(label)) for value, label in buttons) if isinstance(buttons, list) else (),
        edit_key=str(kept.get("edit_key", "")),
        replaces=bool(kept.get("replaces")),
    )
