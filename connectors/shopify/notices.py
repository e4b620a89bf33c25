"""Everything Shopify sends that is not an order: refunds, fulfillments, privacy requests, the end of the app. Pure."""

from __future__ import annotations

from datetime import datetime

from connectors.shopify import wire, wire_app, words
from connectors.shopify.mapper import required, shipment
from connectors.wire import instant
from hub.domain import money
from hub.domain.order import AccountClosed, Erasure, RefundNotice, ShipmentNotice
from hub.errors import BadPayload


def refund_notice(refund: wire.Refund) -> RefundNotice:
    """Money and units given back. Only transactions that succeeded count; a line removed by an edit moves no money."""
    amount, currency = _refunded(refund)
    lines: dict[str, int] = {}
    for item in refund.refund_line_items or ():
        lines[str(item.line_item_id)] = lines.get(str(item.line_item_id), 0) + item.quantity
    return RefundNotice(
        order_id=required(refund.order_id, "$.order_id"),
        external_id=str(refund.id),
        at=instant(refund.processed_at or refund.created_at, "$.created_at"),
        amount=amount,
        currency=currency,
        lines=lines,
        restock=bool(refund.restock)
        or any(item.restock_type in words.RESTOCKED for item in refund.refund_line_items or ()),
        reason=refund.note or "",
    )


def _refunded(refund: wire.Refund) -> tuple[int, str]:
    amount, currency = 0, ""
    for i, moved in enumerate(refund.transactions or ()):
        if moved.kind != "refund" or moved.status != "success" or not moved.amount:
            continue
        path = f"$.transactions[{i}]"
        if currency and moved.currency != currency:
            raise BadPayload(f"{path}.currency", f"it is {moved.currency!r} beside {currency}")
        currency = required(moved.currency, f"{path}.currency")
        try:
            amount += money.minor(moved.amount, currency)
        except ValueError as error:
            raise BadPayload(f"{path}.amount", str(error)) from None
    return amount, currency


def shipment_notice(fulfillment: wire.Fulfillment) -> ShipmentNotice:
    """A fulfillment as it now stands. `status` is shipped, pending, cancelled or failed, else Shopify's own word:
    goods have left only where it is shipped."""
    return ShipmentNotice(
        order_id=required(fulfillment.order_id, "$.order_id"),
        shipment=shipment(fulfillment, "$"),
        at=instant(fulfillment.updated_at or fulfillment.created_at, "$.updated_at"),
        status=words.SHIPMENT.get(fulfillment.status or "", fulfillment.status or ""),
    )


def erase_person(request: wire_app.PrivacyRequest, shop: str) -> Erasure:
    """customers/redact."""
    return _person("erase_person", request, request.orders_to_redact, shop)


def export_person(request: wire_app.PrivacyRequest, shop: str) -> Erasure:
    """customers/data_request."""
    return _person("export_person", request, request.orders_requested, shop)


def erase_shop(request: wire_app.PrivacyRequest, shop: str) -> Erasure:
    """shop/redact, sent 48 hours after the app is removed."""
    same_shop(request.shop_domain, shop, "$.shop_domain")
    return Erasure(kind="erase_shop")


def _person(kind: str, request: wire_app.PrivacyRequest, orders: list[wire.Id] | None, shop: str) -> Erasure:
    same_shop(request.shop_domain, shop, "$.shop_domain")
    who = request.customer or wire.Customer()
    found = Erasure(
        kind=kind,
        email=who.email or "",
        phone=who.phone or "",
        external_id=str(who.id) if who.id is not None else "",
        order_ids=tuple(map(str, orders or ())),
    )
    if not (found.email or found.phone or found.external_id or found.order_ids):
        raise BadPayload("$.customer", "it names nobody")
    return found


def account_closed(body: wire_app.Shop, shop: str, at: datetime | None) -> AccountClosed:
    """app/uninstalled. `at` is when Shopify says it happened, else the shop's own last change."""
    same_shop(body.myshopify_domain, shop, "$.myshopify_domain")
    return AccountClosed(at=at or instant(body.updated_at, "$.updated_at"))


def same_shop(given: str, shop: str, path: str) -> None:
    """Headers are not signed, bodies are: what ends or erases an account must name the shop in its body."""
    if given.strip().lower() != shop:
        raise BadPayload(path, f"it is about {given[:100]!r}, and this account is {shop}")
