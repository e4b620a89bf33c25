"""Telegram, after the Bot API (https://core.telegram.org/bots/api): python-telegram-bot's types and calls, no updater.

Deliveries come to `/webhooks/{account}` with the secret of setWebhook in `X-Telegram-Bot-Api-Secret-Token`, or are
polled where there is no public address. Telegram keeps an update for a day and repeats it until it gets a 2xx;
`update_id` makes it unique. Rates: 30 messages a second a bot, one a second a private chat.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from bot.masking import mask_cards
from bot.transports.port import Incoming, Post, Sent
from bot.transports.render import Abilities, Rendered, render, replaces, whole
from hub.contract import About, Account, Credential, Delivery, Http, WebhookState
from hub.domain.order import News
from hub.domain.outgoing import Notice, Receipt
from hub.errors import BadPayload, CrossdockError, Forbidden, Invalid, Reconnect, Reject, Retry

if TYPE_CHECKING:
    from telegram import Bot, InlineKeyboardMarkup

ABILITIES = Abilities(
    longest_text=4096, buttons=12, button_label=64, button_data=64, edits=True, media=frozenset({"photo", "document"})
)
UPDATES = ["message", "callback_query"]
POLL_SECONDS = 25
LONGEST_WORDS = 4000

about = About(
    name="telegram",
    title="Telegram",
    credentials=(
        Credential("token", "Bot token", help="@BotFather gives it for a new bot"),
        Credential("webhook_secret", "Webhook secret", help="1–256 letters, digits, _ and -; any you like"),
        Credential("api_url", "Bot API address", secret=False, required=False, help="https://api.telegram.org/bot"),
    ),
    rate=30.0,
)


class Telegram:
    """Opens Telegram accounts. `post` knows the conversations."""

    about = about

    def __init__(self, post: Post) -> None:
        self._post = post

    def open(self, account: Account, http: Http) -> TelegramChannel:
        return TelegramChannel(account, http, self._post)


class TelegramChannel:
    """One bot. Implements `Notifies`, `HearsWebhooks`, `ManagesWebhooks` and `HearsChat`, and can be polled."""

    abilities = ABILITIES

    def __init__(self, account: Account, http: Http, post: Post) -> None:
        self.account = account
        self._http = http
        self._post = post

    def __repr__(self) -> str:
        return f"TelegramChannel({self.account.id})"

    async def check(self) -> str:
        async with self._bot() as bot:
            return f"@{(await bot.get_me()).username}"

    # ------------------------------------------------------------ out

    async def notify(self, notice: Notice, key: str) -> Receipt:
        """Sends or edits, after answering the pressed button. A lost answer to a send is `Unknown`."""
        try:
            parts = render(notice, notice.locale, ABILITIES)
        except Invalid as error:
            raise Reject(str(error)) from error
        async with self._bot(effect=True) as bot:
            if notice.answers:
                await _answer(bot, notice.answers)
            sent = await self._deliver(bot, notice, int(notice.address), parts)
        if parts:
            words, buttons = whole(parts)
            await self._post.sent(notice, Sent(text=words, key=key, external_id=sent, buttons=buttons))
        return Receipt(external_id=sent)

    async def _deliver(self, bot: Bot, notice: Notice, chat: int, parts: tuple[Rendered, ...]) -> str:
        before = await self._post.last_sent(notice.conversation_id, notice.edit_key) if replaces(notice) else ""
        if before and len(parts) == 1 and await _edit(bot, chat, int(before), parts[0]):
            return before
        sent = ""
        for part in parts:
            sent = str((await bot.send_message(chat, part.text, reply_markup=_keyboard(part))).message_id)
        return sent

    # ------------------------------------------------------------ in

    def verify(self, headers: Mapping[str, str], body: bytes) -> Delivery:
        """Raises `Forbidden` unless the secret header is this account's."""
        secret = self.account.secrets.get("webhook_secret", "")
        given = headers.get("x-telegram-bot-api-secret-token", "")
        if not secret or not hmac.compare_digest(given.encode("utf-8", "replace"), secret.encode()):
            raise Forbidden("the delivery does not carry this bot's webhook secret")
        return delivery_of(body)

    def read(self, delivery: Delivery) -> tuple[News, ...]:
        """Nothing: what people say is read by `read_chat`."""
        return ()

    def sign(self, topic: str, body: bytes) -> Mapping[str, str]:
        return {"X-Telegram-Bot-Api-Secret-Token": self.account.secrets["webhook_secret"]}

    def read_chat(self, delivery: Delivery) -> Incoming | None:
        """A text message or a pressed button in a private chat."""
        return read_update(delivery.body)

    async def poll(self, after: int) -> tuple[Delivery, ...]:
        """Updates beyond `after`, waiting up to 25 s for one. Asking tells Telegram to forget those up to `after`."""
        async with self._bot() as bot:
            updates = await bot.get_updates(offset=after + 1, timeout=POLL_SECONDS, allowed_updates=UPDATES)
        return tuple(delivery_of(update.to_json().encode()) for update in updates)

    # ------------------------------------------------------------ webhooks

    async def check_webhooks(self, url: str) -> WebhookState:
        async with self._bot() as bot:
            info = await bot.get_webhook_info()
        if info.url == url:
            return WebhookState()
        return WebhookState(elsewhere=tuple(UPDATES)) if info.url else WebhookState(missing=tuple(UPDATES))

    async def repair_webhooks(self, url: str) -> WebhookState:
        async with self._bot() as bot:
            await bot.set_webhook(url, secret_token=self.account.secrets["webhook_secret"], allowed_updates=UPDATES)
        return WebhookState()

    async def stop_webhooks(self) -> None:
        """Polling is refused while a webhook is set."""
        async with self._bot() as bot:
            await bot.delete_webhook()

    # ------------------------------------------------------------ the library

    @asynccontextmanager
    async def _bot(self, *, effect: bool = False) -> AsyncIterator[Bot]:
        """The library's bot over our HTTP, its failures as ours. Imported here: it takes half a second."""
        from telegram import Bot
        from telegram.error import TelegramError

        from bot.transports.telegram_http import HubRequest

        url = self.account.settings.get("api_url") or self.account.base_url or "https://api.telegram.org/bot"
        request = HubRequest(self._http, effect=effect)
        bot = Bot(self.account.secrets["token"], base_url=url, request=request, get_updates_request=request)
        try:
            yield bot
        except TelegramError as error:
            raise _failure(error) from error


