"""What is seen of accounts: quotas, subscriptions, the age of credentials, and nudges that ask for a pull."""

import functools
from json import dumps, loads

from tortoise import fields
from tortoise.migrations import operations as ops

from hub.store import migrating

JSON = {"encoder": functools.partial(dumps, separators=(",", ":")), "decoder": loads}


class Migration(migrating.Migration):
    """Columns of accounts."""

    dependencies = [("hub", "0004_add_catalog")]

    operations = [
        ops.AddField("Account", "observed", fields.JSONField(db_default={}, **JSON)),
        ops.AddField("Account", "credentials_at", fields.DatetimeField(null=True)),
        ops.AddField("Account", "nudged_at", fields.DatetimeField(null=True)),
    ]
