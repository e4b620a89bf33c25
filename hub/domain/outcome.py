"""What a decision returns: where a row goes, what happened, and what must be done about it; and the rows it reads.

A decision never does anything itself. The runner writes a batch of outcomes with a fixed number of statements.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TypeAlias

from msgspec import Struct

from hub.domain.lifecycle import Custody, LabelState, Lifecycle, Work
from hub.domain.order import Address, Buyer, Charge, RiskFact, Value
from hub.domain.outgoing import Kind

State: TypeAlias = Lifecycle | Work
Details: TypeAlias = dict[str, object]


class Event(Value, frozen=True):
    """Something that happened, in the past tense. `details` must be fit for JSON and for a person's eyes."""

    kind: str
    details: Details = {}
    actor: str = "hub"
    source: str = "hub"
    occurred_at: datetime | None = None
    idempotency_key: str | None = None


class HoldNeed(Value, frozen=True):
    """A reason for which an order must wait. `detail` says what is wrong; `resolutions` what a person may choose.
    `owner`, `hours` until it is overdue and what happens `then` are those of `hub.domain.holds` unless given."""

    reason: str
    detail: Details
    resolutions: tuple[str, ...]
    owner: str = ""
    hours: int = 0
    then: str = ""


class Message(Value, frozen=True):
    """An intent for the outbox. `intent` is unique for the merchant: the same is never queued twice.

    Messages of one `key` leave in order. The row `subject`/`subject_id` is woken when an answer is there.
    """

    kind: Kind
    intent: str
    account_id: int
    key: int
    payload: Value
    subject: str = ""
    subject_id: int | None = None
    not_before: datetime | None = None


class LineDelta(Value, frozen=True):
    """Units to add to the counters of one order line (negative to take away)."""

    line_id: int
    cancelled: int = 0
    reserved: int = 0
    assigned: int = 0
    picked: int = 0
    packed: int = 0
    shipped: int = 0
    delivered: int = 0


class WorkLineDelta(Value, frozen=True):
    """Units to add to the counters of one fulfillment line."""

    line_id: int
    reserved: int = 0
    picked: int = 0
    packed: int = 0


class StockDelta(Value, frozen=True):
    """Units to add to a stock row, with the reason that goes to the ledger. `ref_id` is the fulfillment order."""

    sku: str
    location_id: int
    on_hand: int
    reserved: int
    reason: str
    ref_id: int


class Posting(Value, frozen=True):
    """One side of a balanced posting, in minor units: debit positive, credit negative."""

    order_id: int
    posting: str
    account: str
    currency: str
    amount: int


class WorkLine(Value, frozen=True):
    """What one location takes from its shelves for one order line. `id` 0 until the runner has given one.

    `quantity` counts `sku`; an order line of a bundle has one of these for each component. `per_unit` of it go into one
    unit of the order line, which weighs `grams`, and one `sku` weighs `part_grams` (0: nobody told).
    """

    id: int
    order_line_id: int
    sku: str
    quantity: int
    grams: int = 0
    title: str = ""
    external_id: str = ""
    per_unit: int = 1
    part_grams: int = 0

    @property
    def units(self) -> int:
        """Units of the order line."""
        return self.quantity // self.per_unit


class ParcelRow(Value, frozen=True):
    """A parcel as the flow sees it. `contents` maps order line id → units."""

    id: int
    number: str
    label: LabelState
    custody: Custody
    contents: dict[int, int]
    weight_grams: int
    tracking: str = ""
    tracked_at: datetime | None = None
    label_attempt: int = 1
    carrier: str = ""
    service: str = ""
    tracking_number: str = ""
    tracking_url: str = ""
    label_id: str = ""
    label_url: str = ""
    label_cost: int = 0
    label_currency: str = ""
    handed_over_at: datetime | None = None
    delivered_at: datetime | None = None
    box: str = ""


class NewWork(Value, frozen=True):
    """A fulfillment order that routing asks for. `counted_on`: the day that it is counted on, where the location has a
    limit."""

    location_id: int
    number: str
    automatic: bool
    service: str
    carrier_account_id: int | None
    why: Details
    lines: tuple[WorkLine, ...]
    counted_on: date | None = None


class DayLoad(Value, frozen=True):
    """One more fulfillment order for a location that takes at most `most` on one of its own days."""

    location_id: int
    day: date
    most: int


