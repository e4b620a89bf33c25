"""Where an order is, for the customer who asks: by the number people know it by, with its parcels."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from hub.domain.lifecycle import Custody, Lifecycle, phase
from hub.domain.order import ScanStatus, Value
from hub.store.database import Row, Tx
from hub.store.order_facts import FACTS, UNITS, phase_facts

MOST = 5
"""Orders of one number (over all channels) that are looked at."""

NOT_SHIPPED = frozenset({
    "awaiting_payment", "reviewing", "on_hold", "backordered", "ready_to_route", "routed", "picking", "packed",
})  # fmt: skip

_FIND = f"""SELECT o.id, o.number, o.email, o.customer_id FROM orders o
    WHERE o.merchant_id = $1 AND o.state <> {int(Lifecycle.DRAFT)} AND o.id IN (
        SELECT n.id FROM orders n WHERE n.merchant_id = $1 AND n.number = ANY($2::text[])
        UNION SELECT p.order_id FROM parcels p
              WHERE p.merchant_id = $1 AND p.tracking_number = $3 AND p.tracking_number <> '')
    ORDER BY o.id DESC LIMIT {MOST}"""  # noqa: S608 our own text

_ORDERS = f"""SELECT o.id, o.number, o.state, o.promised_at, {FACTS} FROM orders o {UNITS}
    WHERE o.merchant_id = $1 AND o.id = ANY($2::bigint[]) ORDER BY o.id"""  # noqa: S608 our own text

_PARCELS = """SELECT id, order_id, custody, tracking, tracked_at, carrier, tracking_number, tracking_url,
        handed_over_at, delivered_at
    FROM parcels WHERE merchant_id = $1 AND order_id = ANY($2::bigint[]) AND custody NOT IN ('packed', 'cancelled')
    ORDER BY id"""

_OF_CUSTODY = {
    Custody.DELIVERED: ScanStatus.DELIVERED,
    Custody.LOST: ScanStatus.LOST,
    Custody.DAMAGED: ScanStatus.EXCEPTION,
    Custody.RETURNED_TO_SENDER: ScanStatus.RETURN_TO_SENDER,
}


class FoundOrder(Value, frozen=True):
    """An order by its number: enough to ask its owner for a code, nothing to show."""

    id: int
    number: str
    email: str
    customer_id: int | None


class TrackedParcel(Value, frozen=True):
    """A parcel under way or arrived; `status` is a `ScanStatus`, `at` when that was."""

    id: int
    status: str
    at: datetime | None
    carrier: str
    tracking_number: str
    tracking_url: str


class TrackedOrder(Value, frozen=True):
    """Where an order is. `waiting`: nothing of it has left yet, and something will. `asks_address`: it waits for its
    customer to say where it goes."""

    number: str
    phase: str
    promised_at: datetime | None
    waiting: bool
    parcels: tuple[TrackedParcel, ...]
    asks_address: bool = False


async def find_orders(tx: Tx, merchant_id: int, number: str) -> tuple[FoundOrder, ...]:
    """Orders of that number at any of the merchant's channels, or with a parcel of that tracking number."""
    plain = number.replace("\0", "").strip().lstrip("#").strip()
    if not plain:
        return ()
    spelled = {form for it in (plain, plain.upper(), plain.lower()) for form in (it, f"#{it}")}
    rows = await tx.fetch(_FIND, merchant_id, sorted(spelled), plain.upper())
    return tuple(FoundOrder(**dict(row)) for row in rows)


async def track_orders(tx: Tx, merchant_id: int, order_ids: Sequence[int]) -> tuple[TrackedOrder, ...]:
    """The orders as their customer sees them; two statements."""
    parcels: dict[int, list[TrackedParcel]] = defaultdict(list)
    for row in await tx.fetch(_PARCELS, merchant_id, list(order_ids)):
        parcels[row["order_id"]].append(_parcel(row))
    return tuple(_order(row, parcels[row["id"]]) for row in await tx.fetch(_ORDERS, merchant_id, list(order_ids)))


def _order(row: Row, parcels: Sequence[TrackedParcel]) -> TrackedOrder:
    now = phase(phase_facts(row))
    return TrackedOrder(
        number=row["number"].lstrip("#"),
        phase=now,
        promised_at=row["promised_at"],
        waiting=not parcels and now in NOT_SHIPPED,
        parcels=tuple(parcels),
        asks_address=row["state"] < Lifecycle.COMPLETED and "address" in row["holds"],
    )


def _parcel(row: Row) -> TrackedParcel:
    custody = _OF_CUSTODY.get(Custody(row["custody"]))
    return TrackedParcel(
        id=row["id"],
        status=(custody or row["tracking"] or ScanStatus.PRE_TRANSIT),
        at=row["delivered_at"] or row["tracked_at"] or row["handed_over_at"],
        carrier=row["carrier"],
        tracking_number=row["tracking_number"],
        tracking_url=row["tracking_url"],
    )
