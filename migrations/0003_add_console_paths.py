"""What the console looks for every two seconds, and what is rare: deliveries set aside, parcels that went missing,
goods that came back. Without these it would read whole tables to find next to nothing.
"""

from tortoise.migrations import operations as ops

from hub.store import migrating

INDEXES = """
CREATE INDEX inbox_set_aside ON inbox (merchant_id, id) WHERE state = 10;
CREATE INDEX parcels_in_trouble ON parcels (merchant_id, order_id) WHERE custody IN ('lost', 'damaged');
CREATE INDEX order_lines_back ON order_lines (merchant_id, order_id) WHERE received_back > 0;
"""


class Migration(migrating.Migration):
    """Indexes for the console."""

    dependencies = [("hub", "0002_add_hot_paths")]

    operations = [ops.RunSQL(INDEXES)]
