"""The warehouse floor: walks of pickers, totes, bins, further codes of products, boxes, and when waves are released."""

from __future__ import annotations

from tortoise import fields

from hub.store.models.base import Json, Row, check


class PickTask(Row):
    """One walk of one person through one wave. `claimed_by`: whose it is, '' while it is nobody's.

    `hand_line`, `hand_units`, `hand_mark`: what the picker has scanned and not put down yet.
    """

    wave_id = fields.BigIntField()
    number = fields.IntField()
    zone = fields.CharField(max_length=32, db_default="")
    state = fields.CharField(max_length=16)
    claimed_by = fields.CharField(max_length=128, db_default="")
    claimed_at = fields.DatetimeField(null=True)
    done_at = fields.DatetimeField(null=True)
    hand_line = fields.BigIntField(null=True)
    hand_units = fields.IntField(db_default=0)
    hand_mark = fields.CharField(max_length=64, db_default="")

    class Meta:
        table = "pick_tasks"
        unique_together = (("merchant_id", "wave_id", "number"),)


class Tote(Row):
    """What the units of one fulfillment order lie in on one walk. `held_by`: who has it in hand, '' when it stands.

    `packing`: boxes begun at the pack station, as [{"box": code, "units": {SKU: n}}].
    """

    wave_id = fields.BigIntField()
    task_id = fields.BigIntField()
    fulfillment_id = fields.BigIntField()
    slot = fields.IntField()
    code = fields.CharField(max_length=32)
    held_by = fields.CharField(max_length=128, db_default="")
    held_at = fields.DatetimeField(null=True)
    packing: fields.Field[Json] = fields.JSONField()

    class Meta:
        table = "totes"
        unique_together = (("merchant_id", "code"),)
        indexes = (("fulfillment_id",), ("task_id",))


class PickMark(Row):
    """The lot or serial number of units that were picked."""

    pick_line_id = fields.BigIntField()
    fulfillment_id = fields.BigIntField()
    sku = fields.CharField(max_length=128)
    mark = fields.CharField(max_length=64)
    units = fields.IntField()
    at = fields.DatetimeField()
    actor = fields.CharField(max_length=128)

    class Meta:
        table = "pick_marks"
        indexes = (("merchant_id", "sku", "mark"), ("fulfillment_id",))
        constraints = (check("pick_mark_units", "units > 0"),)


class Bin(Row):
    """Where a SKU lies at a location. Aisles are walked in the order of their numbers, racks along an aisle."""

    location_id = fields.BigIntField()
    sku = fields.CharField(max_length=128)
    code = fields.CharField(max_length=64)
    zone = fields.CharField(max_length=32, db_default="")
    aisle = fields.IntField()
    rack = fields.IntField()
    level = fields.IntField(db_default=0)

    class Meta:
        table = "bins"
        unique_together = (("merchant_id", "location_id", "sku"),)
        constraints = (check("bin_place", "aisle >= 0 AND rack >= 0 AND level >= 0"),)


class ProductCode(Row):
    """A further code that a scanner reads from a product; `units` of it lie behind one scan (a case of six)."""

    code = fields.CharField(max_length=128)
    sku = fields.CharField(max_length=128)
    units = fields.IntField(db_default=1)

    class Meta:
        table = "product_codes"
        unique_together = (("merchant_id", "code"),)
        indexes = (("merchant_id", "sku"),)
        constraints = (check("product_code_units", "units > 0"),)


class Box(Row):
    """A box that the merchant packs in: inner size in mm, what it weighs empty, and what it may hold, in grams."""

    code = fields.CharField(max_length=32)
    length_mm = fields.IntField()
    width_mm = fields.IntField()
    height_mm = fields.IntField()
    own_grams = fields.IntField(db_default=0)
    most_grams = fields.IntField()

    class Meta:
        table = "boxes"
        unique_together = (("merchant_id", "code"),)
        constraints = (
            check("box_size", "length_mm > 0 AND width_mm > 0 AND height_mm > 0 AND own_grams >= 0 AND most_grams > 0"),
        )


class WaveRule(Row):
    """When what waits at a location becomes a wave by itself: so many orders, or a time of day (minutes, UTC)."""

    location_id = fields.BigIntField()
    strategy = fields.CharField(max_length=16)
    least = fields.IntField(db_default=0)
    cut_off = fields.IntField(null=True)
    most = fields.IntField(db_default=100)
    cart = fields.IntField(db_default=8)
    cut_at = fields.DatetimeField(null=True)

    class Meta:
        table = "wave_rules"
        unique_together = (("merchant_id", "location_id"),)
        constraints = (check("wave_rule_range", "least >= 0 AND most > 0 AND cart > 0 AND cut_off BETWEEN 0 AND 1439"),)


class Lot(Row):
    """A lot of a SKU at a location, and when it expires: what expires first is picked first.

    `units` were told to lie there; how many of them are picked, `PickMark` says. `gone`: a picker found none any more.
    """

    location_id = fields.BigIntField()
    sku = fields.CharField(max_length=128)
    lot = fields.CharField(max_length=64)
    expires_on = fields.DateField()
    units = fields.IntField()
    gone = fields.BooleanField(db_default=False)

    class Meta:
        table = "lots"
        unique_together = (("merchant_id", "location_id", "sku", "lot"),)
        constraints = (check("lot_units", "units > 0"),)


class FloorKey(Row):
    """One scan of a program, by the key it gave it: sent again, it is answered again and counts no more.

    `asked`: a hash of what was asked; `answer` names no person.
    """

    actor = fields.CharField(max_length=128)
    key = fields.CharField(max_length=128)
    asked = fields.CharField(max_length=64)
    answer: fields.Field[Json] = fields.JSONField()
    at = fields.DatetimeField()

    class Meta:
        table = "floor_keys"
        unique_together = (("merchant_id", "actor", "key"),)
        indexes = (("at",),)
