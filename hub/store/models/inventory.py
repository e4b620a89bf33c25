"""What happens to stock besides selling: goods that arrive, move, are counted, or are kept from sale for a while."""

from __future__ import annotations

from tortoise import fields

from hub.store.models.base import Json, Row, check


class Reservation(Row):
    """Units on hand that are kept for something other than a fulfillment order; they count in `Stock.reserved`.

    `kind` quarantine: not for sale until somebody lets them out, `ref` is the reason. `kind` checkout: a buyer is about
    to order them, `ref` is what the shop or the chat calls it, and at `until` they are free again.
    """

    kind = fields.CharField(max_length=16)
    ref = fields.CharField(max_length=128)
    sku = fields.CharField(max_length=128)
    location_id = fields.BigIntField()
    units = fields.IntField()
    until = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()
    actor = fields.CharField(max_length=128)

    class Meta:
        table = "reservations"
        unique_together = (("merchant_id", "kind", "ref", "sku", "location_id"),)
        constraints = (check("reservation_units", "units > 0"),)


class Receipt(Row):
    """Goods that arrived once: the same `reference` is never booked again. `lines`: SKU as it was told → units."""

    reference = fields.CharField(max_length=128)
    location_id = fields.BigIntField()
    kind = fields.CharField(max_length=16)
    lines: fields.Field[Json] = fields.JSONField()
    at = fields.DatetimeField()
    actor = fields.CharField(max_length=128)

    class Meta:
        table = "receipts"
        unique_together = (("merchant_id", "reference"),)


class Transfer(Row):
    """Goods on their way from one location to another. `state`: draft, in_transit, received, cancelled.

    Of a draft nothing has left: its lines say what is to be shipped, and `shipped_at` is null.
    """

    reference = fields.CharField(max_length=128)
    from_id = fields.BigIntField()
    to_id = fields.BigIntField()
    state = fields.CharField(max_length=16)
    shipped_at = fields.DatetimeField(null=True)
    closed_at = fields.DatetimeField(null=True)
    actor = fields.CharField(max_length=128)

    class Meta:
        table = "transfers"
        unique_together = (("merchant_id", "reference"),)


class TransferLine(Row):
    """One SKU of a transfer. What is neither received nor missing is in transit, and counts at neither location."""

    transfer_id = fields.BigIntField()
    sku = fields.CharField(max_length=128)
    shipped = fields.IntField()
    received = fields.IntField(db_default=0)
    missing = fields.IntField(db_default=0)

    class Meta:
        table = "transfer_lines"
        unique_together = (("merchant_id", "transfer_id", "sku"),)
        constraints = (
            check("transfer_units", "shipped > 0 AND received >= 0 AND missing >= 0 AND received + missing <= shipped"),
        )


class CountSheet(Row):
    """SKUs to be counted at one location. `counter`: who holds the sheet, '' until the first count.

    `state`: open, done, cancelled. A difference within `tolerance` units or `percent` of what is expected is booked at
    once, a larger one only after a second count.
    """

    location_id = fields.BigIntField()
    state = fields.CharField(max_length=16)
    why = fields.CharField(max_length=64)
    counter = fields.CharField(max_length=128, db_default="")
    tolerance = fields.IntField(db_default=0)
    percent = fields.IntField(db_default=0)
    opened_at = fields.DatetimeField()
    opened_by = fields.CharField(max_length=128)
    closed_at = fields.DatetimeField(null=True)

    class Meta:
        table = "count_sheets"
        indexes = (("merchant_id", "location_id"),)


class CountLine(Row):
    """One SKU of a sheet. `state`: open, recount, booked.

    `expected` is what should have lain on the shelf at the moment of the last count, `difference` what the count said
    beyond it: that is what is booked, so that sales before and after the count change nothing.
    """

    sheet_id = fields.BigIntField()
    sku = fields.CharField(max_length=128)
    state = fields.CharField(max_length=16)
    counts = fields.IntField(db_default=0)
    expected = fields.IntField(null=True)
    counted = fields.IntField(null=True)
    difference = fields.IntField(null=True)
    counted_at = fields.DatetimeField(null=True)

    class Meta:
        table = "count_lines"
        unique_together = (("merchant_id", "sheet_id", "sku"),)
        constraints = (check("count_line_counted", "counted >= 0"),)


class KitPart(Row):
    """So many units of another SKU that go into one unit of a kit when it is assembled.

    A kit lies on shelves like any product, and is sold from them; what it was made of is gone. What is made of parts
    only when it ships is a bundle (`Component`).
    """

    sku = fields.CharField(max_length=128)
    component = fields.CharField(max_length=128)
    quantity = fields.IntField()

    class Meta:
        table = "kit_parts"
        unique_together = (("merchant_id", "sku", "component"),)
        constraints = (check("kit_part_quantity", "quantity > 0"),)


class KitOrder(Row):
    """Kits that were assembled at a location (`units` above 0) or taken apart (below). `parts`: SKU → units of one kit
    at that time. The same `reference` is never booked again."""

    reference = fields.CharField(max_length=128)
    location_id = fields.BigIntField()
    sku = fields.CharField(max_length=128)
    units = fields.IntField()
    parts: fields.Field[Json] = fields.JSONField()
    at = fields.DatetimeField()
    actor = fields.CharField(max_length=128)

    class Meta:
        table = "kit_orders"
        unique_together = (("merchant_id", "reference"),)
        constraints = (check("kit_order_units", "units <> 0"),)
