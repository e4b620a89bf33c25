"""E-mail: notices and one-time codes through an SMTP server, or without one into a local mailbox.

SMTP as RFC 5321 with STARTTLS (`smtp://`, refused without TLS except on this machine) or TLS from the start (`smtps://`).
The message id is made from the outbox's key, so that mail servers and readers drop a repeat: sending again is safe.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
import smtplib
import ssl
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.header import Header
from email.utils import format_datetime, formataddr, parseaddr
from functools import lru_cache
from pathlib import Path
from typing import cast
from urllib.parse import SplitResult, unquote, urlsplit

from aiolimiter import AsyncLimiter
from msgspec.structs import replace

from bot.transports import mailbox
from bot.transports.port import Post, Sent
from bot.transports.render import Abilities, Rendered, render
from hub.contract import About, Account, Answer, Credential, Http
from hub.domain.order import Value
from hub.domain.outgoing import Kind, Notice, Receipt
from hub.errors import Invalid, Reconnect, Reject, Retry, Unknown
from hub.ports import Clock, SystemClock

ABILITIES = Abilities(longest_text=100_000, subject=True)
TIMEOUT = 20.0
LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
LONGEST_LINE = 900
"""Characters of a line that travel as they are (RFC 5322 allows 998)."""

ONE_WORD = 39
"""Bytes that fit into one encoded word on the line of a subject, which is 76 characters long (RFC 2047)."""

SMTP_RATE = 5.0
"""Mails a second to one server; a local mailbox takes what comes."""

SEALED = "sealed:"
"""How a parameter begins that `Post.unseal` opens."""

HIDDEN = "••••••"
"""What stands for a sealed parameter in a transcript."""

about = About(
    name="email",
    title="E-mail",
    credentials=(
        Credential("smtp_url", "SMTP server", required=False, help="smtp[s]://user:password@host:port; empty: mailbox"),
        Credential("sender", "Sender", secret=False, help='orders@example.com, or "Shop <orders@example.com>"'),
        Credential("mailbox", "Local mailbox", secret=False, required=False, help="folder for mails without a server"),
    ),
    rate=10_000.0,
    at_once={Kind.NOTIFY: 50},
    repeatable=frozenset({Kind.NOTIFY}),
)


class Email:
    """Opens e-mail accounts."""

    about = about

    def __init__(self, post: Post, clock: Clock | None = None) -> None:
        self._post = post
        self._clock = clock or SystemClock()
        self._limits: dict[int, AsyncLimiter] = defaultdict(lambda: AsyncLimiter(SMTP_RATE, 1.0))

    def open(self, account: Account, http: Http) -> EmailChannel:
        return EmailChannel(account, self._post, self._clock, self._limits[account.id])


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail, ready to go: addresses without names, and the whole text as bytes."""

    sender: str
    to: str
    message_id: str
    content: bytes


