"""What people look things up by: the deliveries that were set aside.

Without it the console would read the whole inbox every two seconds.
"""

from tortoise import migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    """An index for the console."""

    dependencies = [("hub", "0002_add_hot_paths")]

    operations = [ops.RunSQL("CREATE INDEX inbox_set_aside ON inbox (merchant_id, id) WHERE state = 10")]
