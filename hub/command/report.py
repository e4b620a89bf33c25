"""How commands tell what came of them: words on standard error, one JSON document on standard output, an exit code."""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import typer
from rich.console import Console

from hub.command.tables import table
from hub.contract import About
from hub.errors import CrossdockError, Invalid, NotFound, Reconnect

FINE, FAILED, USAGE, CREDENTIALS = 0, 1, 2, 4

errors = Console(stderr=True, highlight=False)
output = Console(highlight=False)


class Rows(msgspec.Struct, frozen=True):
    """A table for people; the program ends with 1 where `failed`."""

    rows: Sequence[Any]
    failed: bool = False


def say(words: str) -> None:
    """A message for a person."""
    errors.print(words, markup=False, soft_wrap=True)


def text_of(file: Path) -> str:
    """What a file says. Raises `Invalid` for one that is no text in UTF-8."""
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        why = f"is not text in UTF-8 (byte {error.start}); save it as UTF-8 and try again"
        raise Invalid(file.name, why) from None


def run(work: Callable[[], Awaitable[Any]], as_json: bool) -> Any:
    """Runs `work` on a fresh event loop, shows what it returns, and ends the program where it failed."""
    try:
        result = loop(work)
    except (KeyboardInterrupt, asyncio.CancelledError):
        raise typer.Exit(130) from None
    except CrossdockError as error:
        say(f"{error.code}: {error}")
        raise typer.Exit(_code(error)) from None
    show(result, as_json)
    if getattr(result, "violations", None) or getattr(result, "failed", False):
        raise typer.Exit(FAILED)
    return result


def loop(work: Callable[[], Awaitable[Any]]) -> Any:
    """Runs `work` on a fresh event loop as the product does."""

    async def main() -> Any:
        return await work()

    _tune_gc()

    if sys.platform == "win32":
        return asyncio.run(main())
    import uvloop

    return uvloop.run(main())


def _tune_gc() -> None:
    """Batches make many objects that die together: looking for cycles after every 700 costs a tenth of the time."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def _code(error: CrossdockError) -> int:
    if isinstance(error, Reconnect) or (isinstance(error, Invalid) and error.field == "CROSSDOCK_SECRET_KEY"):
        return CREDENTIALS
    return USAGE if isinstance(error, Invalid) else FAILED


def show(result: Any, as_json: bool) -> None:
    """A result as one JSON document, or readably; nothing for None."""
    plain = msgspec.to_builtins(result.rows if isinstance(result, Rows) else result)
    if as_json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(plain)).decode() + "\n")
    elif isinstance(plain, list | tuple):
        _table(plain)
    elif isinstance(plain, Mapping):
        lists = [
            name
            for name, value in plain.items()
            if isinstance(value, list | tuple) and (not value or isinstance(value[0], dict))
        ]
        rest = [value for name, value in plain.items() if name not in lists]
        if len(lists) == 1 and len(plain) <= 2 and (plain[lists[0]] or not any(rest)):
            _table(plain[lists[0]])
        else:
            output.print_json(data=plain)
    elif plain is not None:
        output.print(str(plain), markup=False)


def _table(rows: Sequence[Any]) -> None:
    if not rows:
        say("none")
        return
    if not isinstance(rows[0], Mapping):
        for row in rows:
            output.print(str(row), markup=False, soft_wrap=True)
        return
    if left_out := table(output, rows):
        say(left_out)


def checked(problems: Sequence[str], as_json: bool) -> None:
    """Shows problems; ends the program with 1 when there are any."""
    show({"problems": list(problems)} if as_json else list(problems), as_json)
    if problems:
        raise typer.Exit(FAILED)


def kind(about: About) -> dict[str, Any]:
    """What a connector asks for."""
    return {
        "kind": about.name,
        "title": about.title,
        "needs": [f"{c.name}{'' if c.required else '?'}" for c in about.credentials],
        "polls": str(about.poll_every) if about.poll_every else "",
    }


def instant(text: str) -> datetime | None:
    """An ISO time from the command line, in UTC unless it says otherwise; None for an empty text.

    Raises `Invalid` for anything else.
    """
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid("--since", f"{text!r} is not a time; write 2026-11-01 or 2026-11-01T08:00Z") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


__all__ = ["NotFound", "checked", "instant", "kind", "run", "say", "show"]
