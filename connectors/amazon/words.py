"""Amazon's words and ours. A word that is in none of these tables is reported as unknown, never guessed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import product
from typing import NamedTuple

from hub.domain.order import ReturnStatus


class Standing(NamedTuple):
    """What an order's status says."""

    paid: bool = False
    pending: bool = False
    cancelled: bool = False


STATUS: Mapping[str, Standing] = {
    # Placed, payment not authorized, no address: the goods are kept for it, nothing is shipped.
    "PENDING_AVAILABILITY": Standing(pending=True),
    "PENDING": Standing(pending=True),
    "UNSHIPPED": Standing(paid=True),
    "PARTIALLY_SHIPPED": Standing(paid=True),
    "SHIPPED": Standing(paid=True),
    "CANCELLED": Standing(cancelled=True),
    # Only what Amazon itself should have shipped.
    "UNFULFILLABLE": Standing(pending=True),
}
"""FulfillmentStatus of orders_2026-01-01."""

FULFILLED_BY = frozenset({"MERCHANT", "AMAZON"})

GONE = frozenset({"SHIPPED", "IN_TRANSIT", "DELIVERED", "UNDELIVERABLE"})
"""Statuses of a package that has left the seller."""

STILL_HERE = frozenset({"PENDING", "CANCELLED"})
"""Statuses of one that has not, or never will."""

CHARGES: Mapping[str, tuple[str, str]] = {
    "SHIPPING": ("shipping", "Shipping"),
    "GIFT_WRAP": ("fee", "Gift wrap"),
    "COD_FEE": ("fee", "Cash on delivery"),
    "OTHER": ("fee", "Other"),
}
"""Category of proceeds → kind and title of a charge."""

CARRIERS: Mapping[str, str] = {
    "amazon shipping": "Amazon Shipping",
    "australia post": "Australia Post",
    "blue dart": "BlueDart",
    "canada post": "Canada Post",
    "colissimo": "Colissimo",
    "correos": "Correos",
    "deutsche post": "Deutsche Post",
    "dhl": "DHL",
    "dhl ecommerce": "DHL eCommerce",
    "dhl express": "DHL Express",
    "dpd": "DPD",
    "evri": "Evri",
    "fedex": "FedEx",
    "gls": "GLS",
    "hermes": "Hermes",
    "japan post": "Japan Post",
    "ontrac": "OnTrac",
    "parcelforce": "Parcelforce",
    "poste italiane": "Poste Italiane",
    "postnl": "PostNL",
    "purolator": "Purolator",
    "royal mail": "Royal Mail",
    "sagawa": "SAGAWA",
    "seur": "SEUR",
    "tnt": "TNT",
    "ups": "UPS",
    "usps": "USPS",
    "yamato": "YAMATO",
    "yodel": "Yodel",
}
"""A carrier's name in lower case → Amazon's carrierCode; any other goes as "Other" with its name."""

CANCEL_REASON: Mapping[str, str] = {
    "customer": "BuyerCanceled",
    "buyer": "BuyerCanceled",
    "inventory": "NoInventory",
    "stock": "NoInventory",
    "out of stock": "NoInventory",
    "address": "ShippingAddressUndeliverable",
    "fraud": "RiskAssessmentInformationNotValid",
}
"""Our reason → CancelReason of OrderAcknowledgement.xsd; any other is GeneralAdjustment."""

CURRENCIES: Mapping[str, str] = {
    "A2EUQ1WTGCTBG2": "CAD",
    "ATVPDKIKX0DER": "USD",
    "A1AM78C64UM0Y8": "MXN",
    "A2Q3Y263D00KWC": "BRL",
    "A28R8C7NBKEWEA": "EUR",
    "A1RKKUPIHCS9HS": "EUR",
    "A1F83G8C2ARO7P": "GBP",
    "A13V1IB3VIYZZH": "EUR",
    "AMEN7PMS3EDWL": "EUR",
    "A1805IZSGTT6HS": "EUR",
    "A1PA6795UKMFR9": "EUR",
    "APJ6JRA9NG5V4": "EUR",
    "A2NODRKZP88ZB9": "SEK",
    "AE08WJ6YKNBMC": "ZAR",
    "A1C3SOZRARQ6R3": "PLN",
    "ARBP9OOSHTCHU": "EGP",
    "A33AVAJ2PDY3EV": "TRY",
    "A17E79C6D8DWNP": "SAR",
    "A2VIGQ35RCS4UG": "AED",
    "A21TJRUUN4KGV": "INR",
    "A19VAU5U5O7RUS": "SGD",
    "A39IBJ37TRP1C6": "AUD",
    "A1VC38T7YXB528": "JPY",
}
"""Marketplace → its currency, for orders that tell no amount yet. Source: developer-docs.amazon.com/sp-api,
"Marketplace IDs"."""

