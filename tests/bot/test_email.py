"""E-mail: into the local mailbox, and through a real SMTP server."""

from __future__ import annotations

import asyncio
import email
import mailbox
import resource
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult

import bot
from bot.transports import mailbox as local
from bot.transports.email import Email, EmailChannel
from bot.transports.port import NoPost
from connectors.http import AioHttp
from hub.contract import Account, Notifies, Secrets
from hub.domain.outgoing import Notice
from hub.errors import Reconnect, Reject, Retry, Unknown
from tests.bot.world import World
from tests.support.ports import nobody_listens

NOTICE = Notice(
    conversation_id=0, address="anna@example.org", text="notice.shipped", locale="de",
    params={"number": "1001", "carrier": "Österreichische Post", "promised": "2026-11-24"},
)  # fmt: skip


def channel(http: AioHttp, mailbox: Path | None = None, smtp: str = "") -> EmailChannel:
    settings = {"sender": "Tassen Müller <shop@example.org>", **({"mailbox": str(mailbox)} if mailbox else {})}
    secrets = Secrets({"smtp_url": smtp} if smtp else {})
    return Email(NoPost()).open(Account(1, 1, "email", "mail", secrets, settings), http)


def mails(folder: Path) -> list[bytes]:
    """Every mail of a mailbox, lines ended as on the wire."""
    found = []
    for path in sorted(folder.glob("*.mbox")):
        with closing(mailbox.mbox(path, create=False)) as box:
            found += [box.get_bytes(key).replace(b"\n", b"\r\n") for key in box.keys()]  # noqa: SIM118
    return found


def read(content: bytes) -> EmailMessage:
    found = email.message_from_bytes(content, policy=default)
    assert isinstance(found, EmailMessage) and not found.defects
    return found


async def test_without_a_server_mails_lie_in_the_mailbox(http: AioHttp, tmp_path: Path) -> None:
    sender = channel(http, tmp_path / "box")
    one = await sender.notify(NOTICE, "crossdock-1")
    assert await sender.notify(NOTICE, "crossdock-1") == one, "a repeat is the same mail"
    await sender.notify(NOTICE, "crossdock-2")
    found = list(local.read(tmp_path / "box"))
    assert len(found) == 2 and found[0]["Message-ID"] == one.external_id
    mail = found[0]
    assert mail["From"] == "Tassen Müller <shop@example.org>"
    assert mail["To"] == "anna@example.org"
    assert mail["Subject"] == "Bestellung 1001 ist unterwegs"
    assert mail.get_content().strip() == (
        "Bestellung 1001 ist unterwegs mit Österreichische Post. Sie sollte bis Dienstag, 24. November ankommen."
    )
    assert isinstance(sender, Notifies)
    assert await sender.check() == "Tassen Müller <shop@example.org>"


@pytest.mark.parametrize(
    "address",
    ["", "anna", "a@b.de, c@d.de", "a@b.de\r\nBcc: x@y.de", "Anna <a@b.de>", "a b@c.de", "ä@b.de", "\x00@b.de"],
)
async def test_what_is_no_address_is_refused(http: AioHttp, tmp_path: Path, address: str) -> None:
    notice = Notice(conversation_id=0, address=address, text="thanks.welcome")
    with pytest.raises(Reject, match="not an e-mail address"):
        await channel(http, tmp_path).notify(notice, "k")
    assert mails(tmp_path) == []


async def test_parameters_cannot_add_headers(http: AioHttp, tmp_path: Path) -> None:
    params = {"number": "1\r\nBcc: evil@example.org\r\n\r\nhello"}
    notice = Notice(conversation_id=0, address="a@b.de", text="notice.confirmed", params=params)
    await channel(http, tmp_path).notify(notice, "k")
    mail = read(mails(tmp_path)[0])
    assert mail["Bcc"] is None and "Bcc: evil" in mail["Subject"]


async def test_long_lines_and_other_scripts_arrive_whole(http: AioHttp, tmp_path: Path) -> None:
    words = "word " * 400 + "\nこんにちは 😀"
    await channel(http, tmp_path).notify(Notice(conversation_id=0, address="a@b.de", text=f"={words}"), "k")
    content = mails(tmp_path)[0]
    assert max(len(line) for line in content.split(b"\r\n")) <= 998
    assert read(content).get_content().split() == words.split()


async def test_subjects_in_other_scripts_keep_to_the_length_of_lines(http: AioHttp, tmp_path: Path) -> None:
    """76 characters where a word is encoded (RFC 2047, section 2), the name of the header counted."""
    sender = channel(http, tmp_path)
    for count in range(1, 61):
        params = {"number": f"{count}{'ä' * count}"}
        notice = Notice(conversation_id=0, address="a@b.de", text="notice.confirmed", params=params)
        await sender.notify(notice, f"k{count}")
    for content in mails(tmp_path):
        lines = content.partition(b"\r\n\r\n")[0].split(b"\r\n")
        assert max(len(line) for line in lines if b"=?" in line) <= 76
        subject = read(content)["Subject"]
        number = int("".join(filter(str.isdigit, subject)))
        assert subject.count("ä") == number
    assert len(mails(tmp_path)) == 60


