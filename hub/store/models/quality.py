"""Second looks at the pack station: when one is asked for, and what was found."""

from __future__ import annotations

from tortoise import fields

from hub.store.models.base import Json, Row, check


class QualityRule(Row):
    """Which orders of a location somebody looks at before their parcels are closed.

    `every`: each so-manieth that is packed there (0: none for its number), `counted` since the last one; `skus`: always
    those that hold one of them; `newcomers`: the first so many orders of each packer. `other`: the packer may not look.
    """

    location_id = fields.BigIntField()
    every = fields.IntField(db_default=0)
    newcomers = fields.IntField(db_default=0)
    skus: fields.Field[Json] = fields.JSONField()
    other = fields.BooleanField(db_default=False)
    counted = fields.IntField(db_default=0)

    class Meta:
        table = "quality_rules"
        unique_together = (("merchant_id", "location_id"),)
        constraints = (check("quality_rule_range", "every >= 0 AND newcomers >= 0 AND counted >= 0"),)


class QualityCheck(Row):
    """One look that was asked for, and why. `result` is '' until somebody looked, then ok, wrong_item or damaged: so
    many `units` of `sku`."""

    fulfillment_id = fields.BigIntField()
    why = fields.CharField(max_length=200)
    packer = fields.CharField(max_length=128)
    asked_at = fields.DatetimeField()
    result = fields.CharField(max_length=16, db_default="")
    checked_by = fields.CharField(max_length=128, db_default="")
    checked_at = fields.DatetimeField(null=True)
    sku = fields.CharField(max_length=128, db_default="")
    units = fields.IntField(db_default=0)
    note = fields.CharField(max_length=500, db_default="")

    class Meta:
        table = "quality_checks"
        indexes = (("fulfillment_id",),)


class Packer(Row):
    """How many fulfillment orders somebody has packed by hand."""

    actor = fields.CharField(max_length=128)
    orders = fields.IntField()

    class Meta:
        table = "packers"
        unique_together = (("merchant_id", "actor"),)
