"""What happens to stock besides selling: receipts, transfers, count sheets, and units that are kept from sale.

Made from the models by `makemigrations`; the constraints are moved into options and SQL (see
docs/decisions/006-checks-by-runsql.md). The ledger of one SKU is read by an index of its own.
"""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint

from hub.store import migrating

ID = ("id", fields.BigIntField(primary_key=True, generated=False))
MERCHANT = ("merchant_id", fields.BigIntField())

COUNT_LINE = ops.CreateModel(
    name="CountLine",
    fields=[
        ID,
        MERCHANT,
        ("sheet_id", fields.BigIntField()),
        ("sku", fields.CharField(max_length=128)),
        ("state", fields.CharField(max_length=16)),
        ("counts", fields.IntField(db_default=0)),
        ("expected", fields.IntField(null=True)),
        ("counted", fields.IntField(null=True)),
        ("difference", fields.IntField(null=True)),
        ("counted_at", fields.DatetimeField(null=True)),
    ],
    options={
        "table": "count_lines",
        "app": "hub",
        "unique_together": (("merchant_id", "sheet_id", "sku"),),
        "constraints": [CheckConstraint(check="counted >= 0", name="count_line_counted")],
        "pk_attr": "id",
        "table_description": "One SKU of a sheet. `state`: open, recount, booked.",
    },
    bases=["Row"],
)

COUNT_SHEET = ops.CreateModel(
    name="CountSheet",
    fields=[
        ID,
        MERCHANT,
        ("location_id", fields.BigIntField()),
        ("state", fields.CharField(max_length=16)),
        ("why", fields.CharField(max_length=64)),
        ("counter", fields.CharField(db_default="", max_length=128)),
        ("tolerance", fields.IntField(db_default=0)),
        ("percent", fields.IntField(db_default=0)),
        ("opened_at", fields.DatetimeField()),
        ("opened_by", fields.CharField(max_length=128)),
        ("closed_at", fields.DatetimeField(null=True)),
    ],
    options={
        "table": "count_sheets",
        "app": "hub",
        "indexes": [Index(fields=["merchant_id", "location_id"])],
        "pk_attr": "id",
        "table_description": "SKUs to be counted at one location. `counter`: who holds the sheet, '' until the first count.",
    },
    bases=["Row"],
)

RECEIPT = ops.CreateModel(
    name="Receipt",
    fields=[
        ID,
        MERCHANT,
        ("reference", fields.CharField(max_length=128)),
        ("location_id", fields.BigIntField()),
        ("kind", fields.CharField(max_length=16)),
        ("lines", fields.JSONField()),
        ("at", fields.DatetimeField()),
        ("actor", fields.CharField(max_length=128)),
    ],
    options={
        "table": "receipts",
        "app": "hub",
        "unique_together": (("merchant_id", "reference"),),
        "pk_attr": "id",
        "table_description": "Goods that arrived once: the same `reference` is never booked again. `lines`: SKU as it was told → units.",
    },
    bases=["Row"],
)

RESERVATION = ops.CreateModel(
    name="Reservation",
    fields=[
        ID,
        MERCHANT,
        ("kind", fields.CharField(max_length=16)),
        ("ref", fields.CharField(max_length=128)),
        ("sku", fields.CharField(max_length=128)),
        ("location_id", fields.BigIntField()),
        ("units", fields.IntField()),
        ("until", fields.DatetimeField(null=True)),
        ("created_at", fields.DatetimeField()),
        ("actor", fields.CharField(max_length=128)),
    ],
    options={
        "table": "reservations",
        "app": "hub",
        "unique_together": (("merchant_id", "kind", "ref", "sku", "location_id"),),
        "constraints": [CheckConstraint(check="units > 0", name="reservation_units")],
        "pk_attr": "id",
        "table_description": "Units on hand that are kept for something other than a fulfillment order; they count in `Stock.reserved`.",
    },
    bases=["Row"],
)

TRANSFER = ops.CreateModel(
    name="Transfer",
    fields=[
        ID,
        MERCHANT,
        ("reference", fields.CharField(max_length=128)),
        ("from_id", fields.BigIntField()),
        ("to_id", fields.BigIntField()),
        ("state", fields.CharField(max_length=16)),
        ("shipped_at", fields.DatetimeField()),
        ("closed_at", fields.DatetimeField(null=True)),
        ("actor", fields.CharField(max_length=128)),
    ],
    options={
        "table": "transfers",
        "app": "hub",
        "unique_together": (("merchant_id", "reference"),),
        "pk_attr": "id",
        "table_description": "Goods on their way from one location to another. `state`: in_transit, received.",
    },
    bases=["Row"],
)

TRANSFER_LINE = ops.CreateModel(
    name="TransferLine",
    fields=[
        ID,
        MERCHANT,
        ("transfer_id", fields.BigIntField()),
        ("sku", fields.CharField(max_length=128)),
        ("shipped", fields.IntField()),
        ("received", fields.IntField(db_default=0)),
        ("missing", fields.IntField(db_default=0)),
    ],
    options={
        "table": "transfer_lines",
        "app": "hub",
        "unique_together": (("merchant_id", "transfer_id", "sku"),),
        "constraints": [
            CheckConstraint(
                check="shipped > 0 AND received >= 0 AND missing >= 0 AND received + missing <= shipped",
                name="transfer_units",
            )
        ],
        "pk_attr": "id",
        "table_description": "One SKU of a transfer. What is neither received nor missing is in transit, and counts at neither location.",
    },
    bases=["Row"],
)

SQL = """
ALTER TABLE reservations ADD CONSTRAINT reservation_units CHECK (units > 0);
ALTER TABLE transfer_lines ADD CONSTRAINT transfer_units CHECK (
    shipped > 0 AND received >= 0 AND missing >= 0 AND received + missing <= shipped);
ALTER TABLE count_lines ADD CONSTRAINT count_line_counted CHECK (counted >= 0);
CREATE INDEX reservations_until ON reservations (until) WHERE until IS NOT NULL;
CREATE INDEX stock_movements_sku ON stock_movements (merchant_id, sku, id);
"""


class Migration(migrating.Migration):
    """Receipts, transfers, count sheets, reservations."""

    dependencies = [("hub", "0010_tell_returns")]

    operations = [COUNT_LINE, COUNT_SHEET, RECEIPT, RESERVATION, TRANSFER, TRANSFER_LINE, ops.RunSQL(SQL)]
