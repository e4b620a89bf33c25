"""Returns that channels tell of: each is here once, by the account and the channel's own id.

Numbers are what people call a return, and two shops of one merchant may use the same.
"""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import UniqueConstraint

from hub.store import migrating

OPTIONS = {
    "table": "returns",
    "app": "hub",
    "unique_together": (("merchant_id", "account_id", "external_id"),),
    "indexes": [Index(fields=["order_id"]), Index(fields=["merchant_id", "number"])],
    "pk_attr": "id",
    "table_description": "An RMA: goods on their way back.",
}


class Migration(migrating.Migration):
    """Columns and keys of returns."""

    dependencies = [("hub", "0007_add_buyer_paths")]

    operations = [
        ops.RemoveConstraint("Return", name=None, fields=["merchant_id", "number"]),
        ops.AlterModelOptions("Return", OPTIONS),
        ops.AddField("Return", "account_id", fields.BigIntField(null=True)),
        ops.AddField("Return", "external_id", fields.CharField(db_default="", max_length=128)),
        ops.AddIndex("Return", Index(fields=["merchant_id", "number"])),
        ops.AddConstraint("Return", UniqueConstraint(fields=("merchant_id", "account_id", "external_id"), name=None)),
    ]
