"""Find an account by its id or name."""

from __future__ import annotations

from hub.errors import Conflict, NotFound
from hub.store.database import Database

FIND = """SELECT id, name, connector FROM accounts WHERE merchant_id = $1 AND state <> 'removed'
    AND (id::text = $2 OR name = $2) ORDER BY id"""


async def find_account(database: Database, merchant_id: int, name: str) -> int:
    """Its id. Raises `NotFound` naming those there are; `Conflict` when two kinds share the name."""
    rows = await database.plain.fetch(FIND, merchant_id, name)
    if not rows:
        there = await database.plain.fetch(
            "SELECT id, name FROM accounts WHERE merchant_id = $1 AND state <> 'removed' ORDER BY id", merchant_id
        )
        known = ", ".join(f"{row['id']} ({row['name']})" for row in there) or "none; `channel add` connects one"
        raise NotFound(f"no account {name!r}; there are {known}")
    if len(rows) > 1:
        which = ", ".join(f"{row['id']} ({row['connector']})" for row in rows)
        raise Conflict(f"{len(rows)} accounts are named {name!r}; name one by its id: {which}")
    return int(rows[0]["id"])
