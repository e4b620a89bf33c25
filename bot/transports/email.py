"""E-mail: notices and one-time codes through an SMTP server, or without one into a local mailbox of .eml files.

SMTP as RFC 5321 with STARTTLS (`smtp://`, refused without TLS except on this machine) or TLS from the start (`smtps://`).
The message id is made from the outbox's key, so that mail servers and readers drop a repeat: sending again is safe.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import smtplib
import ssl
from collections import defaultdict
from dataclasses import dataclass
from email.header import Header
from email.utils import format_datetime, formataddr, parseaddr
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from aiolimiter import AsyncLimiter
from msgspec.structs import replace

from bot.transports.port import Post, Sent
from bot.transports.render import Abilities, Rendered, render
from hub.contract import About, Account, Credential, Http
from hub.domain.outgoing import Kind, Notice, Receipt
from hub.errors import Invalid, Reconnect, Reject, Retry, Unknown
from hub.ports import Clock, SystemClock

ABILITIES = Abilities(longest_text=100_000, subject=True)
TIMEOUT = 20.0
LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
LONGEST_LINE = 900
"""Characters of a line that travel as they are (RFC 5322 allows 998)."""

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
        Credential("mailbox", "Local mailbox", secret=False, required=False, help="folder for .eml without a server"),
    ),
    rate=10_000.0,
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
        sealed = [name for name, value in notice.params.items() if value.startswith(SEALED)]
        belongs = (self.account.merchant_id, notice.address)
        opened = {name: self._post.unseal(notice.params[name], *belongs) for name in sealed}
        try:
            parts = render(replace(notice, params={**notice.params, **opened}), notice.locale, ABILITIES)
            mail = self._mail(notice.address, parts[0], key) if parts else None
        except Invalid as error:
            raise Reject(str(error)) from error
        if mail is None:
            return Receipt()
        await self._send(mail)
        if notice.conversation_id:
            hidden = replace(notice, params={**notice.params, **dict.fromkeys(sealed, HIDDEN)})
            words = render(hidden, notice.locale, ABILITIES)[0].text
            await self._post.sent(notice, Sent(text=words, key=key, external_id=mail.message_id))
        return Receipt(external_id=mail.message_id)

    def _mail(self, to: str, rendered: Rendered, key: str) -> Mail:
        """Raises `Invalid` for an address that is none: what channels give us may hold anything."""
        name, sender = parseaddr(self.account.settings["sender"])
        if parseaddr(to)[1] != to or not to.isascii() or not to.isprintable() or " " in to or "@" not in to:
            raise Invalid("address", f"{to[:100]!r} is not an e-mail address")
        digest = hashlib.sha256(f"{self.account.id}:{key}".encode()).hexdigest()[:32]
        message_id = f"<{digest}@{sender.rpartition('@')[2] or 'localhost'}>"
        encoding, body = _body(rendered.text)
        headers = {
            "From": formataddr((name, sender)),
            "To": to,
            "Subject": _header(rendered.subject),
            "Date": format_datetime(self._clock.now()),
            "Message-ID": message_id,
            "Auto-Submitted": "auto-generated",
            "MIME-Version": "1.0",
            "Content-Type": 'text/plain; charset="utf-8"',
            "Content-Transfer-Encoding": encoding,
        }
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return Mail(sender, to, message_id, f"{lines}\r\n{body}\r\n".encode("ascii"))

    async def _send(self, mail: Mail) -> None:
        url = self.account.secrets.get("smtp_url", "")
        if url:
            async with self._limit:
                await asyncio.to_thread(_deliver, url, mail)
            return
        folder = self.account.settings.get("mailbox", "")
        if not folder:
            raise Reconnect("the e-mail account has neither smtp_url nor a local mailbox")
        await asyncio.to_thread(_drop, Path(folder), mail)


def _header(words: str) -> str:
    """A header's words on one line, encoded where they are not plain (RFC 2047)."""
    line = " ".join(words.split())
    return line if line.isascii() and line.isprintable() else Header(line, "utf-8").encode()


def _body(words: str) -> tuple[str, str]:
    """Transfer encoding and body, lines ended as on the wire."""
    text = "\r\n".join(words.splitlines())
    if text.isascii() and all(len(line) <= LONGEST_LINE for line in text.split("\r\n")):
        return "7bit", text
    return "base64", base64.encodebytes(text.encode()).decode().replace("\n", "\r\n").rstrip()


def _drop(folder: Path, mail: Mail) -> None:
    """Writes the mail into the mailbox whole or not at all; the same message id is the same file."""
    name = mail.message_id.strip("<>").partition("@")[0]
    partial = folder / f".{name}.part"
    try:
        partial.write_bytes(mail.content)
    except FileNotFoundError:
        folder.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(mail.content)
    partial.rename(folder / f"{name}.eml")


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


def _deliver(url: str, mail: Mail) -> None:
    server = _connect(url)
    try:
        server.sendmail(mail.sender, [mail.to], mail.content)
    except smtplib.SMTPRecipientsRefused as error:
        code, words = next(iter(error.recipients.values()))
        raise (Retry if code < 500 else Reject)(f"the address is refused: {words!r}") from error
    except smtplib.SMTPResponseException as error:
        raise (Retry if error.smtp_code < 500 else Reject)(f"the mail is refused: {error.smtp_error!r}") from error
    except (smtplib.SMTPException, OSError) as error:
        raise Unknown(f"the mail server went away: {error}") from error
    finally:
        server.close()
