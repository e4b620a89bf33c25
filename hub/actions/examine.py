"""Look at everything an installation needs: each thing passes, or says what to do."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC
from urllib.parse import urlsplit

from msgspec import Struct

from hub.actions import account_words
from hub.actions.services import Services
from hub.contract import ManagesWebhooks
from hub.domain import wellbeing
from hub.domain.signs import Heal
from hub.errors import CrossdockError

CHECK_SECONDS = 20.0
ACCOUNTS = "SELECT id, name, connector, state, health FROM accounts WHERE state <> 'removed' ORDER BY id"

GIVEN = "SELECT name, connector, coalesce(credentials_at, created_at) AS given FROM accounts WHERE id = $1"


class Finding(Struct, frozen=True):
    """One thing that was looked at. `do` is empty when it is well."""

    what: str
    well: bool
    seen: str
    do: str = ""


class Examined(Struct, frozen=True):
    """All findings."""

    findings: tuple[Finding, ...]

    @property
    def failed(self) -> bool:
        return not all(finding.well for finding in self.findings)


async def examine(services: Services) -> Examined:
    """Reaches every account; one that does not answer in time is a finding, not a failure of the look."""
    findings = [
        await _database(services),
        await _migrations(services),
        await _clock(services),
        _address(services),
        _key(services),
        *await asyncio.gather(*(_account(services, row["id"], row["name"]) for row in await _rows(services))),
    ]
    return Examined(tuple(findings))


async def _rows(services: Services) -> list[dict[str, object]]:
    return [dict(row) for row in await services.database.plain.fetch(ACCOUNTS)]


async def _database(services: Services) -> Finding:
    version = str(await services.database.plain.fetchval("SHOW server_version"))
    recent = int(version.split(".", maxsplit=1)[0]) >= 15
    return Finding("database", recent, f"PostgreSQL {version}", "" if recent else "use PostgreSQL 15 or later")


async def _migrations(services: Services) -> Finding:
    pending = await services.database.pending_migrations()
    do = "run `python main.py migrate`" if pending else ""
    return Finding("migrations", not pending, ", ".join(pending) or "up to date", do)


async def _clock(services: Services) -> Finding:
    there = (await services.database.plain.fetchval("SELECT clock_timestamp()")).astimezone(UTC)
    apart = abs((there - services.clock.now()).total_seconds())
    well = apart < 5
    return Finding("clock", well, f"{apart:.1f} s from the database's", "" if well else "set this host's clock by NTP")


def _address(services: Services) -> Finding:
    url = services.settings.public_url
    if not url:
        do = "set CROSSDOCK_PUBLIC_URL so that channels can reach /webhooks; without it orders come by polling"
        return Finding("public address", services.settings.demo, "none", "" if services.settings.demo else do)
    well = urlsplit(url).scheme == "https"
    return Finding("public address", well, url, "" if well else "use an https address: channels send nowhere else")


def _key(services: Services) -> Finding:
    sealed = services.vault.close("probe", "doctor")
    well = services.vault.open(sealed, "doctor") == "probe"
    return Finding("secret key", well, repr(services.vault), "" if well else "check CROSSDOCK_SECRET_KEY")


async def _account(services: Services, account_id: object, name: object) -> Finding:
    what = f"account {account_id} ({name})"
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            return await _reach(services, int(str(account_id)), what)
    except TimeoutError:
        return Finding(what, False, "no answer", "try again; if it stays so, ask the channel's status page")
    except CrossdockError as error:
        return Finding(what, False, str(error), _advice(error))


async def _reach(services: Services, account_id: int, what: str) -> Finding:
    channel = await services.accounts.open(account_id)
    check: Callable[[], Awaitable[str]] | None = getattr(channel, "check", None)
    title = await check() if check is not None else ""
    if isinstance(channel, ManagesWebhooks) and services.settings.public_url:
        state = await channel.check_webhooks(f"{services.settings.url}/webhooks/{account_id}")
        if not state.healthy:
            topics = ", ".join((*state.missing, *state.elsewhere))
            return Finding(
                what, False, f"not told of {topics}", "the hourly repair subscribes them; or wait for polling"
            )
    return await _aging(services, account_id) or Finding(what, True, title)


async def _aging(services: Services, account_id: int) -> Finding | None:
    """A reminder that its credentials end; None while that is far off."""
    row = await services.database.plain.fetchrow(GIVEN, account_id)
    last = services.accounts.connector(row["connector"]).about.credentials_last if row else None
    if row is None or last is None or row["given"] + last - services.clock.now() > wellbeing.REMIND:
        return None
    do = f"make new ones there, then `{account_words.command(Heal.CONNECT_AGAIN, account_id)}`"
    return Finding(
        f"account {account_id} ({row['name']})", False, f"credentials end {row['given'] + last:%Y-%m-%d}", do
    )


def _advice(error: CrossdockError) -> str:
    if error.code == "reconnect":
        return "connect the account again, its credentials are refused: `python main.py channel renew`"
    return "see the message; `python main.py channel test` asks again"
