"""The database has what the models say, and the models say what the migrations make."""

from __future__ import annotations

import asyncio
from typing import Any

from tortoise import Tortoise, connections
from tortoise.migrations.autodetector import MigrationAutodetector
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

from hub.store import models, schema
from hub.store.database import Database


def checks(model: type[Model]) -> list[CheckConstraint]:
    """The CHECKs that a model names."""
    named: Any = getattr(model.Meta, "constraints", ())
    return [it for it in named if isinstance(it, CheckConstraint)]


TABLES = {model._meta.db_table: checks(model) for model in (getattr(models, name) for name in models.__all__)}
CHECKS = """SELECT conrelid::regclass::text AS "table", conname AS name, pg_get_constraintdef(oid) AS rule
    FROM pg_constraint WHERE contype = 'c' AND connamespace = 'public'::regnamespace"""
UNIQUE = """SELECT i.indrelid::regclass::text AS "table", i.indexrelid::regclass::text AS name,
        (SELECT array_agg(a.attname::text ORDER BY k.place)
            FROM unnest(i.indkey::int[]) WITH ORDINALITY k(number, place)
            JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number) AS columns
    FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
    WHERE i.indisunique AND c.relnamespace = 'public'::regnamespace AND c.relname NOT LIKE '%migrations'"""


async def test_every_check_of_the_models_is_in_the_database_with_its_rule(database: Database) -> None:
    there = {(row["table"], row["name"]): row["rule"] for row in await database.plain.fetch(CHECKS)}
    named = {(table, it.name): it.check for table, of_table in TABLES.items() for it in of_table}

    assert there.keys() == named.keys()
    assert len(named) >= 17
    async with database.transaction() as tx:
        for table in {table for table, _ in named}:
            await tx.execute(f"CREATE TEMP TABLE as_named_{table} (LIKE {table}) ON COMMIT DROP")
        for (table, name), rule in named.items():
            await tx.execute(f"ALTER TABLE as_named_{table} ADD CONSTRAINT {name} CHECK ({rule})")
            wanted = await tx.fetchval(
                "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = $1 AND conrelid = $2::regclass",
                name,
                f"as_named_{table}",
            )
            assert there[table, name] == wanted, name


async def test_the_migrations_make_what_the_models_are(opened: Database) -> None:
    assert Tortoise.apps is not None
    detector = MigrationAutodetector(Tortoise.apps, schema.config(opened.url)["apps"])

    assert [writer.operations for writer in await detector.changes()] == []


async def test_migrations_are_looked_for_on_the_connections_that_others_work_with(database: Database) -> None:
    """The first question for readiness comes when orders flow already: it must not close what they run on."""
    begun, held = asyncio.Event(), asyncio.Event()

    async def work() -> object:
        async with database.transaction() as tx:
            await tx.fetchval("SELECT 1")
            begun.set()
            await held.wait()
            return await tx.fetchval("SELECT 2")

    working = asyncio.create_task(work())
    async with asyncio.timeout(30):
        await begun.wait()
    before = connections.get("default")
    assert await database.pending_migrations() == []
    assert connections.get("default") is before
    held.set()
    assert await working == 2


async def test_every_unique_key_but_an_id_starts_with_the_merchant(database: Database) -> None:
    keys = [(row["table"], list(row["columns"])) for row in await database.plain.fetch(UNIQUE)]

    assert len(keys) > len(TABLES)
    wrong = [it for it in keys if it[1] != ["id"] and it[1][0] != "merchant_id"]
    assert wrong == []


async def test_every_table_has_a_merchant(database: Database) -> None:
    without = await database.plain.fetch(
        "SELECT c.relname::text AS name FROM pg_class c WHERE c.relkind = 'r' AND c.relname NOT LIKE '%migrations'"
        " AND c.relnamespace = 'public'::regnamespace AND NOT EXISTS (SELECT 1 FROM pg_attribute a"
        " WHERE a.attrelid = c.oid AND a.attname = 'merchant_id')"
    )

    assert {row["name"] for row in without} == set()
