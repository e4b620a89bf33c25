"""Disconnect an account: nothing is pulled or pushed there any more, its secrets are destroyed, its history stays."""

from __future__ import annotations

from hub.actions.services import Services
from hub.errors import NotFound
from hub.store import audit

REMOVE = """UPDATE accounts SET state = 'removed', secrets = '{}', name = name || ' (removed ' || id || ')'
    WHERE merchant_id = $1 AND id = $2 AND state <> 'removed'"""
DROP = """UPDATE outbox SET state = 12, error = 'the account was removed'
    WHERE merchant_id = $1 AND account_id = $2 AND state = 0"""


async def remove_account(services: Services, merchant_id: int, account_id: int, actor: str) -> None:
    """Raises `NotFound` for an account that is not there."""
    async with services.database.transaction() as tx:
        if not await tx.execute(REMOVE, merchant_id, account_id):
            raise NotFound(f"no account {account_id}")
        await tx.execute(DROP, merchant_id, account_id)
        entry = audit.Entry(
            merchant_id=merchant_id, at=services.clock.now(), actor=actor, action="remove_account",
            subject=f"account:{account_id}",
        )  # fmt: skip
        await audit.append(tx, services.ids, entry)
    services.accounts.forget(account_id)
