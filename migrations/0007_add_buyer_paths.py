"""People by what channels call them: some channels tell us of everybody who leaves them, so that whoever must be
forgotten has to be found without reading every order.
"""

from tortoise.migrations import operations as ops

from hub.store import migrating

INDEXES = """
CREATE INDEX orders_by_buyer ON orders (merchant_id, account_id, (buyer->>'external_id'))
    WHERE buyer->>'external_id' <> '';
"""


class Migration(migrating.Migration):
    """An index of buyers."""

    dependencies = [("hub", "0006_observe_accounts")]

    operations = [ops.RunSQL(INDEXES)]
