"""Shapes of notifications, of the subscriptions that bring them, and of the queue they lie in.

Sources: notifications.json and schemas/notifications of amzn/selling-partner-api-models; the Amazon SQS API reference.
"""

from __future__ import annotations

from msgspec import Raw, Struct, field

from connectors.amazon.wire_items import Wire

# ---------------------------------------------------------------- notifications


class Trigger(Struct, frozen=True, rename="pascal"):
    """When the order changed."""

    time_of_order_change: str | None = None


class OrderChange(Struct, frozen=True, rename="pascal"):
    """Which order changed."""

    seller_id: str
    amazon_order_id: str
    order_change_trigger: Trigger | None = None

    @property
    def seller(self) -> str:
        """Whose order it is."""
        return self.seller_id


class OrderChanged(Struct, frozen=True, rename="pascal"):
    """Payload of ORDER_CHANGE."""

    order_change_notification: OrderChange


class Partner(Struct, frozen=True, rename="pascal"):
    """Whose money moved."""

    selling_partner_id: str


class Identifier(Struct, frozen=True, rename="pascal"):
    """Something that a transaction has to do with; an order is an "OrderId" here, an ORDER_ID in the Finances API."""

    related_identifier_name: str
    related_identifier_value: str


class TransactionUpdate(Struct, frozen=True, rename="pascal"):
    """Money moved. Which transaction it was, it does not say."""

    selling_partner_metadata: Partner
    transaction_type: str
    posted_date: str
    related_identifiers: list[Identifier] | None = None

    @property
    def seller(self) -> str:
        """Whose money it is."""
        return self.selling_partner_metadata.selling_partner_id

    @property
    def order_id(self) -> str:
        """The order it is about; empty for none."""
        names = ("OrderId", "ORDER_ID")
        found = (
            it.related_identifier_value for it in self.related_identifiers or () if it.related_identifier_name in names
        )
        return next(found, "")


class TransactionUpdated(Struct, frozen=True, rename="pascal"):
    """Payload of TRANSACTION_UPDATE."""

    transaction_update_notification: TransactionUpdate


class Notification(Struct, frozen=True):
    """Any notification. Amazon writes the names of some kinds with a capital letter, of others without."""

    kind: str = field(default="", name="NotificationType")
    kind_: str = field(default="", name="notificationType")
    payload: Raw = field(default_factory=Raw, name="Payload")

    @property
    def type(self) -> str:
        """ORDER_CHANGE, FEED_PROCESSING_FINISHED, …; empty when it does not say."""
        return self.kind or self.kind_


class Subscription(Wire, frozen=True):
    """Where notifications of a kind go."""

    subscription_id: str
    destination_id: str


class OneSubscription(Wire, frozen=True):
    """The answer about a subscription."""

    payload: Subscription


class Sqs(Wire, frozen=True):
    """A queue as a destination."""

    arn: str


class Resource(Wire, frozen=True):
    """What a destination is."""

    sqs: Sqs | None = None


class Destination(Wire, frozen=True):
    """Where notifications can go."""

    destination_id: str
    resource: Resource


class Destinations(Wire, frozen=True):
    """The answer to getDestinations."""

    payload: list[Destination]


class OneDestination(Wire, frozen=True):
    """The answer to createDestination."""

    payload: Destination


# ---------------------------------------------------------------- SQS


class Message(Struct, frozen=True, rename="pascal"):
    """A message of the queue; `receipt_handle` removes it."""

    message_id: str
    receipt_handle: str
    body: str
    attributes: dict[str, str] = {}


class Received(Struct, frozen=True, rename="pascal"):
    """The answer to ReceiveMessage; no messages, no list."""

    messages: list[Message] = []


class NotDeleted(Struct, frozen=True, rename="pascal"):
    """A message that could not be removed."""

    id: str
    code: str = ""


class Deleted(Struct, frozen=True, rename="pascal"):
    """The answer to DeleteMessageBatch."""

    failed: list[NotDeleted] = []