async def test_a_mail_that_does_not_fit_is_not_in_the_mailbox(http: AioHttp, tmp_path: Path) -> None:
    """The limit of a file stands for a disk that is nearly full: the first write is cut short without an error."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        with pytest.raises(OSError, match="does not fit"):
            await channel(http, tmp_path).notify(NOTICE, "k")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert mails(tmp_path) == []


async def test_a_line_that_looks_like_the_start_of_a_mail_starts_none(http: AioHttp, tmp_path: Path) -> None:
    words = "From here on\n>From there"
    sender = channel(http, tmp_path)
    for key in ("k1", "k2"):
        await sender.notify(Notice(conversation_id=0, address="a@b.de", text=f"={words}"), key)
    assert [mail.get_content().strip() for mail in local.read(tmp_path)] == [words, words]


async def test_an_account_with_neither_server_nor_mailbox_must_be_connected_again(http: AioHttp) -> None:
    with pytest.raises(Reconnect):
        await channel(http).notify(NOTICE, "k")


async def test_a_code_is_hidden_in_the_transcript_of_a_mail_conversation(world: World, http: AioHttp) -> None:
    account = Account(
        1, world.merchant_id, "email", "mail", Secrets(), {"sender": "s@x.de", "mailbox": str(world.mailbox)}
    )
    conversation = await world.receiver.conversation(account, "anna@example.org", "en")
    sealed = "sealed:" + world.services.vault.close("123456", world.merchant_id, "anna@example.org")
    notice = Notice(
        conversation_id=conversation, address="anna@example.org", text="identify.mail",
        params={"code": sealed, "minutes": "10", "number": "1001"}, locale="en",
    )  # fmt: skip
    await Email(world.transcript).open(account, http).notify(notice, "k")
    assert "123456" in world.mails()[0].get_content()
    line = await world.database.plain.fetchrow("SELECT * FROM chat_messages WHERE conversation_id = $1", conversation)
    assert line is not None and line["text"].startswith("Your code is ••••••.")
    assert "123456" not in line["payload"] and sealed not in line["payload"]


# ---------------------------------------------------------------- SMTP


@dataclass
class Handler:
    """A mail server that refuses and dies on request."""

    mails: list[Any] = field(default_factory=list)

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if address.startswith("gone"):
            return "550 no such mailbox"
        if address.startswith("busy"):
            return "451 try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.mails.append(envelope)
        if envelope.rcpt_tos[0].startswith("lost"):
            server.transport.abort()
        return "250 OK" if not envelope.rcpt_tos[0].startswith("spam") else "554 we do not like it"


@dataclass
class Server:
    handler: Handler
    url: str


@pytest.fixture
async def smtp() -> AsyncIterator[Server]:
    handler = Handler()

    def login(server: Any, session: Any, envelope: Any, mechanism: str, auth: Any) -> AuthResult:
        return AuthResult(success=auth.password == b"p@ss", handled=False)

    def session() -> SMTP:
        return SMTP(handler, authenticator=login, auth_require_tls=False, decode_data=False)

    server = await asyncio.get_running_loop().create_server(session, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    yield Server(handler, f"smtp://shop:p%40ss@127.0.0.1:{port}")
    server.close()
    await server.wait_closed()


async def test_through_a_server(http: AioHttp, smtp: Server) -> None:
    sender = channel(http, smtp=smtp.url)
    assert await sender.check() == "Tassen Müller <shop@example.org>"
    receipt = await sender.notify(NOTICE, "crossdock-1")
    (envelope,) = smtp.handler.mails
    assert (envelope.mail_from, envelope.rcpt_tos) == ("shop@example.org", ["anna@example.org"])
    mail = read(envelope.content)
    assert mail["Message-ID"] == receipt.external_id
    assert "Österreichische Post" in mail.get_content()


async def test_failures_of_a_server_are_named_by_what_to_do_next(http: AioHttp, smtp: Server) -> None:
    sender = channel(http, smtp=smtp.url)

    async def to(name: str) -> None:
        await sender.notify(Notice(conversation_id=0, address=f"{name}@b.de", text="thanks.welcome"), "k")

    with pytest.raises(Reject, match="no such mailbox"):
        await to("gone")
    with pytest.raises(Reject, match="do not like"):
        await to("spam")
    with pytest.raises(Retry):
        await to("busy")
    with pytest.raises(Unknown):
        await to("lost")
    with pytest.raises(Reconnect, match="user or password"):
        await channel(http, smtp=smtp.url.replace("p%40ss", "wrong")).check()
    with nobody_listens() as port, pytest.raises(Retry):
        await channel(http, smtp=f"smtp://127.0.0.1:{port}").check()


def test_transports_declare_themselves_without_a_store() -> None:
    assert set(bot.TRANSPORTS) == {"telegram", "webchat", "email"}
    for name, transport in bot.TRANSPORTS.items():
        assert transport.about.name == name
        assert all(field.secret for field in transport.about.credentials if field.name in {"token", "signing_key"})
