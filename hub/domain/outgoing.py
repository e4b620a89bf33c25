"""What leaves the house: the payloads of outbox messages, and the receipts that come back for them.

Amounts are integers in minor units of the `currency` beside them; times are aware.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from hub.domain.order import Address, Value


class Kind(StrEnum):
    """Kinds of message that leave the house; each belongs to one capability (see `hub.flow.senders`)."""

    BUY_LABEL = "buy_label"
    VOID_LABEL = "void_label"
    PUSH_SHIPMENT = "push_shipment"
    PUSH_STATUS = "push_status"
    PUSH_STOCK = "push_stock"
    PUSH_CANCELLATION = "push_cancellation"
    PUSH_REFUND = "push_refund"
    PUSH_RETURN = "push_return"
    CAPTURE_PAYMENT = "capture_payment"
    VOID_PAYMENT = "void_payment"
    REFUND_PAYMENT = "refund_payment"
    NOTIFY = "notify"


class ShipmentLine(Value, frozen=True):
    """Units of one order line in a shipment; `line_id` is the channel's own line id."""

    line_id: str
    quantity: int


class Shipment(Value, frozen=True):
    """Goods that were handed to a carrier, for the channel. `order_id` is the channel's own order id."""

    reference: str
    """Ours, unique for the shipment: what to look for after a lost answer."""
    order_id: str
    order_number: str
    lines: tuple[ShipmentLine, ...]
    carrier: str
    tracking_number: str
    shipped_at: datetime
    service: str = ""
    tracking_url: str = ""
    location: str = ""
    notify_buyer: bool = False
    channel: str = ""
    """Name of the account that the order came by; only told to those who hear of all orders."""


class StatusUpdate(Value, frozen=True):
    """A new fact about an order or shipment: `status` is accepted, out_for_delivery, delivered …; ours, not theirs."""

    reference: str
    order_id: str
    status: str
    at: datetime
    tracking_number: str = ""
    receipt: dict[str, str] = {}
    """What the channel answered to the shipment this is about."""
    order_number: str = ""
    channel: str = ""
    """As in `Shipment`."""


class StockLevel(Value, frozen=True):
    """How many units a channel may sell: absolute, with a version that grows."""

    sku: str
    listing_id: str
    available: int
    version: int


class CancellationRequest(Value, frozen=True):
    """We cancel at the channel: the whole order, or units by the channel's line id."""

    reference: str
    order_id: str
    reason: str
    lines: dict[str, int] = {}
    order_number: str = ""
    channel: str = ""
    """As in `Shipment`."""


class RefundRequest(Value, frozen=True):
    """We give money back through the channel. `amount` in minor units of `currency`."""

    reference: str
    order_id: str
    amount: int
    currency: str
    reason: str = ""
    lines: dict[str, int] = {}
    order_number: str = ""
    channel: str = ""
    """As in `Shipment`."""


class ReturnUnits(Value, frozen=True):
    """Units of one order line in a return: `quantity` as the channel told, `received` as they are counted here."""

    line_id: str
    sku: str
    quantity: int
    received: int = 0
    reason: str = ""


class ReturnUpdate(Value, frozen=True):
    """A return has come to `status`, one of `hub.domain.order.ReturnStatus`. `number` is what people call it (the RMA
    number), `lines` are all that is known of it at `at`."""

    reference: str
    """Ours, the same for every status of one return."""
    order_id: str
    number: str
    status: str
    at: datetime
    requested_at: datetime
    lines: tuple[ReturnUnits, ...] = ()
    reason: str = ""
    tracking_number: str = ""
    carrier: str = ""
    order_number: str = ""
    channel: str = ""
    """As in `Shipment`."""


class LabelRequest(Value, frozen=True):
    """A parcel that wants a label. `reference` is ours and unique: the carrier can be asked by it."""

    reference: str
    order_number: str
    service: str
    sender: Address
    recipient: Address
    weight_grams: int
    value: int = 0
    currency: str = ""
    length_mm: int = 0
    width_mm: int = 0
    height_mm: int = 0


class Label(Value, frozen=True):
    """A bought label. `document_url` is where its PDF can be fetched when somebody prints it."""

    external_id: str
    carrier: str
    service: str
    tracking_number: str
    cost: int
    currency: str
    tracking_url: str = ""
    document_url: str = ""


class RateQuote(Value, frozen=True):
    """What a carrier would ask. `days` is transit time in business days, 0 when not told."""

    service: str
    title: str
    cost: int
    currency: str
    days: int = 0


class PaymentAction(Value, frozen=True):
    """Capture, void or refund `amount` (minor units of `currency`) of a payment of the provider's `payment_id`."""

    reference: str
    payment_id: str
    amount: int
    currency: str


class Notice(Value, frozen=True):
    """A message to a person: a text key with parameters, rendered by the transport in the person's language."""

    conversation_id: int
    """0 when there is none: an e-mail to a customer who never chatted."""
    address: str
    """The peer on the transport: a chat id, a web-chat visitor, an e-mail address."""
    text: str
    params: dict[str, str] = {}
    buttons: tuple[tuple[str, str], ...] = ()
    """(value, text key) of each."""
    locale: str = ""
    edit_key: str = ""
    """Messages of one key replace each other where the transport can edit."""
    answers: str = ""
    """The transport's id of what must be answered before the message goes out: a pressed button's callback."""
    message_id: int = 0
    """The line of the transcript that this is; 0 when it has none until it is sent."""


class Receipt(Value, frozen=True):
    """What the other side answered to something that left: its id of the thing, and words worth keeping."""

    external_id: str = ""
    details: dict[str, str] = {}
    label: Label | None = None
