"""What an order says of its goods: how far it is, who ships it, what has left, what was cancelled. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from connectors.amazon import wire, words
from connectors.amazon.wire_items import OrderItem
from connectors.wire import instant
from hub.domain.order import ForeignShipment


def standing_of(order: wire.Order) -> words.Standing:
    """What the order's status says; nothing for a word that is unknown or was not told."""
    return words.STATUS.get(order.fulfillment.fulfillment_status if order.fulfillment else "", words.Standing())


def by_amazon(order: wire.Order) -> bool:
    """Whether Amazon's warehouses ship it."""
    return order.fulfillment is not None and order.fulfillment.fulfilled_by == "AMAZON"


def fulfilled_units(item: OrderItem) -> int:
    """Units shipped, whoever shipped them."""
    return (item.fulfillment.quantity_fulfilled if item.fulfillment else None) or 0


def cancelled_units(item: OrderItem) -> int:
    """Units that are neither shipped nor still to be shipped; none where Amazon does not count both."""
    counts = item.fulfillment
    if counts is None or counts.quantity_fulfilled is None or counts.quantity_unfulfilled is None:
        return 0
    return max(0, item.quantity_ordered - counts.quantity_fulfilled - counts.quantity_unfulfilled)


def on_delivery(order: wire.Order) -> bool:
    """Whether the carrier collects the money."""
    return any(
        item.fulfillment.shipping.shipping_constraints.cash_on_delivery == "MANDATORY"
        for item in order.order_items
        if item.fulfillment and item.fulfillment.shipping and item.fulfillment.shipping.shipping_constraints
    )


def shipments(order: wire.Order) -> Iterator[ForeignShipment]:
    """Packages that have left, then whatever else Amazon counts as shipped: its own warehouses tell no packages."""
    packed: Counter[str] = Counter()
    for i, package in enumerate(order.packages or ()):
        if package.package_status is not None and package.package_status.status not in words.GONE:
            continue
        lines: Counter[str] = Counter()
        for item in package.package_items or ():
            lines[item.order_item_id] += item.quantity
        packed += lines
        left = instant(package.ship_time, f"$.packages[{i}].shipTime") if package.ship_time else None
        yield ForeignShipment(
            external_id=package.package_reference_id,
            lines=dict(lines),
            carrier=package.carrier or "",
            tracking_number=package.tracking_number or "",
            shipped_at=left,
        )
    rest = {item.order_item_id: fulfilled_units(item) - packed[item.order_item_id] for item in order.order_items}
    untold = {line: units for line, units in rest.items() if units > 0}
    if untold:
        by = "Amazon" if by_amazon(order) else ""
        yield ForeignShipment(external_id=f"{order.order_id}:shipped", lines=untold, carrier=by)


def cancel_reason(order: wire.Order) -> str:
    """Who cancelled, and why."""
    for item in order.order_items:
        done = item.cancellation.cancellation_execution if item.cancellation else None
        if done is not None:
            return ": ".join(filter(None, (done.cancelled_by, done.cancel_reason)))
    return ""


def unknown_words(order: wire.Order) -> Iterator[str]:
    """Words without a meaning here, as field=word; and what a person must decide: a buyer who asks to cancel goods that
    have not left, or a cancelled item that Amazon still counts as to be shipped."""
    status = order.fulfillment.fulfillment_status if order.fulfillment else ""
    if status not in words.STATUS:
        yield f"fulfillmentStatus={status[:100]}"
    by = (order.fulfillment.fulfilled_by if order.fulfillment else None) or "MERCHANT"
    if by not in words.FULFILLED_BY:
        yield f"fulfilledBy={by[:100]}"
    for package in order.packages or ():
        told = package.package_status.status if package.package_status else "SHIPPED"
        if told not in words.GONE | words.STILL_HERE:
            yield f"packageStatus={told[:100]}"
    if not standing_of(order).cancelled:
        for item in order.order_items:
            yield from _undecided(item)


def _undecided(item: OrderItem) -> Iterator[str]:
    left = (item.fulfillment.quantity_unfulfilled if item.fulfillment else None) or 0
    if item.cancellation is None or not left:
        return
    asked, done = item.cancellation.cancellation_request, item.cancellation.cancellation_execution
    if done is not None:
        yield f"cancellationExecution={done.cancelled_by or ''}: {done.cancel_reason or ''}"[:200]
    elif asked is not None:
        yield f"cancellationRequest={asked.requester or ''}: {asked.cancel_reason or ''}"[:200]
