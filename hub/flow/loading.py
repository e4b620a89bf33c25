"""Claimed rows with their children, as the stages read them: a fixed number of statements a batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec

from hub.domain.lifecycle import Custody, LabelState, Lifecycle, Work
from hub.domain.order import Address, Buyer, Charge, RiskFact
from hub.domain.outcome import HoldRow, LineRow, OrderRow, ParcelRow, PaymentRow, WorkLine, WorkRow
from hub.flow.stage import Desk
from hub.store.database import Row, Tx

T = TypeVar("T")

_address = msgspec.json.Decoder(Address)
_buyer = msgspec.json.Decoder(Buyer)
_charges = msgspec.json.Decoder(tuple[Charge, ...])
_risks = msgspec.json.Decoder(tuple[RiskFact, ...])
_words = msgspec.json.Decoder(tuple[str, ...])
_details = msgspec.json.Decoder(dict[str, object])
_contents = msgspec.json.Decoder(dict[int, int])

LINES = """SELECT id, order_id, external_id, title, sku, listing_id, unit_price, discount, tax, requires_shipping,
    grams, ordered, cancelled, assigned, shipped, delivered FROM order_lines
    WHERE order_id = ANY($1::bigint[]) AND ordered > 0 ORDER BY order_id, position"""
"""Without lines that the channel has withdrawn."""
PAYMENTS = """SELECT id, order_id, account_id, external_id, state, currency, amount, captured, gateway, last4
    FROM payments WHERE order_id = ANY($1::bigint[]) ORDER BY id"""
HOLDS = "SELECT id, order_id, reason, state, detail, resolution FROM holds WHERE order_id = ANY($1::bigint[])"
WORK_LINES = """SELECT f.id, f.fulfillment_id, f.order_line_id, f.sku, f.quantity, f.per_unit, l.grams, l.title,
        l.external_id, CASE WHEN l.grams > 0 THEN 0 ELSE coalesce((
            SELECT p.grams FROM products p WHERE p.merchant_id = f.merchant_id AND p.sku = f.sku), 0) END AS part_grams
    FROM fulfillment_lines f JOIN order_lines l ON l.id = f.order_line_id
    WHERE f.fulfillment_id = ANY($1::bigint[]) ORDER BY f.id"""
PARCELS = "SELECT * FROM parcels WHERE fulfillment_id = ANY($1::bigint[]) AND custody <> 'cancelled' ORDER BY id"
WORK_HOLDS = """SELECT id, order_id, reason, state, detail, resolution FROM holds
    WHERE order_id = ANY($1::bigint[]) AND (state IN ('open', 'escalated') AND reason <> 'stock'
        OR reason IN ('credit', 'payment') AND resolution = 'accept')"""
"""What keeps a fulfillment order back, and what about its money a person let pass. A hold for stock keeps nothing back:
it is about units that no location has yet."""


def grouped(rows: Sequence[Row], key: str) -> dict[int, list[Row]]:
    """Rows by one of their columns."""
    groups: dict[int, list[Row]] = {}
    for row in rows:
        groups.setdefault(row[key], []).append(row)
    return groups


async def payments_of(tx: Tx, order_ids: Sequence[int]) -> dict[int, tuple[PaymentRow, ...]]:
    """Payments by order."""
    rows = grouped(await tx.fetch(PAYMENTS, order_ids), "order_id")
    return {order_id: tuple(_payment(row) for row in found) for order_id, found in rows.items()}


async def orders(desk: Desk, rows: Sequence[Row]) -> list[OrderRow]:
    """Orders with lines, payments and holds: three statements."""
    ids = [row["id"] for row in rows]
    lines = grouped(await desk.tx.fetch(LINES, ids), "order_id")
    payments = await payments_of(desk.tx, ids)
    holds = grouped(await desk.tx.fetch(HOLDS, ids), "order_id")
    return [
        order_row(
            row,
            lines=tuple(line_row(line) for line in lines.get(row["id"], ())),
            payments=payments.get(row["id"], ()),
            holds=tuple(_hold(hold) for hold in holds.get(row["id"], ())),
        )
        for row in rows
    ]


def order_row(row: Row, **children: object) -> OrderRow:
    """An order as `sets.CLAIM_ORDERS` selects it."""
    values: dict[str, Any] = {**row, **children}
    values["state"] = Lifecycle(row["state"])
    values["charges"] = _charges.decode(row["charges"])
    values["buyer"] = _buyer.decode(row["buyer"])
    values["ship_to"] = _address.decode(row["ship_to"]) if row["ship_to"] else None
    values["bill_to"] = _address.decode(row["bill_to"]) if row["bill_to"] else None
    values["unknown_words"] = _words.decode(row["unknown_words"])
    values["risks"] = _risks.decode(row["risks"])
    return OrderRow(**values)


def line_row(row: Row) -> LineRow:
    """An order line as `LINES` selects it."""
    values = dict(row)
    del values["order_id"]
    return LineRow(**values)


def _payment(row: Row) -> PaymentRow:
    values = dict(row)
    del values["order_id"]
    return PaymentRow(**values)


def _hold(row: Row) -> HoldRow:
    return HoldRow(row["id"], row["reason"], row["state"], _details.decode(row["detail"]), row["resolution"])


async def works(desk: Desk, rows: Sequence[Row]) -> list[WorkRow]:
    """Fulfillment orders with lines, parcels and what holds their orders: three statements."""
    ids = [row["id"] for row in rows]
    lines = grouped(await desk.tx.fetch(WORK_LINES, ids), "fulfillment_id")
    parcels = grouped(await desk.tx.fetch(PARCELS, ids), "fulfillment_id")
    found = grouped(await desk.tx.fetch(WORK_HOLDS, [row["order_id"] for row in rows]), "order_id")
    holds = {order_id: tuple(map(_hold, of_one)) for order_id, of_one in found.items()}
    return [
        work_row(
            row,
            lines=tuple(_work_line(line) for line in lines.get(row["id"], ())),
            parcels=tuple(parcel_row(parcel) for parcel in parcels.get(row["id"], ())),
            open_holds=frozenset(hold.reason for hold in holds.get(row["order_id"], ()) if hold.is_open),
            holds=holds.get(row["order_id"], ()),
        )
        for row in rows
    ]


def work_row(row: Row, **children: object) -> WorkRow:
    """A fulfillment order as `sets.CLAIM_WORKS` selects it."""
    values: dict[str, Any] = {**row, **children}
    values["state"] = Work(row["state"])
    values["ship_to"] = _address.decode(row["ship_to"]) if row["ship_to"] else None
    return WorkRow(**values)


def _work_line(row: Row) -> WorkLine:
    values = dict(row)
    del values["fulfillment_id"]
    return WorkLine(**values)


_PARCEL_FIELDS = tuple(name for name in ParcelRow.__struct_fields__ if name not in {"label", "custody", "contents"})


def parcel_row(row: Row) -> ParcelRow:
    """A parcel as its table has it."""
    values = {name: row[name] for name in _PARCEL_FIELDS}
    contents = _contents.decode(row["contents"])
    return ParcelRow(label=LabelState(row["label"]), custody=Custody(row["custody"]), contents=contents, **values)
