"""A newer revision of an order that is here: before routing it replaces what was told and is reviewed again; afterwards
money and facts are taken over, and what would contradict work under way becomes a hold that a person decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import to_builtins

from hub.domain.address_told import KEPT_AS
from hub.domain.holds import held
from hub.domain.lifecycle import PAYMENT_MOVES, Lifecycle, PaymentState, Work, move_order
from hub.domain.order import ChannelOrder
from hub.domain.outcome import Event, HoldNeed
from hub.domain.routing import ROUTE_HOLDS
from hub.flow import cancelling, intake_rows
from hub.flow.batch import postings_rows
from hub.flow.intake_around import Around, goes_to
from hub.flow.intake_common import Intake, Present
from hub.flow.intake_rows import digest
from hub.store import sets

FACTS = (
    "revised_at",
    "digest",
    "paid",
    "pending",
    "words",
    "unknown_words",
    "risks",
    "note",
    "cancelled_at",
    "cancel_reason",
)
"""What a revision may always say."""

AMEND_FACTS = """UPDATE orders o SET revised_at = d.revised_at, digest = d.digest, paid = d.paid, pending = d.pending,
        words = d.words, unknown_words = d.unknown_words, risks = d.risks, note = d.note,
        cancelled_at = d.cancelled_at, cancel_reason = d.cancel_reason,
        ship_to = CASE WHEN d.ship_to IS NULL THEN o.ship_to ELSE d.ship_to END
    FROM json_populate_recordset(NULL::orders, $1::json) AS d WHERE o.id = d.id"""
AMEND_ALL = """UPDATE orders o SET number = d.number, placed_at = d.placed_at, currency = d.currency,
        shop_currency = d.shop_currency, tax_included = d.tax_included, total = d.total, tax_total = d.tax_total,
        shop_total = d.shop_total, charges = d.charges, buyer = d.buyer, bill_to = d.bill_to, ship_to = d.ship_to,
        email = d.email, customer_id = d.customer_id, test = d.test
    FROM json_populate_recordset(NULL::orders, $1::json) AS d WHERE o.id = d.id"""
AMEND_LINES = """ON CONFLICT (merchant_id, order_id, external_id) DO UPDATE SET
        position = excluded.position, sku = CASE WHEN order_lines.listing_id = excluded.listing_id
            AND excluded.sku = '' THEN order_lines.sku ELSE excluded.sku END,
        listing_id = excluded.listing_id, title = excluded.title, unit_price = excluded.unit_price,
        discount = excluded.discount, tax = excluded.tax, requires_shipping = excluded.requires_shipping,
        gift_card = excluded.gift_card, grams = excluded.grams, ordered = excluded.ordered,
        cancelled = excluded.cancelled, assigned = excluded.assigned, picked = excluded.picked,
        packed = excluded.packed, shipped = excluded.shipped, delivered = excluded.delivered,
        received_back = least(order_lines.received_back, excluded.shipped)"""
DROP_LINES = """DELETE FROM order_lines l USING json_to_recordset($1::json) AS d(order_id bigint, keep jsonb)
    WHERE l.order_id = d.order_id AND NOT d.keep ? l.external_id"""
AMEND_PAYMENTS = """ON CONFLICT (merchant_id, order_id, external_id) DO UPDATE SET
        state = excluded.state, amount = excluded.amount,
        captured = greatest(payments.captured, excluded.captured), gateway = excluded.gateway, last4 = excluded.last4"""

CLOSE_ROUTE_HOLDS = """UPDATE holds SET state = 'released', resolution = 'healed', closed_at = $3, closed_by = 'hub'
    WHERE order_id = ANY($1::bigint[]) AND reason = ANY($2::text[]) AND state IN ('open', 'escalated')"""


class Amendment:
    """Gathers the writes of all amendments of a batch."""

    def __init__(self, intake: Intake, around: Around, customers: Mapping[tuple[int, str], int]) -> None:
        self.intake = intake
        self.around = around
        self.customers = customers
        self.facts: list[dict[str, Any]] = []
        self.whole: list[dict[str, Any]] = []
        self.lines: list[dict[str, Any]] = []
        self.keeps: list[dict[str, Any]] = []
        self.payments: list[dict[str, Any]] = []
        self.cancelled: list[tuple[Present, str]] = []
        self.reviewed: list[int] = []
        """Orders that go back to review: what routing found short is found anew."""

    def take(self, present: Present, order: ChannelOrder) -> None:
        """One newer revision."""
        columns = intake_rows.order_columns(order)
        self._money(present, order)
        self.facts.append({"id": present.id, "ship_to": None} | {name: columns[name] for name in FACTS})
        state = present.state
        if order.cancelled_at is not None and state not in {Lifecycle.CANCELLED, Lifecycle.REJECTED}:
            self.cancelled.append((present, order.cancel_reason))
            if state in {Lifecycle.DRAFT, Lifecycle.RECEIVED, Lifecycle.ACCEPTED}:
                self._replace(present, order, columns)
            return
        if state in {Lifecycle.RECEIVED, Lifecycle.ACCEPTED, Lifecycle.CANCELLED, Lifecycle.REJECTED}:
            self._replace(present, order, columns)
        else:
            self._compare(present, order)
        if state in {Lifecycle.RECEIVED, Lifecycle.ACCEPTED}:
            present.state = move_order(state, "reconsider")
            self.reviewed.append(present.id)
        self.intake.event(present, Event("revised", {"revised_at": order.revised_at.isoformat()}, actor="channel"))
        keep(self.intake, present)

    def _replace(self, present: Present, order: ChannelOrder, columns: Mapping[str, Any]) -> None:
        """Before routing a revision replaces everything it tells, counters of what others shipped included. An order
        that is cancelled stays so, whatever a revision says of its lines."""
        over = order.cancelled_at is not None or present.state in {Lifecycle.CANCELLED, Lifecycle.REJECTED}
        customer = self.customers.get((present.row["merchant_id"], columns["email"]))
        ship_to = order.ship_to if self.around.moved(present, order) else goes_to(present)
        self.whole.append({"id": present.id, "customer_id": customer} | dict(columns) | {"ship_to": ship_to})
        base = {"merchant_id": present.row["merchant_id"], "order_id": present.id}
        gone = intake_rows.elsewhere(order)
        lines = self.around.lines.get(present.id, ())
        self.intake.batch.stale.update((base["merchant_id"], row["sku"]) for row in lines)
        for position, line in enumerate(order.lines):
            told = intake_rows.line_columns(line, position, gone.get(line.external_id, 0), over)
            self.lines.append({"id": self.intake.batch.ids.next()} | base | told)
        kept = {line.external_id[:128] for line in order.lines}
        if self.around.works.get(present.id):
            # Fulfillment orders, although cancelled, name their lines: those stay, and nothing is ordered of them.
            withdrawn = [row for row in lines if row["external_id"] not in kept]
            self.lines.extend({"id": row["id"]} | base | intake_rows.withdrawn(row) for row in withdrawn)
            kept.update(row["external_id"] for row in withdrawn)
        self.keeps.append({"order_id": present.id, "keep": sorted(kept)})

    def _compare(self, present: Present, order: ChannelOrder) -> None:
        """After routing a change is applied where nothing rests on the old fact, else it is a person's to decide."""
        changed: list[object] = []
        works = [Work(row["state"]) for row in self.around.works.get(present.id, ())]
        if order.ship_to is not None and self.around.moved(present, order):
            if all(work in {Work.PLANNED, Work.OPEN, Work.PICKING, Work.PICKED} for work in works):
                self.facts[-1]["ship_to"] = order.ship_to
                self.intake.event(present, Event("address_changed", {"by": "channel"}, actor="channel"))
            else:
                changed.append("address")
        changed.extend(self._changed_lines(present, order))
        if changed and present.state is Lifecycle.IN_PROGRESS:
            detail: dict[str, object] = {"what": "changed_after_routing", "changed": changed}
            if "address" in changed:
                detail[KEPT_AS] = to_builtins(order.ship_to)
            need = HoldNeed("manual", detail, ("accept", "cancel"))
            self.intake.batch.hold(present.row["merchant_id"], present.id, need)
            self.intake.event(present, held(need))

    def _changed_lines(self, present: Present, order: ChannelOrder) -> list[object]:
        stored = {row["external_id"]: row for row in self.around.lines.get(present.id, ())}
        ours = self.around.tracking.get(present.id, frozenset())
        gone = intake_rows.elsewhere(order, ours)
        changed: list[object] = []
        for line in order.lines:
            row = stored.pop(line.external_id, None)
            if row is None:
                changed.append({"line": line.external_id, "added": line.quantity})
            elif (line.quantity, line.cancelled) != (row["ordered"], row["cancelled"]):
                changed.append({"line": line.external_id, "ordered": line.quantity, "cancelled": line.cancelled})
            elif gone.get(line.external_id, 0) > row["shipped"]:
                changed.append({"line": line.external_id, "shipped_elsewhere": gone[line.external_id]})
        changed.extend({"line": name, "removed": row["ordered"]} for name, row in stored.items() if row["ordered"])
        return changed

    def _money(self, present: Present, order: ChannelOrder) -> None:
        """Payments move forward only; the difference of what is owed is booked."""
        known = {row["external_id"]: row for row in self.around.payments.get(present.id, ())}
        base = {"merchant_id": present.row["merchant_id"], "order_id": present.id}
        for payment in order.payments:
            columns = intake_rows.payment_columns(payment, order.currency)
            before = known.get(columns["external_id"])
            if before is not None:
                columns["state"] = moved_payment(PaymentState(before["state"]), columns["state"])
            entry_id = before["id"] if before is not None else self.intake.batch.ids.next()
            provider = self.intake.known.by_connector(base["merchant_id"], payment.gateway)
            more = {"account_id": provider, "refunded": 0, "created_at": self.intake.now}
            self.payments.append({"id": entry_id} | base | columns | more)
            captured = (before["captured"] if before is not None else 0, columns["captured"])
            self._post(base, intake_rows.received(present.id, entry_id, order.currency, captured))
        if present.state in {Lifecycle.RECEIVED, Lifecycle.ACCEPTED} and order.cancelled_at is None:
            self._owe(present, order, base)

    def _owe(self, present: Present, order: ChannelOrder, base: Mapping[str, Any]) -> None:
        """Books what the buyer owes more or less than before; a cancellation of the same batch then undoes it all."""
        row, mark = present.row, f"{order.revised_at.isoformat()}:{digest(order)[:12]}"
        if order.currency == row["currency"]:
            owed, tax = order.total - row["total"], order.tax_total - row["tax_total"]
            self._post(base, intake_rows.placed(present.id, order.currency, owed, tax, f"revised:{mark}"))
        else:
            before = (row["currency"], -row["total"], -row["tax_total"], f"withdrawn:{mark}")
            after = (order.currency, order.total, order.tax_total, f"revised:{mark}")
            self._post(base, intake_rows.placed(present.id, *before))
            self._post(base, intake_rows.placed(present.id, *after))
        told = {"currency": order.currency, "total": order.total, "tax_total": order.tax_total}
        present.row = dict(row) | told

    def _post(self, base: Mapping[str, Any], postings: tuple[Any, ...]) -> None:
        batch = self.intake.batch
        rows = postings_rows(batch.ids, self.intake.now, base["merchant_id"], postings)
        batch.postings.extend(map(dict, rows))

    async def write(self) -> None:
        """Writes what was gathered: six statements a batch, then the cancellations."""
        tx = self.intake.tx
        await sets.update(tx, AMEND_FACTS, self.facts)
        await sets.update(tx, AMEND_ALL, self.whole)
        await sets.update(tx, DROP_LINES, self.keeps)
        await sets.insert(tx, "order_lines", self.lines, AMEND_LINES)
        await sets.insert(tx, "payments", self.payments, AMEND_PAYMENTS)
        await self.around.write(tx)
        if self.reviewed:
            await tx.execute(CLOSE_ROUTE_HOLDS, self.reviewed, sorted(ROUTE_HOLDS), self.intake.now)
        self.intake.money.update(change["id"] for change in self.facts)
        for present, reason in self.cancelled:
            why = reason or "cancelled at the channel"
            asked = cancelling.Asked(why, "channel", pushed=True, listeners=self.intake.known.listeners())
            present.state, present.version = await cancelling.cancel(
                tx, self.intake.batch, cancelling.Target(present.row, present.version, present.state), asked
            )


def moved_payment(before: PaymentState, after: PaymentState) -> PaymentState:
    """Where a payment stands after a channel's word: never back."""
    return after if after == before or after in PAYMENT_MOVES[before] else before


def keep(intake: Intake, present: Present) -> None:
    """Writes an order's version after its events, and lets its stage look at it again."""
    due = intake.now if present.state < Lifecycle.COMPLETED else present.row["due_at"]
    intake.batch.orders[:] = [change for change in intake.batch.orders if change["id"] != present.id]
    intake.batch.orders.append({
        "id": present.id, "was": present.row["version"], "version": present.version, "state": int(present.state),
        "due_at": due, "promised_at": None, "completed_at": None,
    })  # fmt: skip


async def amend(
    intake: Intake, amended: Sequence[tuple[Present, ChannelOrder]], customers: Mapping[tuple[int, str], int]
) -> None:
    """Takes newer revisions of orders that are here. `customers`: ids by (merchant, e-mail address)."""
    if not amended:
        return
    around = await Around.load(intake.tx, amended)
    intake.amended.update(present.id for present, _ in amended)
    amendment = Amendment(intake, around, customers)
    for present, order in amended:
        amendment.take(present, order)
    await amendment.write()
