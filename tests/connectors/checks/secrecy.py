"""Secrets stay secret: not in logs, not on the screen, not in what an object says of itself, not in a reason."""

from __future__ import annotations

import io
import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout

from hub.contract import Http
from hub.errors import CrossdockError
from tests.connectors.checks.common import demand, hidden, meeting, operations, outcome
from tests.connectors.harness import Harness


@contextmanager
def overheard() -> Iterator[io.StringIO]:
    """Everything that is logged at any level, or printed, meanwhile."""
    heard = io.StringIO()
    ear, root = logging.StreamHandler(heard), logging.getLogger()
    level = root.level
    root.addHandler(ear)
    root.setLevel(logging.DEBUG)
    try:
        with redirect_stdout(heard), redirect_stderr(heard):
            yield heard
    finally:
        root.setLevel(level)
        root.removeHandler(ear)


async def check_no_secret_in_logs_or_repr(harness: Harness, http: Http) -> None:
    """Every operation, when it works and when it fails in the ways that tempt one to say too much."""
    async with meeting(harness, http) as (double, _):
        account = harness.account(double.url)
        secrets = sorted(hidden(account)) or ["(this account has no secret)"]
    echo = f'{{"error": "invalid token={secrets[0]} for Bearer {secrets[-1]}"}}'.encode()
    for status, body in ((0, b""), (401, echo), (400, echo), (500, b"<html>oops</html>")):
        said = await _said(harness, http, status, body)
        for secret in secrets:
            where = said.find(secret)
            demand(where < 0, f"a secret of the account was said aloud: …{said[max(0, where - 60) : where]}<here>")


async def _said(harness: Harness, http: Http, status: int, body: bytes) -> str:
    """All that is said while everything is asked once, with answers of `status` (0: the real ones)."""
    told: list[str] = []
    async with meeting(harness, http) as (double, channel):
        account = channel.account
        with overheard() as heard:
            for operation in operations(channel, harness):
                if status:
                    double.fail(status, body=body, times=1)
                got = await outcome(operation.name, operation.call())
                told.append(repr(got))
                if isinstance(got, CrossdockError):
                    told += ["".join(traceback.format_exception(got)), str(vars(got))]
        told += [heard.getvalue(), repr(account), str(account), repr(channel), str(channel), repr(harness.connector)]
        told += [repr(account.secrets), f"{account.secrets}", repr(getattr(channel, "_client", None))]
    return "\n".join(told)
