"""The rules of review that are in force, or were."""

from __future__ import annotations

from datetime import datetime

from hub.actions.order_view import View
from hub.domain.fraud_default import DEFAULT
from hub.errors import NotFound
from hub.store.database import Database


class Rules(View, frozen=True):
    """One version as TOML; version 0 comes with the product and was made by nobody."""

    version: int
    text: str
    created_at: datetime | None
    created_by: str


async def show_rules(database: Database, merchant_id: int, version: int | None = None) -> Rules:
    """The version in force, or the one asked for. Raises `NotFound` for one that never was."""
    if version == 0:
        return Rules(version=0, text=DEFAULT, created_at=None, created_by="")
    row = await database.plain.fetchrow(
        """SELECT version, text, created_at, created_by FROM review_rules
           WHERE merchant_id = $1 AND ($2::int IS NULL OR version = $2) ORDER BY version DESC LIMIT 1""",
        merchant_id, version,
    )  # fmt: skip
    if row is None and version is None:
        return await show_rules(database, merchant_id, 0)
    if row is None:
        raise NotFound(f"there is no version {version} of the rules; `fraud show` gives the one in force")
    return Rules(**dict(row))
