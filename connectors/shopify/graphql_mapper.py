"""A node of the Admin API as the webhook that tells the same, so that one mapper reads both. Pure.

What only one of the two carries: weights, card digits and tip lines come by webhook, risk assessments by the API.
"""

from __future__ import annotations

from typing import TypeVar

from msgspec.structs import replace

from connectors.shopify import graphql_wire as api
from connectors.shopify import wire, words
from connectors.wire import decode
from hub.errors import BadPayload

T = TypeVar("T")


def number(gid: wire.Id) -> str:
    """The id that webhooks use: "gid://shopify/Order/1" → "1"."""
    return str(gid).rsplit("/", 1)[-1].partition("?")[0]


def gid(kind: str, external_id: str) -> str:
    """The global id of a thing: ("Order", "1") → "gid://shopify/Order/1"."""
    return external_id if external_id.startswith("gid://") else f"gid://shopify/{kind}/{external_id}"


def as_webhook(body: bytes) -> wire.Order:
    """A node of `orders.graphql` as orders/updated would carry it. Raises `BadPayload`, also for a list inside the
    order that was not read to its end."""
    order, node = decode(body, wire.Order), decode(body, api.Node)
    fulfillment_status = node.display_fulfillment
    return replace(
        order,
        id=number(order.id),
        line_items=[_line(line) for line in whole(node.lines, "lines")],
        shipping_lines=whole(node.shipping, "shipping"),
        fulfillments=[_fulfillment(f, i) for i, f in enumerate(node.fulfillments)],
        refunds=[_refund(r, i) for i, r in enumerate(node.refunds)],
        customer=_customer(node.customer),
        assessments=_assessments(node.risk),
        total_cash_rounding_payment_adjustment_set=node.rounding.payment,
        financial_status=node.display_financial and node.display_financial.lower(),
        fulfillment_status=words.DISPLAY_FULFILLMENT.get(fulfillment_status, fulfillment_status.lower()),
        cancel_reason=order.cancel_reason and order.cancel_reason.lower(),
    )


def whole(page: api.Nodes[T], path: str) -> list[T]:
    """The items of a list that was read to its end. Raises `BadPayload` for one that goes on."""
    if page.page_info.has_next_page:
        raise BadPayload(f"$.{path}.pageInfo", "the list goes on, and its other pages are missing")
    return page.nodes


def _line(line: api.Line) -> wire.LineItem:
    return replace(
        line,
        id=number(line.id),
        variant_id=line.variant and number(line.variant.id),
        product_id=line.product and number(line.product.id),
    )


def _fulfillment(shipped: api.Fulfillment, position: int) -> wire.Fulfillment:
    first = shipped.tracking[0] if shipped.tracking else api.Tracking()
    return replace(
        shipped,
        id=number(shipped.id),
        status=shipped.status and shipped.status.lower(),
        tracking_company=first.company,
        tracking_number=first.number,
        line_items=[
            wire.FulfilledLine(id=number(moved.line.id), quantity=moved.units or 0)
            for moved in whole(shipped.lines, f"fulfillments[{position}].lines")
        ],
    )


def _refund(given: api.Refund, position: int) -> wire.Refund:
    return replace(
        given,
        id=number(given.id),
        refund_line_items=[
            wire.RefundLineItem(
                line_item_id=number(moved.line.id),
                quantity=moved.quantity,
                restock_type=moved.restock_type.lower(),
            )
            for moved in whole(given.lines, f"refunds[{position}].lines")
        ],
    )


def _customer(who: api.Customer | None) -> wire.Customer | None:
    return who and replace(
        who,
        id=None if who.id is None else number(who.id),
        email=who.default_email.email_address if who.default_email else None,
        phone=who.default_phone.phone_number if who.default_phone else None,
    )


def _assessments(risk: api.Risk) -> list[wire.Assessment]:
    return [
        wire.Assessment(
            source=opinion.provider.title if opinion.provider else "Shopify",
            level=words.RISK[opinion.risk_level],
            why="; ".join(fact.description for fact in opinion.facts if fact.sentiment == "NEGATIVE"),
        )
        for opinion in risk.assessments
        if opinion.risk_level in words.RISK
    ]
