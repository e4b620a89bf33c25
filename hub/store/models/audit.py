"""Who may do what, and who did: users, tokens, and a hash-chained trail."""

from __future__ import annotations

from tortoise import fields

from hub.store.models.base import Json, Row


class User(Row):
    """A person on the merchant's side. `role` is merchant or agent; the password is kept as argon2id."""

    email = fields.CharField(max_length=320)
    name = fields.CharField(max_length=200, db_default="")
    role = fields.CharField(max_length=16)
    password = fields.CharField(max_length=200)
    failures = fields.SmallIntField(db_default=0)
    locked_until = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "users"
        unique_together = (("merchant_id", "email"),)


class Token(Row):
    """A bearer token of the API. Only its SHA-256 is kept."""

    name = fields.CharField(max_length=200)
    role = fields.CharField(max_length=16)
    digest = fields.CharField(max_length=64)
    created_at = fields.DatetimeField()
    used_at = fields.DatetimeField(null=True)

    class Meta:
        table = "tokens"
        unique_together = (("merchant_id", "digest"),)


class AuditEntry(Row):
    """One thing somebody did. `hash` covers the entry and the hash before it, per merchant."""

    seq = fields.BigIntField()
    at = fields.DatetimeField()
    actor = fields.CharField(max_length=128)
    action = fields.CharField(max_length=64)
    subject = fields.CharField(max_length=128)
    details: fields.Field[Json] = fields.JSONField()
    previous = fields.CharField(max_length=64)
    hash = fields.CharField(max_length=64)

    class Meta:
        table = "audit"
        unique_together = (("merchant_id", "seq"),)
