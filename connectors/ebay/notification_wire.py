"""Notifications that eBay sends, the keys they are signed with, and what is subscribed to."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from connectors.ebay.order_wire import Id, Wire


class Metadata(Wire, frozen=True):
    """What a notification is about."""

    topic: Annotated[str, Meta(min_length=1, max_length=100)]


class Account(Wire, frozen=True):
    """Data of MARKETPLACE_ACCOUNT_DELETION."""

    username: str = ""
    user_id: str = ""


class Notice(Wire, frozen=True):
    """The notification itself."""

    notification_id: Annotated[str, Meta(min_length=1, max_length=200)]
    event_date: str | None = None


class Notification(Wire, frozen=True):
    """Head of every notification."""

    metadata: Metadata
    notification: Notice


class DeletionNotice(Wire, frozen=True):
    """With its data."""

    data: Account


class Deletion(Wire, frozen=True):
    """MARKETPLACE_ACCOUNT_DELETION."""

    notification: DeletionNotice


class PublicKey(Wire, frozen=True):
    """getPublicKey: PEM on one line."""

    key: str
    digest: str = "SHA1"


class Config(Wire, frozen=True):
    """Whom eBay writes to when notifications fail."""

    alert_email: str = ""


class Delivery(Wire, frozen=True):
    """Where a destination is."""

    endpoint: str = ""


class Destination(Wire, frozen=True):
    """An address of ours that eBay proved."""

    destination_id: Id
    status: str = ""
    delivery_config: Delivery = Delivery()


class Subscription(Wire, frozen=True):
    """A topic and where it goes."""

    subscription_id: Id
    topic_id: str = ""
    status: str = ""
    destination_id: str = ""


class Destinations(Wire, frozen=True):
    """A page of destinations."""

    destinations: tuple[Destination, ...] = ()
    next: str = ""


class Subscriptions(Wire, frozen=True):
    """A page of subscriptions."""

    subscriptions: tuple[Subscription, ...] = ()
    next: str = ""


class Payload(Wire, frozen=True):
    """A version of a topic."""

    schema_version: str
    deprecated: bool = False


class Topic(Wire, frozen=True):
    """What can be subscribed to."""

    supported_payloads: tuple[Payload, ...] = ()
