"""Money that moved, as the double keeps it: transactions, listed by date or by order.

Written from finances_2024-06-19.json; the shape of a refund's breakdowns from listings of it that sellers have
published: groups of charges with what they are made of, Amazon's fees beside them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from tests.connectors.amazon.books import GERMANY, SELLER, Books, Node, bad, iso, moment

GROUPS = {
    "OurPricePrincipal": "ProductCharges",
    "OurPriceTax": "Tax",
    "ShippingTax": "Tax",
    "ShippingPrincipal": "Shipping",
    "OurPriceDiscount": "PromoRebates",
    "ShippingDiscount": "PromoRebates",
}
"""What a charge stands under; any other is a fee."""

LAG = timedelta(minutes=2)
LONGEST = timedelta(days=180)


def cash(amount: float, currency: str) -> Node:
    return {"currencyAmount": amount, "currencyCode": currency}


def breakdowns(parts: Mapping[str, float], currency: str) -> list[Node]:
    """The groups of `parts`, fees with the tree below them that Amazon gives them."""
    groups: dict[str, list[tuple[str, float]]] = {}
    for name, amount in parts.items():
        groups.setdefault(GROUPS.get(name, "AmazonFees"), []).append((name, amount))
    made = []
    for group, members in groups.items():
        below = [
            {
                "breakdownType": name,
                "breakdownAmount": cash(amount, currency),
                "breakdowns": [{"breakdownType": "Base", "breakdownAmount": cash(amount, currency)}]
                if group == "AmazonFees"
                else [],
            }
            for name, amount in members
        ]
        total = round(sum(amount for _, amount in members), 2)
        made.append({"breakdownType": group, "breakdownAmount": cash(total, currency), "breakdowns": below})
    return made


class Finances:
    """The transactions of one seller. `hidden`: Amazon does not list what is posted from now on, for the time being."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self.posted: list[Node] = []
        self.hidden = False
        self.page = 500
        self._lists: dict[str, tuple[dict[str, str], list[Node]]] = {}
        self._number = 0

    def post(self, order_id: str, parts: Mapping[str, float], currency: str = "EUR", **changes: Any) -> Node:
        """A transaction that moves the buyer's money and fees; a refund unless told otherwise."""
        self._number += 1
        total = cash(round(sum(parts.values()), 2), currency)
        item = {
            "description": "Kettle",
            "totalAmount": total,
            "relatedIdentifiers": [],
            "breakdowns": breakdowns(parts, currency),
            "contexts": [{"contextType": "ProductContext", "sku": "KETTLE", "quantityShipped": 1}],
        }
        made: Node = {
            "sellingPartnerMetadata": {"sellingPartnerId": SELLER, "marketplaceId": GERMANY, "accountType": "PAYABLE"},
            "relatedIdentifiers": [
                {"relatedIdentifierName": "ORDER_ID", "relatedIdentifierValue": order_id},
                {"relatedIdentifierName": "REFUND_ID", "relatedIdentifierValue": f"R{self._number}"},
            ],
            "transactionType": "Refund",
            "transactionId": f"transaction-{self._number}",
            "transactionStatus": "RELEASED",
            "description": "Refund Order",
            "postedDate": iso(self._books.now),
            "totalAmount": total,
            "marketplaceDetails": {"marketplaceId": GERMANY, "marketplaceName": "Amazon.de"},
            "items": [item],
            "breakdowns": None,
            "contexts": None,
        } | changes
        if not self.hidden:
            self.posted.append(made)
        return made

    def release(self, deferred: Node) -> Node:
        """A deferred transaction is released: its status says so, and another one appears that names it."""
        name = f"{deferred['transactionId']}-release"
        deferred["transactionStatus"] = "DEFERRED_RELEASED"
        kept = list(deferred["relatedIdentifiers"])
        deferred["relatedIdentifiers"] = [
            *kept, {"relatedIdentifierName": "RELEASE_TRANSACTION_ID", "relatedIdentifierValue": name}
        ]  # fmt: skip
        back = {"relatedIdentifierName": "DEFERRED_TRANSACTION_ID", "relatedIdentifierValue": deferred["transactionId"]}
        made = deferred | {
            "transactionId": name,
            "transactionStatus": "RELEASED",
            "postedDate": iso(self._books.now),
            "relatedIdentifiers": [*kept, back],
        }
        self.posted.append(made)
        return made

    def listed(self, query: Mapping[str, str]) -> Node:
        """listTransactions."""
        wanted = {name: value for name, value in query.items() if name != "nextToken"}
        if token := query.get("nextToken"):
            kept, rest = self._lists.get(token, ({}, []))
            if kept != wanted:
                raise bad("nextToken is unknown, or was given for other arguments")
        else:
            rest = self._found(wanted)
        page, rest = rest[: self.page], rest[self.page :]
        payload: Node = {"transactions": page, "nextToken": None}
        if rest:
            payload["nextToken"] = f"next-{len(self._lists)}"
            self._lists[payload["nextToken"]] = wanted, rest
        return {"payload": payload}

    def _found(self, wanted: Mapping[str, str]) -> list[Node]:
        name, value = wanted.get("relatedIdentifierName"), wanted.get("relatedIdentifierValue")
        if name is not None and (name not in ("ORDER_ID", "FINANCIAL_EVENT_GROUP_ID") or not value):
            raise bad("relatedIdentifierName cannot be filtered by, or has no value")
        if name is None and "postedAfter" not in wanted:
            raise bad("postedAfter is required without a related identifier")
        begin, end = self._window(wanted)
        if begin is not None and end - begin > LONGEST:
            return []
        return [
            it
            for it in self.posted
            if (begin is None or begin <= moment(it["postedDate"], "postedDate") < end)
            and (
                name is None
                or {"relatedIdentifierName": name, "relatedIdentifierValue": value} in it["relatedIdentifiers"]
            )
            and wanted.get("marketplaceId", it["marketplaceDetails"]["marketplaceId"])
            == it["marketplaceDetails"]["marketplaceId"]
        ]

    def _window(self, wanted: Mapping[str, str]) -> tuple[datetime | None, datetime]:
        latest = self._books.now - LAG
        end = moment(wanted["postedBefore"], "postedBefore") if "postedBefore" in wanted else latest
        begin = moment(wanted["postedAfter"], "postedAfter") if "postedAfter" in wanted else None
        if begin is not None and (begin >= latest or end <= begin or ("postedBefore" in wanted and end >= latest)):
            raise bad("both dates must be more than two minutes before the request, the second after the first")
        return begin, end


