"""What Shopify tells of returns: its webhooks, and the nodes that `graphql/returns.graphql` asks for.

The webhooks carry no time of their own, and each topic other parts: returns/request and returns/approve the lines,
the others little more than the status. Source: shopify.dev, webhook topics returns/*; Admin API 2026-04, Return.
"""

from __future__ import annotations

from typing import Any

from connectors.shopify.graphql_wire import Nodes, Ref
from connectors.shopify.wire import Id, Units, Wire

# ---------------------------------------------------------------- webhooks


class Named(Wire, frozen=True):
    """A thing of which only the number matters."""

    id: Id


class Fulfilled(Wire, frozen=True):
    """What was shipped, of which a part comes back."""

    line_item: Named


class ReturnLineItem(Wire, frozen=True):
    """Units that come back. Without `fulfillment_line_item` nobody has verified what was bought."""

    quantity: Units
    fulfillment_line_item: Fulfilled | None = None
    return_reason: str | None = None


class Return(Wire, frozen=True):
    """The body of returns/*. The order stands in `order` or in `order_id`, by topic."""

    id: Id
    status: str
    name: str | None = None
    order: Named | None = None
    order_id: Id | None = None
    return_line_items: list[ReturnLineItem] | None = None


# ---------------------------------------------------------------- the API


class Reason(Wire, frozen=True):
    """Why something comes back, by its name that never changes."""

    handle: str


class Sold(Wire, frozen=True):
    """What was shipped."""

    line: Ref


class Line(Wire, frozen=True):
    """Units that come back, `processed` of them by now; empty for what nobody has verified."""

    quantity: Units | None = None
    processed: Units | None = None
    reason: Reason | None = None
    sold: Sold | None = None


class Tracking(Wire, frozen=True):
    """How to follow a parcel on its way back."""

    number: str | None = None
    carrier: str | None = None


class Deliverable(Wire, frozen=True):
    """A parcel on its way back."""

    tracking: Tracking | None = None


class Delivery(Wire, frozen=True):
    """One way by which units come back."""

    deliverable: Deliverable | None = None


class Deliveries(Wire, frozen=True):
    """The first of them."""

    nodes: list[Delivery]


class Reverse(Wire, frozen=True):
    """Where units come back to."""

    deliveries: Deliveries


class Reverses(Wire, frozen=True):
    """The first of them."""

    nodes: list[Reverse]


class Node(Wire, frozen=True):
    """A return as the API shows it."""

    id: str
    name: str
    status: str
    created_at: str
    lines: Nodes[Line]
    reverse: Reverses
    approved_at: str | None = None
    closed_at: str | None = None


class Returns(Wire, frozen=True):
    """A page of an order's returns, which are kept as they came."""

    returns: Nodes[dict[str, Any]]


class Holder(Wire, frozen=True):
    """As much of a pulled order as its returns need; `returns` are there when they were asked for."""

    id: str
    updated_at: str
    returns: list[Node] | None = None
