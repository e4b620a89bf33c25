"""Connected accounts: opens a channel, keeps it, closes it; the only place that decrypts credentials.

renewing.py    credentials that are replaced by using them
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from hub.accounts.renewing import Fetch, Renewing
from hub.contract import Account, Channel, Connector, Http
from hub.errors import Conflict, Invalid, NotFound, Reconnect
from hub.ports import Clock, Ids
from hub.store.database import Database, Row
from hub.vault import Vault

KEEP_SECONDS = 30.0
"""How long an opened account is trusted before its row is looked at again: the reach of a change on another host."""

NEAR = 70.0
"""How like a kind, of 100, a word must be to be a slip for it: `esty` is by 75, `woo` by 90."""

TO_RENEW = "SELECT * FROM accounts WHERE merchant_id = $1 AND id = $2 AND state <> 'removed' FOR UPDATE"
RENEW = """UPDATE accounts SET settings = $2, secrets = $3, health = health - 'closed',
    credentials_at = coalesce($4, credentials_at),
    state = CASE state WHEN 'closed' THEN 'active' ELSE state END WHERE id = $1"""


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
        self._renewing = Renewing(database, tools.vault, clock, ids)
        self._open: dict[int, tuple[float, Channel]] = {}

    def connector(self, name: str) -> Connector:
        """The connector of that name. Raises `Invalid` naming the one that may be meant, and all there are."""
        found = self._tools.connectors.get(name)
        if found is None:
            raise Invalid("kind", self._unknown(name))
        if not found.about.production and not self._tools.allow_demo:
            raise Invalid("kind", f"{name} is for the demo only; set CROSSDOCK_DEMO=true to use it here")
        return found

    def _unknown(self, name: str) -> str:
        names = [connector.about.name for connector in self.offered()]
        word = name.strip().casefold()
        near = process.extractOne(word, names, scorer=fuzz.WRatio, score_cutoff=NEAR) if len(word) > 2 else None
        meant = f": did you mean {near[0]}? There are" if near else "; there are"
        return f"no connector {name[:50]!r}{meant} {', '.join(names)}"

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
        secrets = self._renewing.opened((merchant, account), row["secrets"])
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

    async def renew(self, merchant_id: int, account_id: int, values: Mapping[str, str], *, keep: bool = False) -> None:
        """Replaces an account's credentials; settings that are not named stay, with `keep` secrets that are not named
        too, as they are at that moment; one that the channel had closed is at work again. Raises `Invalid` as `add`
        does, `NotFound` for one that was removed or is another merchant's."""
        belongs = (merchant_id, account_id)
        async with self._database.transaction() as tx:
            row = await tx.fetchrow(TO_RENEW, merchant_id, account_id)
            if row is None:
                raise NotFound(f"no account {account_id}; `python main.py channel list` shows those there are")
            there = self._stored(row, belongs) if keep else {}
            given = json.loads(row["settings"]) | there | dict(values)
            settings, secrets = self._closed(row["connector"], given, belongs)
            anew = self._proves_anew(row, belongs, there | dict(values))
            await tx.execute(RENEW, account_id, settings, secrets, self._clock.now() if anew else None)
        self.forget(account_id)

    def _stored(self, row: Row, belongs: tuple[int, int]) -> dict[str, str]:
        """Secrets as they are; none where no key opens them, which then have to be given whole."""
        try:
            return dict(self._renewing.opened(belongs, row["secrets"]))
        except Reconnect:
            return {}

    def _proves_anew(self, row: Row, belongs: tuple[int, int], values: Mapping[str, str]) -> bool:
        """Whether a secret that the account needs is another than before, or what was there cannot be opened."""
        secret = [field for field in self.connector(row["connector"]).about.credentials if field.secret]
        needed = [field for field in secret if field.required] or secret
        try:
            before = self._renewing.opened(belongs, row["secrets"])
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
                raise Invalid(field.name, f"{kind} needs it: {field.title}{field.help and f' ({field.help})'}")
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

    async def keep(self, used: Account, fresh: Mapping[str, str]) -> bool:
        """Stores fields that came of using those of `used`. False when the account has got others meanwhile."""
        plain = {field.name for field in self.connector(used.connector).about.credentials if not field.secret}
        kept = await self._renewing.put((used.merchant_id, used.id), {**used.settings, **used.secrets}, fresh, plain)
        self.forget(used.id)
        return kept

    async def replace(self, belongs: tuple[int, int], fetch: Fetch) -> None:
        """What `hub.contract.Keeper` promises, of the account (merchant, id)."""
        try:
            await self._renewing.replace(belongs, fetch)
        finally:
            self.forget(belongs[1])


@dataclass(frozen=True, slots=True)
class Keeper:
    """`hub.contract.Keeper` of one account (merchant, id)."""

    accounts: Accounts
    belongs: tuple[int, int]

    async def renew(self, fetch: Fetch) -> None:
        """See the protocol."""
        await self.accounts.replace(self.belongs, fetch)
