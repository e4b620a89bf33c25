"""How a merchant's orders are routed, version after version, and how many orders each location took on each day."""

from __future__ import annotations

from tortoise import fields

from hub.store.models.base import Json, Row, check


class RoutingPlan(Row):
    """One version of a merchant's routing; the newest is in effect. `plan` as read, `source` the TOML it was."""

    version = fields.IntField()
    plan: fields.Field[Json] = fields.JSONField()
    source = fields.TextField()
    note = fields.CharField(max_length=200, db_default="")
    made_by = fields.CharField(max_length=128)
    made_at = fields.DatetimeField()

    class Meta:
        table = "routing_plans"
        unique_together = (("merchant_id", "version"),)


class LocationDay(Row):
    """Fulfillment orders that a location with a limit was given on one of its own days. `most` is the limit then."""

    location_id = fields.BigIntField()
    day = fields.DateField()
    orders = fields.IntField()
    most = fields.IntField()

    class Meta:
        table = "location_days"
        unique_together = (("merchant_id", "location_id", "day"),)
        constraints = (check("location_day_orders", "orders >= 0"),)
