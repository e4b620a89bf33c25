"""Connected accounts, and the two boxes: what came in, and what goes out."""

from __future__ import annotations

from tortoise import fields

from hub.store.models.base import Json, Row


class Account(Row):
    """One connected account. `secrets` maps field → AES-GCM ciphertext with its key id; `health` is for people.

    `observed`: what was last seen of it ({"quota", "webhooks"}), and {"renewing"}, who replaces credentials just now.
    `credentials_at`: when the credentials were last given or replaced, null for as long as the account is there.
    `nudged_at`: since when the channel has news that have to be pulled.
    """

    connector = fields.CharField(max_length=64)
    name = fields.CharField(max_length=200)
    state = fields.CharField(max_length=16)
    settings: fields.Field[Json] = fields.JSONField()
    secrets: fields.Field[Json] = fields.JSONField()
    cursor: fields.Field[Json] = fields.JSONField()
    polled_at = fields.DatetimeField(null=True)
    heard_at = fields.DatetimeField(null=True)
    health: fields.Field[Json] = fields.JSONField()
    created_at = fields.DatetimeField()
    observed: fields.Field[Json] = fields.JSONField(db_default={})
    credentials_at = fields.DatetimeField(null=True)
    nudged_at = fields.DatetimeField(null=True)

    class Meta:
        table = "accounts"
        unique_together = (("merchant_id", "connector", "name"),)


class InboxRow(Row):
    """One verified delivery, kept verbatim. `state` is `Inbox`; `subject_id` is a conversation for chat events.

    `about` is the channel's id of the order a delivery speaks of; one that came before its order waits for it.
    """

    account_id = fields.BigIntField()
    delivery_id = fields.CharField(max_length=200)
    topic = fields.CharField(max_length=100)
    occurred_at = fields.DatetimeField(null=True)
    body = fields.BinaryField()
    received_at = fields.DatetimeField()
    state = fields.SmallIntField()
    kind = fields.SmallIntField(db_default=0)
    subject_id = fields.BigIntField(null=True)
    due_at = fields.DatetimeField()
    attempts = fields.SmallIntField(db_default=0)
    about = fields.CharField(max_length=128, db_default="")
    error = fields.CharField(max_length=1000, db_default="")

    class Meta:
        table = "inbox"
        unique_together = (("merchant_id", "account_id", "delivery_id"),)


class OutboxRow(Row):
    """One message that leaves. Rows of one `lane` share a rate; rows of one `key` leave in order.

    `intent` is unique for the merchant: the same intent is never queued twice. `leased`: a call is under way, or was
    when its worker died; in no index, so that leasing is cheap. `unsure`: an answer was lost, so the next try looks up
    before it repeats. `receipt` stays when it is sent; `subject` (`order`, `fulfillment`, `conversation`, …) and
    `subject_id` say which row waits for it.
    """

    account_id = fields.BigIntField()
    lane = fields.CharField(max_length=64)
    key = fields.BigIntField()
    kind = fields.CharField(max_length=32)
    intent = fields.CharField(max_length=160)
    payload: fields.Field[Json] = fields.JSONField()
    state = fields.SmallIntField()
    attempts = fields.SmallIntField(db_default=0)
    leased = fields.BooleanField(db_default=False)
    unsure = fields.BooleanField(db_default=False)
    due_at = fields.DatetimeField()
    created_at = fields.DatetimeField()
    sent_at = fields.DatetimeField(null=True)
    receipt: fields.Field[Json] = fields.JSONField(null=True)
    error = fields.CharField(max_length=1000, db_default="")
    subject = fields.CharField(max_length=16, db_default="")
    subject_id = fields.BigIntField(null=True)

    class Meta:
        table = "outbox"
        unique_together = (("merchant_id", "intent"),)


class JobFiring(Row):
    """Who won one slot of one job; a slot fires once over all hosts."""

    job = fields.CharField(max_length=64)
    slot = fields.DatetimeField()
    host = fields.CharField(max_length=128)
    fired_at = fields.DatetimeField()
    finished_at = fields.DatetimeField(null=True)
    outcome = fields.CharField(max_length=1000, db_default="")

    class Meta:
        table = "job_firings"
        unique_together = (("merchant_id", "job", "slot"),)
