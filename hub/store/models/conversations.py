"""Conversations: dialogue state, transcript, effects that happened, and one-time codes."""

from __future__ import annotations

from tortoise import fields

from hub.store.models.base import Json, Row


class Conversation(Row):
    """One chat with one peer. `control` is `bot`, `pending` or `agent:<id>`; `stack` and `slots` are the dialogue's."""

    account_id = fields.BigIntField()
    transport = fields.CharField(max_length=16)
    peer = fields.CharField(max_length=128)
    customer_id = fields.BigIntField(null=True)
    control = fields.CharField(max_length=64, db_default="bot")
    version = fields.IntField(db_default=0)
    stack: fields.Field[Json] = fields.JSONField()
    slots: fields.Field[Json] = fields.JSONField()
    locale = fields.CharField(max_length=16, db_default="")
    window_until = fields.DatetimeField(null=True)
    due_at = fields.DatetimeField()
    created_at = fields.DatetimeField()

    class Meta:
        table = "conversations"
        unique_together = (("merchant_id", "account_id", "peer"),)
        indexes = (("customer_id",),)


class ChatMessage(Row):
    """One line of a transcript. `external_id` is the transport's id of it, once known."""

    conversation_id = fields.BigIntField()
    direction = fields.CharField(max_length=3)
    author = fields.CharField(max_length=64)
    text = fields.CharField(max_length=8000)
    payload: fields.Field[Json] = fields.JSONField()
    external_id = fields.CharField(max_length=128, db_default="")
    at = fields.DatetimeField()

    class Meta:
        table = "chat_messages"
        indexes = (("conversation_id", "id"),)


class Effect(Row):
    """An action a dialogue took, once for ever, and what came of it."""

    conversation_id = fields.BigIntField()
    frame = fields.CharField(max_length=64)
    name = fields.CharField(max_length=64)
    result: fields.Field[Json] = fields.JSONField()
    at = fields.DatetimeField()

    class Meta:
        table = "effects"
        unique_together = (("merchant_id", "conversation_id", "frame", "name"),)


class LoginCode(Row):
    """A one-time code on its way to a customer. Only a keyed hash is kept."""

    conversation_id = fields.BigIntField()
    order_id = fields.BigIntField(null=True)
    address = fields.CharField(max_length=320)
    code_hash = fields.CharField(max_length=128)
    tries = fields.SmallIntField(db_default=0)
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    used_at = fields.DatetimeField(null=True)

    class Meta:
        table = "login_codes"
        indexes = (("conversation_id",), ("merchant_id", "address"))