class Changes(Value, frozen=True):
    """Counters and children, applied set-wise over the whole batch."""

    lines: tuple[LineDelta, ...] = ()
    work_lines: tuple[WorkLineDelta, ...] = ()
    stock: tuple[StockDelta, ...] = ()
    postings: tuple[Posting, ...] = ()
    works: tuple[NewWork, ...] = ()
    loads: tuple[DayLoad, ...] = ()
    new_parcels: tuple[ParcelRow, ...] = ()
    parcels: tuple[ParcelRow, ...] = ()
    skus: dict[int, str] = {}
    """Order line id → the SKU it was found to be."""
    seen_scans: tuple[int, ...] = ()
    captured: dict[int, int] = {}
    """Payment id → minor units captured in all."""
    promised_at: datetime | None = None
    wake_order: bool = False


NOTHING = Changes()


class Outcome(Struct, frozen=True, kw_only=True):
    """What one decision wants. `to` None: the row stays, until `wake_at` or until something wakes it.

    `holds` is everything this stage finds wrong now: the runner opens what is new and closes what has healed.
    `row` is the row as the next stage of the same transaction should see it, when it differs by more than its state.
    """

    to: State | None = None
    events: tuple[Event, ...] = ()
    holds: tuple[HoldNeed, ...] = ()
    changes: Changes = NOTHING
    messages: tuple[Message, ...] = ()
    wake_at: datetime | None = None
    row: OrderRow | WorkRow | None = None


class LineRow(Value, frozen=True):
    """An order line with the counters that decisions read."""

    id: int
    external_id: str
    title: str
    sku: str
    listing_id: str
    unit_price: int
    discount: int
    tax: int
    requires_shipping: bool
    grams: int
    ordered: int
    cancelled: int
    assigned: int
    shipped: int
    delivered: int

    @property
    def to_ship(self) -> int:
        """Units that still want a location."""
        return max(0, self.ordered - self.cancelled - self.assigned) if self.requires_shipping else 0


class PaymentRow(Value, frozen=True):
    """A payment as decisions read it. `account_id` None: the channel collects."""

    id: int
    account_id: int | None
    external_id: str
    state: str
    currency: str
    amount: int
    captured: int
    gateway: str = ""
    last4: str = ""


class HoldRow(Value, frozen=True):
    """A hold of the order, open or once resolved by a person."""

    id: int
    reason: str
    state: str
    detail: Details
    resolution: str

    @property
    def is_open(self) -> bool:
        return self.state in {"open", "escalated"}


class OrderRow(Value, frozen=True):
    """An order with its children, as the order stages read it."""

    id: int
    merchant_id: int
    account_id: int
    external_id: str
    number: str
    state: Lifecycle
    version: int
    placed_at: datetime
    created_at: datetime
    currency: str
    tax_included: bool
    total: int
    tax_total: int
    charges: tuple[Charge, ...]
    buyer: Buyer
    ship_to: Address | None
    bill_to: Address | None
    email: str
    customer_id: int | None
    paid: bool
    pending: bool
    unknown_words: tuple[str, ...]
    risks: tuple[RiskFact, ...]
    promised_at: datetime | None
    tracking_token: str
    lines: tuple[LineRow, ...] = ()
    payments: tuple[PaymentRow, ...] = ()
    holds: tuple[HoldRow, ...] = ()

    @property
    def units_to_ship(self) -> int:
        """Units of all lines that still want a location."""
        return sum(line.to_ship for line in self.lines)


class WorkRow(Value, frozen=True):
    """A fulfillment order with its children and what it must know of its order."""

    id: int
    merchant_id: int
    order_id: int
    account_id: int
    location_id: int
    number: str
    state: Work
    version: int
    automatic: bool
    service: str
    carrier_account_id: int | None
    external_order_id: str
    order_number: str
    currency: str
    total: int
    ship_to: Address | None
    email: str
    customer_id: int | None
    locale: str
    tracking_token: str
    promised_at: datetime | None
    lines: tuple[WorkLine, ...] = ()
    parcels: tuple[ParcelRow, ...] = ()
    open_holds: frozenset[str] = frozenset()
    holds: tuple[HoldRow, ...] = ()
    """Of its order: the open ones, and those about money that a person let pass."""
    on_terms: bool = False
    """Not paid, and the buyer has or had an account on terms in its currency."""


class Contact(Value, frozen=True):
    """Where a customer hears from us: a conversation on some transport, or an e-mail address."""

    account_id: int
    address: str
    conversation_id: int = 0
    locale: str = ""
