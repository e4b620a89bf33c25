"""People, and how each is known on each transport."""

from __future__ import annotations

from tortoise import fields

from hub.store.models.base import Row


class Customer(Row):
    """A person, as far as channels told. `email` is lower case; empty ones are never matched with each other."""

    name = fields.CharField(max_length=200, db_default="")
    email = fields.CharField(max_length=320)
    phone = fields.CharField(max_length=32, db_default="")
    locale = fields.CharField(max_length=16, db_default="")
    created_at = fields.DatetimeField()

    class Meta:
        table = "customers"
        unique_together = (("merchant_id", "email"),)


class Identity(Row):
    """A proof that the peer of a transport is a customer: made by a one-time code, a signed link or a signed token."""

    customer_id = fields.BigIntField()
    transport = fields.CharField(max_length=16)
    peer = fields.CharField(max_length=128)
    level = fields.CharField(max_length=16)
    verified_at = fields.DatetimeField()

    class Meta:
        table = "identities"
        unique_together = (("merchant_id", "transport", "peer", "customer_id"),)
        indexes = (("customer_id",),)
