"""The warehouse floor: walks, totes, bins, codes, boxes, rules for waves.

Made from the models by `makemigrations`; the constraints are moved into options and SQL (see
docs/decisions/006-checks-by-runsql.md).
"""

import functools
from json import dumps, loads

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint

from hub.store import migrating

SQL = """
ALTER TABLE pick_marks ADD CONSTRAINT pick_mark_units CHECK (units > 0);
ALTER TABLE bins ADD CONSTRAINT bin_place CHECK (aisle >= 0 AND rack >= 0 AND level >= 0);
ALTER TABLE product_codes ADD CONSTRAINT product_code_units CHECK (units > 0);
ALTER TABLE boxes ADD CONSTRAINT box_size CHECK (
    length_mm > 0 AND width_mm > 0 AND height_mm > 0 AND own_grams >= 0 AND most_grams > 0);
ALTER TABLE wave_rules ADD CONSTRAINT wave_rule_range CHECK (
    least >= 0 AND most > 0 AND cart > 0 AND cut_off BETWEEN 0 AND 1439);
CREATE INDEX waves_open ON waves (merchant_id, location_id, id) WHERE done_at IS NULL;
"""


class Migration(migrating.Migration):
    """Tables and columns of the floor."""

    dependencies = [("hub", "0011_keep_goods")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Bin",
            fields=[
                ("id", fields.BigIntField(primary_key=True, generated=False)),
                ("merchant_id", fields.BigIntField()),
                ("location_id", fields.BigIntField()),
                ("sku", fields.CharField(max_length=128)),
                ("code", fields.CharField(max_length=64)),
                ("zone", fields.CharField(db_default="", max_length=32)),
                ("aisle", fields.IntField()),
                ("rack", fields.IntField()),
                ("level", fields.IntField(db_default=0)),
            ],
            options={
                "table": "bins",
                "app": "hub",
                "unique_together": (("merchant_id", "location_id", "sku"),),
                "constraints": [CheckConstraint(check="aisle >= 0 AND rack >= 0 AND level >= 0", name="bin_place")],
                "pk_attr": "id",
                "table_description": "Where a SKU lies at a location. Aisles are walked in the order of their numbers, racks along an aisle.",
            },
            bases=["Row"],
        ),
        ops.CreateModel(
            name="Box",
            fields=[
                ("id", fields.BigIntField(primary_key=True, generated=False)),
                ("merchant_id", fields.BigIntField()),
                ("code", fields.CharField(max_length=32)),
                ("length_mm", fields.IntField()),
                ("width_mm", fields.IntField()),
                ("height_mm", fields.IntField()),
                ("own_grams", fields.IntField(db_default=0)),
                ("most_grams", fields.IntField()),
            ],
            options={
                "table": "boxes",
                "app": "hub",
                "unique_together": (("merchant_id", "code"),),
                "constraints": [
                    CheckConstraint(
                        check="length_mm > 0 AND width_mm > 0 AND height_mm > 0 AND own_grams >= 0 AND most_grams > 0",
                        name="box_size",
                    )
                ],
                "pk_attr": "id",
                "table_description": "A box that the merchant packs in: inner size in mm, what it weighs empty, and what it may hold, in grams.",
            },
            bases=["Row"],
        ),
        ops.CreateModel(
            name="PickMark",
            fields=[
                ("id", fields.BigIntField(primary_key=True, generated=False)),
                ("merchant_id", fields.BigIntField()),
                ("pick_line_id", fields.BigIntField()),
                ("fulfillment_id", fields.BigIntField()),
                ("sku", fields.CharField(max_length=128)),
                ("mark", fields.CharField(max_length=64)),
                ("units", fields.IntField()),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("actor", fields.CharField(max_length=128)),
            ],
            options={
                "table": "pick_marks",
                "app": "hub",
                "constraints": [CheckConstraint(check="units > 0", name="pick_mark_units")],
                "indexes": [Index(fields=["merchant_id", "sku", "mark"]), Index(fields=["fulfillment_id"])],
                "pk_attr": "id",
                "table_description": "The lot or serial number of units that were picked.",
            },
            bases=["Row"],
        ),
        ops.CreateModel(
            name="PickTask",
            fields=[
                ("id", fields.BigIntField(primary_key=True, generated=False)),
                ("merchant_id", fields.BigIntField()),
                ("wave_id", fields.BigIntField()),
                ("number", fields.IntField()),
                ("zone", fields.CharField(db_default="", max_length=32)),
                ("state", fields.CharField(max_length=16)),
                ("claimed_by", fields.CharField(db_default="", max_length=128)),
                ("claimed_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("done_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("hand_line", fields.BigIntField(null=True)),
                ("hand_units", fields.IntField(db_default=0)),
                ("hand_mark", fields.CharField(db_default="", max_length=64)),
            ],
            options={
                "table": "pick_tasks",
                "app": "hub",
                "unique_together": (("merchant_id", "wave_id", "number"),),
                "pk_attr": "id",
                "table_description": "One walk of one person through one wave. `claimed_by`: whose it is, '' while it is nobody's.",
            },
            bases=["Row"],
        ),
        ops.CreateModel(
            name="ProductCode",
            fields=[
                ("id", fields.BigIntField(primary_key=True, generated=False)),
                ("merchant_id", fields.BigIntField()),
                ("code", fields.CharField(max_length=128)),
                ("sku", fields.CharField(max_length=128)),
                ("units", fields.IntField(db_default=1)),
            ],
            options={
                "table": "product_codes",
                "app": "hub",
                "unique_together": (("merchant_id", "code"),),
                "constraints": [CheckConstraint(check="units > 0", name="product_code_units")],
                "indexes": [Index(fields=["merchant_id", "sku"])],
                "pk_attr": "id",
                "table_description": "A further code that a scanner reads from a product; `units` of it lie behind one scan (a case of six).",
            },
            bases=["Row"],
        ),
        ops.CreateModel(
            name="Tote",
            fields=[
                ("id", fields.BigIntField(primary_key=True, generated=False)),
                ("merchant_id", fields.BigIntField()),
                ("wave_id", fields.BigIntField()),
                ("task_id", fields.BigIntField()),
                ("fulfillment_id", fields.BigIntField()),
                ("slot", fields.IntField()),
                ("code", fields.CharField(max_length=32)),
                ("held_by", fields.CharField(db_default="", max_length=128)),
                ("held_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("packing", fields.JSONField(encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads)),
            ],
            options={
                "table": "totes",
                "app": "hub",
                "unique_together": (("merchant_id", "code"),),
                "indexes": [Index(fields=["fulfillment_id"]), Index(fields=["task_id"])],
                "pk_attr": "id",
                "table_description": "What the units of one fulfillment order lie in on one walk. `held_by`: who has it in hand, '' when it stands.",
            },
            bases=["Row"],
        ),
        ops.CreateModel(
            name="WaveRule",
            fields=[
                ("id", fields.BigIntField(primary_key=True, generated=False)),
                ("merchant_id", fields.BigIntField()),
                ("location_id", fields.BigIntField()),
                ("strategy", fields.CharField(max_length=16)),
                ("least", fields.IntField(db_default=0)),
                ("cut_off", fields.IntField(null=True)),
                ("most", fields.IntField(db_default=100)),
                ("cart", fields.IntField(db_default=8)),
                ("cut_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "wave_rules",
                "app": "hub",
                "unique_together": (("merchant_id", "location_id"),),
                "constraints": [
                    CheckConstraint(
                        check="least >= 0 AND most > 0 AND cart > 0 AND cut_off BETWEEN 0 AND 1439",
                        name="wave_rule_range",
                    )
                ],
                "pk_attr": "id",
                "table_description": "When what waits at a location becomes a wave by itself: so many orders, or a time of day (minutes, UTC).",
            },
            bases=["Row"],
        ),
        ops.AddField(
            model_name="Parcel",
            name="box",
            field=fields.CharField(db_default="", max_length=32),
        ),
        ops.AlterModelOptions(
            name="PickLine",
            options={
                "table": "pick_lines",
                "app": "hub",
                "constraints": [CheckConstraint(check="picked >= 0 AND picked <= quantity", name="pick_line_counts")],
                "indexes": [Index(fields=["fulfillment_line_id"]), Index(fields=["task_id"])],
                "pk_attr": "id",
                "table_description": "One stop of a picker: so many of one SKU from one bin for one fulfillment line; `place` on the walk, from 1.",
            },
        ),
        ops.AddField(
            model_name="PickLine",
            name="fulfillment_id",
            field=fields.BigIntField(null=True),
        ),
        ops.AddField(
            model_name="PickLine",
            name="place",
            field=fields.IntField(db_default=0),
        ),
        ops.AddField(
            model_name="PickLine",
            name="short",
            field=fields.IntField(db_default=0),
        ),
        ops.AddField(
            model_name="PickLine",
            name="task_id",
            field=fields.BigIntField(null=True),
        ),
        ops.AddField(
            model_name="PickLine",
            name="tote_id",
            field=fields.BigIntField(null=True),
        ),
        ops.AddIndex(
            model_name="PickLine",
            index=Index(fields=["task_id"]),
        ),
        ops.AddField(
            model_name="Product",
            name="height_mm",
            field=fields.IntField(db_default=0),
        ),
        ops.AddField(
            model_name="Product",
            name="length_mm",
            field=fields.IntField(db_default=0),
        ),
        ops.AddField(
            model_name="Product",
            name="tracking",
            field=fields.CharField(db_default="", max_length=8),
        ),
        ops.AddField(
            model_name="Product",
            name="width_mm",
            field=fields.IntField(db_default=0),
        ),
        ops.AddField(
            model_name="Wave",
            name="actor",
            field=fields.CharField(db_default="", max_length=128),
        ),
        ops.AddField(
            model_name="Wave",
            name="done_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="Wave",
            name="number",
            field=fields.CharField(db_default="", max_length=32),
        ),
        ops.AddField(
            model_name="Wave",
            name="strategy",
            field=fields.CharField(db_default="", max_length=16),
        ),
        ops.RunSQL(SQL),
    ]
