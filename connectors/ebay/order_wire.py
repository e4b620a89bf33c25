"""An eBay order as sell_fulfillment 1.20 gives it, with the shipping fulfillments that we put beside it.

Amounts are decimal strings; where eBay converts, `value` is what came of it and `converted_from_value` what the buyer
pays. Times are ISO 8601 in UTC. A shape names only what we use: other fields may come and go.
"""

from __future__ import annotations

from typing import Annotated, TypeAlias

from msgspec import Meta, Struct

Id: TypeAlias = Annotated[str, Meta(min_length=1, max_length=120)]
Units: TypeAlias = Annotated[int, Meta(ge=1, le=1_000_000)]


class Wire(Struct, frozen=True, rename="camel"):
    """Base of the structs: camelCase on the wire."""


class Amount(Wire, frozen=True):
    """Money, perhaps converted."""

    value: str
    currency: str
    converted_from_value: str | None = None
    converted_from_currency: str | None = None


# ---------------------------------------------------------------- people and places


class Address(Wire, frozen=True):
    """`county` stands in where a country has no states."""

    address_line1: str = ""
    address_line2: str = ""
    city: str = ""
    state_or_province: str = ""
    county: str = ""
    postal_code: str = ""
    country_code: str = ""


class Phone(Wire, frozen=True):
    """Empty where the buyer gave none."""

    phone_number: str = ""


class Contact(Wire, frozen=True):
    """Somebody with an address. eBay stops telling e-mail after 14 days, and name and phone after 90."""

    full_name: str = ""
    company_name: str = ""
    contact_address: Address | None = None
    primary_phone: Phone | None = None
    email: str = ""


class Buyer(Wire, frozen=True):
    """Who bought."""

    username: str = ""
    buyer_registration_address: Contact | None = None


# ---------------------------------------------------------------- money


class Pricing(Wire, frozen=True):
    """Discounts are negative numbers. `total` holds tax that eBay collects only with fieldGroups=TAX_BREAKDOWN."""

    total: Amount
    price_discount: Amount | None = None
    delivery_cost: Amount | None = None
    delivery_discount: Amount | None = None
    adjustment: Amount | None = None
    fee: Amount | None = None


class Tax(Wire, frozen=True):
    """Tax on a line; what eBay collects may be repeated here."""

    amount: Amount | None = None


class TaxReference(Wire, frozen=True):
    """What customs wants to see of tax that eBay collected: IOSS, OSS and the like."""

    name: str = ""
    value: str = ""


class CollectedTax(Wire, frozen=True):
    """Tax that eBay takes from the buyer and hands to the authorities: never the merchant's money."""

    amount: Amount
    tax_type: str = ""
    ebay_reference: TaxReference | None = None


class Payment(Wire, frozen=True):
    """`amount` is what the seller receives, less eBay's fees."""

    payment_status: str
    amount: Amount | None = None
    payment_method: str = ""
    payment_reference_id: str = ""


class Refund(Wire, frozen=True):
    """Money that went back. Refunds made by API have `refund_id`, others a reference; lines have no status."""

    amount: Amount | None = None
    refund_id: str = ""
    refund_reference_id: str = ""
    refund_date: str | None = None
    refund_status: str = ""


class PaymentSummary(Wire, frozen=True):
    """What was paid and given back."""

    payments: tuple[Payment, ...] = ()
    refunds: tuple[Refund, ...] = ()
    total_due_seller: Amount | None = None


# ---------------------------------------------------------------- what was bought, and how it travels


class Line(Wire, frozen=True):
    """One line. `line_item_cost` is for all its units, before discounts."""

    line_item_id: Id
    title: str
    line_item_cost: Amount
    quantity: Units
    line_item_fulfillment_status: str
    sku: str = ""
    legacy_item_id: str = ""
    legacy_variation_id: str = ""
    purchase_marketplace_id: str = ""
    discounted_line_item_cost: Amount | None = None
    taxes: tuple[Tax, ...] = ()
    ebay_collect_and_remit_taxes: tuple[CollectedTax, ...] = ()
    refunds: tuple[Refund, ...] = ()


class ShippingStep(Wire, frozen=True):
    """Where to. `ship_to_reference_id` has to stand on the label of a Global Shipping Program parcel."""

    ship_to: Contact | None = None
    ship_to_reference_id: str = ""
    shipping_carrier_code: str = ""
    shipping_service_code: str = ""


class Instruction(Wire, frozen=True):
    """How the goods are to reach the buyer."""

    fulfillment_instructions_type: str = "SHIP_TO"
    shipping_step: ShippingStep | None = None
    final_destination_address: Address | None = None


class CancelRequest(Wire, frozen=True):
    """Somebody wants the order cancelled; only getOrder tells."""

    cancel_reason: str = ""
    cancel_initiator: str = ""


class CancelStatus(Wire, frozen=True):
    """How far a cancellation has come."""

    cancel_state: str = "NONE_REQUESTED"
    cancelled_date: str | None = None
    cancel_requests: tuple[CancelRequest, ...] = ()


class ShippedLine(Wire, frozen=True):
    """Units in a parcel."""

    line_item_id: Id
    quantity: Units = 1


class Fulfillment(Wire, frozen=True):
    """One parcel, of getShippingFulfillments; its id is the tracking number where there is one."""

    fulfillment_id: Id
    line_items: tuple[ShippedLine, ...] = ()
    shipment_tracking_number: str = ""
    shipping_carrier_code: str = ""
    shipped_date: str | None = None


class OrderHead(Wire, frozen=True):
    """As much of an order as a page needs to tell its deliveries apart, and to know what is missing."""

    order_id: Id
    last_modified_date: str
    fulfillment_hrefs: tuple[str, ...] = ()


class Order(Wire, frozen=True):
    """An order as of `last_modified_date`. `shipping_fulfillments` is ours: eBay gives them by another call."""

    order_id: Id
    creation_date: str
    last_modified_date: str
    order_fulfillment_status: str
    order_payment_status: str
    pricing_summary: Pricing
    line_items: Annotated[tuple[Line, ...], Meta(min_length=1)]
    payment_summary: PaymentSummary = PaymentSummary()
    cancel_status: CancelStatus = CancelStatus()
    fulfillment_start_instructions: tuple[Instruction, ...] = ()
    fulfillment_hrefs: tuple[str, ...] = ()
    shipping_fulfillments: tuple[Fulfillment, ...] = ()
    buyer: Buyer = Buyer()
    legacy_order_id: str = ""
    sales_record_reference: str = ""
    buyer_checkout_notes: str = ""
