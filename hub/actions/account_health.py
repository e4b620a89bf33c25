"""How an account is doing, kept on its row for people: the last failure of each concern with what heals it.

`health` maps a concern (`poll`, `webhooks`, `tracking`, …) to {"error", "code", "do", "at"}; `error` beside them is the
one line that lists show. A success takes its concern's failure away.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from hub.actions.services import Services
from hub.errors import CrossdockError, Invalid, Reconnect, Retry
from hub.store.database import Row, Tx

LOCK = "SELECT health, state FROM accounts WHERE id = $1 FOR UPDATE"
WRITE = "UPDATE accounts SET health = $2, state = $3 WHERE id = $1"

DO = {
    "retry": "nothing: it is tried again by itself",
    "reconnect": "connect the account again: in the console, or with `python main.py channel renew`",
    "unknown": "nothing: it is asked again by itself",
    "rejected": "read the channel's words; `python main.py channel test` asks again",
    "bad_payload": "the channel answers in a shape we do not know: report it, with the words",
}
"""Failure → what heals it."""


async def failed(services: Services, account_id: int, concern: str, error: CrossdockError) -> None:
    """Records a failure. `Reconnect` turns an active account's state to `reconnect`: nothing is pulled from it then."""
    now = services.clock.now()
    async with services.database.transaction() as tx:
        row = await tx.fetchrow(LOCK, account_id)
        if row is None:
            return
        health = _health(row)
        health[concern] = _failure(error, now)
        state = row["state"]
        if isinstance(error, Reconnect) and state == "active":
            state, health["reconnect"] = "reconnect", str(error)[:500]
        await _write(tx, account_id, health, state)


async def succeeded(services: Services, account_id: int, concern: str) -> None:
    """Takes the failure of a concern away. An answer proves the credentials, so `reconnect` becomes active again."""
    row = await services.database.plain.fetchrow("SELECT health, state FROM accounts WHERE id = $1", account_id)
    if row is None or (concern not in _health(row) and row["state"] != "reconnect"):
        return
    async with services.database.transaction() as tx:
        row = await tx.fetchrow(LOCK, account_id)
        if row is None:
            return
        health, state = _health(row), row["state"]
        health.pop(concern, None)
        if state == "reconnect":
            state = "active"
            health.pop("reconnect", None)
            for name in [name for name, told in health.items() if _code(told) == "reconnect"]:
                del health[name]
        await _write(tx, account_id, health, state)


async def _write(tx: Tx, account_id: int, health: dict[str, Any], state: str) -> None:
    health.pop("error", None)
    lines = [f"{told['error']} — {told['do']}" for _, told in sorted(health.items()) if isinstance(told, dict)]
    if lines:
        health["error"] = lines[0][:700]
    await tx.execute(WRITE, account_id, json.dumps(health), state)


def _health(row: Row) -> dict[str, Any]:
    health: dict[str, Any] = json.loads(row["health"])
    return health


def _failure(error: CrossdockError, now: datetime) -> dict[str, Any]:
    told: dict[str, Any] = {
        "error": str(error)[:500], "code": error.code, "do": DO.get(error.code, DO["rejected"]), "at": now.isoformat(),
    }  # fmt: skip
    return told | ({"after": error.after} if isinstance(error, Retry) and error.after else {})


def _code(told: object) -> object:
    return told.get("code") if isinstance(told, dict) else None


def cannot(connector: str, what: str) -> Invalid:
    """The failure of asking an account for what its connector does not do."""
    return Invalid("account", f"{connector} {what}; `python main.py channel kinds` shows what each can do")
