"""A channel's order as rows: the order, its lines with the units others already shipped, its payments and bookings."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from hub.domain.lifecycle import Lifecycle, PaymentState
from hub.domain.order import ChannelLine, ChannelOrder, ChannelPayment, PaymentStatus
from hub.domain.outcome import Event, Posting
from hub.flow.batch import postings_rows
from hub.flow.intake_common import Intake, Present
from hub.store import sets
from hub.store.database import Row

PAYMENT_STATES: Mapping[PaymentStatus, PaymentState] = {
    PaymentStatus.PENDING: PaymentState.PENDING,
    PaymentStatus.AUTHORIZED: PaymentState.AUTHORIZED,
    PaymentStatus.CAPTURED: PaymentState.CAPTURED,
    PaymentStatus.FAILED: PaymentState.FAILED,
    PaymentStatus.VOIDED: PaymentState.VOIDED,
    PaymentStatus.EXPIRED: PaymentState.EXPIRED,
}


def digest(order: ChannelOrder) -> str:
    """A fingerprint of everything an order says; equal for equal content."""
    return hashlib.sha256(msgspec.json.encode(order)).hexdigest()


def order_columns(order: ChannelOrder) -> dict[str, Any]:
    """What a revision says of the order itself."""
    return {
        "number": order.number[:64], "placed_at": order.placed_at, "revised_at": order.revised_at,
        "digest": digest(order), "currency": order.currency, "shop_currency": order.shop_currency or order.currency,
        "tax_included": order.tax_included, "total": order.total, "tax_total": order.tax_total,
        "shop_total": order.shop_total if order.shop_currency else order.total, "charges": order.charges,
        "buyer": order.buyer, "ship_to": order.ship_to, "bill_to": order.bill_to,
        "email": order.buyer.email.strip().lower()[:320], "paid": order.paid, "pending": order.pending,
        "test": order.test, "words": order.words, "unknown_words": order.unknown_words, "risks": order.risks,
        "note": order.note[:4000], "cancelled_at": order.cancelled_at, "cancel_reason": order.cancel_reason[:200],
    }  # fmt: skip


def line_columns(line: ChannelLine, position: int, elsewhere: int, order_cancelled: bool) -> dict[str, Any]:
    """What a revision says of one line. `elsewhere`: units somebody else shipped; they count as arrived."""
    gone = min(elsewhere, line.quantity - (0 if order_cancelled else min(line.cancelled, line.quantity)))
    return {
        "external_id": line.external_id[:128], "position": position, "sku": line.sku[:128],
        "listing_id": line.listing_id[:128], "title": line.title[:500], "unit_price": line.unit_price,
        "discount": line.discount, "tax": line.tax, "requires_shipping": line.requires_shipping,
        "gift_card": line.gift_card, "grams": line.grams, "ordered": line.quantity,
        "cancelled": line.quantity - gone if order_cancelled else min(line.cancelled, line.quantity),
        **dict.fromkeys(("assigned", "picked", "packed", "shipped", "delivered"), gone),
    }  # fmt: skip


def withdrawn(row: Row) -> dict[str, Any]:
    """A stored line of which a revision says nothing any more, in the columns of `line_columns`: no units, no money."""
    none = ("discount", "tax", "ordered", "cancelled", "assigned", "picked", "packed", "shipped", "delivered")
    same = (
        "external_id", "position", "sku", "listing_id", "title", "unit_price", "requires_shipping", "gift_card",
        "grams",
    )  # fmt: skip
    return {name: row[name] for name in same} | dict.fromkeys(none, 0)


def payment_columns(payment: ChannelPayment, currency: str) -> dict[str, Any]:
    """What a revision says of one payment."""
    state = PAYMENT_STATES[payment.status]
    return {
        "external_id": payment.external_id[:128], "state": state, "gateway": payment.gateway[:64],
        "last4": payment.last4[-4:], "currency": currency, "amount": payment.amount,
        "captured": payment.amount if state is PaymentState.CAPTURED else 0,
    }  # fmt: skip


def elsewhere(order: ChannelOrder, ours: frozenset[str] = frozenset()) -> dict[str, int]:
    """Units by line that somebody else shipped: every shipment of the channel whose tracking number is not ours."""
    units: dict[str, int] = {}
    for shipment in order.shipments:
        if shipment.tracking_number not in ours or not shipment.tracking_number:
            for line_id, count in shipment.lines.items():
                units[line_id] = units.get(line_id, 0) + count
    return units


class Writer:
    """Gathers new orders of one batch and writes them: four statements, however many orders."""

    def __init__(self, intake: Intake, customers: Mapping[tuple[int, str], int]) -> None:
        self._intake = intake
        self._customers = customers
        self._orders: list[dict[str, Any]] = []
        self._lines: list[dict[str, Any]] = []
        self._payments: list[dict[str, Any]] = []

    def order(self, row: Row, order: ChannelOrder) -> Present:
        """One new order; returns it as present."""
        batch, now = self._intake.batch, self._intake.now
        columns = order_columns(order)
        cancelled = order.cancelled_at is not None
        state = Lifecycle.CANCELLED if cancelled else Lifecycle.RECEIVED
        customer = self._customers.get((row["merchant_id"], columns["email"]))
        stored = {
            "id": batch.ids.next(), "merchant_id": row["merchant_id"], "account_id": row["account_id"],
            "external_id": order.external_id[:128], "state": int(state), "version": 1 + cancelled, "due_at": now,
            "created_at": now, "customer_id": customer, "tracking_token": self._intake.rng.token(16),
        } | columns  # fmt: skip
        self._orders.append(stored)
        batch.born.add(stored["id"])
        self._events(stored, row, order)
        self._children(stored, order)
        return Present(stored, stored["version"], state)

    def _events(self, stored: Mapping[str, Any], row: Row, order: ChannelOrder) -> None:
        source = f"account:{row['account_id']}"
        details: dict[str, object] = {"topic": row["topic"], "delivery": row["delivery_id"]}
        subject = (stored["merchant_id"], stored["id"])
        received = Event("received", details, "channel", source, order.placed_at)
        self._intake.batch.event(*subject, (stored["id"], 1), received)
        if order.cancelled_at is not None:
            why: dict[str, object] = {"reason": order.cancel_reason}
            event = Event("cancelled", why, "channel", source, order.cancelled_at)
            self._intake.batch.event(*subject, (stored["id"], 2), event)

    def _children(self, stored: Mapping[str, Any], order: ChannelOrder) -> None:
        base = {"merchant_id": stored["merchant_id"], "order_id": stored["id"]}
        ids, gone = self._intake.batch.ids, elsewhere(order)
        for position, line in enumerate(order.lines):
            columns = line_columns(line, position, gone.get(line.external_id, 0), order.cancelled_at is not None)
            self._lines.append({"id": ids.next()} | base | columns)
        taken = [self._payment(stored, base, payment) for payment in order.payments]
        self._payments.extend(taken)
        self._book(stored, order, taken)

    def _payment(self, stored: Mapping[str, Any], base: dict[str, Any], payment: ChannelPayment) -> dict[str, Any]:
        provider = self._intake.known.by_connector(stored["merchant_id"], payment.gateway)
        more = {"account_id": provider, "refunded": 0, "created_at": self._intake.now}
        return {"id": self._intake.batch.ids.next()} | base | payment_columns(payment, stored["currency"]) | more

    def _book(self, stored: Mapping[str, Any], order: ChannelOrder, payments: list[dict[str, Any]]) -> None:
        """A cancelled order owes nothing; money that was taken for it anyway is booked, and so shows as due back."""
        postings: tuple[Posting, ...] = ()
        if order.cancelled_at is None:
            postings = placed(stored["id"], order.currency, order.total, order.tax_total, "placed")
        for payment in payments:
            postings += received(stored["id"], payment["id"], order.currency, (0, payment["captured"]))
        rows = postings_rows(self._intake.batch.ids, self._intake.now, stored["merchant_id"], postings)
        self._intake.batch.postings.extend(map(dict, rows))

    async def write(self) -> None:
        """Writes what was gathered; the batch writes events and bookings."""
        tx = self._intake.tx
        await sets.insert(tx, "orders", self._orders)
        await sets.insert(tx, "order_lines", self._lines)
        await sets.insert(tx, "payments", self._payments)


def placed(order_id: int, currency: str, total: int, tax: int, posting: str) -> tuple[Posting, ...]:
    """Books what a buyer owes: receivable against sales and tax. Nothing for nothing."""
    if not total and not tax:
        return ()
    entries = (("receivable", total), ("sales", tax - total), ("tax", -tax))
    return tuple(Posting(order_id, posting, account, currency, amount) for account, amount in entries if amount)


def received(order_id: int, payment_id: int, currency: str, captured: tuple[int, int]) -> tuple[Posting, ...]:
    """Books money that arrived, cash against receivable. `captured`: in all, before and after."""
    before, after = captured
    if after <= before:
        return ()
    posting = f"captured:{payment_id}:{after}"
    return (
        Posting(order_id, posting, "cash", currency, after - before),
        Posting(order_id, posting, "receivable", currency, before - after),
    )
