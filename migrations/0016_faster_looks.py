"""Looks that stay fast while tables grow within seconds.

Orders of one e-mail address are found by the address first: an index that begins with the merchant competes with every
other that does, and a planner with old statistics was seen to read all orders of the merchant instead. And ANALYZE leaves
out documents, which no statement compares: it took three times as long with them.
"""

from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from hub.store import migrating

DOCUMENTS = """
DO $$ DECLARE c record; BEGIN
    FOR c IN SELECT a.attrelid::regclass AS "table", a.attname AS name FROM pg_attribute a JOIN pg_class t ON t.oid = a.attrelid
        WHERE t.relkind = 'r' AND t.relnamespace = current_schema()::regnamespace
            AND a.attnum > 0 AND NOT a.attisdropped AND a.atttypid = 'jsonb'::regtype
    LOOP EXECUTE format('ALTER TABLE %s ALTER COLUMN %I SET STATISTICS 0', c."table", c.name); END LOOP;
END $$;
"""


class Migration(migrating.Migration):
    """An index that begins with the address, and no statistics of documents."""

    dependencies = [("hub", "0015_automate")]

    initial = False

    operations = [
        ops.RemoveIndex(model_name="Order", name=None, fields=["merchant_id", "email"]),
        ops.AddIndex(model_name="Order", index=Index(fields=["email", "merchant_id"])),
        ops.RunSQL(DOCUMENTS),
    ]
