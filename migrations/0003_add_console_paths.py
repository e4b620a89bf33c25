"""What people look things up by: the messages of an order, and the deliveries that were set aside.

Without them the console would read both boxes whole every two seconds.
"""

from tortoise import migrations
from tortoise.migrations import operations as ops

INDEXES = """
CREATE INDEX outbox_of_key ON outbox (key);
CREATE INDEX inbox_set_aside ON inbox (merchant_id, id) WHERE state = 10;
"""


class Migration(migrations.Migration):
    """Indexes for the console."""

    dependencies = [("hub", "0002_add_hot_paths")]

    operations = [ops.RunSQL(INDEXES)]
