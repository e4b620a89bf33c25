"""Connect an account again: new credentials beside all that stays, and a look whether they work."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from hub.actions.connect_account import settle
from hub.actions.services import Services
from hub.errors import NotFound
from hub.store import audit

ACCOUNT = "SELECT name FROM accounts WHERE merchant_id = $1 AND id = $2 AND state <> 'removed'"


class RenewedAccount(Struct, frozen=True):
    """What came of it; `trouble`: what does not work with the new credentials, in words."""

    account_id: str
    name: str
    fields: tuple[str, ...]
    trouble: str

    @property
    def failed(self) -> bool:
        return bool(self.trouble)


async def renew_account(
    services: Services, merchant_id: int, account_id: int, values: Mapping[str, str], actor: str
) -> RenewedAccount:
    """`values`: fields as `channel kinds` lists them; those that are empty or not named stay. Raises `NotFound`, and
    `Invalid` for fields that are missing or unknown."""
    name = await services.database.plain.fetchval(ACCOUNT, merchant_id, account_id)
    if name is None:
        raise NotFound(f"no account {account_id}; `python main.py channel list` shows those there are")
    given = {field: value for field, value in values.items() if value}
    await services.accounts.renew(merchant_id, account_id, given, keep=True)
    entry = audit.Entry(
        merchant_id=merchant_id, at=services.clock.now(), actor=actor, action="renew_account",
        subject=f"account:{account_id}", details={"fields": ", ".join(sorted(given))},
    )  # fmt: skip
    async with services.database.transaction() as tx:
        await audit.append(tx, services.ids, entry)
    return RenewedAccount(str(account_id), name, tuple(sorted(given)), await settle(services, account_id))
