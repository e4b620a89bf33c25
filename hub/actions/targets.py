"""Which accounts a job that goes over accounts has to do with."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from msgspec import Struct

from hub.actions.services import Services
from hub.errors import CrossdockError

ACCOUNTS = "SELECT id, merchant_id, connector FROM accounts WHERE state = ANY($1::text[]) ORDER BY id"

ACTIVE = ("active",)


class Target(Struct, frozen=True):
    """One account. `every`: how often this one, where it differs from the job's own pace."""

    account_id: int
    merchant_id: int
    connector: str
    every: timedelta | None = None


async def able(services: Services, capability: Any, states: Sequence[str] = ACTIVE) -> list[Target]:  # noqa: ANN401
    """Accounts in one of `states` whose channel has `capability`; one that cannot be opened is left out."""
    found = []
    for row in await services.database.plain.fetch(ACCOUNTS, list(states)):
        try:
            channel = await services.accounts.open(row["id"])
        except CrossdockError:
            continue
        if isinstance(channel, capability):
            found.append(Target(row["id"], row["merchant_id"], row["connector"]))
    return found