class EmailChannel:
    """One sender. Implements `Notifies`; nothing comes in."""

    abilities = ABILITIES

    def __init__(self, account: Account, post: Post, clock: Clock, limit: AsyncLimiter) -> None:
        self.account = account
        self._post = post
        self._clock = clock
        self._limit = limit

    def __repr__(self) -> str:
        return f"EmailChannel({self.account.id})"

    async def check(self) -> str:
        """The sender's address, once the server has let us in. Raises `Reconnect` when it does not."""
        url = self.account.secrets.get("smtp_url", "")
        if url:
            await asyncio.to_thread(lambda: _connect(url).quit())
        return self.account.settings["sender"]

    async def notify(self, notice: Notice, key: str) -> Receipt:
        """Sends one mail. Raises `Reject` for an address the server refuses, `Unknown` for an answer lost after the
        text went out."""
        answer = (await self.push_at_once(Kind.NOTIFY, [notice], [key]))[0]
        if answer.receipt is not None:
            return answer.receipt
        raise FAILURES[answer.failure](answer.why)

    async def push_at_once(self, kind: Kind, payloads: Sequence[Value], keys: Sequence[str]) -> Sequence[Answer]:
        """Sends many mails over one session, each with an answer of its own. Raises like `notify` when the server
        cannot be reached at all."""
        notices = [cast(Notice, payload) for payload in payloads]
        answers: list[Answer | None] = [None] * len(notices)
        mails: dict[int, Mail] = {}
        for place, (notice, key) in enumerate(zip(notices, keys, strict=True)):
            try:
                mail = self._prepared(notice, key)
            except Invalid as error:
                answers[place] = Answer(failure="reject", why=str(error))
                continue
            if mail is None:
                answers[place] = Answer(receipt=Receipt())
            else:
                mails[place] = mail
        outcomes = await self._send(list(mails.values())) if mails else []
        for (place, mail), outcome in zip(mails.items(), outcomes, strict=True):
            answers[place] = outcome or Answer(receipt=Receipt(external_id=mail.message_id))
            if outcome is None and notices[place].conversation_id:
                await self._noted(notices[place], keys[place], mail)
        return [answer for answer in answers if answer is not None]

    def _prepared(self, notice: Notice, key: str) -> Mail | None:
        """The mail of a notice, its sealed parameters opened; None for one that says nothing."""
        sealed = [name for name, value in notice.params.items() if value.startswith(SEALED)]
        belongs = (self.account.merchant_id, notice.address)
        opened = {name: self._post.unseal(notice.params[name], *belongs) for name in sealed}
        shown = replace(notice, params={**notice.params, **opened}) if opened else notice
        parts = render(shown, notice.locale, ABILITIES)
        return self._mail(notice.address, parts[0], key) if parts else None

    async def _noted(self, notice: Notice, key: str, mail: Mail) -> None:
        """Keeps in the transcript that a mail went out, without what was sealed in it."""
        hidden = {name: HIDDEN for name, value in notice.params.items() if value.startswith(SEALED)}
        words = render(replace(notice, params={**notice.params, **hidden}), notice.locale, ABILITIES)[0].text
        await self._post.sent(notice, Sent(text=words, key=key, external_id=mail.message_id))

    def _mail(self, to: str, rendered: Rendered, key: str) -> Mail:
        """Raises `Invalid` for an address that is none: what channels give us may hold anything."""
        sent_by, sender = _sender(self.account.settings["sender"])
        if not PLAIN.fullmatch(to) and (parseaddr(to)[1] != to or not to.isascii() or not to.isprintable()
                                        or " " in to or "@" not in to):  # fmt: skip
            raise Invalid("address", f"{to[:100]!r} is not an e-mail address")
        digest = hashlib.sha256(f"{self.account.id}:{key}".encode()).hexdigest()[:32]
        message_id = f"<{digest}@{sender.rpartition('@')[2] or 'localhost'}>"
        encoding, body = _body(rendered.text)
        headers = {
            "From": sent_by,
            "To": to,
            "Subject": _subject(rendered.subject),
            "Date": _date(int(self._clock.now().timestamp())),
            "Message-ID": message_id,
            "Auto-Submitted": "auto-generated",
            "MIME-Version": "1.0",
            "Content-Type": 'text/plain; charset="utf-8"',
            "Content-Transfer-Encoding": encoding,
        }
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return Mail(sender, to, message_id, f"{lines}\r\n{body}\r\n".encode("ascii"))

    async def _send(self, mails: Sequence[Mail]) -> list[Answer | None]:
        """None for each mail that went out, else what became of it."""
        url = self.account.secrets.get("smtp_url", "")
        if url:
            for _ in mails:
                await self._limit.acquire()
            return await asyncio.to_thread(_deliver, url, mails)
        folder = self.account.settings.get("mailbox", "")
        if not folder:
            raise Reconnect("the e-mail account has neither smtp_url nor a local mailbox")
        contents = [mail.content for mail in mails]
        await asyncio.to_thread(mailbox.drop, Path(folder), contents, self._clock.now())
        return [None] * len(mails)


