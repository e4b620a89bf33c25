"""Who there is: accounts of each merchant by what they can do. Read for every batch, so kept for a few seconds."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from hub.accounts import Accounts
from hub.contract import Channel
from hub.domain.automation import RuleSet
from hub.domain.listening import NOBODY, Listeners
from hub.domain.outgoing import Kind
from hub.domain.routing_plan import Plan
from hub.domain.validation import Policy
from hub.errors import CrossdockError
from hub.flow import plans
from hub.flow.automation_facts import read_rules
from hub.flow.policies import read_policies
from hub.flow.senders import kinds_of
from hub.store.database import Database, Tx

KEEP_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Entry:
    """One active account."""

    id: int
    merchant_id: int
    connector: str
    kinds: frozenset[Kind]
    name: str = ""
    listens: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """All active accounts at one moment, and the rules of merchants that have some."""

    entries: Mapping[int, Entry] = field(default_factory=dict)
    plans: Mapping[int, Plan] = field(default_factory=dict)
    """Merchant → how its orders are routed, where it has said so."""
    rules: Mapping[int, RuleSet] = field(default_factory=dict)
    policies: Mapping[int, Policy] = field(default_factory=dict)
    """Merchant → its rules of review, where it has some of its own."""

    def kinds(self) -> dict[int, frozenset[Kind]]:
        """What each account takes."""
        return {entry.id: entry.kinds for entry in self.entries.values()}

    def carriers(self) -> dict[int, int]:
        """Merchant → its first account that sells labels."""
        found: dict[int, int] = {}
        for entry in sorted(self.entries.values(), key=lambda e: e.id):
            if Kind.BUY_LABEL in entry.kinds:
                found.setdefault(entry.merchant_id, entry.id)
        return found

    def by_connector(self, merchant_id: int, connector: str) -> int | None:
        """The merchant's first account of a connector."""
        ids = [e.id for e in self.entries.values() if e.merchant_id == merchant_id and e.connector == connector]
        return min(ids, default=None)

    def names(self) -> dict[int, str]:
        """What people call each account."""
        return {entry.id: entry.name for entry in self.entries.values()}

    def listeners(self) -> Listeners:
        """Accounts that are told of every order of their merchant."""
        found: dict[int, tuple[int, ...]] = {}
        for entry in sorted(self.entries.values(), key=lambda e: e.id):
            if entry.listens:
                found[entry.merchant_id] = (*found.get(entry.merchant_id, ()), entry.id)
        return Listeners(found, {entry.id: entry.name for entry in self.entries.values()}) if found else NOBODY


class Directory:
    """Opens what it needs through `Accounts`; an account that cannot be opened is left out until it can."""

    def __init__(self, database: Database, accounts: Accounts) -> None:
        self._database = database
        self._accounts = accounts
        self.keep_seconds = KEEP_SECONDS
        self._known = Known()
        self._read_at = -math.inf

    async def known(self, tx: Tx) -> Known:
        """Every active account, at most a few seconds old."""
        if time.monotonic() - self._read_at >= self.keep_seconds:
            rows = await tx.fetch("SELECT id, merchant_id, connector, name FROM accounts WHERE state <> 'removed'")
            entries = {}
            for row in rows:
                try:
                    channel = await self._accounts.open(row["id"])
                except CrossdockError:
                    continue
                listens = self._accounts.connector(row["connector"]).about.listens
                entries[row["id"]] = Entry(
                    row["id"], row["merchant_id"], row["connector"], kinds_of(channel), row["name"], listens
                )
            rules = await read_rules(tx)
            known = Known(entries, await plans.newest(tx), rules, await read_policies(tx))
            self._known, self._read_at = known, time.monotonic()
        return self._known

    def forget(self) -> None:
        """Reads again at the next use."""
        self._read_at = -math.inf

    async def open(self, account_id: int) -> Channel:
        """The channel of an account."""
        return await self._accounts.open(account_id)
