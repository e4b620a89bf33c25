"""Keep what was seen of an account, for people who look at it: what is left of its quota, what the channel tells us.

Kept in `accounts.observed`: {"quota": {left, of, unit, resets_at, at}, "webhooks": {missing, elsewhere, repaired,
repaired_at, missed, at, whole_at}}.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec
from msgspec import Struct

from hub.actions.services import Services
from hub.contract import Channel, Quota, TellsQuota, WebhookState
from hub.errors import CrossdockError

QUOTA_SECONDS = 10.0
"""How long asking for a quota may take: it follows a poll, which is done by then."""

OBSERVE = "UPDATE accounts SET observed = jsonb_set(observed, ARRAY[$2], $3::jsonb) WHERE id = $1"
CHECKED = """UPDATE accounts SET observed = jsonb_set(observed, '{webhooks}',
    coalesce(observed->'webhooks', '{}') || $2::jsonb) WHERE id = $1"""
NEWS = f"{CHECKED} AND observed->'webhooks' ? 'whole_at'"
MISSED = f"{CHECKED} AND observed->'webhooks' ? 'repaired'"


class SeenQuota(Struct, frozen=True, kw_only=True):
    """A quota, and when it was told."""

    left: int
    of: int
    unit: str
    resets_at: datetime | None = None
    at: datetime


class SeenWebhooks(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Subscriptions as they were last seen. `repaired`: what was subscribed again at `repaired_at`, `missed`: how many
    deliveries were pulled because of it; `whole_at`: when nothing was missing last."""

    at: datetime
    missing: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()
    repaired: tuple[str, ...] = ()
    repaired_at: datetime | None = None
    missed: int = 0
    whole_at: datetime | None = None


async def note_quota(services: Services, channel: Channel) -> None:
    """Keeps what the channel tells of its quota; what cannot be asked now is asked after the next poll."""
    if not isinstance(channel, TellsQuota):
        return
    try:
        async with asyncio.timeout(QUOTA_SECONDS):
            told = await channel.quota()
    except (CrossdockError, TimeoutError):
        return
    if told is not None:
        await _keep(services, channel.account.id, told)


async def _keep(services: Services, account_id: int, told: Quota) -> None:
    seen = SeenQuota(
        left=max(0, told.left), of=told.of, unit=told.unit, resets_at=told.resets_at, at=services.clock.now()
    )
    await services.database.plain.execute(OBSERVE, account_id, "quota", msgspec.json.encode(seen).decode())


async def note_webhooks(services: Services, account_id: int, state: WebhookState) -> None:
    """Keeps what a channel tells us of."""
    seen: dict[str, object] = {"missing": state.missing, "elsewhere": state.elsewhere}
    if state.healthy:
        seen["whole_at"] = services.clock.now()
    await _seen(services, CHECKED, account_id, seen)


async def note_repaired(services: Services, account_id: int, topics: Sequence[str]) -> None:
    """Keeps what was subscribed again; of an account that never was whole nothing: its first subscriptions are no news.
    To be called before what is whole now is noted."""
    again = {"repaired": topics, "repaired_at": services.clock.now(), "missed": 0}
    await _seen(services, NEWS, account_id, again)


async def note_missed(services: Services, account_id: int, missed: int) -> None:
    """Keeps how many deliveries were missed until the subscriptions were repaired."""
    await _seen(services, MISSED, account_id, {"missed": missed})


async def _seen(services: Services, statement: str, account_id: int, told: Mapping[str, object]) -> None:
    seen = {"at": services.clock.now(), **told}
    await services.database.plain.execute(statement, account_id, msgspec.json.encode(seen).decode())
