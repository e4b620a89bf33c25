"""Rules of merchants, what they did, and what they set on orders.

Made from the models by `makemigrations`; the check is SQL (see docs/decisions/006-checks-by-runsql.md).
"""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint

from hub.store import migrating

CHECK = CheckConstraint(check="priority BETWEEN 1 AND 9", name="order_mark_priority")
SQL = "ALTER TABLE order_marks ADD CONSTRAINT order_mark_priority CHECK (priority BETWEEN 1 AND 9);"


def key() -> fields.BigIntField:
    """An id made in the app."""
    return fields.BigIntField(primary_key=True, generated=False)


class Migration(migrating.Migration):
    """Three tables."""

    dependencies = [("hub", "0014_review_rules")]

    operations = [
        ops.CreateModel(
            name="AutomationSet",
            fields=[
                ("id", key()),
                ("merchant_id", fields.BigIntField()),
                ("version", fields.IntField()),
                ("source", fields.TextField(unique=False)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("created_by", fields.CharField(max_length=128)),
            ],
            options={
                "table": "automation_sets",
                "app": "hub",
                "unique_together": (("merchant_id", "version"),),
                "pk_attr": "id",
                "table_description": "All rules of a merchant as they were written, one row a version; the newest "
                "counts.",
            },
            bases=["Row"],
        ),
        ops.CreateModel(
            name="AutomationFiring",
            fields=[
                ("id", key()),
                ("merchant_id", fields.BigIntField()),
                ("order_id", fields.BigIntField()),
                ("rule", fields.CharField(max_length=80)),
                ("trigger", fields.CharField(max_length=16)),
                ("version", fields.IntField()),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "automation_firings",
                "app": "hub",
                "unique_together": (("merchant_id", "order_id", "rule", "trigger"),),
                "indexes": [Index(fields=["merchant_id", "rule", "at"])],
                "pk_attr": "id",
                "table_description": "One rule acted on one order. The unique key is what lets it act once for a "
                "trigger.",
            },
            bases=["Row"],
        ),
        ops.CreateModel(
            name="OrderMark",
            fields=[
                ("id", key()),
                ("merchant_id", fields.BigIntField()),
                ("order_id", fields.BigIntField()),
                ("tags", fields.JSONField()),
                ("service", fields.CharField(db_default="", max_length=64)),
                ("priority", fields.SmallIntField(null=True)),
            ],
            options={
                "table": "order_marks",
                "app": "hub",
                "unique_together": (("merchant_id", "order_id"),),
                "constraints": [CHECK],
                "pk_attr": "id",
                "table_description": "What rules set on an order: tags, the service its parcels go by, its priority (9 "
                "first; null: as usual).",
            },
            bases=["Row"],
        ),
        ops.RunSQL(SQL, "ALTER TABLE order_marks DROP CONSTRAINT order_mark_priority;"),
    ]
