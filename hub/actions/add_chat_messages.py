"""Adds lines to a conversation's transcript and wakes whoever shows it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import asdict

from hub.domain.order import Value
from hub.store import sets
from hub.store.database import Tx, announce

SAID = "said"
"""What is announced when a transcript has grown."""

LONGEST = 8000
"""Characters of a line that are kept."""


class ChatLine(Value, frozen=True):
    """One line. `direction` is in or out; `author` is customer, bot, or agent:<id>; `payload` is the message as it was
    before it was put into words; `external_id` is the transport's id of it."""

    id: int
    merchant_id: int
    conversation_id: int
    direction: str
    author: str
    text: str
    at: datetime
    payload: dict[str, object] = {}
    external_id: str = ""


async def add_chat_messages(tx: Tx, lines: Sequence[ChatLine]) -> None:
    """Adds `lines` in the caller's transaction, which holds the lock of their conversation."""
    if not lines:
        return
    rows = [{**asdict(line), "text": line.text.replace("\0", "")[:LONGEST]} for line in lines]
    await sets.insert(tx, "chat_messages", rows)
    await announce(tx, SAID)
