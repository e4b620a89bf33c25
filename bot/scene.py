"""What an action of a flow works with: one conversation, one transaction, sources of time, identity and chance."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeAlias

from bot.state import Json
from hub.ports import Ids, Rng

Cell: TypeAlias = Any
"""A row, or a value of one: as the driver gives it."""


class Statements(Protocol):
    """Statements of one transaction (`hub.store.database.Tx`): SQL with $1 placeholders."""

    async def fetch(self, sql: str, *args: object) -> list[Cell]: ...
    async def fetchrow(self, sql: str, *args: object) -> Cell: ...
    async def fetchval(self, sql: str, *args: object) -> Cell: ...
    async def execute(self, sql: str, *args: object) -> int: ...


class Store(Protocol):
    """The database (`hub.store.database.Database`)."""

    def transaction(self) -> AbstractAsyncContextManager[Cell]: ...

    @property
    def plain(self) -> Statements: ...

    async def listen(self, work: str, wake: Callable[[], None]) -> None: ...


class Seals(Protocol):
    """Keyed hashes and sealed texts (`hub.vault.Vault`)."""

    def mac(self, *parts: object) -> str: ...
    def close(self, text: str, *belongs: object) -> str: ...
    def open(self, sealed: str, *belongs: object) -> str: ...


@dataclass(frozen=True, slots=True)
class Tools:
    """Parts of the running process that actions need."""

    ids: Ids
    rng: Rng
    vault: Seals


@dataclass(frozen=True, slots=True)
class Scene:
    """One turn of one conversation. `tx` is a `hub.store.database.Tx`; what an action writes is kept with the turn."""

    tx: Any
    tools: Tools
    now: datetime
    merchant_id: int
    conversation_id: int
    account_id: int
    transport: str
    peer: str
    locale: str


Run: TypeAlias = Callable[..., Awaitable[Json]]


@dataclass(frozen=True, slots=True)
class Action:
    """What a flow may ask for by name. `run(scene, **arguments)` returns JSON, or raises a failure of `hub.errors`,
    which takes back what it wrote; `writes` says that there may be something to take back."""

    run: Run
    writes: bool = False
