"""Indexes of the tables whose rows change their place keep half of each page free.

A row that moves gets a new entry beside its old one in every index of its table. Ids grow, so those pages were full,
and each new entry made PostgreSQL look for dead ones first: a twentieth of the server's work under load.
"""

from tortoise.migrations import operations as ops

from hub.store import migrating

TABLES = "('orders', 'fulfillment_orders', 'inbox', 'outbox')"


def _each(change: str) -> str:
    return f"""
DO $$
DECLARE name text;
BEGIN
    FOR name IN SELECT i.indexrelid::regclass::text FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
        WHERE c.relname IN {TABLES} AND c.relnamespace = current_schema()::regnamespace
    LOOP
        EXECUTE format('ALTER INDEX %s {change}', name);
    END LOOP;
END $$;
"""  # noqa: S608 - constants only


class Migration(migrating.Migration):
    """Holds for pages that are written from now on; `REINDEX` would do it for the others."""

    dependencies = [("hub", "0020_count_days")]

    initial = False

    operations = [ops.RunSQL(_each("SET (fillfactor = 50)"), reverse_sql=_each("RESET (fillfactor)"))]
