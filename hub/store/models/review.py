"""What review goes by: a merchant's rules in their versions, and customers who pay later."""

from __future__ import annotations

from tortoise import fields

from hub.store.models.base import Row, check


class ReviewRules(Row):
    """One version of a merchant's rules of review, as TOML. The newest is the one in force; none is ever changed."""

    version = fields.IntField()
    text = fields.TextField()
    created_at = fields.DatetimeField()
    created_by = fields.CharField(max_length=128)

    class Meta:
        table = "review_rules"
        unique_together = (("merchant_id", "version"),)


class Terms(Row):
    """An account on terms: who orders with this e-mail address may owe up to `credit_limit`, in minor units.

    `ended_at`: nothing more is sold on it, and what was accepted on it does not leave unpaid."""

    email = fields.CharField(max_length=320)
    currency = fields.CharField(max_length=3)
    credit_limit = fields.BigIntField()
    days = fields.SmallIntField()
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "terms"
        unique_together = (("merchant_id", "email", "currency"),)
        constraints = (check("terms_limit", "credit_limit >= 0 AND days >= 0"),)