COMPONENTS: Mapping[str, tuple[str, str]] = {
    "ITEM": ("Principal", "Tax"),
    "SHIPPING": ("Shipping", "ShippingTax"),
    "GIFT_WRAP": ("GiftWrap", "GiftWrapTax"),
    "COD_FEE": ("COD", "CODTax"),
    "OTHER": ("Other", "Tax"),
}
"""Category of proceeds → components of ItemPriceAdjustments for it and for the tax on it. Source: BuyerPrice in
amzn-base.xsd."""

REFUND_REASON: Mapping[str, str] = {
    "return": "CustomerReturn",
    "returned": "CustomerReturn",
    "customer return": "CustomerReturn",
    "wrong item": "DifferentItem",
    "price": "PriceError",
    "exchange": "Exchange",
    "address": "CustomerAddressIncorrect",
    "undeliverable": "Undeliverable",
    "refused": "RefusedDelivery",
}
"""Our reason in lower case → AdjustmentReason of OrderAdjustment.xsd; any other is GeneralAdjustment."""

GIVEN_BACK = frozenset({"refund", "guaranteeclaim", "chargeback"})
"""Types of transaction, in lower case, by which a buyer gets money back."""

BUYERS_MONEY = frozenset(
    f"{what}{part}".casefold()
    for what, part in product(
        (
            "OurPrice",
            "Shipping",
            "Giftwrap",
            "Goodwill",
            "RestockingDeduction",
            "ReturnShipping",
            "COD",
            "ExportCharge",
        ),
        ("Principal", "Tax", "Discount", "TaxDiscount"),
    )
)
"""Types of breakdown, in lower case without blanks, that are the buyer's money."""

BUYERS_GROUPS = frozenset(
    {"productcharges", "tax", "shipping", "giftwrap", "promorebates", "promo", "sales", "refundedsales"}
)
"""Groups of these; where Amazon does not open one, it is the buyer's money as a whole."""

SELLERS_MONEY = re.compile(
    r".*(fees?|commission|chargeback)|(refunded)?expenses|(marketplacefacilitator|marketplacewithheld|lowvaluegoods).*"
)
"""What is between the seller and Amazon: fees, and taxes that Amazon itself has from the buyer and pays."""

RETURNS: Mapping[str, ReturnStatus] = {
    "pending": ReturnStatus.REQUESTED,
    "pendingapproval": ReturnStatus.REQUESTED,
    "requested": ReturnStatus.REQUESTED,
    "approved": ReturnStatus.APPROVED,
    "authorized": ReturnStatus.APPROVED,
    "completed": ReturnStatus.CLOSED,
    "closed": ReturnStatus.CLOSED,
    "denied": ReturnStatus.DECLINED,
    "declined": ReturnStatus.DECLINED,
    "rejected": ReturnStatus.DECLINED,
    "cancelled": ReturnStatus.CANCELLED,
    "canceled": ReturnStatus.CANCELLED,
}
"""Return request status of the returns report, in lower case and letters only → ours. Amazon names the column and lists
no words for it; these are those of Seller Central's pages, and any other is kept as it is and shown as unknown."""

ORDERS_ROLE = "Inventory and Order Tracking"
_LISTING, _FINANCES, _NOTICES = "Product Listing", "Finance and Accounting", "of what the notification is about"
ROLES: Mapping[str, str] = {
    "getListingsItem": _LISTING,
    "searchListingsItems": _LISTING,
    "patchListingsItem": _LISTING,
    "getMarketplaceParticipations": "Selling Partner Insights",
    "listTransactions": _FINANCES,
    "getSubscription": _NOTICES,
    "createSubscription": _NOTICES,
    "getDestinations": _NOTICES,
    "createDestination": _NOTICES,
}
"""Operation → the role that an app needs for it; any other, order feeds included, takes `ORDERS_ROLE`. Source:
developer-docs.amazon.com/sp-api, "Roles" and "Order feed type values"."""