def delivery_of(body: bytes) -> Delivery:
    """An update as a delivery, card numbers masked. Raises `BadPayload` when it is no update at all; one that says
    something we cannot read is kept all the same, or Telegram would repeat it for a day."""
    try:
        number = str(msgspec.json.decode(body, type=_Numbered).update_id)
        update = _update(body)
    except BadPayload:
        return Delivery(id=number, topic="unreadable", body=body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadPayload("$", str(error)) from None
    words = update.message.text if update.message else ""
    if words and mask_cards(words) != words:
        raw = json.loads(body)
        raw["message"]["text"] = mask_cards(words)
        body = json.dumps(raw).encode()
    topic = "callback_query" if update.callback_query else "message" if update.message else "other"
    when = datetime.fromtimestamp(update.message.date, UTC) if update.message else None
    return Delivery(id=number, topic=topic, body=body, occurred_at=when)


class _Numbered(msgspec.Struct):
    update_id: int


class _Chat(msgspec.Struct):
    id: int
    type: str = "private"


class _User(msgspec.Struct):
    id: int
    first_name: str = ""
    last_name: str = ""
    language_code: str = ""


class _Message(msgspec.Struct):
    chat: _Chat
    date: int = 0
    text: str = ""
    sender: _User | None = msgspec.field(default=None, name="from")


class _Callback(msgspec.Struct):
    id: str
    sender: _User = msgspec.field(name="from")
    data: str = ""
    message: _Message | None = None


class _Update(msgspec.Struct):
    update_id: int
    message: _Message | None = None
    callback_query: _Callback | None = None


def _update(body: bytes) -> _Update:
    try:
        return msgspec.json.decode(body, type=_Update)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadPayload("$", str(error)) from None


def read_update(body: bytes) -> Incoming | None:
    """What an update says; None for groups, channels, and messages without text."""
    update = _update(body)
    pressed, message = update.callback_query, update.message
    if pressed is not None:
        chat = pressed.message.chat if pressed.message else _Chat(id=pressed.sender.id)
        return _incoming(chat, pressed.sender, 0, button=pressed.data, answers=pressed.id)
    if message is None or not message.text:
        return None
    return _incoming(message.chat, message.sender, message.date, text=mask_cards(message.text[:LONGEST_WORDS]))


def _incoming(chat: _Chat, sender: _User | None, date: int, **words: str) -> Incoming | None:
    if chat.type != "private":
        return None
    name = f"{sender.first_name} {sender.last_name}".strip()[:200] if sender else ""
    return Incoming(
        peer=str(chat.id), at=datetime.fromtimestamp(date, UTC), name=name,
        locale=sender.language_code[:16] if sender else "", **words,
    )  # fmt: skip


async def _answer(bot: Bot, callback: str) -> None:
    """Stops the button's spinner; a callback that is too old to be answered is no harm."""
    from telegram.error import BadRequest

    try:
        await bot.answer_callback_query(callback)
    except BadRequest:
        return


async def _edit(bot: Bot, chat: int, message: int, part: Rendered) -> bool:
    """Whether the old message now says `part`: "not modified" is success, a message that is gone is not."""
    from telegram.error import BadRequest

    try:
        await bot.edit_message_text(part.text, chat_id=chat, message_id=message, reply_markup=_keyboard(part))
    except BadRequest as error:
        return "message is not modified" in str(error).lower()
    return True


def _keyboard(part: Rendered) -> InlineKeyboardMarkup | None:
    from telegram import InlineKeyboardButton, InlineKeyboardMarkup

    if not part.buttons:
        return None
    return InlineKeyboardMarkup([[InlineKeyboardButton(label, callback_data=value)] for value, label in part.buttons])


def _failure(error: Exception) -> CrossdockError:
    """The library's failures named by what to do next."""
    from telegram import error as theirs

    if isinstance(error.__cause__, CrossdockError):
        return error.__cause__
    if isinstance(error, theirs.Forbidden):
        return Reject(f"the person has blocked the bot or left: {error}")
    if isinstance(error, theirs.InvalidToken):
        return Reconnect("Telegram refuses the bot's token: get it again from @BotFather")
    if isinstance(error, theirs.BadRequest | theirs.ChatMigrated):
        return Reject(f"Telegram refuses: {error}")
    return Retry(f"Telegram: {error}")
