"""What a turn says, written down: lines of the transcript, and messages for the transport's outbox."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.scene import Scene
from bot.state import Say
from bot.transcript import BOT, CUSTOMER, IN, OUT, payload
from bot.transports import email, telegram, webchat
from bot.transports.port import Incoming
from bot.transports.render import Abilities, render, whole
from hub.actions.add_chat_messages import ChatLine, add_chat_messages
from hub.actions.send_notices import send_notices
from hub.domain.outcome import Message
from hub.domain.outgoing import Kind, Notice

ABILITIES: Mapping[str, Abilities] = {
    "telegram": telegram.ABILITIES,
    "webchat": webchat.ABILITIES,
    "email": email.ABILITIES,
}

READ_FROM_TRANSCRIPT = frozenset({"webchat"})
"""Transports whose other side reads the transcript itself: nothing needs sending."""


_LABEL = """SELECT offered->>1 FROM chat_messages m
    CROSS JOIN LATERAL jsonb_array_elements(coalesce(m.payload->'buttons', '[]')) offered
    WHERE m.conversation_id = $1 AND m.direction = 'out' AND offered->>0 = $2 ORDER BY m.id DESC LIMIT 1"""


class Outgoing:
    """Writes one turn, in its transaction: first what was heard, then what is answered."""

    def __init__(self, scene: Scene, incoming: Incoming | None) -> None:
        self._scene = scene
        self._incoming = incoming

    async def write(self, said: Sequence[Say]) -> None:
        """The first message carries what the transport wants answered; without one, an empty message does."""
        scene, answers = self._scene, self._incoming.answers if self._incoming else ""
        lines = [] if self._incoming is None else [await self._heard(self._incoming)]
        notices = [self._notice(say, answers if index == 0 else "") for index, say in enumerate(said)]
        lines += [self._line(notice) for notice in notices]
        if answers and not said:
            notices = [self._notice(Say(text=""), answers)]
        await add_chat_messages(scene.tx, lines)
        if scene.transport not in READ_FROM_TRANSCRIPT and notices:
            messages = [self._message(notice) for notice in notices]
            await send_notices(scene.tx, scene.tools.ids, scene.now, scene.merchant_id, messages)

    async def _heard(self, incoming: Incoming) -> ChatLine:
        """What was heard, as a line; a pressed button reads as what stood on it."""
        kept: dict[str, object] = {"button": incoming.button} if incoming.button else {}
        words = incoming.text
        if incoming.button:
            label = await self._scene.tx.fetchval(_LABEL, self._scene.conversation_id, incoming.button)
            words = label or ""
        return self._chat_line(self._scene.tools.ids.next(), IN, words, kept)

    def _notice(self, say: Say, answers: str) -> Notice:
        return Notice(
            conversation_id=self._scene.conversation_id,
            address=self._scene.peer,
            text=say.text,
            params=say.params,
            buttons=tuple((button.value, button.label) for button in say.buttons),
            locale=self._scene.locale,
            edit_key=say.edit_key,
            answers=answers,
            message_id=self._scene.tools.ids.next(),
        )

    def _line(self, notice: Notice) -> ChatLine:
        words, buttons = whole(render(notice, notice.locale, ABILITIES[self._scene.transport]))
        return self._chat_line(notice.message_id, OUT, words, payload(notice, buttons))

    def _chat_line(self, line_id: int, direction: str, words: str, kept: dict[str, object]) -> ChatLine:
        return ChatLine(
            id=line_id, merchant_id=self._scene.merchant_id, conversation_id=self._scene.conversation_id,
            direction=direction, author=CUSTOMER if direction == IN else BOT, text=words, at=self._scene.now,
            payload=kept,
        )  # fmt: skip

    def _message(self, notice: Notice) -> Message:
        return Message(
            kind=Kind.NOTIFY,
            intent=f"chat:{notice.message_id}",
            account_id=self._scene.account_id,
            key=self._scene.conversation_id,
            payload=notice,
        )
