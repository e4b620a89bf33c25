"""What PostgreSQL's planner knows of tables that grow within seconds.

Autovacuum counts a table again some ten seconds after it grew. Until then a table that was empty counts as empty, and
any index looks as good as any other: a look-up for a batch of new orders was seen to read every order of the merchant,
once for each. So a worker looks every few seconds for tables that are several times as large as they were counted.
"""

from __future__ import annotations

from hub.store.database import Database

OUTGROWN = """SELECT quote_ident(s.relname) AS name FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid
    WHERE s.schemaname = current_schema() AND s.n_mod_since_analyze > 100
        AND s.n_mod_since_analyze > 3 * greatest(c.reltuples, 0)
        AND pg_has_role(c.relowner, 'USAGE') ORDER BY 1"""
ROUGH = "SET LOCAL default_statistics_target = 3"
"""900 rows of each table, a small part of what autovacuum looks at: enough to tell a thousand rows from a hundred
thousand. The time it takes is in proportion: 3000 rows of every table took a quarter of a second."""

ALONE = "SELECT pg_try_advisory_xact_lock(hashtext('crossdock:statistics'))"


async def refresh(database: Database) -> list[str]:
    """Counts the tables that have outgrown what is known of them; returns their names. One process at a time: others
    return at once. A growing table is counted once for every fourfold of its size, the rest is left to autovacuum."""
    async with database.transaction() as tx:
        if not await tx.fetchval(ALONE):
            return []
        names = [str(row["name"]) for row in await tx.fetch(OUTGROWN)]
        if names:
            await tx.execute(ROUGH)
            await tx.execute(f"ANALYZE {', '.join(names)}")
    return names
