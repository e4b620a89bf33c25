"""Connect an account: its fields checked, its secrets closed, its webhook address told."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from hub.actions.services import Services
from hub.store import audit


class NewAccount(Struct, frozen=True):
    """What to connect. `values` are the fields that `channel kinds` lists for the kind."""

    merchant_id: int
    kind: str
    name: str
    values: Mapping[str, str]


class Added(Struct, frozen=True):
    """A connected account, and where its system must send webhooks to."""

    account_id: str
    webhook_url: str


async def add_account(services: Services, new: NewAccount, actor: str) -> Added:
    """Raises `Invalid` for fields that are missing or unknown, `Conflict` for a name that is taken."""
    account_id = await services.accounts.add(new.merchant_id, new.kind, new.name, new.values)
    entry = audit.Entry(
        merchant_id=new.merchant_id, at=services.clock.now(), actor=actor, action="add_account",
        subject=f"account:{account_id}", details={"kind": new.kind, "name": new.name},
    )  # fmt: skip
    async with services.database.transaction() as tx:
        await audit.append(tx, services.ids, entry)
    return Added(str(account_id), f"{services.settings.url}/webhooks/{account_id}")
