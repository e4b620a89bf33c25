"""Connected accounts: opens a channel, keeps it, closes it; the only place that decrypts credentials."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeAlias

import asyncpg
import structlog
from tortoise.exceptions import BaseORMException

from hub.contract import Account, Channel, Connector, Http, Secrets
from hub.errors import Conflict, Invalid, NotFound, Reconnect, Retry
from hub.ports import Clock, Ids
from hub.store.database import CUT, Database, Row
from hub.vault import Vault

log = structlog.get_logger()

KEEP_SECONDS = 30.0
"""How long an opened account is trusted before its row is looked at again: the reach of a change on another host."""

LEASE_SECONDS, WAIT_SECONDS, LOOK_SECONDS = 60, 20.0, 0.1
"""Who renews credentials may take so long; who waits for it does so, looking this often."""

STORE_PAUSES = (0.1, 0.3, 1.0, 3.0)
"""Seconds between tries to store credentials that were renewed: the old ones may be worth nothing now."""

LEASE = """WITH taken AS (UPDATE accounts SET observed = jsonb_set(observed, '{renewing}', $2::jsonb)
    WHERE id = $1 AND state <> 'removed' AND coalesce((observed->'renewing'->>'until')::timestamptz <= $3, true)
    RETURNING secrets) SELECT * FROM taken"""
GIVE_BACK = "UPDATE accounts SET observed = observed - 'renewing' WHERE id = $1 AND observed->'renewing'->>'by' = $2"
PUT = "UPDATE accounts SET secrets = secrets || $2::jsonb, credentials_at = $3 WHERE id = $1"
AWAY = (*CUT, asyncpg.PostgresError, BaseORMException)
Fetch: TypeAlias = Callable[[Mapping[str, str]], Awaitable[Mapping[str, str]]]
"""From the secrets as they are stored to fields that have new values."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What accounts are opened with. `connectors` also holds the bot's transports: main.py hands both over."""

    connectors: Mapping[str, Connector]
    http: Http
    vault: Vault
    allow_demo: bool = False


