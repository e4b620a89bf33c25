"""Rules of merchants, what they did, and what they set on orders."""

from __future__ import annotations

from tortoise import fields

from hub.store.models.base import Json, Row, check


class AutomationSet(Row):
    """All rules of a merchant as they were written, one row a version; the newest counts."""

    version = fields.IntField()
    source = fields.TextField()
    created_at = fields.DatetimeField()
    created_by = fields.CharField(max_length=128)

    class Meta:
        table = "automation_sets"
        unique_together = (("merchant_id", "version"),)


class AutomationFiring(Row):
    """One rule acted on one order. The unique key is what lets it act once for a trigger."""

    order_id = fields.BigIntField()
    rule = fields.CharField(max_length=80)
    trigger = fields.CharField(max_length=16)
    version = fields.IntField()
    at = fields.DatetimeField()

    class Meta:
        table = "automation_firings"
        unique_together = (("merchant_id", "order_id", "rule", "trigger"),)
        indexes = (("merchant_id", "rule", "at"),)


class OrderMark(Row):
    """What rules set on an order: tags, the service its parcels go by, its priority (9 first; null: as usual)."""

    order_id = fields.BigIntField()
    tags: fields.Field[Json] = fields.JSONField()
    service = fields.CharField(max_length=64, db_default="")
    priority = fields.SmallIntField(null=True)

    class Meta:
        table = "order_marks"
        unique_together = (("merchant_id", "order_id"),)
        constraints = (check("order_mark_priority", "priority BETWEEN 1 AND 9"),)
