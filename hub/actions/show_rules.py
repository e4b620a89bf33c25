"""The rules of review that are in force, or were."""

from __future__ import annotations

from datetime import datetime

from hub.actions.order_view import View
from hub.domain import fraud_reading
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


class Version(View, frozen=True):
    """One version in a list; `name` is what its text calls it."""

    version: int
    name: str
    created_at: datetime
    created_by: str


async def list_versions(database: Database, merchant_id: int, most: int = 100) -> tuple[Version, ...]:
    """The versions a merchant has switched on, newest first; the first is the one in force."""
    rows = await database.plain.fetch(
        """SELECT version, text, created_at, created_by FROM review_rules WHERE merchant_id = $1
           ORDER BY version DESC LIMIT $2""",
        merchant_id, most,
    )  # fmt: skip
    return tuple(
        Version(
            version=row["version"],
            name=fraud_reading.read(row["text"]).name,
            created_at=row["created_at"],
            created_by=row["created_by"],
        )
        for row in rows
    )
