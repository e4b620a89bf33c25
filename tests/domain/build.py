"""Rows as decisions read them, in the real shape: everything right until a test says otherwise."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hub.domain.lifecycle import Custody, LabelState, Lifecycle, Work
from hub.domain.order import Address, Buyer, ScanStatus
from hub.domain.outcome import Contact, LineRow, OrderRow, ParcelRow, PaymentRow, WorkLine, WorkRow
from hub.domain.tracking import ScanRow

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
MERCHANT, STORE, CARRIER, MAIL, PROVIDER = 1, 20, 30, 40, 50

BERLIN = Address(
    name="Erika Muster", line1="Heidestr. 17", city="Berlin", postcode="10557", country="DE", phone="+49301234567"
)
CONTACT = Contact(MAIL, "erika@example.com", 0, "de")


def line(**given: Any) -> LineRow:
    """A line of two mugs at 12.50."""
    fields: dict[str, Any] = {
        "id": 101, "external_id": "L1", "title": "Mug", "sku": "MUG-1", "listing_id": "V1", "unit_price": 1250,
        "discount": 0, "tax": 0, "requires_shipping": True, "grams": 350, "ordered": 2, "cancelled": 0, "assigned": 0,
        "shipped": 0, "delivered": 0,
    }  # fmt: skip
    return LineRow(**fields | given)


def payment(**given: Any) -> PaymentRow:
    """A payment that the channel collects, captured in full."""
    fields: dict[str, Any] = {
        "id": 201, "account_id": None, "external_id": "P1", "state": "captured", "currency": "EUR", "amount": 2500,
        "captured": 2500,
    }  # fmt: skip
    return PaymentRow(**fields | given)


def order(**given: Any) -> OrderRow:
    """A paid order that nothing stands in the way of. `total` follows the lines unless it is given."""
    lines = given.pop("lines", (line(),))
    fields: dict[str, Any] = {
        "id": 1, "merchant_id": MERCHANT, "account_id": STORE, "external_id": "X1", "number": "1001",
        "state": Lifecycle.RECEIVED, "version": 1, "placed_at": NOW, "created_at": NOW, "currency": "EUR",
        "tax_included": True, "total": sum(ln.unit_price * ln.ordered - ln.discount for ln in lines), "tax_total": 0,
        "charges": (), "buyer": Buyer(name="Erika Muster", email="erika@example.com"), "ship_to": BERLIN,
        "bill_to": None, "email": "erika@example.com", "customer_id": None, "paid": True, "pending": False,
        "unknown_words": (), "risks": (), "promised_at": None, "tracking_token": "tok", "lines": lines,
    }  # fmt: skip
    return OrderRow(**fields | given)


def work_line(**given: Any) -> WorkLine:
    """Two mugs of line 101."""
    fields: dict[str, Any] = {
        "id": 301, "order_line_id": 101, "sku": "MUG-1", "quantity": 2, "grams": 350, "title": "Mug",
        "external_id": "L1",
    }  # fmt: skip
    return WorkLine(**fields | given)


def parcel(**given: Any) -> ParcelRow:
    """A box with the two mugs, not labelled yet."""
    fields: dict[str, Any] = {
        "id": 401, "number": "PCH", "label": LabelState.NONE, "custody": Custody.PACKED, "contents": {101: 2},
        "weight_grams": 800,
    }  # fmt: skip
    return ParcelRow(**fields | given)


def work(**given: Any) -> WorkRow:
    """A fulfillment order of an automatic location."""
    fields: dict[str, Any] = {
        "id": 501, "merchant_id": MERCHANT, "order_id": 1, "account_id": STORE, "location_id": 7, "number": "1001-F1",
        "state": Work.OPEN, "version": 0, "automatic": True, "service": "standard", "carrier_account_id": CARRIER,
        "external_order_id": "X1", "order_number": "1001", "currency": "EUR",
        "total": 2500, "ship_to": BERLIN, "email": "erika@example.com", "customer_id": None, "locale": "de",
        "tracking_token": "tok", "promised_at": None, "lines": (work_line(),),
    }  # fmt: skip
    return WorkRow(**fields | given)


def scan(status: ScanStatus, at: datetime = NOW, **given: Any) -> ScanRow:
    """A scan in Leipzig."""
    return ScanRow(**{"id": 601, "status": status, "at": at, "word": status.value, "place": "Leipzig"} | given)
