"""Money is exact over a million random orders: currencies of 0, 2 and 3 decimals, discounts of lines and of orders, tax
in the prices and on top; taken in, captured, revised, refunded and cancelled by the product's own functions, and
compared with sums that know nothing of them (`sales`).

make long ARGS="tests/domain/test_money_million.py"        # 1,000,000 orders
CROSSDOCK_ORDERS=5000 CROSSDOCK_SEED=7 pytest …            # another number, another seed
"""

from __future__ import annotations

import gc
import os
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, cast

import msgspec
import pytest
from msgspec.structs import replace

from hub.domain import money
from hub.domain.lifecycle import Lifecycle, Outbox
from hub.domain.order import ChannelLine, ChannelOrder, ChannelPayment, Charge, PaymentStatus, RefundNotice
from hub.domain.outcome import LineRow, OrderRow, PaymentRow
from hub.domain.sanity import sane
from hub.domain.settling import Capture, SettleFacts, settle
from hub.domain.validation import sums_holds
from hub.flow.batch import Batch, postings_rows
from hub.flow.cancelling import Target, _undo_money
from hub.flow.directory import Known
from hub.flow.intake_amend import Amendment, Around
from hub.flow.intake_common import Intake, Present
from hub.flow.intake_notices import _refund
from hub.flow.intake_rows import Writer
from hub.ports import Rng
from hub.store.database import Tx
from tests.domain import sales
from tests.domain.build import BERLIN, MERCHANT, PROVIDER, STORE
from tests.domain.sales import Sale, below, pick

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
SHORT, LONG, CHUNK = 2_000, 1_000_000, 100
DELIVERY: dict[str, Any] = {"merchant_id": MERCHANT, "account_id": STORE, "topic": "order", "delivery_id": "d"}


class Chance:
    """Intake's tokens, which are no matter here."""

    def token(self, nbytes: int) -> str:
        return "t"


class Counting:
    """Ids, one after the other."""

    def __init__(self) -> None:
        self._last = 0

    def next(self) -> int:
        self._last += 1
        return self._last


@dataclass
class Owed:
    """What the ledger must say of one order in the end, by (currency, account)."""

    accounts: Counter[tuple[str, str]] = field(default_factory=Counter)

    def place(self, sale: Sale, sign: int = 1) -> None:
        """The buyer owes it, or (-1) no more."""
        for account, amount in (("receivable", sale.total), ("sales", sale.tax - sale.total), ("tax", -sale.tax)):
            self.accounts[sale.currency, account] += sign * amount

    def move(self, currency: str, into: str, out_of: str, amount: int) -> None:
        """Money that came, or went back."""
        self.accounts[currency, into] += amount
        self.accounts[currency, out_of] -= amount


