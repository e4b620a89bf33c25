"""The floor looks twice: quality checks, lots that expire, keys of scans; kits, and transfers that have not left yet.

Made from the models by `makemigrations`; the checks are SQL (see docs/decisions/006-checks-by-runsql.md).
"""

import functools
from json import dumps, loads

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint

from hub.store import migrating

SQL = """
ALTER TABLE kit_orders ADD CONSTRAINT kit_order_units CHECK (units <> 0);
ALTER TABLE kit_parts ADD CONSTRAINT kit_part_quantity CHECK (quantity > 0);
ALTER TABLE lots ADD CONSTRAINT lot_units CHECK (units > 0);
ALTER TABLE quality_rules ADD CONSTRAINT quality_rule_range CHECK (every >= 0 AND newcomers >= 0 AND counted >= 0);
"""


def nested() -> fields.JSONField:
    """A JSON column as the models have it."""
    return fields.JSONField(encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads)


class Migration(migrating.Migration):
    """Eight tables, and a transfer's day of leaving that may be open."""

    dependencies = [("hub", "0017_end_terms")]

    initial = False

    operations = [
        ops.CreateModel(
            name="FloorKey",
            fields=[
                ("id", fields.BigIntField(primary_key=True, generated=False)),
                ("merchant_id", fields.BigIntField()),
                ("actor", fields.CharField(max_length=128)),
                ("key", fields.CharField(max_length=128)),
                ("asked", fields.CharField(max_length=64)),
                ("answer", nested()),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "floor_keys",
                "app": "hub",
                "unique_together": (("merchant_id", "actor", "key"),),
                "indexes": [Index(fields=["at"])],
                "pk_attr": "id",
                "table_description": "One scan of a program, by the key it gave it: sent again, it is answered again and counts no more.",
            },
            bases=["Row"],
        ),
        ops.CreateModel(
            name="KitOrder",
            fields=[
                ("id", fields.BigIntField(primary_key=True, generated=False)),
                ("merchant_id", fields.BigIntField()),
                ("reference", fields.CharField(max_length=128)),
                ("location_id", fields.BigIntField()),
                ("sku", fields.CharField(max_length=128)),
                ("units", fields.IntField()),
                ("parts", nested()),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("actor", fields.CharField(max_length=128)),
            ],
            options={
                "table": "kit_orders",
                "app": "hub",
                "unique_together": (("merchant_id", "reference"),),
                "constraints": [CheckConstraint(check="units <> 0", name="kit_order_units")],
                "pk_attr": "id",
                "table_description": "Kits that were assembled at a location (`units` above 0) or taken apart (below). `parts`: SKU → units of one kit",
            },
            bases=["Row"],
        ),
        ops.CreateModel(
            name="KitPart",
            fields=[
                ("id", fields.BigIntField(primary_key=True, generated=False)),
                ("merchant_id", fields.BigIntField()),
                ("sku", fields.CharField(max_length=128)),
                ("component", fields.CharField(max_length=128)),
                ("quantity", fields.IntField()),
            ],
            options={
                "table": "kit_parts",
                "app": "hub",
                "unique_together": (("merchant_id", "sku", "component"),),
                "constraints": [CheckConstraint(check="quantity > 0", name="kit_part_quantity")],
                "pk_attr": "id",
                "table_description": "So many units of another SKU that go into one unit of a kit when it is assembled.",
            },
            bases=["Row"],
        ),
        ops.CreateModel(
            name="Lot",
            fields=[
                ("id", fields.BigIntField(primary_key=True, generated=False)),
                ("merchant_id", fields.BigIntField()),
                ("location_id", fields.BigIntField()),
                ("sku", fields.CharField(max_length=128)),
                ("lot", fields.CharField(max_length=64)),
                ("expires_on", fields.DateField()),
                ("units", fields.IntField()),
                ("gone", fields.BooleanField(db_default=False)),
            ],
            options={
                "table": "lots",
                "app": "hub",
                "unique_together": (("merchant_id", "location_id", "sku", "lot"),),
                "constraints": [CheckConstraint(check="units > 0", name="lot_units")],
                "pk_attr": "id",
                "table_description": "A lot of a SKU at a location, and when it expires: what expires first is picked first.",
            },
            bases=["Row"],
        ),
        ops.CreateModel(
            name="Packer",
            fields=[
                ("id", fields.BigIntField(primary_key=True, generated=False)),
                ("merchant_id", fields.BigIntField()),
                ("actor", fields.CharField(max_length=128)),
                ("orders", fields.IntField()),
            ],
            options={
                "table": "packers",
                "app": "hub",
                "unique_together": (("merchant_id", "actor"),),
                "pk_attr": "id",
                "table_description": "How many fulfillment orders somebody has packed by hand.",
            },
            bases=["Row"],
        ),
        ops.CreateModel(
            name="QualityCheck",
            fields=[
                ("id", fields.BigIntField(primary_key=True, generated=False)),
                ("merchant_id", fields.BigIntField()),
                ("fulfillment_id", fields.BigIntField()),
                ("why", fields.CharField(max_length=200)),
                ("packer", fields.CharField(max_length=128)),
                ("asked_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("result", fields.CharField(db_default="", max_length=16)),
                ("checked_by", fields.CharField(db_default="", max_length=128)),
                ("checked_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("sku", fields.CharField(db_default="", max_length=128)),
                ("units", fields.IntField(db_default=0)),
                ("note", fields.CharField(db_default="", max_length=500)),
            ],
            options={
                "table": "quality_checks",
                "app": "hub",
                "indexes": [Index(fields=["fulfillment_id"])],
                "pk_attr": "id",
                "table_description": "One look that was asked for, and why. `result` is '' until somebody looked, then ok, wrong_item or damaged: so",
            },
            bases=["Row"],
        ),
        ops.CreateModel(
            name="QualityRule",
            fields=[
                ("id", fields.BigIntField(primary_key=True, generated=False)),
                ("merchant_id", fields.BigIntField()),
                ("location_id", fields.BigIntField()),
                ("every", fields.IntField(db_default=0)),
                ("newcomers", fields.IntField(db_default=0)),
                ("skus", nested()),
                ("other", fields.BooleanField(db_default=False)),
                ("counted", fields.IntField(db_default=0)),
            ],
            options={
                "table": "quality_rules",
                "app": "hub",
                "unique_together": (("merchant_id", "location_id"),),
                "constraints": [
                    CheckConstraint(check="every >= 0 AND newcomers >= 0 AND counted >= 0", name="quality_rule_range")
                ],
                "pk_attr": "id",
                "table_description": "Which orders of a location somebody looks at before their parcels are closed.",
            },
            bases=["Row"],
        ),
        ops.AlterModelOptions(
            name="Transfer",
            options={
                "table": "transfers",
                "app": "hub",
                "unique_together": (("merchant_id", "reference"),),
                "pk_attr": "id",
                "table_description": "Goods on their way from one location to another. `state`: draft, in_transit, received, cancelled.",
            },
        ),
        ops.AlterField(
            model_name="Transfer",
            name="shipped_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.RunSQL(SQL),
    ]
