"""Fulfillment orders: one location, one method, several per order; waves and pick lines for the floor."""

from __future__ import annotations

from tortoise import fields

from hub.store.models.base import Json, Row, check


class FulfillmentOrder(Row):
    """What one location ships of one order. `state` is `Work`; `why` keeps the reason of the routing decision.

    `counted_on`: the location's day whose limit it was counted against (`LocationDay`); null where there was none.
    """

    order_id = fields.BigIntField()
    account_id = fields.BigIntField()
    location_id = fields.BigIntField()
    number = fields.CharField(max_length=80)
    state = fields.SmallIntField()
    version = fields.IntField(db_default=0)
    due_at = fields.DatetimeField()
    created_at = fields.DatetimeField()
    service = fields.CharField(max_length=64, db_default="")
    carrier_account_id = fields.BigIntField(null=True)
    why: fields.Field[Json] = fields.JSONField()
    partner_state = fields.CharField(max_length=16, db_default="")
    wave_id = fields.BigIntField(null=True)
    automatic = fields.BooleanField(db_default=False)
    problem = fields.CharField(max_length=500, db_default="")
    counted_on = fields.DateField(null=True)

    class Meta:
        table = "fulfillment_orders"
        unique_together = (("merchant_id", "order_id", "number"),)
        indexes = (("order_id",),)


class FulfillmentLine(Row):
    """What one location takes from its shelves for one order line.

    `quantity` of a SKU, `reserved` of them still promised. A line of a bundle has one row for each component;
    `per_unit` of it go into one unit of the order line.
    """

    fulfillment_id = fields.BigIntField()
    order_id = fields.BigIntField()
    order_line_id = fields.BigIntField()
    sku = fields.CharField(max_length=128)
    quantity = fields.IntField()
    per_unit = fields.IntField(db_default=1)
    reserved = fields.IntField()
    picked = fields.IntField(db_default=0)
    packed = fields.IntField(db_default=0)
    short = fields.IntField(db_default=0)

    class Meta:
        table = "fulfillment_lines"
        unique_together = (("merchant_id", "fulfillment_id", "order_line_id", "sku"),)
        indexes = (("fulfillment_id",), ("order_id",))
        constraints = (
            check("fulfillment_line_whole", "per_unit > 0 AND quantity % per_unit = 0"),
            check("fulfillment_line_counts", "quantity > 0 AND reserved >= 0 AND reserved <= quantity"),
            check("fulfillment_line_picked", "picked >= 0 AND picked + short <= quantity AND packed <= picked"),
        )


class Wave(Row):
    """Fulfillment orders that are picked together."""

    location_id = fields.BigIntField()
    state = fields.CharField(max_length=16)
    created_at = fields.DatetimeField()
    released_at = fields.DatetimeField(null=True)
    number = fields.CharField(max_length=32, db_default="")
    strategy = fields.CharField(max_length=16, db_default="")
    actor = fields.CharField(max_length=128, db_default="")
    done_at = fields.DatetimeField(null=True)

    class Meta:
        table = "waves"


class PickLine(Row):
    """One stop of a picker: so many of one SKU from one bin for one fulfillment line; `place` on the walk, from 1."""

    wave_id = fields.BigIntField(null=True)
    fulfillment_line_id = fields.BigIntField()
    sku = fields.CharField(max_length=128)
    bin = fields.CharField(max_length=64, db_default="")
    quantity = fields.IntField()
    picked = fields.IntField(db_default=0)
    state = fields.CharField(max_length=16)
    fulfillment_id = fields.BigIntField(null=True)
    task_id = fields.BigIntField(null=True)
    tote_id = fields.BigIntField(null=True)
    place = fields.IntField(db_default=0)
    short = fields.IntField(db_default=0)

    class Meta:
        table = "pick_lines"
        indexes = (("fulfillment_line_id",), ("task_id",))
        constraints = (check("pick_line_counts", "picked >= 0 AND picked <= quantity"),)
