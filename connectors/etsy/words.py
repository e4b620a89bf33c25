"""Etsy's words, and ours. Statuses come in any case: "Paid" in real receipts, `paid` in the contract."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Standing:
    """What a receipt's status says. `pending`: not released until `is_paid`; `shipped`: all of it has left."""

    pending: bool = False
    cancelled: bool = False
    shipped: bool = False
    refunded: bool = False


UNTOLD = Standing()

STATUS = {
    "paid": Standing(),
    "completed": Standing(shipped=True),
    "open": Standing(pending=True),
    "unpaid": Standing(pending=True),
    "payment processing": Standing(pending=True),
    "canceled": Standing(cancelled=True),
    "partially refunded": Standing(),
    "fully refunded": Standing(refunded=True),
}
"""Receipt status, folded → what it means."""

REFUND = {
    "": True,
    "completed": True,
    "success": True,
    "succeeded": True,
    "settled": True,
    "pending": False,
    "processing": False,
    "failed": False,
    "canceled": False,
}
"""Refund status, folded → whether the money went back. The contract lets it be null: a refund that is told has
happened."""

CARRIERS = {
    "usps": "usps",
    "ups": "ups",
    "fedex": "fedex",
    "dhl": "dhl",
    "dhl express": "dhl",
    "dhl paket": "dhl-germany",
    "deutsche post": "deutsche-post",
    "royal mail": "royal-mail",
    "canada post": "canada-post",
    "australia post": "australia-post",
    "la poste": "la-poste",
    "colissimo": "la-poste",
    "chronopost": "chronopost",
    "dpd": "dpd",
    "evri": "evri",
    "gls": "gls",
    "postnl": "postnl",
    "poste italiane": "poste-italiane",
    "correos": "correos-de-espana",
    "swiss post": "swiss-post",
    "austrian post": "austrian-post",
    "an post": "an-post",
    "japan post": "japan-post",
    "india post": "india-post",
    "ontrac": "ontrac",
}
"""Our name of a carrier, folded → Etsy's."""

OTHER = "other"
"""What Etsy takes for a carrier it does not know, so that the number is shown all the same."""

GRAMS = {"g": "1", "kg": "1000", "oz": "28.349523125", "lb": "453.59237"}
"""Unit of weight → grams."""

ON_SALE = "active"
OFF_SALE = "inactive"
LISTED = ("active", "sold_out", "inactive")
"""States whose listings are listed: a sold out one may still have orders to ship."""


def folded(word: str | None) -> str:
    """A word for looking up."""
    return " ".join((word or "").casefold().replace("_", " ").split())


def carrier(name: str) -> str:
    """Etsy's name of a carrier; `OTHER` for one that it does not know."""
    return CARRIERS.get(folded(name), OTHER)
