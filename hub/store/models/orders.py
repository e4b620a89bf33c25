"""Orders, their lines with counters, and holds. Events live in a plain append-only table (see migration 0002)."""

from __future__ import annotations

from tortoise import fields

from hub.store.models.base import Json, Row, check


class Order(Row):
    """One order. `state` is `Lifecycle`; `due_at` is when a stage may take it, infinity while it waits to be woken.

    Amounts are minor units of `currency`, `shop_total` of `shop_currency`. `version` grows with every event.
    """

    account_id = fields.BigIntField()
    external_id = fields.CharField(max_length=128)
    number = fields.CharField(max_length=64)
    state = fields.SmallIntField()
    version = fields.IntField(db_default=0)
    due_at = fields.DatetimeField()
    created_at = fields.DatetimeField()
    placed_at = fields.DatetimeField()
    revised_at = fields.DatetimeField()
    digest = fields.CharField(max_length=64, db_default="")
    currency = fields.CharField(max_length=3)
    shop_currency = fields.CharField(max_length=3)
    tax_included = fields.BooleanField(db_default=False)
    total = fields.BigIntField()
    tax_total = fields.BigIntField(db_default=0)
    shop_total = fields.BigIntField()
    charges: fields.Field[Json] = fields.JSONField()
    buyer: fields.Field[Json] = fields.JSONField()
    ship_to: fields.Field[Json] = fields.JSONField(null=True)
    bill_to: fields.Field[Json] = fields.JSONField(null=True)
    email = fields.CharField(max_length=320, db_default="")
    customer_id = fields.BigIntField(null=True)
    paid = fields.BooleanField(db_default=False)
    pending = fields.BooleanField(db_default=False)
    test = fields.BooleanField(db_default=False)
    words: fields.Field[Json] = fields.JSONField()
    unknown_words: fields.Field[Json] = fields.JSONField()
    risks: fields.Field[Json] = fields.JSONField()
    note = fields.CharField(max_length=4000, db_default="")
    cancelled_at = fields.DatetimeField(null=True)
    cancel_reason = fields.CharField(max_length=200, db_default="")
    promised_at = fields.DatetimeField(null=True)
    completed_at = fields.DatetimeField(null=True)
    tracking_token = fields.CharField(max_length=64, db_default="")

    class Meta:
        table = "orders"
        unique_together = (("merchant_id", "account_id", "external_id"),)
        indexes = (("merchant_id", "number"), ("email", "merchant_id"), ("merchant_id", "created_at"))
        constraints = (check("order_total", "total >= 0"),)


class OrderLine(Row):
    """One line: what was ordered at what price, and counters of what became of its units. Never a status."""

    order_id = fields.BigIntField()
    external_id = fields.CharField(max_length=128)
    position = fields.SmallIntField()
    sku = fields.CharField(max_length=128, db_default="")
    listing_id = fields.CharField(max_length=128, db_default="")
    title = fields.CharField(max_length=500)
    unit_price = fields.BigIntField()
    discount = fields.BigIntField(db_default=0)
    tax = fields.BigIntField(db_default=0)
    paid = fields.BigIntField(db_default=0)
    refunded = fields.BigIntField(db_default=0)
    requires_shipping = fields.BooleanField(db_default=True)
    gift_card = fields.BooleanField(db_default=False)
    grams = fields.IntField(db_default=0)
    ordered = fields.IntField()
    cancelled = fields.IntField(db_default=0)
    reserved = fields.IntField(db_default=0)
    assigned = fields.IntField(db_default=0)
    picked = fields.IntField(db_default=0)
    packed = fields.IntField(db_default=0)
    shipped = fields.IntField(db_default=0)
    delivered = fields.IntField(db_default=0)
    return_requested = fields.IntField(db_default=0)
    received_back = fields.IntField(db_default=0)
    restocked = fields.IntField(db_default=0)
    written_off = fields.IntField(db_default=0)
    replaced = fields.IntField(db_default=0)

    class Meta:
        table = "order_lines"
        unique_together = (("merchant_id", "order_id", "external_id"),)
        indexes = (("order_id",),)
        constraints = (
            check("line_ordered", "ordered >= 0 AND cancelled >= 0 AND cancelled + shipped <= ordered"),
            check("line_reserved", "reserved >= 0 AND reserved <= ordered - cancelled - shipped"),
            check("line_picked", "picked >= 0 AND picked <= assigned"),
            check("line_packed", "packed >= 0 AND packed <= picked"),
            check("line_shipped", "shipped >= 0 AND shipped <= packed"),
            check("line_delivered", "delivered >= 0 AND delivered <= shipped"),
            check("line_received_back", "received_back >= 0 AND received_back <= shipped"),
            check("line_put_away", "restocked >= 0 AND written_off >= 0 AND restocked + written_off <= received_back"),
            check("line_refunded", "refunded >= 0 AND refunded <= paid"),
        )


class Hold(Row):
    """Why an order waits. One row per (order, reason) while open; releasing it executes `resolution`."""

    order_id = fields.BigIntField()
    reason = fields.CharField(max_length=32)
    state = fields.CharField(max_length=16)
    detail: fields.Field[Json] = fields.JSONField()
    owner = fields.CharField(max_length=64)
    opened_at = fields.DatetimeField()
    due_at = fields.DatetimeField(null=True)
    protocol: fields.Field[Json] = fields.JSONField()
    resolutions: fields.Field[Json] = fields.JSONField()
    resolution = fields.CharField(max_length=64, db_default="")
    closed_at = fields.DatetimeField(null=True)
    closed_by = fields.CharField(max_length=128, db_default="")

    class Meta:
        table = "holds"
        indexes = (("order_id",),)
