"""Cancelling and refunding at the store. Each carries our reference, and is looked for before it is made."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from connectors.woocommerce import wire, wire_store, words
from connectors.woocommerce.client import Client, segment
from connectors.woocommerce.purse import Purse
from connectors.woocommerce.shipping import open_order, receipt
from connectors.woocommerce.words import Standing
from hub.domain import money
from hub.domain.outgoing import CancellationRequest, Receipt, RefundRequest
from hub.errors import Reject

WHY = "_crossdock_cancellation"
"""Meta data of an order that we cancelled: reason and reference."""


async def push_cancellation(client: Client, request: CancellationRequest) -> Receipt:
    """Cancels the order, or takes units off it by a refund of nothing, which is how WooCommerce counts them as gone.
    Money is not touched: that is `push_refund`. Raises `Reject` once the order is completed."""
    order = await open_order(client, request.order_id)
    there = _cancelled(order, request)
    if there is not None:
        return there
    if words.standing(order.status) is Standing.SHIPPED:
        raise Reject(f"order {order.number or order.id} is {order.status} at the store: it is too late to cancel it")
    path = f"/orders/{segment(request.order_id)}"
    if not request.lines:
        why = wire_store.Keep(WHY, _reason(request.reason, request.reference))
        change = wire_store.ChangeOrder(meta_data=(why,), status="cancelled")
        return receipt(await client.send("PUT", path, change, wire.Order, request.reference))
    parts = tuple(
        wire_store.RefundPart(line.id, count, refund_total="0") for line, count in _lines(order, request.lines)
    )
    refund = wire_store.MakeRefund("0", _reason(request.reason, request.reference), api_refund=False, line_items=parts)
    return await _refund(client, path, refund, request.reference)


async def push_refund(client: Client, request: RefundRequest) -> Receipt:
    """Gives money back through the order's gateway; where that cannot (bank transfer, cash on delivery), the refund is
    written down only. Raises `Reject` when the order does not hold that much."""
    order = await open_order(client, request.order_id)
    there = _noted(order, request.reference)
    if there is not None:
        return there
    if request.currency != order.currency:
        raise Reject(f"the order was paid in {order.currency}, not in {request.currency}")
    purse = Purse.of(order.currency, order.prices_include_tax)
    back = sum(abs(purse.near(row.total, "$.refunds.total")) for row in order.refunds)
    left = purse.near(order.total, "$.total") - back
    if request.amount > left:
        raise Reject(f"only {money.major(left, order.currency)} {order.currency} of this order can still be paid back")
    refund = wire_store.MakeRefund(
        amount=money.major(request.amount, request.currency),
        reason=_reason(request.reason, request.reference),
        api_refund=(order.payment_method or "") not in words.OFFLINE,
        line_items=parts_of(order, request, purse),
    )
    return await _refund(client, f"/orders/{segment(request.order_id)}", refund, request.reference)


async def find_cancellation(client: Client, request: CancellationRequest) -> Receipt | None:
    """The receipt of a cancellation that has taken effect, else None."""
    return _cancelled(await open_order(client, request.order_id), request)


async def find_refund(client: Client, request: RefundRequest) -> Receipt | None:
    """The receipt of a refund that was made, else None."""
    return _noted(await open_order(client, request.order_id), request.reference)


def parts_of(order: wire.Order, request: RefundRequest, purse: Purse) -> tuple[wire_store.RefundPart, ...]:
    """What the units given back were worth, tax by tax as the order has it; less in proportion where less is paid back.
    What is paid back beyond them (shipping) stands in the refund's amount alone."""
    found = _lines(order, request.lines)
    shares = [
        _share(amount, count, line.quantity, purse)
        for line, count in found
        for amount in (line.total, *(tax.total for tax in line.taxes))
    ]
    if sum(shares) > request.amount:
        shares = money.split(request.amount, shares)
    told = iter(money.major(share, request.currency) for share in shares)
    return tuple(
        wire_store.RefundPart(
            id=line.id,
            quantity=count,
            refund_total=next(told),
            refund_tax=tuple(wire_store.RefundTax(tax.id, next(told)) for tax in line.taxes),
        )
        for line, count in found
    )


def _share(amount: str | None, count: int, of: Decimal, purse: Purse) -> int:
    try:
        return max(0, purse.near(Decimal(amount or 0) * count / of, "$.line_items.total"))
    except (InvalidOperation, ZeroDivisionError):
        return 0


def _lines(order: wire.Order, wanted: dict[str, int]) -> list[tuple[wire.Line, int]]:
    known = {str(line.id): line for line in order.line_items}
    for name, count in wanted.items():
        if name not in known or not 0 <= count <= known[name].quantity:
            raise Reject(f"order {order.number or order.id} has not {count} units of line {name}")
    return [(known[name], count) for name, count in wanted.items() if count]


async def _refund(client: Client, path: str, refund: wire_store.MakeRefund, reference: str) -> Receipt:
    made = await client.send("POST", f"{path}/refunds", refund, wire_store.Named, reference)
    return Receipt(external_id=str(made.id))


def _cancelled(order: wire.Order, request: CancellationRequest) -> Receipt | None:
    if words.standing(order.status) in (Standing.CANCELLED, Standing.REFUNDED):
        return receipt(order)
    return _noted(order, request.reference) if request.lines else None


def _noted(order: wire.Order, reference: str) -> Receipt | None:
    for row in order.refunds:
        if (row.reason or "").rstrip().endswith(f"[{reference}]"):
            return Receipt(external_id=str(row.id))
    return None


def _reason(reason: str, reference: str) -> str:
    return f"{reason} [{reference}]".strip()
