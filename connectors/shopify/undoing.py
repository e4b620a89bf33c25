"""Cancelling and refunding at Shopify. Each carries our reference in its note, and is looked for before it is made."""

from __future__ import annotations

from typing import Any

from connectors.shopify import answers, words
from connectors.shopify.client import Client
from connectors.shopify.graphql_mapper import gid, number
from hub.domain import money
from hub.domain.outgoing import CancellationRequest, Receipt, RefundRequest
from hub.errors import Reject

_PAID = frozenset({"SALE", "CAPTURE"})
_GONE = frozenset({"SUCCESS", "PENDING"})


async def push_cancellation(client: Client, request: CancellationRequest, key: str) -> Receipt:
    """Cancels the order, or takes units off it. Money is not touched: that is `push_refund`."""
    order = await _order(client, request.order_id)
    there = _cancelled(order, request)
    if there is not None:
        return there
    note = _note(request.reason, request.reference)
    if not request.lines:
        reason = words.CANCEL_REASON.get(request.reason, "OTHER")
        order_id = gid("Order", request.order_id)
        job = await client.change("order_cancel.OrderCancel", "job", id=order_id, reason=reason, note=note)
        return Receipt(external_id=request.order_id, details={"job_id": number(job)})
    # A refund without transactions: units go off the order, and no money moves.
    change = {"orderId": gid("Order", request.order_id), "note": note, "refundLineItems": _units(request.lines)}
    return await _refund(client, change, key)


async def push_refund(client: Client, request: RefundRequest, key: str) -> Receipt:
    """Pays back over the order's own payments, oldest first. Raises `Reject` when they do not hold that much."""
    order = await _order(client, request.order_id)
    there = _noted(order, request.reference)
    if there is not None:
        return there
    if request.amount and request.currency != order.presentment_currency_code:
        raise Reject(f"the order was paid in {order.presentment_currency_code}, not in {request.currency}")
    change = {
        "orderId": gid("Order", request.order_id),
        "currency": order.presentment_currency_code,
        "note": _note(request.reason, request.reference),
        "refundLineItems": _units(request.lines),
        "transactions": transactions(order, request),
    }
    return await _refund(client, change, key)


async def find_cancellation(client: Client, request: CancellationRequest) -> Receipt | None:
    """The receipt of a cancellation that has taken effect, else None."""
    return _cancelled(await _order(client, request.order_id), request)


async def find_refund(client: Client, request: RefundRequest) -> Receipt | None:
    """The receipt of a refund that was made, else None."""
    return _noted(await _order(client, request.order_id), request.reference)


def transactions(order: answers.OrderMoney, request: RefundRequest) -> list[dict[str, str]]:
    """The amount spread over what was paid and not yet paid back. Raises `Reject` when that is less."""
    currency, left, spread = request.currency, request.amount, []
    back: dict[str, int] = {}
    for moved in order.transactions:
        if moved.kind == "REFUND" and moved.status in _GONE and moved.parent_transaction:
            parent = moved.parent_transaction.id
            back[parent] = back.get(parent, 0) + _minor(moved)
    for paid in order.transactions:
        if left <= 0:
            break
        if paid.kind not in _PAID or paid.status != "SUCCESS":
            continue
        part = min(left, _minor(paid) - back.get(paid.id, 0))
        if part > 0:
            left -= part
            spread.append(
                {
                    "orderId": gid("Order", request.order_id),
                    "parentId": paid.id,
                    "gateway": paid.gateway or "",
                    "kind": "REFUND",
                    "amount": money.major(part, currency),
                }
            )
    if left > 0:
        rest = money.major(request.amount - left, currency)
        raise Reject(f"only {rest} {currency} of this order can still be paid back through Shopify")
    return spread


async def _order(client: Client, order_id: str) -> answers.OrderMoney:
    order = await client.find("order_money.OrderMoney", answers.OrderMoney, id=gid("Order", order_id))
    if order is None:
        raise Reject(f"Shopify has no order {order_id}, or no longer shows it")
    return order


async def _refund(client: Client, change: dict[str, Any], key: str) -> Receipt:
    return Receipt(
        external_id=number(await client.change("refund_create.RefundCreate", "refund", input=change, key=key))
    )


def _cancelled(order: answers.OrderMoney, request: CancellationRequest) -> Receipt | None:
    if order.cancelled_at:
        return Receipt(external_id=request.order_id, details={"cancelled": order.cancelled_at})
    return _noted(order, request.reference) if request.lines else None


def _noted(order: answers.OrderMoney, reference: str) -> Receipt | None:
    for refund in order.refunds:
        if (refund.note or "").endswith(f"[{reference}]"):
            return Receipt(external_id=number(refund.id))
    return None


def _note(reason: str, reference: str) -> str:
    return f"{reason} [{reference}]".strip()


def _units(lines: dict[str, int]) -> list[dict[str, Any]]:
    """Stock levels are pushed as absolute numbers, so Shopify must not count units back by itself."""
    return [
        {"lineItemId": gid("LineItem", line), "quantity": units, "restockType": "NO_RESTOCK"}
        for line, units in lines.items()
    ]


def _minor(moved: answers.Transaction) -> int:
    amount = moved.amount_set.presentment_money
    return money.minor(amount.amount, amount.currency_code)
