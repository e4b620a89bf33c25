"""What can be sold, where it lies, and the ledger of every movement."""

from __future__ import annotations

from tortoise import fields

from hub.store.models.base import Json, Row, check


class Product(Row):
    """A thing with a SKU. `grams`: weight of one, packed; `safety`: units kept from all channels.

    `brand` and `tags` (a list; null while nobody told any) are what routing rules may ask for. `tracking`: `lot` or
    `serial` where a picker must scan which one it is. The size of one is in mm, 0 while nobody told.
    """

    sku = fields.CharField(max_length=128)
    title = fields.CharField(max_length=500)
    gtin = fields.CharField(max_length=14, db_default="")
    grams = fields.IntField(db_default=0)
    safety = fields.IntField(db_default=0)
    brand = fields.CharField(max_length=128, db_default="")
    tags: fields.Field[Json | None] = fields.JSONField(null=True)
    tracking = fields.CharField(max_length=8, db_default="")
    length_mm = fields.IntField(db_default=0)
    width_mm = fields.IntField(db_default=0)
    height_mm = fields.IntField(db_default=0)
    created_at = fields.DatetimeField()

    class Meta:
        table = "products"
        unique_together = (("merchant_id", "sku"),)
        constraints = (check("product_safety", "safety >= 0"),)


class Component(Row):
    """So many units of another SKU that one unit of a bundle is made of.

    A SKU that has components is a bundle: it lies nowhere itself. Bundles hold no bundles.
    """

    sku = fields.CharField(max_length=128)
    component = fields.CharField(max_length=128)
    quantity = fields.IntField()

    class Meta:
        table = "components"
        unique_together = (("merchant_id", "sku", "component"),)
        indexes = (("merchant_id", "component"),)
        constraints = (check("component_quantity", "quantity > 0"),)


class Listing(Row):
    """What one account calls one of our SKUs.

    `sku` is '' while nobody knows which. `mapped_by`: who said so; `sku` where the channel's own SKU is one of ours,
    else a person. `price` is in minor units of `currency`.
    `offered` is the level that was last queued for the channel, `version` its version; `read_at` when the channel was
    last asked what it offers.
    """

    account_id = fields.BigIntField()
    listing_id = fields.CharField(max_length=128)
    sku = fields.CharField(max_length=128)
    title = fields.CharField(max_length=500, db_default="")
    channel_sku = fields.CharField(max_length=128, db_default="")
    gtin = fields.CharField(max_length=14, db_default="")
    price = fields.BigIntField(db_default=0)
    currency = fields.CharField(max_length=3, db_default="")
    mapped_by = fields.CharField(max_length=128, db_default="")
    seen_at = fields.DatetimeField(null=True)
    offered = fields.IntField(null=True)
    version = fields.BigIntField(db_default=0)
    read_at = fields.DatetimeField(null=True)

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


class Allotment(Row):
    """How much of what is free one account may offer.

    Less `buffer` units, of that `percent`, and at most `most`.
    """

    account_id = fields.BigIntField()
    buffer = fields.IntField(db_default=0)
    percent = fields.IntField(db_default=100)
    most = fields.IntField(null=True)

    class Meta:
        table = "allotments"
        unique_together = (("merchant_id", "account_id"),)
        constraints = (check("allotment_range", "buffer >= 0 AND percent >= 0 AND percent <= 100 AND most >= 0"),)


class Stale(Row):
    """A SKU of which something changed that channels have not been told.

    As many rows as there were changes, so that nobody waits for anybody to add one (see `hub.flow.levels`).
    """

    sku = fields.CharField(max_length=128)

    class Meta:
        table = "stale"