def transaction_update(told: Node, number: int = 0, seller: str = SELLER) -> Node:
    """TRANSACTION_UPDATE about a transaction, as Amazon writes it: without the transaction's id."""
    orders = [it for it in told["relatedIdentifiers"] if it["relatedIdentifierName"] == "ORDER_ID"]
    amount = told["totalAmount"]
    return {
        "NotificationVersion": "1.0",
        "NotificationType": "TRANSACTION_UPDATE",
        "PayloadVersion": "1.0",
        "EventTime": told["postedDate"],
        "NotificationMetadata": {
            "ApplicationId": "app", "SubscriptionId": "sub", "PublishTime": told["postedDate"],
            "NotificationId": f"transaction-notice-{number}",
        },
        "Payload": {"TransactionUpdateNotification": {
            "SellingPartnerMetadata": {"SellingPartnerId": seller, "MarketplaceId": GERMANY, "AccountType": "PAYABLE"},
            "RelatedIdentifiers": [
                {"RelatedIdentifierName": "OrderId", "RelatedIdentifierValue": it["relatedIdentifierValue"]}
                for it in orders
            ],
            "TransactionType": told["transactionType"],
            "PostedDate": told["postedDate"],
            "TotalAmount": {"CurrencyAmount": amount["currencyAmount"], "CurrencyCode": amount["currencyCode"]},
        }},
    }  # fmt: skip
