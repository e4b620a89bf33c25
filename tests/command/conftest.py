"""Commands as people type them, on the store of a test; what the flow needs is on paper."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from hub.command import records, report
from hub.command.catalog import on_stock
from tests.flow.conftest import desk
from tests.flow.desk import Desk

__all__ = ["desk"]


@dataclass(frozen=True, slots=True)
class Ended:
    """What a command came to: its exit code, and all that it said."""

    code: int
    said: str


Typed = Callable[..., Awaitable[Ended]]


@pytest.fixture
async def typed(desk: Desk) -> Typed:
    """Types one command, word by word. It runs in a thread with a loop of its own, as the program does; the store is
    asked on the loop of the test, where it was opened."""
    here = asyncio.get_running_loop()

    def run(work: Callable[[Any], Awaitable[Any]], *, as_json: bool = False) -> Any:
        async def there() -> Any:
            return await work(desk.world)

        async def go() -> Any:
            return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(there(), here))

        return report.run(go, as_json)

    app = typer.Typer()
    stock = records.stock(run)
    on_stock(stock, run)
    app.add_typer(stock, name="stock")
    app.add_typer(records.orders(run), name="orders")

    async def type_(*words: str) -> Ended:
        environment = {"COLUMNS": "300", "TERM": "dumb"}
        done = await asyncio.to_thread(CliRunner().invoke, app, list(words), env=environment)
        return Ended(done.exit_code, done.output)

    return type_
