"""Payments, refunds, and the double-entry ledger that sums to zero per order and currency."""

from __future__ import annotations

from tortoise import fields

from hub.store.models.base import Json, Row, check


class Payment(Row):
    """One payment of one order. `account_id` is the provider's account with us, null when the channel collects."""

    order_id = fields.BigIntField()
    account_id = fields.BigIntField(null=True)
    external_id = fields.CharField(max_length=128)
    state = fields.CharField(max_length=24)
    gateway = fields.CharField(max_length=64, db_default="")
    last4 = fields.CharField(max_length=4, db_default="")
    currency = fields.CharField(max_length=3)
    amount = fields.BigIntField()
    captured = fields.BigIntField(db_default=0)
    refunded = fields.BigIntField(db_default=0)
    created_at = fields.DatetimeField()

    class Meta:
        table = "payments"
        unique_together = (("merchant_id", "order_id", "external_id"),)
        indexes = (("order_id",), ("merchant_id", "external_id"))
        constraints = (
            check("payment_amounts", "amount >= 0 AND captured >= 0 AND refunded >= 0 AND refunded <= captured"),
        )


class Refund(Row):
    """Money on its way back. Unique by its idempotency key, so that no retry makes a second one."""

    order_id = fields.BigIntField()
    payment_id = fields.BigIntField(null=True)
    idempotency_key = fields.CharField(max_length=128)
    state = fields.CharField(max_length=16)
    currency = fields.CharField(max_length=3)
    amount = fields.BigIntField()
    reason = fields.CharField(max_length=200, db_default="")
    lines: fields.Field[Json] = fields.JSONField()
    approved_by = fields.CharField(max_length=128, db_default="")
    created_at = fields.DatetimeField()

    class Meta:
        table = "refunds"
        unique_together = (("merchant_id", "order_id", "idempotency_key"),)
        constraints = (check("refund_amount", "amount > 0"),)


class LedgerEntry(Row):
    """One side of a posting: `amount` is positive for debit, negative for credit, in minor units of `currency`."""

    order_id = fields.BigIntField()
    posting = fields.CharField(max_length=96)
    account = fields.CharField(max_length=32)
    currency = fields.CharField(max_length=3)
    amount = fields.BigIntField()
    at = fields.DatetimeField()

    class Meta:
        table = "ledger"
        unique_together = (("merchant_id", "order_id", "posting", "account"),)
