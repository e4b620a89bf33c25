"""Tortoise's configuration: which models, which migrations, which server."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from hub.store import moments


async def _keep(_connection: object) -> None:
    """Nothing to reset when a connection goes back to the pool: settings are made at connect or with SET LOCAL."""


def credentials(url: str, pool: int) -> dict[str, Any]:
    """What asyncpg needs to reach `url`: postgresql://user:password@host:port/name, or ?host=/socket/folder."""
    parts = urlsplit(url)
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    return {
        "host": query.pop("host", None) or parts.hostname or "localhost",
        "port": parts.port or 5432,
        "user": unquote(parts.username or "postgres"),
        "password": unquote(parts.password) if parts.password else None,
        "database": parts.path.lstrip("/") or "postgres",
        "minsize": 1,
        "maxsize": pool,
        "reset": _keep,
        "init": moments.use,
        "server_settings": {"timezone": "UTC"},
        **({"ssl": query["sslmode"]} if "sslmode" in query else {}),
    }


def config(url: str, pool: int = 10) -> dict[str, Any]:
    """The configuration Tortoise and its migrations are started with."""
    return {
        "connections": {"default": {"engine": "tortoise.backends.asyncpg", "credentials": credentials(url, pool)}},
        "apps": {
            "hub": {"models": ["hub.store.models"], "migrations": "migrations", "default_connection": "default"},
        },
        "use_tz": True,
        "timezone": "UTC",
    }


ORM = config("postgresql://postgres@localhost/postgres")
"""For the `tortoise makemigrations` command, which reads models and reaches no server."""