class Accounts:
    """Opens accounts by id. One instance a process; channels are kept for a while and shared by all who ask."""

    def __init__(self, database: Database, tools: Tools, clock: Clock, ids: Ids) -> None:
        self._database = database
        self._tools = tools
        self._clock = clock
        self._ids = ids
        self._open: dict[int, tuple[float, Channel]] = {}

    def connector(self, name: str) -> Connector:
        """The connector of that name. Raises `Invalid` naming those there are."""
        found = self._tools.connectors.get(name)
        if found is None:
            raise Invalid("kind", f"no connector {name!r}; there are {', '.join(sorted(self._tools.connectors))}")
        if not found.about.production and not self._tools.allow_demo:
            raise Invalid("kind", f"{name} is for the demo only; set CROSSDOCK_DEMO=true to use it here")
        return found

    def offered(self) -> tuple[Connector, ...]:
        """Every connector that may be used here, by name."""
        found = (connector for _, connector in sorted(self._tools.connectors.items()))
        return tuple(c for c in found if c.about.production or self._tools.allow_demo)

    async def open(self, account_id: int) -> Channel:
        """The channel of an account. Raises `NotFound` for one that is unknown or was removed, `Reconnect` for one
        whose credentials are not all there."""
        kept = self._open.get(account_id)
        if kept is not None and time.monotonic() - kept[0] < KEEP_SECONDS:
            return kept[1]
        row = await self._database.plain.fetchrow(
            "SELECT * FROM accounts WHERE id = $1 AND state <> 'removed'", account_id
        )
        if row is None:
            self._open.pop(account_id, None)
            raise NotFound(f"no account {account_id}; `python main.py channel list` shows those there are")
        channel = self._channel(row)
        self._open[account_id] = (time.monotonic(), channel)
        return channel

    def _channel(self, row: Row) -> Channel:
        connector = self.connector(row["connector"])
        merchant, account = row["merchant_id"], row["id"]
        secrets = self._opened((merchant, account), row["secrets"])
        opened = Account(
            account, merchant, row["connector"], row["name"], secrets, json.loads(row["settings"]),
            Keeper(self, (merchant, account)),
        )  # fmt: skip
        try:
            return connector.open(opened, self._tools.http)
        except KeyError as error:
            raise Reconnect(f"what is stored of the account lacks {error}: connect it again") from None

    async def add(self, merchant_id: int, kind: str, name: str, values: Mapping[str, str]) -> int:
        """Connects an account and returns its id. Raises `Invalid` for fields that are missing or unknown, `Conflict`
        for a name that is taken. Does not reach the channel: `check` does."""
        account_id = self._ids.next()
        settings, secrets = self._closed(kind, values, (merchant_id, account_id))
        added = await self._database.plain.execute(
            """INSERT INTO accounts
               (id, merchant_id, connector, name, state, settings, secrets, cursor, health, created_at, credentials_at)
               VALUES ($1, $2, $3, $4, 'active', $5, $6, '{}', '{}', $7, $7) ON CONFLICT DO NOTHING""",
            account_id, merchant_id, kind, name, settings, secrets, self._clock.now(),
        )  # fmt: skip
        if not added:
            raise Conflict(f"there is already a {kind} account named {name!r}; choose another --name")
        return account_id

    async def renew(self, merchant_id: int, account_id: int, values: Mapping[str, str]) -> None:
        """Replaces an account's credentials; settings that are not named stay, and one that the channel had closed is
        at work again. Raises `Invalid` as `add` does, `NotFound` for one that was removed or is another merchant's."""
        row = await self._database.plain.fetchrow(
            "SELECT * FROM accounts WHERE merchant_id = $1 AND id = $2 AND state <> 'removed'", merchant_id, account_id
        )
        if row is None:
            raise NotFound(f"no account {account_id}; `python main.py channel list` shows those there are")
        given = json.loads(row["settings"]) | dict(values)
        settings, secrets = self._closed(row["connector"], given, (merchant_id, account_id))
        anew = self._proves_anew(row, (merchant_id, account_id), values)
        await self._database.plain.execute(
            """UPDATE accounts SET settings = $2, secrets = $3, health = health - 'closed',
               credentials_at = coalesce($4, credentials_at),
               state = CASE state WHEN 'closed' THEN 'active' ELSE state END WHERE id = $1""",
            account_id, settings, secrets, self._clock.now() if anew else None,
        )  # fmt: skip
        self.forget(account_id)

    def _proves_anew(self, row: Row, belongs: tuple[int, int], values: Mapping[str, str]) -> bool:
        """Whether a secret that the account needs is another than before, or what was there cannot be opened."""
        secret = [field for field in self.connector(row["connector"]).about.credentials if field.secret]
        needed = [field for field in secret if field.required] or secret
        try:
            before = self._opened(belongs, row["secrets"])
        except Reconnect:
            return True
        return any(values.get(field.name) != before.get(field.name) for field in needed)

    def _closed(self, kind: str, values: Mapping[str, str], belongs: tuple[int, int]) -> tuple[str, str]:
        """Settings and closed secrets as JSON. Raises `Invalid` for fields that are missing or unknown."""
        fields = self.connector(kind).about.credentials
        secret = {field.name for field in fields if field.secret}
        plain = {field.name for field in fields if not field.secret} | {"base_url", "rate"}
        for given in values:
            if given not in secret | plain:
                raise Invalid(given, f"{kind} has no such field; it takes {', '.join(sorted(secret | plain))}")
        for field in fields:
            if field.required and not values.get(field.name):
                raise Invalid(field.name, f"{kind} needs it: {field.title}. {field.help}".strip())
        sealed = {n: self._tools.vault.close(v, *belongs, n) for n, v in values.items() if n in secret}
        return json.dumps({n: v for n, v in values.items() if n in plain}), json.dumps(sealed)

    async def reseal(self) -> int:
        """Closes with the newest key what older ones had closed, for every account there ever was; returns how many
        accounts that touched. Raises `Reconnect`, once all others are done, for those that none of the keys opens."""
        touched, lost = 0, []
        for row in await self._database.plain.fetch("SELECT id, merchant_id, name, secrets FROM accounts ORDER BY id"):
            try:
                anew = self._resealed((row["merchant_id"], row["id"]), json.loads(row["secrets"]))
            except Reconnect as error:
                lost.append(f"account {row['id']} {row['name']!r}: {error}")
                continue
            if anew is not None:  # guarded by what was read: credentials that somebody gives meanwhile are newer
                touched += await self._database.plain.execute(
                    "UPDATE accounts SET secrets = $2 WHERE id = $1 AND secrets = $3::jsonb",
                    row["id"], json.dumps(anew), row["secrets"],
                )  # fmt: skip
        if lost:
            raise Reconnect("; ".join(lost))
        return touched

    def _resealed(self, belongs: tuple[int, int], sealed: Mapping[str, str]) -> Mapping[str, str] | None:
        """Secrets closed with the newest key; None where all of them are."""
        vault = self._tools.vault
        old = {name: value for name, value in sealed.items() if not vault.is_current(value)}
        anew = {name: vault.close(vault.open(value, *belongs, name), *belongs, name) for name, value in old.items()}
        return {**sealed, **anew} if anew else None

    def forget(self, account_id: int) -> None:
        """Drops the kept channel, so that the next `open` reads the row again."""
        self._open.pop(account_id, None)

    # ------------------------------------------------------------ credentials that are replaced by using them

    async def replace(self, belongs: tuple[int, int], fetch: Fetch) -> None:
        """What `hub.contract.Keeper` promises, of the account (merchant, id). The lease is a mark in the row, so that
        no transaction waits for a channel; what `fetch` brings is stored under the row's lock."""
        by = str(self._ids.next())
        secrets = await self._lease(belongs[1], by)
        try:
            used = self._opened(belongs, secrets)
            fresh = {name: value for name, value in (await fetch(used)).items() if used.get(name) != value}
            if fresh:
                await asyncio.shield(self._store(belongs, used, fresh))
        finally:
            self.forget(belongs[1])
            with contextlib.suppress(*AWAY):
                await asyncio.shield(self._database.plain.execute(GIVE_BACK, belongs[1], by))

    def _opened(self, belongs: tuple[int, int], secrets: str) -> Secrets:
        vault = self._tools.vault
        return Secrets((name, vault.open(sealed, *belongs, name)) for name, sealed in json.loads(secrets).items())

    async def _lease(self, account_id: int, by: str) -> str:
        """The stored secrets, for the one who may renew them now. Raises `Retry` while somebody else does."""
        until = time.monotonic() + WAIT_SECONDS
        while True:
            now = self._clock.now()
            mark = json.dumps({"by": by, "until": (now + timedelta(seconds=LEASE_SECONDS)).isoformat()})
            try:
                secrets = await self._database.plain.fetchval(LEASE, account_id, mark, now)
            except AWAY as error:
                raise Retry(f"the store does not answer: {type(error).__name__}", 5.0) from None
            if secrets is not None:
                return str(secrets)
            if time.monotonic() > until:
                raise Retry(f"the credentials of account {account_id} are being renewed by another process", 5.0)
            await asyncio.sleep(LOOK_SECONDS)

    async def _store(self, belongs: tuple[int, int], used: Secrets, fresh: Mapping[str, str]) -> None:
        """Tried again while the store stumbles, then given up: the connector goes on with what it has, and tells it
        again when it is asked each day."""
        for pause in (*STORE_PAUSES, 0.0):
            try:
                await self._put(belongs, used, fresh)
                break
            except AWAY as error:
                log.error("renewed credentials could not be stored", account_id=belongs[1], error=repr(error))
                await asyncio.sleep(pause)

    async def _put(self, belongs: tuple[int, int], used: Secrets, fresh: Mapping[str, str]) -> None:
        async with self._database.transaction() as tx:
            stored = await tx.fetchval("SELECT secrets FROM accounts WHERE id = $1 FOR UPDATE", belongs[1])
            now = self._opened(belongs, stored or "{}")
            if any(now.get(name) != used.get(name) for name in fresh):
                return  # a merchant gave others meanwhile
            sealed = {name: self._tools.vault.close(value, *belongs, name) for name, value in fresh.items()}
            await tx.execute(PUT, belongs[1], json.dumps(sealed), self._clock.now())


@dataclass(frozen=True, slots=True)
class Keeper:
    """`hub.contract.Keeper` of one account (merchant, id)."""

    accounts: Accounts
    belongs: tuple[int, int]

    async def renew(self, fetch: Fetch) -> None:
        """See the protocol."""
        await self.accounts.replace(self.belongs, fetch)
