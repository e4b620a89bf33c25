"""Credentials that are replaced by using them: who may do that now, and how the new ones come into an account's row.

What somebody gave meanwhile is newer than what came of the old, and stays: that is decided under the row's lock.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeAlias

import asyncpg
import structlog
from tortoise.exceptions import BaseORMException

from hub.contract import Secrets
from hub.errors import Retry
from hub.ports import Clock, Ids
from hub.store.database import CUT, Database
from hub.vault import Vault

log = structlog.get_logger()

LEASE_SECONDS, WAIT_SECONDS, LOOK_SECONDS = 60, 20.0, 0.1
"""Who renews credentials may take so long; who waits for it does so, looking this often."""

STORE_PAUSES = (0.1, 0.3, 1.0, 3.0)
"""Seconds between tries to store credentials that were renewed: the old ones may be worth nothing now."""

LEASE = """WITH taken AS (UPDATE accounts SET observed = jsonb_set(observed, '{renewing}', $2::jsonb)
    WHERE id = $1 AND state <> 'removed' AND coalesce((observed->'renewing'->>'until')::timestamptz <= $3, true)
    RETURNING secrets) SELECT * FROM taken"""
GIVE_BACK = "UPDATE accounts SET observed = observed - 'renewing' WHERE id = $1 AND observed->'renewing'->>'by' = $2"
NOW = "SELECT settings, secrets FROM accounts WHERE id = $1 AND state <> 'removed' FOR UPDATE"
PUT = """UPDATE accounts SET settings = settings || $2::jsonb, secrets = secrets || $3::jsonb,
    credentials_at = CASE WHEN $3::jsonb = '{}' THEN credentials_at ELSE $4 END WHERE id = $1"""
AWAY = (*CUT, asyncpg.PostgresError, BaseORMException)
Fetch: TypeAlias = Callable[[Mapping[str, str]], Awaitable[Mapping[str, str]]]
"""From the secrets as they are stored to fields that have new values."""

Belongs: TypeAlias = tuple[int, int]
"""Whose credentials: (merchant, account)."""


@dataclass(frozen=True, slots=True)
class Renewing:
    """Renews what is stored of accounts."""

    database: Database
    vault: Vault
    clock: Clock
    ids: Ids

    def opened(self, belongs: Belongs, secrets: str) -> Secrets:
        """Stored secrets, opened. Raises `Reconnect` where no key opens them."""
        opened = ((name, self.vault.open(sealed, *belongs, name)) for name, sealed in json.loads(secrets).items())
        return Secrets(opened)

    async def replace(self, belongs: Belongs, fetch: Fetch) -> None:
        """What `hub.contract.Keeper` promises. The lease is a mark in the row, so that no transaction waits for a
        channel; what `fetch` brings is stored under the row's lock."""
        by = str(self.ids.next())
        secrets = await self._lease(belongs[1], by)
        try:
            used = self.opened(belongs, secrets)
            fresh = {name: value for name, value in (await fetch(used)).items() if used.get(name) != value}
            if fresh:
                await asyncio.shield(self._store(belongs, used, fresh))
        finally:
            with contextlib.suppress(*AWAY):
                await asyncio.shield(self.database.plain.execute(GIVE_BACK, belongs[1], by))

    async def put(
        self, belongs: Belongs, used: Mapping[str, str], fresh: Mapping[str, str], plain: Collection[str] = ()
    ) -> bool:
        """Stores `fresh`, which came of `used`; fields named in `plain` are settings. False when the account has others
        by now, or was removed: what somebody gave it meanwhile is newer."""
        async with self.database.transaction() as tx:
            row = await tx.fetchrow(NOW, belongs[1])
            if row is None:
                return False
            there = {**json.loads(row["settings"]), **self.opened(belongs, row["secrets"])}
            if all(there.get(name) == value for name, value in fresh.items()):
                return True
            if any(there.get(name) != used.get(name) for name in fresh):
                return False
            settings = {name: value for name, value in fresh.items() if name in plain}
            secret = {name: value for name, value in fresh.items() if name not in plain}
            sealed = {name: self.vault.close(value, *belongs, name) for name, value in secret.items()}
            await tx.execute(PUT, belongs[1], json.dumps(settings), json.dumps(sealed), self.clock.now())
            return True

    async def _lease(self, account_id: int, by: str) -> str:
        """The stored secrets, for the one who may renew them now. Raises `Retry` while somebody else does."""
        until = time.monotonic() + WAIT_SECONDS
        while True:
            now = self.clock.now()
            mark = json.dumps({"by": by, "until": (now + timedelta(seconds=LEASE_SECONDS)).isoformat()})
            try:
                secrets = await self.database.plain.fetchval(LEASE, account_id, mark, now)
            except AWAY as error:
                raise Retry(f"the store does not answer: {type(error).__name__}", 5.0) from None
            if secrets is not None:
                return str(secrets)
            if time.monotonic() > until:
                raise Retry(f"the credentials of account {account_id} are being renewed by another process", 5.0)
            await asyncio.sleep(LOOK_SECONDS)

    async def _store(self, belongs: Belongs, used: Secrets, fresh: Mapping[str, str]) -> None:
        """Tried again while the store stumbles, then given up: the connector goes on with what it has, and tells it
        again when it is asked each day."""
        for pause in (*STORE_PAUSES, 0.0):
            try:
                await self.put(belongs, used, fresh)
                break
            except AWAY as error:
                log.error("renewed credentials could not be stored", account_id=belongs[1], error=repr(error))
                await asyncio.sleep(pause)
