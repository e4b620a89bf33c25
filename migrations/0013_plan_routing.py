"""Routing as data: a merchant's plans in their versions, and the orders a location was given on each of its days.

Made from the models by `makemigrations`; the check is SQL (see docs/decisions/006-checks-by-runsql.md).
"""

import functools
from json import dumps, loads

from tortoise import fields
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint

from hub.store import migrating

CHECK = CheckConstraint(check="orders >= 0", name="location_day_orders")
SQL = "ALTER TABLE location_days ADD CONSTRAINT location_day_orders CHECK (orders >= 0);"


def key() -> fields.BigIntField:
    """An id made in the app."""
    return fields.BigIntField(primary_key=True, generated=False)


class Migration(migrating.Migration):
    """Two tables."""

    dependencies = [("hub", "0012_walk_the_floor")]

    operations = [
        ops.CreateModel(
            name="LocationDay",
            fields=[
                ("id", key()),
                ("merchant_id", fields.BigIntField()),
                ("location_id", fields.BigIntField()),
                ("day", fields.DateField()),
                ("orders", fields.IntField()),
                ("most", fields.IntField()),
            ],
            options={
                "table": "location_days",
                "app": "hub",
                "unique_together": (("merchant_id", "location_id", "day"),),
                "constraints": [CHECK],
                "pk_attr": "id",
                "table_description": "Fulfillment orders that a location with a limit was given on one of its own days."
                " `most` is the limit then.",
            },
            bases=["Row"],
        ),
        ops.CreateModel(
            name="RoutingPlan",
            fields=[
                ("id", key()),
                ("merchant_id", fields.BigIntField()),
                ("version", fields.IntField()),
                (
                    "plan",
                    fields.JSONField(encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads),
                ),
                ("source", fields.TextField(unique=False)),
                ("note", fields.CharField(db_default="", max_length=200)),
                ("made_by", fields.CharField(max_length=128)),
                ("made_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "routing_plans",
                "app": "hub",
                "unique_together": (("merchant_id", "version"),),
                "pk_attr": "id",
                "table_description": "One version of a merchant's routing; the newest is in effect. "
                "`plan` as read, `source` the TOML it was.",
            },
            bases=["Row"],
        ),
        ops.RunSQL(SQL),
    ]
