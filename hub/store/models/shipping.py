"""Parcels with their three axes (label, custody, what the carrier says), and the carrier's scans."""

from __future__ import annotations

from tortoise import fields

from hub.store.models.base import Json, Row


class Parcel(Row):
    """One box. `contents` lists {"line_id": order line, "quantity": units}; `receipts` what the channel answered."""

    order_id = fields.BigIntField()
    fulfillment_id = fields.BigIntField()
    number = fields.CharField(max_length=96)
    label = fields.CharField(max_length=16)
    custody = fields.CharField(max_length=20)
    tracking = fields.CharField(max_length=24, db_default="")
    tracked_at = fields.DatetimeField(null=True)
    carrier_account_id = fields.BigIntField(null=True)
    carrier = fields.CharField(max_length=64, db_default="")
    service = fields.CharField(max_length=64, db_default="")
    tracking_number = fields.CharField(max_length=64, db_default="")
    tracking_url = fields.CharField(max_length=500, db_default="")
    label_id = fields.CharField(max_length=128, db_default="")
    label_url = fields.CharField(max_length=500, db_default="")
    label_cost = fields.BigIntField(db_default=0)
    label_currency = fields.CharField(max_length=3, db_default="")
    label_attempt = fields.SmallIntField(db_default=1)
    weight_grams = fields.IntField(db_default=0)
    box = fields.CharField(max_length=32, db_default="")
    contents: fields.Field[Json] = fields.JSONField()
    created_at = fields.DatetimeField()
    handed_over_at = fields.DatetimeField(null=True)
    delivered_at = fields.DatetimeField(null=True)

    class Meta:
        table = "parcels"
        unique_together = (("merchant_id", "number"),)
        indexes = (("order_id",), ("fulfillment_id",))


class Scan(Row):
    """One scan by the carrier, append-only. `seen` turns true once the track stage has acted on it."""

    parcel_id = fields.BigIntField()
    external_id = fields.CharField(max_length=128)
    status = fields.CharField(max_length=24)
    word = fields.CharField(max_length=200, db_default="")
    place = fields.CharField(max_length=200, db_default="")
    at = fields.DatetimeField()
    recorded_at = fields.DatetimeField()
    seen = fields.BooleanField(db_default=False)

    class Meta:
        table = "scans"
        unique_together = (("merchant_id", "parcel_id", "external_id"),)
        indexes = (("parcel_id",),)
