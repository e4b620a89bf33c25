"""The local mailbox of an installation without a mail server: one file a day in the mbox format (RFC 4155).

Appending a batch of mails is one write, where a file for each mail costs the file system more than all else that is
done for an order. Any mail reader opens such a file; a mail that was sent again has the same Message-ID.
"""

from __future__ import annotations

import errno
import fcntl
import mailbox
import os
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from pathlib import Path

QUOTED = re.compile(rb"^(>*From )", re.MULTILINE)


def drop(folder: Path, mails: Sequence[bytes], now: datetime) -> None:
    """Appends mails, all of them or none. Raises OSError where they do not fit."""
    folder.mkdir(parents=True, exist_ok=True)
    content = b"".join(_entry(mail, now) for mail in mails)
    file = os.open(folder / f"{now:%Y-%m-%d}.mbox", os.O_APPEND | os.O_CREAT | os.O_WRONLY, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        before = os.fstat(file).st_size
        if os.write(file, content) != len(content):
            os.ftruncate(file, before)
            raise OSError(errno.ENOSPC, "a mail does not fit into the mailbox", str(folder))
    finally:
        os.close(file)


def read(folder: Path) -> Iterable[EmailMessage]:
    """Every mail in a mailbox, the oldest first; one that was sent again is there once."""
    seen: set[str] = set()
    for path in sorted(folder.glob("*.mbox")):
        box = mailbox.mbox(path, create=False)
        try:
            for key in box.keys():  # noqa: SIM118 - iterating the box itself parses each mail once more
                content = re.sub(rb"^>(>*From )", rb"\1", box.get_bytes(key), flags=re.MULTILINE)
                mail = BytesParser(EmailMessage, policy=default).parsebytes(content)
                if mail["Message-ID"] not in seen:
                    seen.add(mail["Message-ID"])
                    yield mail
        finally:
            box.close()


def _entry(mail: bytes, now: datetime) -> bytes:
    """A mail as it stands in the file: lines end in LF, and one that looks like the start of a mail is quoted."""
    lines = QUOTED.sub(rb">\1", mail.replace(b"\r\n", b"\n"))
    return f"From MAILER-DAEMON {now:%a %b %d %H:%M:%S %Y}\n".encode() + lines.rstrip(b"\n") + b"\n\n"
