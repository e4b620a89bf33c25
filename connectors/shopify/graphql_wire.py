"""A node of `graphql/orders.graphql` (Admin API 2026-04), as far as it differs from a webhook.

The document renames most fields to those of the webhooks, so that `wire.Order` reads a node too. Here is the rest:
global ids, pages inside an order, upper-case words.
"""

from __future__ import annotations

from typing import Generic, TypeVar

from msgspec import Struct

from connectors.shopify import wire

T = TypeVar("T")


class PageInfo(Struct, frozen=True, rename="camel"):
    """Where a page ends."""

    has_next_page: bool
    end_cursor: str | None = None


class Nodes(Struct, Generic[T], frozen=True, rename="camel"):
    """One page of a connection."""

    nodes: list[T]
    page_info: PageInfo


class Ref(Struct, frozen=True):
    """A thing of which only the identity matters."""

    id: str


class Line(wire.LineItem, frozen=True, kw_only=True):
    """A line; what was sold is an object of its own here."""

    variant: Ref | None = None
    product: Ref | None = None


class Shipped(Struct, frozen=True):
    """Units of a line in a fulfillment."""

    line: Ref
    units: wire.Units | None = None


class GivenBack(Struct, frozen=True):
    """Units of a line in a refund."""

    line: Ref
    quantity: wire.Units
    restock_type: str


class Tracking(Struct, frozen=True):
    """One parcel of a fulfillment."""

    company: str | None = None
    number: str | None = None


class Fulfillment(wire.Fulfillment, frozen=True, kw_only=True):
    """One shipment."""

    tracking: list[Tracking]
    lines: Nodes[Shipped]


class Refund(wire.Refund, frozen=True, kw_only=True):
    """Goods given back. Its money comes by webhook."""

    lines: Nodes[GivenBack]


class RiskFact(Struct, frozen=True):
    """One thing an assessment looked at."""

    description: str
    sentiment: str


class App(Struct, frozen=True):
    """Who assessed."""

    title: str


class Assessment(Struct, frozen=True, rename="camel"):
    """One opinion about fraud; without a provider it is Shopify's own."""

    risk_level: str
    facts: list[RiskFact]
    provider: App | None = None


class Risk(Struct, frozen=True):
    """All opinions."""

    assessments: list[Assessment]


class Email(Struct, frozen=True, rename="camel"):
    """A customer's address."""

    email_address: str


class Phone(Struct, frozen=True, rename="camel"):
    """A customer's number."""

    phone_number: str


class Customer(wire.Customer, frozen=True, kw_only=True):
    """Who bought."""

    default_email: Email | None = None
    default_phone: Phone | None = None


class Rounding(Struct, frozen=True):
    """Rounding of cash payments, which no total contains."""

    payment: wire.Bag


class Node(Struct, frozen=True, kw_only=True):
    """Those parts of an order that differ from its webhook."""

    lines: Nodes[Line]
    shipping: Nodes[wire.ShippingLine]
    fulfillments: list[Fulfillment]
    refunds: list[Refund]
    risk: Risk
    rounding: Rounding
    display_fulfillment: str
    display_financial: str | None = None
    customer: Customer | None = None