@dataclass
class Till:
    """Takes orders through the product, a chunk at a time, and counts what was compared."""

    rnd: Random
    seen: Counter[str] = field(default_factory=Counter)
    ids: Counting = field(default_factory=Counting)

    def chunk(self, count: int) -> None:
        """So many orders, and the ledger of each of them."""
        batch = Batch(self.ids, NOW)
        intake = Intake(cast(Tx, None), batch, NOW, Known(), cast(Rng, Chance()))
        writer = Writer(intake, {})
        owed = {present.id: it for present, it in (self.one(intake, writer) for _ in range(count))}
        self.ledger(batch, owed)

    def one(self, intake: Intake, writer: Writer) -> tuple[Present, Owed]:
        """One order from its channel's text to its end."""
        made, owed = self.bought(), Owed()
        told = self.told(made, f"X{self.ids.next()}")
        present = self.kept(writer, told)
        self.reviewed(made, told)
        owed.place(made)
        cash = sum(p.amount for p in told.payments if p.status is PaymentStatus.CAPTURED)
        owed.move(made.currency, "cash", "receivable", cash)
        payments = [row for row in _payments(writer) if row["order_id"] == present.id]
        end = self.rnd.random()
        if end < 0.04:
            self.revised(intake, (present, told, payments), owed, made)
            return present, owed
        if cash < made.total:
            cash += self.captured(intake, (present, told, payments), owed)
        if end < 0.35:
            self.refunded(intake, present, (made, cash), owed)
        elif end < 0.5:
            self.cancelled(intake, present, (made, payments), owed)
        return present, owed

    def kept(self, writer: Writer, told: ChannelOrder) -> Present:
        """The order as intake keeps it: one of sixteen whole, with events and lines, of the others what is money."""
        if self.rnd.random() < 0.0625:
            self.seen["kept whole"] += 1
            return writer.order(cast(Any, DELIVERY), told)
        stored = {
            "id": self.ids.next(), "merchant_id": MERCHANT, "version": 1, "due_at": NOW, "ship_to": None,
            "currency": told.currency, "total": told.total, "tax_total": told.tax_total, "number": told.number,
        }  # fmt: skip
        base = {"merchant_id": MERCHANT, "order_id": stored["id"]}
        taken = [writer._payment(stored, base, payment) for payment in told.payments]
        writer._payments.extend(taken)
        writer._book(stored, told, taken)
        return Present(stored, 1, Lifecycle.RECEIVED)

    # ------------------------------------------------------------ what is bought

    def bought(self) -> Sale:
        """A sale whose discount is spread over its lines by the product."""
        made = sales.sale(self.rnd)
        room = [item.net for item in made.items]
        shares, whole = money.split(made.off, room), sum(room)
        assert sum(shares) == made.off
        for item, share, weight in zip(made.items, shares, room, strict=True):
            assert 0 <= share <= weight, "no line costs less than nothing"
            assert abs(share * whole - made.off * weight) < max(whole, 1), "nobody is off by a whole unit"
            item.share = share
        sales.take_tax(made, self.rnd)
        self.seen[f"{sales.DIGITS[made.currency]} decimals"] += 1
        self.seen["tax included" if made.included else "tax on top"] += 1
        self.seen["with a discount"] += any(item.share or item.discount for item in made.items)
        return made

    def minor(self, amount: int, currency: str) -> int:
        """The amount as the product reads it from a channel's text."""
        found = money.minor(sales.written(amount, currency, self.rnd), currency)
        assert found == amount
        return found

    def told(self, made: Sale, name: str) -> ChannelOrder:
        """The order as a mapper makes it."""
        of = made.currency
        texts = self.rnd.random() < 0.5  # discounts and taxes too come as texts
        read = self.minor if texts else _as_it_is
        lines = tuple(
            ChannelLine(
                external_id=f"L{n}", title="Mug", quantity=item.units, unit_price=self.minor(item.price, of), sku="MUG",
                discount=read(item.discount, of) + item.share, tax=read(item.tax, of),
            )
            for n, item in enumerate(made.items)
        )  # fmt: skip
        charges = tuple(
            Charge(kind=it.kind, title=it.kind, amount=read(it.amount, of), discount=it.discount, tax=it.tax)
            for it in made.extras
        )
        order = ChannelOrder(
            external_id=name, number=name, placed_at=NOW, revised_at=NOW, currency=of, tax_included=made.included,
            total=self.minor(made.total, of), tax_total=made.tax, lines=lines, charges=charges, ship_to=BERLIN,
            payments=self.paid(made.total),
        )  # fmt: skip
        if self.rnd.random() < 0.05:
            assert sane(order) == order
        return order

    def paid(self, total: int) -> tuple[ChannelPayment, ...]:
        """One to three payments that are the total together, some only authorized."""
        parts = money.split(total, [1 + below(self.rnd, 8) for _ in range(pick(self.rnd, (1, 1, 1, 2, 3)))])
        assert sum(parts) == total
        states = (PaymentStatus.CAPTURED, PaymentStatus.AUTHORIZED)
        return tuple(
            ChannelPayment(external_id=f"P{n}", status=pick(self.rnd, states), amount=part)
            for n, part in enumerate(parts)
        )

    # ------------------------------------------------------------ what becomes of it

    def reviewed(self, made: Sale, told: ChannelOrder) -> None:
        """The parts are the total; for a third of the orders one minor unit more or less is held, and says so."""
        row = _row(told)
        assert sums_holds(row) == ()
        text = money.major(made.total, made.currency)
        assert int(text.replace(".", "")) == made.total
        assert len(text.partition(".")[2]) == sales.DIGITS[made.currency]
        off = pick(self.rnd, (-1, 1, 0, 0, 0, 0))
        if off:
            (hold,) = sums_holds(replace(row, total=row.total + off))
            assert (hold.detail["expected"], hold.detail["told"]) == (made.total, made.total + off)

    def captured(self, intake: Intake, what: tuple[Present, ChannelOrder, list[dict[str, Any]]], owed: Owed) -> int:
        """What was only authorized is captured with the dispatch, and booked by settle; returns how much."""
        present, told, payments = what
        rows = tuple(
            PaymentRow(
                id=p["id"], account_id=PROVIDER, external_id=p["external_id"], state=p["state"],
                currency=p["currency"], amount=p["amount"], captured=p["captured"],
            )
            for p in payments
        )  # fmt: skip
        captures = {p.id: Capture(Outbox.SENT, "") for p in rows}
        outcome = settle(_row(told, id=present.id, payments=rows), SettleFacts({}, captures), NOW)
        booked = postings_rows(intake.batch.ids, NOW, MERCHANT, outcome.changes.postings)
        intake.batch.postings.extend(map(dict, booked))
        rest = sum(p["amount"] - p["captured"] for p in payments)
        owed.move(told.currency, "cash", "receivable", rest)
        for payment in payments:
            payment["captured"] = payment["amount"]
        return rest

    def revised(
        self, intake: Intake, what: tuple[Present, ChannelOrder, list[dict[str, Any]]], owed: Owed, before: Sale
    ) -> None:
        """A newer revision, now and then in another currency: only the difference is booked."""
        present, told, payments = what
        after = self.bought()
        again = replace(
            self.told(after, told.external_id), revised_at=NOW + timedelta(minutes=1), payments=told.payments
        )
        around = Around()
        around.payments[present.id] = cast(Any, payments)
        stored = {**present.row, "ship_to": msgspec.json.encode(present.row["ship_to"]).decode()}
        Amendment(intake, around, {}).take(Present(stored, present.version, present.state), again)
        owed.place(before, -1)
        owed.place(after)
        self.seen["revised"] += 1
        self.seen["revised into another currency"] += before.currency != after.currency

    def refunded(self, intake: Intake, present: Present, what: tuple[Sale, int], owed: Owed) -> None:
        """Units go back one by one; all of a line's together are exactly what was paid for it."""
        made, cash = what
        item = pick(self.rnd, made.items)
        each = money.split(made.paid(item), [1] * item.units)
        assert sum(each) == made.paid(item)
        assert max(each) - min(each) <= 1
        given = [amount for amount in each[: 1 + below(self.rnd, min(item.units, 6))] if amount]
        assert sum(given) <= cash
        for n, amount in enumerate(given):
            notice = RefundNotice(
                order_id="X", external_id=f"R{n}", at=NOW, amount=self.minor(amount, made.currency),
                currency=made.currency,
            )  # fmt: skip
            _refund(intake, present, notice, f"channel:R{n}")
            owed.move(made.currency, "refunds", "cash", amount)
        self.seen["refunds"] += len(given)

    def cancelled(self, intake: Intake, present: Present, what: tuple[Sale, list[dict[str, Any]]], owed: Owed) -> None:
        """The debt is undone; what was captured is due back to the last minor unit."""
        made, payments = what
        ours = [row | {"account_id": PROVIDER} for row in payments]
        before = len(intake.batch.messages)
        _undo_money(intake.batch, Target(present.row, present.version, Lifecycle.ACCEPTED), cast(Any, ours))
        back = sum(message["payload"].amount for message in intake.batch.messages[before:])
        assert back == sum(row["captured"] for row in payments)
        owed.place(made, -1)
        self.seen["cancelled"] += 1

    # ------------------------------------------------------------ the ledger

    def ledger(self, batch: Batch, owed: dict[int, Owed]) -> None:
        """Every posting sums to zero, none hides behind another's key, and accounts hold what they must."""
        postings: Counter[tuple[int, str, str]] = Counter()
        accounts: dict[int, Counter[tuple[str, str]]] = {order_id: Counter() for order_id in owed}
        keys = set()
        for row in batch.postings:
            postings[row["order_id"], row["posting"], row["currency"]] += row["amount"]
            accounts[row["order_id"]][row["currency"], row["account"]] += row["amount"]
            keys.add((row["order_id"], row["posting"], row["account"]))
        assert not any(postings.values())
        assert len(keys) == len(batch.postings), "the table keeps one row a key: another would be lost"
        for order_id, told in owed.items():
            assert _filled(accounts[order_id]) == _filled(told.accounts)
        self.seen["ledger rows"] += len(batch.postings)


