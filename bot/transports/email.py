"""E-mail: notices and one-time codes through an SMTP server, or without one into a local mailbox of .eml files.

SMTP as RFC 5321 with STARTTLS (`smtp://`, refused without TLS except on this machine) or TLS from the start (`smtps://`).
The message id is made from the outbox's key, so that mail servers and readers drop a repeat.
"""

from __future__ import annotations

import asyncio
import hashlib
import smtplib
import ssl
from email.header import Header
from email.mime.text import MIMEText
from email.utils import format_datetime, formataddr, parseaddr
from pathlib import Path
from urllib.parse import unquote, urlsplit

from msgspec.structs import replace

from bot.transports.port import Post, Sent
from bot.transports.render import Abilities, Rendered, render
from hub.contract import About, Account, Credential, Http
from hub.domain.outgoing import Notice, Receipt
from hub.errors import Invalid, Reconnect, Reject, Retry, Unknown
from hub.ports import Clock, SystemClock

ABILITIES = Abilities(longest_text=100_000, subject=True)
TIMEOUT = 20.0
LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})

about = About(
    name="email",
    title="E-mail",
    credentials=(
        Credential("smtp_url", "SMTP server", required=False, help="smtp[s]://user:password@host:port; empty: mailbox"),
        Credential("sender", "Sender", secret=False, help='orders@example.com, or "Shop <orders@example.com>"'),
        Credential("mailbox", "Local mailbox", secret=False, required=False, help="folder for .eml without a server"),
    ),
    rate=50.0,
)


class Email:
    """Opens e-mail accounts."""

    about = about

    def __init__(self, post: Post, clock: Clock | None = None) -> None:
        self._post = post
        self._clock = clock or SystemClock()

    def open(self, account: Account, http: Http) -> EmailChannel:
        return EmailChannel(account, self._post, self._clock)


class EmailChannel:
    """One sender. Implements `Notifies`; nothing comes in."""

    abilities = ABILITIES

    def __init__(self, account: Account, post: Post, clock: Clock) -> None:
        self.account = account
        self._post = post
        self._clock = clock

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
        belongs = (self.account.merchant_id, notice.address)
        opened = {name: self._post.unseal(value, *belongs) for name, value in notice.params.items()}
        try:
            parts = render(replace(notice, params=opened), notice.locale, ABILITIES)
            mail = self._mail(notice.address, parts[0], key) if parts else None
        except (Invalid, ValueError) as error:
            raise Reject(str(error)) from error
        if mail is None:
            return Receipt()
        await self._send(mail)
        shown = render(replace(notice, params={**notice.params, **dict.fromkeys(_hidden(notice), "••••••")}),
                       notice.locale, ABILITIES)  # fmt: skip
        await self._post.sent(notice, Sent(text=shown[0].text, key=key, external_id=str(mail["Message-ID"])))
        return Receipt(external_id=str(mail["Message-ID"]))

    def _mail(self, to: str, rendered: Rendered, key: str) -> MIMEText:
        """The mail. Built with the older policy of `email`: the newer one takes ten times as long for the same bytes."""
        name, sender = parseaddr(self.account.settings["sender"])
        mail = MIMEText(rendered.text, "plain", "utf-8")
        mail["From"] = formataddr((_one_line(name), _one_line(sender)))
        mail["To"] = _one_line(to)
        mail["Subject"] = Header(_one_line(rendered.subject), "utf-8")
        mail["Date"] = format_datetime(self._clock.now())
        digest = hashlib.sha256(f"{self.account.id}:{key}".encode()).hexdigest()[:32]
        mail["Message-ID"] = f"<{digest}@{sender.rpartition('@')[2] or 'localhost'}>"
        mail["Auto-Submitted"] = "auto-generated"
        return mail

    async def _send(self, mail: MIMEText) -> None:
        url = self.account.secrets.get("smtp_url", "")
        if url:
            await asyncio.to_thread(_deliver, url, mail)
            return
        folder = self.account.settings.get("mailbox", "")
        if not folder:
            raise Reconnect("the e-mail account has neither smtp_url nor a local mailbox")
        await asyncio.to_thread(_drop, Path(folder), mail)


def _one_line(text: str) -> str:
    """A header's value: a line break in it would start a header of the writer's choice."""
    return " ".join(text.split())


def _hidden(notice: Notice) -> list[str]:
    """Names of sealed parameters: they are not kept in the transcript either."""
    return [name for name, value in notice.params.items() if value.startswith(SEALED)]


SEALED = "sealed:"
"""How a parameter begins that `Post.unseal` opens."""


def _drop(folder: Path, mail: MIMEText) -> None:
    """Writes the mail into the mailbox whole or not at all; the same message id is the same file."""
    folder.mkdir(parents=True, exist_ok=True)
    name = mail["Message-ID"].strip("<>").partition("@")[0]
    partial = folder / f".{name}.part"
    partial.write_bytes(mail.as_bytes())
    partial.rename(folder / f"{name}.eml")


def _connect(url: str) -> smtplib.SMTP:
    """A session that is logged in. Raises `Reconnect` for refused credentials, `Retry` when there is no connection."""
    parts = urlsplit(url)
    host, tls = parts.hostname or "localhost", ssl.create_default_context()
    try:
        if parts.scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(host, parts.port or 465, timeout=TIMEOUT, context=tls)
        else:
            server = smtplib.SMTP(host, parts.port or 587, timeout=TIMEOUT)
            server.ehlo()
            if server.has_extn("starttls"):
                server.starttls(context=tls)
            elif host not in LOCAL:
                raise Reconnect(f"{host} offers no STARTTLS: use smtps://, or another server")
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
    except smtplib.SMTPAuthenticationError as error:
        raise Reconnect(f"{host} refuses the user or password of SMTP_URL") from error
    except (smtplib.SMTPException, OSError) as error:
        raise Retry(f"{host}: {error}") from error
    return server


def _deliver(url: str, mail: MIMEText) -> None:
    server = _connect(url)
    try:
        server.send_message(mail)
    except smtplib.SMTPRecipientsRefused as error:
        code, words = next(iter(error.recipients.values()))
        raise (Retry if code < 500 else Reject)(f"the address is refused: {words!r}") from error
    except smtplib.SMTPResponseException as error:
        raise (Retry if error.smtp_code < 500 else Reject)(f"the mail is refused: {error.smtp_error!r}") from error
    except (smtplib.SMTPException, OSError) as error:
        raise Unknown(f"the mail server went away: {error}") from error
    finally:
        server.close()
