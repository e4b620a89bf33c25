"""What one batch writes: gathered row by row, flushed with a fixed number of statements in a fixed order of locks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec.structs import asdict, replace

from hub.domain.bundling import units_by_line
from hub.domain.holds import after, protocol_of, stored
from hub.domain.lifecycle import FOREVER, Inbox, Lifecycle, Outbox, Work
from hub.domain.outcome import (
    DayLoad,
    Event,
    HoldNeed,
    LineDelta,
    Message,
    NewWork,
    OrderRow,
    ParcelRow,
    StockDelta,
    WorkLine,
    WorkLineDelta,
    WorkRow,
)
from hub.flow import days, marks
from hub.ports import Ids
from hub.store import sets
from hub.store.database import Row, Tx, announce, version_guard

WORK_LINE_SUMS = ("reserved", "picked", "packed")
LINE_SUMS = ("cancelled", "reserved", "assigned", "picked", "packed", "shipped", "delivered")
Dict = dict[str, Any]


class Batch:
    """Collects writes of one transaction. `at` is the time of the batch; nothing is written before `flush`.

    `careful`: messages and bookings that are there already are looked for first. Otherwise `flush` raises `Conflict`
    when there is one, which is rare on the lines, and its caller does the batch again with care.
    """

    def __init__(self, ids: Ids, at: datetime, careful: bool = True) -> None:
        self.ids = ids
        self.at = at
        self.careful = careful
        self.orders: list[Dict] = []
        self.works: list[Dict] = []
        self.events: list[Dict] = []
        self.messages: list[Dict] = []
        self.holds: dict[tuple[int, int, str], Dict] = {}
        self.healed: list[int] = []
        self.lines: list[Dict] = []
        self.work_lines: list[Dict] = []
        self.stock: list[Dict] = []
        self.movements: list[Dict] = []
        self.postings: list[Dict] = []
        self.new_works: dict[int, Dict] = {}
        self.loads: list[Dict] = []
        self.new_work_lines: dict[int, Dict] = {}
        self.made: list[tuple[Dict, tuple[WorkLine, ...]]] = []
        """New fulfillment orders with their lines as decisions see them."""
        self.new_parcels: list[Dict] = []
        self.parcels: dict[int, Dict] = {}
        self.skus: list[Dict] = []
        self.captured: list[Dict] = []
        self.seen_scans: list[int] = []
        self.woken: set[int] = set()
        self.born: set[int] = set()
        """Orders that this batch adds: nothing can be booked for them yet."""
        self.stale: set[tuple[int, str]] = set()
        """(merchant, SKU) of which channels may have to be told another level."""
        self.accounts: set[int] = set()

    # ------------------------------------------------------------ gathering

    def move(self, row: OrderRow | WorkRow, to: Lifecycle | Work, version: int, due_at: datetime) -> Dict:
        """The row's own update: guarded by the version it was read at, unless this batch makes the row."""
        change: Dict = {"id": row.id, "was": row.version, "version": version, "state": int(to), "due_at": due_at}
        if isinstance(row, OrderRow):
            done = self.at if to is Lifecycle.COMPLETED else None
            change |= {"promised_at": None, "completed_at": done}
            self.orders.append(change)
        elif (new := self.new_works.get(row.id)) is not None:
            new |= {"version": version, "state": int(to), "due_at": due_at}
        else:
            self.works.append(change)
        return change

    def event(self, merchant_id: int, order_id: int, subject: tuple[int, int], event: Event) -> None:
        """`subject` is (id, seq): the second guard against doing a thing twice."""
        self.events.append({
            "merchant_id": merchant_id, "subject_id": subject[0], "seq": subject[1], "order_id": order_id,
            "kind": event.kind, "actor": event.actor, "source": event.source,
            "idempotency_key": event.idempotency_key, "occurred_at": event.occurred_at or self.at,
            "recorded_at": self.at, "details": event.details,
        })  # fmt: skip

    def message(self, merchant_id: int, message: Message) -> None:
        """An intent for the outbox; the same one twice is one."""
        self.accounts.add(message.account_id)
        self.messages.append({
            "id": self.ids.next(), "merchant_id": merchant_id, "account_id": message.account_id,
            "lane": f"account:{message.account_id}", "key": message.key, "kind": message.kind,
            "intent": message.intent, "payload": message.payload, "state": int(Outbox.PENDING), "attempts": 0,
            "unsure": False, "due_at": message.not_before or self.at, "created_at": self.at, "error": "",
            "subject": message.subject, "subject_id": message.subject_id,
        })  # fmt: skip

    def hold(self, merchant_id: int, order_id: int, need: HoldNeed) -> None:
        """Opens a hold, or brings an open one of the same reason up to date; the last word of the batch counts."""
        protocol = protocol_of(need)
        self.holds[merchant_id, order_id, need.reason] = {
            "id": self.ids.next(), "merchant_id": merchant_id, "order_id": order_id, "reason": need.reason,
            "state": "open", "detail": need.detail, "owner": protocol.owner, "opened_at": self.at,
            "due_at": self.at + after(protocol.hours), "protocol": stored(protocol),
            "resolutions": need.resolutions, "resolution": "", "closed_by": "",
        }  # fmt: skip

    def line(self, delta: LineDelta) -> None:
        """Counters of an order line."""
        self.lines.append(asdict(delta))

    def work_line(self, delta: WorkLineDelta) -> None:
        """Counters of a fulfillment line."""
        new = self.new_work_lines.get(delta.line_id)
        if new is None:
            self.work_lines.append(asdict(delta))
        else:
            for name in WORK_LINE_SUMS:
                new[name] += getattr(delta, name)

    def stock_change(self, merchant_id: int, delta: StockDelta) -> None:
        """Counters of a stock row, and the ledger entry that explains them."""
        change = asdict(delta)
        self.stock.append(
            {"merchant_id": merchant_id} | {k: change[k] for k in ("sku", "location_id", "on_hand", "reserved")}
        )
        self.movements.append({"id": self.ids.next(), "merchant_id": merchant_id, "at": self.at} | change)

    def parcel(self, parcel: ParcelRow) -> None:
        """What became of a parcel; the last word of the batch counts."""
        self.parcels[parcel.id] = parcel_columns(parcel)

    def new_parcel(self, work: WorkRow, parcel: ParcelRow) -> None:
        """A packed box."""
        self.new_parcels.append(
            {"merchant_id": work.merchant_id, "order_id": work.order_id, "fulfillment_id": work.id,
             "carrier_account_id": work.carrier_account_id, "created_at": self.at} | parcel_columns(parcel)
        )  # fmt: skip

    def new_work(self, order: OrderRow, new: NewWork) -> None:
        """A fulfillment order with its lines: units are reserved at the location and assigned on the order's lines."""
        work_id = self.ids.next()
        self.new_works[work_id] = {
            "id": work_id, "merchant_id": order.merchant_id, "order_id": order.id, "account_id": order.account_id,
            "location_id": new.location_id, "number": new.number, "state": int(Work.OPEN), "version": 0,
            "due_at": self.at, "created_at": self.at, "service": new.service, "why": new.why,
            "carrier_account_id": new.carrier_account_id, "automatic": new.automatic,
            "partner_state": "", "problem": "", "counted_on": new.counted_on,
        }  # fmt: skip
        lines = tuple(replace(line, id=self.ids.next()) for line in new.lines)
        self.made.append((self.new_works[work_id], lines))
        for line in lines:
            self.new_work_lines[line.id] = {
                "id": line.id, "merchant_id": order.merchant_id, "fulfillment_id": work_id,
                "order_id": order.id, "order_line_id": line.order_line_id, "sku": line.sku, "per_unit": line.per_unit,
                "quantity": line.quantity, "reserved": line.quantity, "picked": 0, "packed": 0, "short": 0,
            }  # fmt: skip
            self.stock_change(
                order.merchant_id, StockDelta(line.sku, new.location_id, 0, line.quantity, "reserved", work_id)
            )
        for line_id, units in units_by_line(new.lines).items():
            self.line(LineDelta(line_id, reserved=units, assigned=units))

    def load(self, merchant_id: int, load: DayLoad) -> None:
        """One more fulfillment order of a location's day, for a location that has a limit."""
        self.loads.append({"merchant_id": merchant_id, **asdict(load), "orders": 1})

    def unload(self, work: Mapping[str, Any] | Row) -> None:
        """A fulfillment order is cancelled: its location's day has room for another one, if it was counted there."""
        if work["counted_on"] is not None:
            of = {name: work[name] for name in ("merchant_id", "location_id")}
            self.loads.append({**of, "day": work["counted_on"], "most": 0, "orders": -1})

    # ------------------------------------------------------------ writing

    async def flush(self, tx: Tx) -> None:
        """Writes everything. Raises when a guard fails: then nothing of the batch is kept.

        The one order of locks, for actions too (docs/decisions/018): what names things (keys, sheets, walks, products,
        listings), fulfillment orders, orders, what hangs on them, messages, days of locations, stock, the audit trail.
        """
        moved = await sets.update(tx, sets.UPDATE_WORKS, self.works)
        version_guard(len(self.works), moved, "fulfillment orders")
        moved = await sets.update(tx, sets.UPDATE_ORDERS, self.orders)
        version_guard(len(self.orders), moved, "orders")
        if self.woken:
            await tx.execute(sets.WAKE_ORDERS, sorted(self.woken), self.at)
        await sets.update(tx, sets.UPDATE_SKUS, self.skus)
        await sets.update(tx, sets.UPDATE_LINES, sets.merged(self.lines, ["line_id"], LINE_SUMS))
        await sets.insert(tx, "fulfillment_orders", list(self.new_works.values()))
        await sets.insert(tx, "fulfillment_lines", list(self.new_work_lines.values()))
        await sets.update(tx, sets.UPDATE_WORK_LINES, sets.merged(self.work_lines, ["line_id"], WORK_LINE_SUMS))
        await sets.insert(tx, "parcels", [self.parcels.pop(p["id"], {}) | p for p in self._new_parcels()])
        await sets.update(tx, sets.UPDATE_PARCELS, list(self.parcels.values()))
        await sets.update(tx, sets.UPDATE_CAPTURED, self.captured)
        await self._book(tx)
        await sets.insert(tx, "holds", list(self.holds.values()), sets.OPEN_HOLDS)
        if self.healed:
            await tx.execute(sets.CLOSE_HOLDS, self.healed, self.at)
        if self.seen_scans:
            await tx.execute(sets.SEE_SCANS, self.seen_scans)
        await sets.insert(tx, "events", self.events)
        await sets.insert_new(tx, "outbox", self.messages, sets.OUTBOX_KEYS, self.careful)
        await sets.insert(tx, "stock_movements", self.movements)
        await self._announce(tx)
        await days.flush(tx, self.ids, self.at, self.loads)
        await self._flush_stock(tx)

    async def _book(self, tx: Tx) -> None:
        first = [row for row in self.postings if row["order_id"] in self.born]
        later = [row for row in self.postings if row["order_id"] not in self.born]
        await sets.insert_new(tx, "ledger", first, sets.LEDGER_KEYS, look=False)
        await sets.insert_new(tx, "ledger", later, sets.LEDGER_KEYS, self.careful)

    def _new_parcels(self) -> list[Dict]:
        """New boxes as they are at the end of the batch: a later stage may already have changed them."""
        return [parcel | self.parcels.get(parcel["id"], {}) for parcel in self.new_parcels]

    async def _flush_stock(self, tx: Tx) -> None:
        """Last of all: few rows that every batch wants, so they are held only from here to the commit."""
        rows = sets.merged(self.stock, ["merchant_id", "sku", "location_id"], ("on_hand", "reserved"))
        self.stale |= {(row["merchant_id"], row["sku"]) for row in rows if row["on_hand"] != row["reserved"]}
        await marks.mark(tx, self.ids, self.stale)
        if not rows:
            return
        await sets.stock_of(tx, [(row["merchant_id"], row["sku"]) for row in rows], lock=True)
        moved = await sets.update(tx, sets.UPDATE_STOCK, rows)
        version_guard(len(rows), moved, "stock")

    async def _announce(self, tx: Tx) -> None:
        work = {"outbox"} if self.messages else set()
        work |= {"orders"} if self.woken else set()
        work |= {"fulfillments"} if any(new["due_at"] <= self.at for new in self.new_works.values()) else set()
        if work:
            await announce(tx, *work)


def parcel_columns(parcel: ParcelRow) -> Dict:
    """A parcel as its table has it."""
    return asdict(parcel)


def inbox_done(ids: list[int]) -> tuple[str, list[int]]:
    """Marks deliveries as taken in."""
    return f"UPDATE inbox SET state = {int(Inbox.DONE)} WHERE id = ANY($1::bigint[])", ids  # noqa: S608 - constants only


def postings_rows(ids: Ids, at: datetime, merchant_id: int, postings: tuple[Any, ...]) -> list[Mapping[str, object]]:
    """Ledger rows of balanced postings."""
    return [
        {"id": ids.next(), "merchant_id": merchant_id, "order_id": p.order_id, "posting": p.posting,
         "account": p.account, "currency": p.currency, "amount": p.amount, "at": at}
        for p in postings
    ]  # fmt: skip


__all__ = ["FOREVER", "Batch", "inbox_done", "parcel_columns", "postings_rows"]
