"""What transports and the rest of the bot know of each other: who to reach, what was sent, what came in."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol, runtime_checkable

from hub.contract import Delivery
from hub.domain.order import Value
from hub.domain.outgoing import Notice


class Incoming(Value, frozen=True):
    """One event from a person, whatever the transport. `peer` is their opaque id there.

    `button` is the value of the button pressed; `answers` is what the transport wants answered first (Telegram's
    callback query). Card numbers are masked before this is made.
    """

    peer: str
    at: datetime
    text: str = ""
    button: str = ""
    answers: str = ""
    name: str = ""
    locale: str = ""


class Sent(Value, frozen=True):
    """How a notice was shown: the words, the buttons (value, label), the outbox's key of it, and the transport's id of
    the (last) message."""

    text: str
    key: str
    external_id: str = ""
    buttons: tuple[tuple[str, str], ...] = ()


class Post(Protocol):
    """What a transport may ask the bot's side of the store. `main.py` hands over one that works on the database."""

    async def last_sent(self, conversation_id: int, edit_key: str) -> str:
        """The transport's id of the newest message of that `edit_key`; empty when there is none."""
        ...

    async def sent(self, notice: Notice, message: Sent) -> None:
        """Keeps in the transcript that a notice was shown; the same `key` is kept once, so repeating is safe. A notice
        to an address without a conversation leaves no trace."""
        ...

    def unseal(self, value: str, *belongs: object) -> str:
        """A parameter that may not lie open in the outbox (a one-time code), readable again; others as they are."""
        ...


@runtime_checkable
class HearsChat(Protocol):
    """A channel through which people talk."""

    def read_chat(self, delivery: Delivery) -> Incoming | None:
        """What a person said; None for deliveries of no interest. Pure. Raises `BadPayload`."""
        ...


class NoPost:
    """For listing transports without a database: every question is an error."""

    async def last_sent(self, conversation_id: int, edit_key: str) -> str:
        raise RuntimeError(f"conversation {conversation_id}: this transport was made without a store")

    async def sent(self, notice: Notice, message: Sent) -> None:
        raise RuntimeError(f"conversation {notice.conversation_id}: this transport was made without a store")

    def unseal(self, value: str, *belongs: object) -> str:
        raise RuntimeError("this transport was made without a store")
