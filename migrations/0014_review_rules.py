"""What review goes by: a merchant's rules in their versions, and customers who pay later.

Made from the models by `makemigrations`; the check is SQL (see docs/decisions/006-checks-by-runsql.md).
"""

from tortoise import fields
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint

from hub.store import migrating

CHECK = CheckConstraint(check="credit_limit >= 0 AND days >= 0", name="terms_limit")
SQL = "ALTER TABLE terms ADD CONSTRAINT terms_limit CHECK (credit_limit >= 0 AND days >= 0);"


def key() -> fields.BigIntField:
    """An id made in the app."""
    return fields.BigIntField(primary_key=True, generated=False)


class Migration(migrating.Migration):
    """Two tables."""

    dependencies = [("hub", "0013_plan_routing")]

    operations = [
        ops.CreateModel(
            name="ReviewRules",
            fields=[
                ("id", key()),
                ("merchant_id", fields.BigIntField()),
                ("version", fields.IntField()),
                ("text", fields.TextField(unique=False)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("created_by", fields.CharField(max_length=128)),
            ],
            options={
                "table": "review_rules",
                "app": "hub",
                "unique_together": (("merchant_id", "version"),),
                "pk_attr": "id",
                "table_description": "One version of a merchant's rules of review, as TOML. The newest is the one in "
                "force; none is ever changed.",
            },
            bases=["Row"],
        ),
        ops.CreateModel(
            name="Terms",
            fields=[
                ("id", key()),
                ("merchant_id", fields.BigIntField()),
                ("email", fields.CharField(max_length=320)),
                ("currency", fields.CharField(max_length=3)),
                ("credit_limit", fields.BigIntField()),
                ("days", fields.SmallIntField()),
            ],
            options={
                "table": "terms",
                "app": "hub",
                "unique_together": (("merchant_id", "email", "currency"),),
                "constraints": [CHECK],
                "pk_attr": "id",
                "table_description": "An account on terms: who orders with this e-mail address may owe up to "
                "`credit_limit`, in minor units.",
            },
            bases=["Row"],
        ),
        ops.RunSQL(SQL),
    ]
