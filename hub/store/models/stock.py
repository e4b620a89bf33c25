"""What can be sold, where it lies, and the ledger of every movement."""

from __future__ import annotations

from tortoise import fields

from hub.store.models.base import Json, Row, check


class Product(Row):
    """A thing with a SKU. `grams` is the weight of one unit, packed."""

    sku = fields.CharField(max_length=128)
    title = fields.CharField(max_length=500)
    gtin = fields.CharField(max_length=14, db_default="")
    grams = fields.IntField(db_default=0)
    created_at = fields.DatetimeField()

    class Meta:
        table = "products"
        unique_together = (("merchant_id", "sku"),)


class Listing(Row):
    """What one account calls one of our SKUs."""

    account_id = fields.BigIntField()
    listing_id = fields.CharField(max_length=128)
    sku = fields.CharField(max_length=128)
    title = fields.CharField(max_length=500, db_default="")

    class Meta:
        table = "listings"
        unique_together = (("merchant_id", "account_id", "listing_id"),)
        indexes = (("merchant_id", "sku"),)


class Location(Row):
    """A place that ships. `automatic`: picking and packing advance by themselves (a robot, a partner, a demo)."""

    code = fields.CharField(max_length=64)
    name = fields.CharField(max_length=200)
    address: fields.Field[Json] = fields.JSONField()
    latitude = fields.FloatField(null=True)
    longitude = fields.FloatField(null=True)
    automatic = fields.BooleanField(db_default=False)
    active = fields.BooleanField(db_default=True)

    class Meta:
        table = "locations"
        unique_together = (("merchant_id", "code"),)


class Stock(Row):
    """Units of one SKU at one location: on hand, and of those how many are promised to orders."""

    sku = fields.CharField(max_length=128)
    location_id = fields.BigIntField()
    on_hand = fields.IntField()
    reserved = fields.IntField(db_default=0)
    version = fields.IntField(db_default=0)

    class Meta:
        table = "stock"
        unique_together = (("merchant_id", "sku", "location_id"),)
        constraints = (check("stock_counts", "reserved >= 0 AND reserved <= on_hand"),)


class Movement(Row):
    """One change of stock, append-only; their sums equal the counters of `Stock` at all times."""

    sku = fields.CharField(max_length=128)
    location_id = fields.BigIntField()
    on_hand = fields.IntField()
    reserved = fields.IntField()
    reason = fields.CharField(max_length=32)
    ref_id = fields.BigIntField()
    at = fields.DatetimeField()

    class Meta:
        table = "stock_movements"
        indexes = (("ref_id",),)
