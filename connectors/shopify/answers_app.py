"""What the Admin API 2026-04 answers about the app itself: its subscriptions, and what it was granted."""

from __future__ import annotations

from connectors.shopify.envelope import Answer
from connectors.shopify.graphql_wire import Nodes


class Subscription(Answer, frozen=True):
    """One webhook subscription."""

    id: str
    topic: str
    uri: str
    format: str
    include_fields: list[str]
    filter: str | None = None


class Scope(Answer, frozen=True):
    """Something that the app may do in the shop."""

    handle: str


class Installation(Answer, frozen=True):
    """The app in the shop."""

    access_scopes: list[Scope]


class Subscriptions(Answer, frozen=True):
    """A page of subscriptions, and what the app may do."""

    webhook_subscriptions: Nodes[Subscription]
    current_app_installation: Installation
