"""What every table has."""

from __future__ import annotations

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

Json = dict[str, object] | list[object]


class Row(Model):
    """An id made in the app, and the merchant whose row it is."""

    id = fields.BigIntField(primary_key=True, generated=False)
    merchant_id = fields.BigIntField()

    class Meta:
        abstract = True


def check(name: str, rule: str) -> CheckConstraint:
    """A CHECK that the database itself keeps, whoever writes."""
    return CheckConstraint(check=rule, name=name)
