"""The web chat as a transport: messages go into the transcript, and from there to whichever sockets are open.

A browser may be away when something is said, and may be connected to another process than the one that says it. So
nothing is pushed from here: `notify` keeps the message and wakes the sockets (see `bot.transports.socket`), which send
what is new since the last message each browser has seen.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping

import msgspec

from bot.transports.port import Incoming, Post, Sent
from bot.transports.render import Abilities, render, whole
from hub.contract import About, Account, Credential, Delivery, Http
from hub.domain.order import News, Value
from hub.domain.outgoing import Notice, Receipt
from hub.errors import BadPayload, Forbidden, Invalid, Reject

ABILITIES = Abilities(longest_text=8000, buttons=12, button_label=80, button_data=256, edits=True)
LONGEST_WORDS = 4000

about = About(
    name="webchat",
    title="Web chat",
    credentials=(
        Credential("signing_key", "Signing key", help="signs visitors' tokens: at least 32 characters of chance"),
        Credential("locale", "Language", secret=False, required=False, help="for browsers that do not say: en, de"),
    ),
    rate=1000.0,
)


class WebChat:
    """Opens web-chat accounts."""

    about = about

    def __init__(self, post: Post) -> None:
        self._post = post

    def open(self, account: Account, http: Http) -> WebChatChannel:
        return WebChatChannel(account, self._post)


class WebChatChannel:
    """One web chat. Implements `Notifies` and `HearsChat`; its deliveries come from the socket."""

    abilities = ABILITIES

    def __init__(self, account: Account, post: Post) -> None:
        self.account = account
        self._post = post

    def __repr__(self) -> str:
        return f"WebChatChannel({self.account.id})"

    async def check(self) -> str:
        return self.account.name

    async def notify(self, notice: Notice, key: str) -> Receipt:
        """Keeps the message where every browser of the conversation finds it, now or when it comes back."""
        try:
            parts = render(notice, notice.locale, ABILITIES)
        except Invalid as error:
            raise Reject(str(error)) from error
        if parts:
            words, buttons = whole(parts)
            await self._post.sent(notice, Sent(text=words, key=key, buttons=buttons))
        return Receipt(external_id=key)

    def verify(self, headers: Mapping[str, str], body: bytes) -> Delivery:
        """Raises `Forbidden`: nothing is posted to a web chat from outside, its messages come over the socket."""
        raise Forbidden("a web chat takes no webhooks")

    def read(self, delivery: Delivery) -> tuple[News, ...]:
        return ()

    def sign(self, topic: str, body: bytes) -> Mapping[str, str]:
        return {}

    def read_chat(self, delivery: Delivery) -> Incoming | None:
        """The event that the socket kept."""
        return read_event(delivery.body)

    # ------------------------------------------------------------ who a visitor is

    def token(self, visitor: Visitor) -> str:
        """A visitor's token, for the browser to keep. The merchant's own site may sign one with a `customer_id`."""
        body = base64.urlsafe_b64encode(msgspec.json.encode(visitor)).rstrip(b"=")
        return f"{body.decode()}.{self._mac(body)}"

    def visitor(self, token: str) -> Visitor:
        """Who a token is of. Raises `Forbidden` for one that this account did not sign."""
        body, _, mac = token.encode("utf-8", "replace").rpartition(b".")
        if not hmac.compare_digest(mac, self._mac(body).encode()):
            raise Forbidden("the chat's token is not valid: reload the page")
        padded = body + b"=" * (-len(body) % 4)
        return msgspec.json.decode(base64.urlsafe_b64decode(padded), type=Visitor)

    def _mac(self, body: bytes) -> str:
        key = self.account.secrets["signing_key"].encode()
        return hmac.new(key, b"webchat:%d:" % self.account.id + body, hashlib.sha256).hexdigest()


def read_event(body: bytes) -> Incoming:
    """An event as the socket keeps it. Raises `BadPayload`."""
    try:
        return msgspec.json.decode(body, type=Incoming)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadPayload("$", str(error)) from None


class Visitor(Value, frozen=True):
    """What a token says: an opaque peer, and the customer when the merchant's site vouches for one."""

    peer: str
    customer_id: int = 0