FAILURES: Mapping[str, type[Reject | Retry | Unknown]] = {"reject": Reject, "retry": Retry, "unknown": Unknown}


PLAIN = re.compile(r"[A-Za-z0-9._%+\-]{1,64}@[A-Za-z0-9.\-]{1,255}")
"""What nearly every address looks like; the others are taken apart by the library."""


@lru_cache(maxsize=64)
def _sender(setting: str) -> tuple[str, str]:
    """The From header and the bare address of an account's `sender`."""
    name, sender = parseaddr(setting)
    return formataddr((name, sender)), sender


def _subject(words: str) -> str:
    """A subject's words, encoded where they are not plain (RFC 2047)."""
    line = " ".join(words.split())
    if line.isascii() and line.isprintable():
        return line
    raw = line.encode()
    if len(raw) <= ONE_WORD:  # the library would fold it into lines, which costs ten times as much
        return f"=?utf-8?b?{base64.b64encode(raw).decode()}?="
    return Header(line, "utf-8", maxlinelen=75, header_name="Subject").encode(linesep="\r\n")


@lru_cache(maxsize=8)
def _date(second: int) -> str:
    """The Date header of one second."""
    return format_datetime(datetime.fromtimestamp(second, UTC))


def _body(words: str) -> tuple[str, str]:
    """Transfer encoding and body, lines ended as on the wire."""
    text = "\r\n".join(words.splitlines())
    if text.isascii() and all(len(line) <= LONGEST_LINE for line in text.split("\r\n")):
        return "7bit", text
    return "base64", base64.encodebytes(text.encode()).decode().replace("\n", "\r\n").rstrip()


def _connect(url: str) -> smtplib.SMTP:
    """A session that is logged in. Raises `Reconnect` for refused credentials, `Retry` when there is no connection."""
    parts = urlsplit(url)
    host, tls = parts.hostname or "localhost", ssl.create_default_context()
    try:
        if parts.scheme == "smtps":
            return _login(smtplib.SMTP_SSL(host, parts.port or 465, timeout=TIMEOUT, context=tls), parts)
        server = smtplib.SMTP(host, parts.port or 587, timeout=TIMEOUT)
        try:
            server.ehlo()
            if server.has_extn("starttls"):
                server.starttls(context=tls)
            elif host not in LOCAL:
                raise Reconnect(f"{host} offers no STARTTLS: use smtps://, or another server")
        except BaseException:
            server.close()
            raise
        return _login(server, parts)
    except (smtplib.SMTPException, OSError) as error:
        raise Retry(f"{host}: {error}") from error


def _login(server: smtplib.SMTP, parts: SplitResult) -> smtplib.SMTP:
    try:
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
    except smtplib.SMTPAuthenticationError as error:
        server.close()
        raise Reconnect(f"{parts.hostname} refuses the user or password of SMTP_URL") from error
    except BaseException:
        server.close()
        raise
    return server


def _deliver(url: str, mails: Sequence[Mail]) -> list[Answer | None]:
    """One session for all; a mail that is refused does not keep the others back. Raises when there is no session."""
    server = _connect(url)
    try:
        return [_deliver_one(server, mail) for mail in mails]
    finally:
        server.close()


def _deliver_one(server: smtplib.SMTP, mail: Mail) -> Answer | None:
    try:
        server.sendmail(mail.sender, [mail.to], mail.content)
    except smtplib.SMTPRecipientsRefused as error:
        code, words = next(iter(error.recipients.values()))
        return Answer(failure="retry" if code < 500 else "reject", why=f"the address is refused: {words!r}")
    except smtplib.SMTPResponseException as error:
        failure = "retry" if error.smtp_code < 500 else "reject"
        return Answer(failure=failure, why=f"the mail is refused: {error.smtp_error!r}")
    except (smtplib.SMTPException, OSError) as error:
        return Answer(failure="unknown", why=f"the mail server went away: {error}")
    return None