def _as_it_is(amount: int, currency: str) -> int:
    return amount


def _filled(accounts: Counter[tuple[str, str]]) -> dict[tuple[str, str], int]:
    return {key: amount for key, amount in accounts.items() if amount}


def _payments(writer: Writer) -> list[dict[str, Any]]:
    return writer._payments[-3:]


def _row(told: ChannelOrder, **more: Any) -> OrderRow:
    """The order as review and settle read it."""
    lines = tuple(
        LineRow(
            id=n, external_id=ln.external_id, title=ln.title, sku=ln.sku, listing_id="", unit_price=ln.unit_price,
            discount=ln.discount, tax=ln.tax, requires_shipping=True, grams=0, ordered=ln.quantity, cancelled=0,
            assigned=0, shipped=0, delivered=0,
        )
        for n, ln in enumerate(told.lines)
    )  # fmt: skip
    fields: dict[str, Any] = {
        "id": 1, "merchant_id": MERCHANT, "account_id": STORE, "external_id": told.external_id, "number": "1",
        "state": Lifecycle.RECEIVED, "version": 1, "placed_at": NOW, "created_at": NOW, "currency": told.currency,
        "tax_included": told.tax_included, "total": told.total, "tax_total": told.tax_total, "charges": told.charges,
        "buyer": told.buyer, "ship_to": told.ship_to, "bill_to": None, "email": "", "customer_id": None,
        "paid": False, "pending": False, "unknown_words": (), "risks": (), "promised_at": None, "tracking_token": "t",
        "lines": lines,
    }  # fmt: skip
    return OrderRow(**fields | more)


def run(orders: int, seed: int) -> Counter[str]:
    """So many orders; what was seen."""
    till = Till(Random(seed))
    gc.disable()
    try:
        for start in range(0, orders, CHUNK):
            till.chunk(min(CHUNK, orders - start))
    finally:
        gc.enable()
    return till.seen


def test_money_is_exact_over_random_orders() -> None:
    seen = run(SHORT, 1)

    assert seen["0 decimals"] + seen["2 decimals"] + seen["3 decimals"] >= SHORT
    assert min(seen.values()) > 0


@pytest.mark.long
def test_money_is_exact_over_a_million_orders(capsys: pytest.CaptureFixture[str]) -> None:
    orders = int(os.environ.get("CROSSDOCK_ORDERS", LONG))
    seed = int(os.environ.get("CROSSDOCK_SEED", "20261122"))

    seen = run(orders, seed)

    with capsys.disabled():
        told = ", ".join(f"{count:,} {what}" for what, count in sorted(seen.items()))
        print(f"\n{orders:,} orders of seed {seed}, every sum exact: {told}")  # noqa: T201 the figures
