"""Returns, exchanges and claims. Money lives only in the refund."""

from __future__ import annotations

from tortoise import fields

from hub.store.models.base import Json, Row, check


class Return(Row):
    """An RMA: goods on their way back.

    `account_id` is the channel that told of it under its own `external_id`; null and empty for one that is ours.
    `details` of a told one: {"told": what `hub.domain.returning.Standing` says, "faults": units that cannot be}.
    """

    order_id = fields.BigIntField()
    account_id = fields.BigIntField(null=True)
    external_id = fields.CharField(max_length=128, db_default="")
    number = fields.CharField(max_length=80)
    state = fields.CharField(max_length=20)
    reason = fields.CharField(max_length=64)
    requested_by = fields.CharField(max_length=128)
    requested_at = fields.DatetimeField()
    due_at = fields.DatetimeField(null=True)
    tracking_number = fields.CharField(max_length=64, db_default="")
    details: fields.Field[Json] = fields.JSONField()

    class Meta:
        table = "returns"
        unique_together = (("merchant_id", "account_id", "external_id"),)
        indexes = (("order_id",), ("merchant_id", "number"))


class ReturnLine(Row):
    """Units of one order line in a return, and the outcome of their inspection."""

    return_id = fields.BigIntField()
    order_line_id = fields.BigIntField()
    quantity = fields.IntField()
    received = fields.IntField(db_default=0)
    outcome = fields.CharField(max_length=24, db_default="")

    class Meta:
        table = "return_lines"
        unique_together = (("merchant_id", "return_id", "order_line_id"),)
        constraints = (check("return_line_counts", "quantity > 0 AND received >= 0 AND received <= quantity"),)


class Exchange(Row):
    """A return, an order change, and the difference due (either sign)."""

    order_id = fields.BigIntField()
    return_id = fields.BigIntField()
    state = fields.CharField(max_length=16)
    difference = fields.BigIntField()
    currency = fields.CharField(max_length=3)
    created_at = fields.DatetimeField()

    class Meta:
        table = "exchanges"
        unique_together = (("merchant_id", "return_id"),)


class Claim(Row):
    """Lost, damaged, missing, wrong, late or not as described; towards the customer and towards the carrier."""

    order_id = fields.BigIntField()
    parcel_id = fields.BigIntField(null=True)
    number = fields.CharField(max_length=80)
    kind = fields.CharField(max_length=24)
    state = fields.CharField(max_length=16)
    resolution = fields.CharField(max_length=16, db_default="")
    carrier_state = fields.CharField(max_length=16, db_default="none")
    details: fields.Field[Json] = fields.JSONField()
    opened_at = fields.DatetimeField()

    class Meta:
        table = "claims"
        unique_together = (("merchant_id", "number"),)
        indexes = (("order_id",),)
