"""Facts of one account for `hub.domain.wellbeing`: its row, and what its connector can do."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from hub.actions.pull_position import Stored
from hub.actions.repair_webhooks import reachable
from hub.actions.services import Services
from hub.contract import About, HearsWebhooks, ManagesWebhooks, PullsNotices, PullsOrders, RenewsCredentials
from hub.domain.signs import Facts, Left, Subscriptions, Trouble
from hub.errors import CrossdockError
from hub.store.database import Row


async def facts_of(services: Services, row: Row, dead: int) -> Facts:
    """Reads a row of `list_accounts`; an account that cannot be opened has its reason among them. `dead`: messages that
    are stuck."""
    health, observed = json.loads(row["health"]), json.loads(row["observed"])
    can: dict[str, Any] = {}
    try:
        channel = await services.accounts.open(row["id"])
        about = services.accounts.connector(row["connector"]).about
        can = _abilities(channel, about) | {"reachable": reachable(services, row["connector"])}
    except CrossdockError as error:
        can["unopened"] = str(error)
    return Facts(
        state=row["state"],
        created_at=row["created_at"],
        credentials_at=row["credentials_at"],
        why=str(health.get(row["state"], "")),
        polled_at=row["polled_at"],
        reached=_reached(row["cursor"]),
        heard_at=row["heard_at"],
        subscriptions=_observed(observed, "webhooks", Subscriptions),
        quota=_observed(observed, "quota", Left),
        dead=dead,
        set_aside=row["set_aside"],
        troubles=tuple(_trouble(concern, told) for concern, told in sorted(health.items()) if isinstance(told, dict)),
        **can,
    )


def _abilities(channel: object, about: About) -> dict[str, Any]:
    """A channel that is told nothing (no secret to prove it with) still hears: its door says what is missing."""
    return {
        "every": about.poll_every if isinstance(channel, PullsOrders) else None,
        "hears": isinstance(channel, HearsWebhooks | PullsNotices),
        "subscribes": isinstance(channel, ManagesWebhooks),
        "renews": isinstance(channel, RenewsCredentials),
        "credentials_last": about.credentials_last,
        "secret": any(field.secret for field in about.credentials),
    }


def _reached(cursor: str) -> datetime | None:
    """Where a pull stands that has not come to its end."""
    page = msgspec.json.decode(cursor, type=Stored).page
    return page.at if page is not None else None


def _observed(observed: Mapping[str, Any], name: str, kind: type[Any]) -> Any:  # noqa: ANN401 - of that kind, or None
    told = observed.get(name)
    return msgspec.convert(told, kind) if told and "at" in told else None


def _trouble(concern: str, told: Mapping[str, Any]) -> Trouble:
    at = datetime.fromisoformat(told["at"]) if told.get("at") else None
    until = at + timedelta(seconds=float(told["after"])) if at is not None and told.get("after") else None
    return Trouble(concern=concern, code=str(told.get("code", "")), why=str(told.get("error", "")), at=at, until=until)
