"""What the contract suite needs to know of a connector: how to start its other side, and what to send through it.

Each `tests/connectors/<name>/harness.py` exports `HARNESS`, an instance of a `Harness`. A new connector writes that one
small file; every test of `test_contract.py` then runs over it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from hub.contract import Account, Connector
from hub.domain.order import Value
from hub.domain.outgoing import Kind


@dataclass(frozen=True, slots=True)
class Seen:
    """A request that reached the double. `headers` has lower-case names."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class Double(Protocol):
    """A real aiohttp server on 127.0.0.1 that plays the other side, signatures and limits included."""

    url: str
    seen: list[Seen]

    def fail(self, status: int, *, headers: Mapping[str, str] | None = None, body: bytes = b"", times: int = 1) -> None:
        """The next `times` API calls are answered like this instead."""
        ...

    def drop_replies(self, times: int = 1) -> None:
        """The next `times` API calls take effect, then the connection is closed without an answer."""
        ...

    def seed_orders(self, count: int) -> Sequence[str]:
        """Makes orders to be pulled, several in the same second; returns their external ids."""
        ...

    def effects(self) -> Sequence[tuple[Kind, str]]:
        """(kind, our reference) of every call that took effect, repeats included."""
        ...


class Harness(Protocol):
    """How the suite meets one connector. One that has no other side says so with `calls_nobody = True`: its double is
    there to see that nobody calls it."""

    connector: Connector
    fixtures: Path
    """A folder of `topic__what_is_special.json`: {"topic": …, "body": {…}, "expect": {…}}; empty: nothing comes in."""
    pushes: Mapping[Kind, Value]
    """A payload for each kind of message the connector takes."""

    def serve(self) -> AbstractAsyncContextManager[Double]: ...

    def account(self, url: str) -> Account:
        """An account with working credentials at the double."""
        ...
