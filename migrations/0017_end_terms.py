"""Accounts on terms that have ended stay known, since what was accepted on them may still wait in the house."""

from tortoise import fields
from tortoise.migrations import operations as ops

from hub.store import migrating


class Migration(migrating.Migration):
    """One column, empty for every account there is."""

    dependencies = [("hub", "0016_faster_looks")]

    initial = False

    operations = [
        ops.AddField(
            model_name="Terms",
            name="ended_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
    ]
