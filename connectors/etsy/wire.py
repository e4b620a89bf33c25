"""What Etsy sends, as far as we read it: receipts, the token, the notice of a webhook.

Open API v3. Source: the contract `etsy_3.0.0.json` (schemas ShopReceipt, ShopReceiptTransaction, ShopReceiptShipment,
ShopRefund, Money). Fields that the contract calls nullable are; fields that a region hides may be missing altogether.
"""

from __future__ import annotations

from decimal import Decimal

from msgspec import Raw, Struct


class Money(Struct, frozen=True):
    """`amount` over `divisor` is in major units: 1641 over 100, or for yen 2200 over 1."""

    amount: int
    divisor: int
    currency_code: str


class Variation(Struct, frozen=True):
    """What the buyer chose or wrote; personalization is one of these and has no `value_id`."""

    formatted_name: str = ""
    formatted_value: str | None = ""


class Property(Struct, frozen=True):
    """One property of a product. `value_ids` stay the same when the inventory is written anew; product ids do not."""

    property_id: int
    value_ids: list[int] | None = None
    property_name: str | None = None
    scale_id: int | None = None
    values: list[str] | None = None


class Transaction(Struct, frozen=True):
    """One line of a receipt. `shop_coupon` is in major units and for the whole line."""

    transaction_id: int
    quantity: int
    price: Money
    title: str | None = None
    sku: str | None = None
    listing_id: int | None = None
    is_digital: bool | None = None
    shipped_timestamp: int | None = None
    shop_coupon: Decimal | None = None
    shipping_method: str | None = None
    shipping_upgrade: str | None = None
    variations: list[Variation] | None = None
    product_data: list[Property] | None = None


class Shipment(Struct, frozen=True):
    """One tracking number that was submitted; which lines went with it is not told."""

    receipt_shipping_id: int | None = None
    shipment_notification_timestamp: int | None = None
    carrier_name: str | None = None
    tracking_code: str | None = None


class Refund(Struct, frozen=True):
    """Money that went back. It has no id of its own."""

    amount: Money
    created_timestamp: int
    reason: str | None = None
    note_from_issuer: str | None = None
    status: str | None = None


class Receipt(Struct, frozen=True, kw_only=True):
    """One order. Old and new names of its times stand side by side."""

    receipt_id: int
    status: str
    grandtotal: Money
    transactions: list[Transaction]
    created_timestamp: int | None = None
    create_timestamp: int | None = None
    updated_timestamp: int | None = None
    update_timestamp: int | None = None
    is_paid: bool | None = None
    is_shipped: bool | None = None
    buyer_user_id: int | None = None
    buyer_email: str | None = None
    name: str | None = None
    first_line: str | None = None
    second_line: str | None = None
    city: str | None = None
    state: str | None = None
    zip: str | None = None
    country_iso: str | None = None
    payment_method: str | None = None
    message_from_buyer: str | None = None
    is_gift: bool | None = None
    gift_message: str | None = None
    gift_sender: str | None = None
    discount_amt: Money | None = None
    total_shipping_cost: Money | None = None
    total_tax_cost: Money | None = None
    total_vat_cost: Money | None = None
    gift_wrap_price: Money | None = None
    shipments: list[Shipment] | None = None
    refunds: list[Refund] | None = None


class ReceiptPage(Struct, frozen=True):
    """A page of receipts, each as it came. `count`: how many match the question in all."""

    count: int
    results: list[Raw]


class Stamp(Struct, frozen=True):
    """What paging needs of a receipt, however odd the rest of it is."""

    receipt_id: int | None = None
    updated_timestamp: int | None = None
    update_timestamp: int | None = None


class Notice(Struct, frozen=True):
    """The body of a webhook: that something happened, and where to ask what (`order.paid` so far)."""

    event_type: str = ""
    resource_url: str | None = None
    shop_id: str | int | None = None
    receipt_id: int | None = None
    """Set in a recorded receipt, which `replay` sends through the same door."""


class Granted(Struct, frozen=True):
    """The answer to a token request. The access token lasts an hour; the refresh token is a new one each time."""

    access_token: str
    refresh_token: str
    expires_in: float = 3600.0


class Refused(Struct, frozen=True):
    """What the token endpoint answers instead, as RFC 6749 has it."""

    error: str = ""


class Me(Struct, frozen=True):
    """Whose token it is."""

    user_id: int
    shop_id: int


class Shop(Struct, frozen=True):
    """The shop's public face."""

    shop_id: int
    shop_name: str
