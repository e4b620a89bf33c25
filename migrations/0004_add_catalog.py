"""The catalog: bundles and what they are made of, what channels list, and how much of what is free each may offer.

Made from the models by `makemigrations`; the constraints are moved into options and SQL (see
docs/decisions/006-checks-by-runsql.md).
"""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint

from hub.store import migrating

ID = ("id", fields.BigIntField(primary_key=True, generated=False))
MERCHANT = ("merchant_id", fields.BigIntField())

ALLOTMENT = ops.CreateModel(
    name="Allotment",
    fields=[
        ID,
        MERCHANT,
        ("account_id", fields.BigIntField()),
        ("buffer", fields.IntField(db_default=0)),
        ("percent", fields.IntField(db_default=100)),
        ("most", fields.IntField(null=True)),
    ],
    options={
        "table": "allotments",
        "table_description": "How much of what is free one account may offer.",
        "app": "hub",
        "unique_together": (("merchant_id", "account_id"),),
        "constraints": [
            CheckConstraint(
                check="buffer >= 0 AND percent >= 0 AND percent <= 100 AND most >= 0", name="allotment_range"
            )
        ],
        "pk_attr": "id",
    },
    bases=["Row"],
)

COMPONENT = ops.CreateModel(
    name="Component",
    fields=[
        ID,
        MERCHANT,
        ("sku", fields.CharField(max_length=128)),
        ("component", fields.CharField(max_length=128)),
        ("quantity", fields.IntField()),
    ],
    options={
        "table": "components",
        "table_description": "So many units of another SKU that one unit of a bundle is made of.",
        "app": "hub",
        "unique_together": (("merchant_id", "sku", "component"),),
        "constraints": [CheckConstraint(check="quantity > 0", name="component_quantity")],
        "indexes": [Index(fields=["merchant_id", "component"])],
        "pk_attr": "id",
    },
    bases=["Row"],
)

STALE = ops.CreateModel(
    name="Stale",
    fields=[ID, MERCHANT, ("sku", fields.CharField(max_length=128))],
    options={
        "table": "stale",
        "app": "hub",
        "pk_attr": "id",
        "table_description": "A SKU of which something changed that channels have not been told.",
    },
    bases=["Row"],
)

FULFILLMENT_LINE = ops.AlterModelOptions(
    name="FulfillmentLine",
    options={
        "table": "fulfillment_lines",
        "table_description": "What one location takes from its shelves for one order line.",
        "app": "hub",
        "unique_together": (("merchant_id", "fulfillment_id", "order_line_id", "sku"),),
        "constraints": [
            CheckConstraint(check="per_unit > 0 AND quantity % per_unit = 0", name="fulfillment_line_whole"),
            CheckConstraint(
                check="quantity > 0 AND reserved >= 0 AND reserved <= quantity", name="fulfillment_line_counts"
            ),
            CheckConstraint(
                check="picked >= 0 AND picked + short <= quantity AND packed <= picked", name="fulfillment_line_picked"
            ),
        ],
        "indexes": [Index(fields=["fulfillment_id"]), Index(fields=["order_id"])],
        "pk_attr": "id",
    },
)

PRODUCT = ops.AlterModelOptions(
    name="Product",
    options={
        "table": "products",
        "table_description": "A thing with a SKU. `grams`: weight of one, packed; `safety`: units kept from all channels.",
        "app": "hub",
        "unique_together": (("merchant_id", "sku"),),
        "constraints": [CheckConstraint(check="safety >= 0", name="product_safety")],
        "pk_attr": "id",
    },
)

LISTING = ops.AlterModelOptions(
    name="Listing",
    options={
        "table": "listings",
        "table_description": "What one account calls one of our SKUs.",
        "app": "hub",
        "unique_together": (("merchant_id", "account_id", "listing_id"),),
        "indexes": [Index(fields=["merchant_id", "sku"])],
        "pk_attr": "id",
    },
)

COLUMNS = (
    ops.AddField("FulfillmentLine", "per_unit", fields.IntField(db_default=1)),
    ops.AddField("Product", "safety", fields.IntField(db_default=0)),
    ops.AddField("Listing", "channel_sku", fields.CharField(db_default="", max_length=128)),
    ops.AddField("Listing", "gtin", fields.CharField(db_default="", max_length=14)),
    ops.AddField("Listing", "price", fields.BigIntField(db_default=0)),
    ops.AddField("Listing", "currency", fields.CharField(db_default="", max_length=3)),
    ops.AddField("Listing", "mapped_by", fields.CharField(db_default="", max_length=128)),
    ops.AddField("Listing", "seen_at", fields.DatetimeField(null=True)),
    ops.AddField("Listing", "offered", fields.IntField(null=True)),
    ops.AddField("Listing", "version", fields.BigIntField(db_default=0)),
    ops.AddField("Listing", "read_at", fields.DatetimeField(null=True)),
)

SQL = """
ALTER TABLE allotments ADD CONSTRAINT allotment_range CHECK (
    buffer >= 0 AND percent >= 0 AND percent <= 100 AND most >= 0);
ALTER TABLE components ADD CONSTRAINT component_quantity CHECK (quantity > 0);
ALTER TABLE products ADD CONSTRAINT product_safety CHECK (safety >= 0);
ALTER TABLE fulfillment_lines
    ADD CONSTRAINT fulfillment_line_whole CHECK (per_unit > 0 AND quantity % per_unit = 0),
    ADD CONSTRAINT fulfillment_line_sku UNIQUE (merchant_id, fulfillment_id, order_line_id, sku);
DO $$ DECLARE old text; BEGIN
    SELECT conname INTO old FROM pg_constraint WHERE conrelid = 'fulfillment_lines'::regclass AND contype = 'u'
        AND pg_get_constraintdef(oid) = 'UNIQUE (merchant_id, fulfillment_id, order_line_id)';
    EXECUTE format('ALTER TABLE fulfillment_lines DROP CONSTRAINT %I', old);
END $$;
CREATE INDEX orders_unrouted ON orders (merchant_id, id) WHERE state < 3;
ALTER TABLE stale SET (autovacuum_vacuum_scale_factor = 0.02);
ALTER TABLE listings SET (fillfactor = 70);
"""
"""The unique key of fulfillment lines has a name that PostgreSQL chose. `orders_unrouted`: what buyers wait for that is
not promised yet; an order leaves it when it is routed."""


class Migration(migrating.Migration):
    """Catalog, bundles, allotments."""

    dependencies = [("hub", "0003_add_console_paths")]

    operations = [ALLOTMENT, COMPONENT, STALE, FULFILLMENT_LINE, PRODUCT, LISTING, *COLUMNS, ops.RunSQL(SQL)]
