"""One order with everything that belongs to it, as console, API and command line show it.

Amounts are minor units of the `currency` beside them; ids are text, because JSON readers round numbers of 63 bits.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TypeVar

from hub.actions.routing_view import RoutingView
from hub.domain.order import Address, Buyer, Charge, RiskFact, Value
from hub.store.database import Row

V = TypeVar("V", bound=Value)
Details = dict[str, object]


class View(Value, frozen=True, omit_defaults=False):
    """Base of what is shown: every field is written, empty or not."""


class LineView(View, frozen=True):
    """A line; the counters say what became of its units."""

    id: str
    external_id: str
    sku: str
    listing_id: str
    title: str
    unit_price: int
    discount: int
    tax: int
    requires_shipping: bool
    grams: int
    ordered: int
    cancelled: int
    reserved: int
    assigned: int
    picked: int
    packed: int
    shipped: int
    delivered: int
    return_requested: int
    received_back: int


class HoldView(View, frozen=True):
    """Why the order waits or waited. `resolutions` are what may be chosen while it is open; `protocol`: what is asked
    of whom, what happens `then`, and whose it is after that."""

    id: str
    reason: str
    state: str
    detail: Details
    owner: str
    opened_at: datetime
    due_at: datetime | None
    protocol: Details
    resolutions: tuple[str, ...]
    resolution: str
    closed_at: datetime | None
    closed_by: str

    @property
    def is_open(self) -> bool:
        return self.state in {"open", "escalated"}


class WorkLineView(View, frozen=True):
    """What one location takes from its shelves for an order line; `per_unit` of it go into one unit of the line."""

    sku: str
    title: str
    quantity: int
    per_unit: int
    reserved: int
    picked: int
    packed: int
    short: int


class FulfillmentView(View, frozen=True):
    """What one location ships; `why` is the reason of the routing decision."""

    id: str
    number: str
    state: str
    location: str
    location_name: str
    service: str
    automatic: bool
    problem: str
    why: Details
    created_at: datetime
    lines: tuple[WorkLineView, ...]


class ScanView(View, frozen=True):
    """One scan by the carrier; `word` is the carrier's own."""

    status: str
    word: str
    place: str
    at: datetime


class ContentView(View, frozen=True):
    """Units of one order line in a parcel."""

    line_id: str
    title: str
    quantity: int


class ParcelView(View, frozen=True):
    """A parcel with its three axes: label (bought), custody (ours), tracking (the carrier's)."""

    id: str
    number: str
    fulfillment_id: str
    label: str
    custody: str
    tracking: str
    tracked_at: datetime | None
    carrier: str
    service: str
    tracking_number: str
    tracking_url: str
    label_cost: int
    label_currency: str
    weight_grams: int
    created_at: datetime
    handed_over_at: datetime | None
    delivered_at: datetime | None
    contents: tuple[ContentView, ...]
    scans: tuple[ScanView, ...]


class PaymentView(View, frozen=True):
    """A payment; `collected_by` is the provider's account name, or `channel`."""

    id: str
    external_id: str
    state: str
    gateway: str
    last4: str
    currency: str
    amount: int
    captured: int
    refunded: int
    created_at: datetime
    collected_by: str


class RefundView(View, frozen=True):
    """Money on its way back."""

    id: str
    state: str
    currency: str
    amount: int
    reason: str
    approved_by: str
    created_at: datetime


class ReturnedView(View, frozen=True):
    """Units of one order line in a return; `outcome` is what their inspection found, empty until then."""

    line_id: str
    title: str
    quantity: int
    received: int
    outcome: str


class ReturnFaultView(View, frozen=True):
    """Units that a channel told of and that cannot come back. `line_id` is the channel's id of the line."""

    line_id: str
    title: str
    told: int
    possible: int


class ReturnView(View, frozen=True):
    """Goods on their way back; `word` is the channel's own for the state, `unknown` when nobody knows its meaning."""

    id: str
    number: str
    external_id: str
    state: str
    word: str
    unknown: bool
    reason: str
    requested_by: str
    requested_at: datetime
    tracking_number: str
    carrier: str
    lines: tuple[ReturnedView, ...]
    faults: tuple[ReturnFaultView, ...]


class MessageView(View, frozen=True):
    """Something that leaves the house about this order; `to` is the name of the account it goes to."""

    id: str
    kind: str
    to: str
    state: str
    attempts: int
    due_at: datetime
    created_at: datetime
    sent_at: datetime | None
    error: str
    what: str
    """What it says: a status, a notice, a tracking number; empty for kinds that say nothing more."""


class EventView(View, frozen=True):
    """Something that happened, in the past tense."""

    kind: str
    actor: str
    source: str
    occurred_at: datetime
    recorded_at: datetime
    details: Details
    subject_id: str
    seq: int


class OrderView(View, frozen=True):
    """One order, whole."""

    id: str
    number: str
    external_id: str
    channel: str
    connector: str
    phase: str
    lifecycle: str
    version: int
    placed_at: datetime
    created_at: datetime
    revised_at: datetime
    promised_at: datetime | None
    completed_at: datetime | None
    cancelled_at: datetime | None
    cancel_reason: str
    currency: str
    total: int
    tax_total: int
    tax_included: bool
    shop_currency: str
    shop_total: int
    charges: tuple[Charge, ...]
    buyer: Buyer
    ship_to: Address | None
    bill_to: Address | None
    email: str
    paid: bool
    pending: bool
    test: bool
    note: str
    tags: tuple[str, ...]
    """Set by the merchant's rules, as is `priority`: 9 first, null as usual."""
    priority: int | None
    words: dict[str, str]
    unknown_words: tuple[str, ...]
    risks: tuple[RiskFact, ...]
    tracking_path: str
    lines: tuple[LineView, ...]
    holds: tuple[HoldView, ...]
    fulfillments: tuple[FulfillmentView, ...]
    routing: RoutingView
    parcels: tuple[ParcelView, ...]
    payments: tuple[PaymentView, ...]
    refunds: tuple[RefundView, ...]
    returns: tuple[ReturnView, ...]
    messages: tuple[MessageView, ...]
    events: tuple[EventView, ...]


def view(kind: type[V], row: Row, more: Mapping[str, object] | None = None) -> V:
    """A view of `kind` from the columns of the same names; ids become text; `more` gives what the row has not."""
    given = dict(more or {})
    for name in kind.__struct_fields__:
        if name not in given:
            value = row[name]
            given[name] = str(value) if name == "id" or name.endswith("_id") else value
    return kind(**given)
