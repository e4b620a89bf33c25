"""Products carry the brand and the tags that routing rules may ask for.

Like all documents (0016), tags are left out of the planner's statistics: no statement compares them.
"""

import functools
from json import dumps, loads

from tortoise import fields
from tortoise.migrations import operations as ops

from hub.store import migrating

SQL = "ALTER TABLE products ALTER COLUMN tags SET STATISTICS 0"


class Migration(migrating.Migration):
    """Two columns, empty for every product there is."""

    dependencies = [("hub", "0018_floor_looks")]

    initial = False

    operations = [
        ops.AddField(model_name="Product", name="brand", field=fields.CharField(max_length=128, db_default="")),
        ops.AddField(
            model_name="Product",
            name="tags",
            field=fields.JSONField(null=True, encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads),
        ),
        ops.RunSQL(SQL),
    ]
