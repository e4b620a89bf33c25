"""When an order was changed, and which of two tellings of it is the later one. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from connectors.vendure import wire
from connectors.wire import instant


def changed_at(order: wire.Order | wire.Head) -> datetime:
    """The latest time that anything about the order was changed. `updatedAt` alone stays where it was when its state,
    its payments or its fulfillments change."""
    path = "$.data.order"
    times = [(order.updated_at, f"{path}.updatedAt")]
    times += [(order.order_placed_at, f"{path}.orderPlacedAt")] if order.order_placed_at else []
    times += [(e.created_at, f"{path}.latest.items[{i}].createdAt") for i, e in enumerate(order.latest.items)]
    times += [(f.updated_at, f"{path}.fulfillments[{i}].updatedAt") for i, f in enumerate(order.fulfillments or ())]
    payments: Sequence[wire.HeadPayment | wire.Payment] = order.payments or ()
    for i, payment in enumerate(payments):
        at = f"{path}.payments[{i}]"
        times.append((payment.updated_at, f"{at}.updatedAt"))
        refunds: Sequence[wire.Dated] = payment.refunds
        times += [(refund.updated_at, f"{at}.refunds[{j}].updatedAt") for j, refund in enumerate(refunds)]
    return max(instant(text, where) for text, where in times)


def revised_at(order: wire.Order | wire.Head) -> datetime:
    """`changed_at`, and a microsecond for each entry of the history: some databases keep whole seconds, and of two
    changes within one the one with the longer history is the later."""
    return changed_at(order) + timedelta(microseconds=min(order.latest.total_items, 999))


def cancelled_at(order: wire.Order) -> datetime:
    """When the last units were cancelled."""
    told = order.cancelled.items[:1] if order.cancelled else []
    return instant(told[0].created_at, "$.data.order.cancelled.items[0].createdAt") if told else changed_at(order)


def cancel_reason(order: wire.Order) -> str:
    """Why, in the words that were given."""
    told = order.cancelled.items[:1] if order.cancelled else []
    reason = (told[0].data or {}).get("reason") if told else ""
    return reason if isinstance(reason, str) else ""
