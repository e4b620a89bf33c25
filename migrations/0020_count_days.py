"""Fulfillment orders keep the day of their location that they were counted on, so that it can be given back.

What was routed before keeps none: nothing of it is given back, and its day is over soon.
"""

from tortoise import fields
from tortoise.migrations import operations as ops

from hub.store import migrating


class Migration(migrating.Migration):
    """One column, empty for every fulfillment order there is."""

    dependencies = [("hub", "0019_tell_brands")]

    initial = False

    operations = [
        ops.AddField(model_name="FulfillmentOrder", name="counted_on", field=fields.DateField(null=True)),
    ]
