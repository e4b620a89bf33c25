"""Shapes of money that moved, as the Finances API 2024-06-19 tells it. Only what we read.

Source: models/finances_2024-06-19.json of amzn/selling-partner-api-models. Nothing there is required, so what makes a
transaction the one it is, is required here.
"""

from __future__ import annotations

from decimal import Decimal

from msgspec import Raw

from connectors.amazon.wire_items import Id, Wire


class Cash(Wire, frozen=True):
    """An amount in major units; negative where the seller loses it."""

    currency_code: str
    currency_amount: Decimal


class Part(Wire, frozen=True):
    """What an amount is made of: a charge, or a group of them."""

    breakdown_type: str
    breakdown_amount: Cash | None = None
    breakdowns: list[Part] | None = None


class Related(Wire, frozen=True):
    """Something that a transaction has to do with: ORDER_ID, REFUND_ID, DEFERRED_TRANSACTION_ID, …"""

    related_identifier_name: str | None = None
    related_identifier_value: str | None = None


class Context(Wire, frozen=True):
    """More about an item; a `ProductContext` names the seller's SKU."""

    sku: str | None = None


class Item(Wire, frozen=True):
    """One item of a transaction. It is known by SKU, not by the order's item."""

    breakdowns: list[Part] | None = None
    contexts: list[Context] | None = None


class Market(Wire, frozen=True):
    """Where it happened."""

    marketplace_id: str | None = None


class TransactionHead(Wire, frozen=True):
    """Which transaction it is, and of what kind."""

    transaction_id: Id
    transaction_type: str
    posted_date: str
    related_identifiers: list[Related] | None = None
    marketplace_details: Market | None = None

    def related(self, name: str) -> str:
        """What the transaction has to do with, by name; empty when it does not say."""
        found = (
            it.related_identifier_value for it in self.related_identifiers or () if it.related_identifier_name == name
        )
        return next(filter(None, found), "")


class Transaction(TransactionHead, frozen=True):
    """A whole transaction."""

    description: str | None = None
    items: list[Item] | None = None
    breakdowns: list[Part] | None = None


class TransactionPage(Wire, frozen=True):
    """Transactions, each kept verbatim; a page may be empty and not the last."""

    transactions: list[Raw] | None = None
    next_token: str | None = None


class Transactions(Wire, frozen=True):
    """The answer to listTransactions."""

    payload: TransactionPage
