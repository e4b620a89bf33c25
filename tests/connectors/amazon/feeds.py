"""Feeds of the double: documents, feeds worked off by the XML's own rules, and their processing reports.

Written from feeds_2021-06-30.json and the XSDs of order feeds.
"""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree as Xml

from hub.domain.outgoing import Kind
from tests.connectors.amazon.books import SELLER, Books, Node, Wrong, bad, iso, moment
from tests.connectors.amazon.finances import Finances

KINDS = {
    "POST_ORDER_FULFILLMENT_DATA": "OrderFulfillment",
    "POST_ORDER_ACKNOWLEDGEMENT_DATA": "OrderAcknowledgement",
    "POST_PAYMENT_ADJUSTMENT_DATA": "OrderAdjustment",
}
REASONS = frozenset({
    "NoInventory", "CustomerReturn", "GeneralAdjustment", "CouldNotShip", "DifferentItem", "Abandoned",
    "CustomerCancel", "PriceError", "ProductOutofStock", "CustomerAddressIncorrect", "Exchange", "Other",
    "CarrierCreditDecision", "RiskAssessmentInformationNotValid", "CarrierCoverageFailure", "TransactionRecord",
    "Undeliverable", "RefusedDelivery",
})  # fmt: skip
"""AdjustmentReason of OrderAdjustment.xsd."""

COMPONENTS = frozenset({
    "Principal", "Shipping", "Tax", "ShippingTax", "RestockingFee", "RestockingFeeTax", "GiftWrap", "GiftWrapTax",
    "Surcharge", "ReturnShipping", "Goodwill", "ExportCharge", "COD", "CODTax", "Other",
    "FreeReplacementReturnShipping",
})  # fmt: skip
"""Type of a component of ItemPriceAdjustments, amzn-base.xsd."""

POSTED = {"Principal": "OurPricePrincipal", "Tax": "OurPriceTax", "Shipping": "ShippingPrincipal"}
"""How the Finances API calls a component."""


class Feeds:
    """The feeds of one seller. `slow`: how many questions after a feed are still answered IN_PROGRESS."""

    def __init__(self, books: Books, finances: Finances) -> None:
        self._books = books
        self._finances = finances
        self.page = 100
        self.adjusted: list[tuple[str, str, dict[str, dict[str, str]]]] = []
        """(order, reason, {item: {component: amount}}) of every refund that was made."""
        self.slow = 0
        self.gzip = False
        self.fatal = ""
        self.documents: dict[str, bytes | None] = {}
        self.feeds: dict[str, Node] = {}

    def create_document(self, body: Node) -> str:
        if not body.get("contentType"):
            raise bad("contentType is required")
        name = f"amzn1.tortuga.{len(self.documents)}"
        self.documents[name] = None
        return name

    def upload(self, name: str, content: bytes) -> None:
        if name not in self.documents:
            raise Wrong(403, "AccessDenied", "the signed address is not valid")
        self.documents[name] = content

    def create(self, body: Node) -> Node:
        """createFeed; the feed takes effect at once, whatever it says of its progress."""
        content = self.documents.get(body.get("inputFeedDocumentId", ""))
        if not content or body.get("feedType") not in KINDS or not 1 <= len(body.get("marketplaceIds") or ()) <= 10:
            raise bad("the feed's type, marketplaces or document are wrong")
        feed_id = f"5{len(self.feeds):010d}"
        report = f"report-{feed_id}"
        self.documents[report] = self._work(KINDS[body["feedType"]], content)
        self.feeds[feed_id] = {
            "feedId": feed_id,
            "feedType": body["feedType"],
            "createdTime": iso(datetime.now(UTC)),
            "processingStatus": "DONE",
            "resultFeedDocumentId": report,
        }
        return {"feedId": feed_id}

    def listed(self, query: Mapping[str, str]) -> Node:
        """getFeeds."""
        if ("feedTypes" in query) == ("nextToken" in query) or ("nextToken" in query and len(query) > 1):
            raise bad("feedTypes or nextToken is required; nextToken is the only parameter where it is given")
        if token := query.get("nextToken"):
            types, since, size, start = token.split("|")
        else:
            types, since = query["feedTypes"], query.get("createdSince", "")
            size, start = query.get("pageSize", "10"), "0"
        if not 1 <= int(size) <= 100 or (since and moment(since, "createdSince") is None):
            raise bad("pageSize must be between 1 and 100")
        found = [it for it in self.feeds.values() if it["feedType"] in types.split(",") and it["createdTime"] >= since]
        end = int(start) + min(int(size), self.page)
        told: Node = {"feeds": found[int(start) : end]}
        return told | ({"nextToken": f"{types}|{since}|{size}|{end}"} if end < len(found) else {})

    def get(self, feed_id: str) -> Node:
        if feed_id not in self.feeds:
            raise Wrong(404, "NotFound", "no such feed")
        feed = dict(self.feeds[feed_id])
        if self.slow > 0:
            self.slow -= 1
            return {**feed, "processingStatus": "IN_PROGRESS", "resultFeedDocumentId": None}
        if self.fatal:
            return {**feed, "processingStatus": self.fatal, "resultFeedDocumentId": None}
        return feed

    def download(self, name: str) -> bytes:
        content = self.documents.get(name)
        if content is None:
            raise Wrong(403, "AccessDenied", "the signed address is not valid")
        return gzip.compress(content) if self.gzip else content

    # ---------------------------------------------------------------- working a feed off

    def _work(self, kind: str, content: bytes) -> bytes:
        root = Xml.fromstring(content)
        results: list[tuple[str, str]] = []
        messages = root.findall("Message")
        if root.findtext("Header/MerchantIdentifier") != SELLER or root.findtext("MessageType") != kind:
            return report(0, [("0", "The merchant identifier or the message type is wrong.")])
        for message in messages:
            asked = message.find(kind)
            try:
                assert asked is not None
                getattr(self, f"_{kind}")(asked)
            except Wrong as wrong:
                results.append((message.findtext("MessageID") or "", str(wrong)))
        return report(len(messages), results)

    def _OrderFulfillment(self, asked: Any) -> None:
        order = self._books.orders.get(asked.findtext("AmazonOrderID"))
        if order is None:
            raise bad("The order does not exist.")
        units = {it.findtext("AmazonOrderItemCode"): int(it.findtext("Quantity")) for it in asked.findall("Item")}
        data = asked.find("FulfillmentData")
        detail = {
            "packageReferenceId": asked.findtext("MerchantFulfillmentID"),
            "carrierCode": data.findtext("CarrierCode"),
            "carrierName": data.findtext("CarrierName"),
            "trackingNumber": data.findtext("ShipperTrackingNumber"),
            "shipDate": asked.findtext("FulfillmentDate"),
        }
        self._books.ship(order, units, detail)

    def _OrderAcknowledgement(self, asked: Any) -> None:
        if asked.findtext("StatusCode") != "Failure":
            raise bad("Only failures are taken.")
        reasons = {it.findtext("AmazonOrderItemCode"): it.findtext("CancelReason") for it in asked.findall("Item")}
        self._books.cancel(asked.findtext("AmazonOrderID"), reasons)

    def _OrderAdjustment(self, asked: Any) -> None:
        order = self._books.orders.get(asked.findtext("AmazonOrderID"))
        if order is None:
            raise bad("The order does not exist.")
        items = {item["orderItemId"]: item for item in order["orderItems"]}
        made: dict[str, dict[str, str]] = {}
        for adjusted in asked.findall("AdjustedItem"):
            code = adjusted.findtext("AmazonOrderItemCode")
            if code not in items or adjusted.findtext("AdjustmentReason") not in REASONS:
                raise bad("The item or the reason of the adjustment is not valid.")
            made[code] = _components(adjusted, items[code]["proceeds"]["proceedsTotal"]["currencyCode"])
        if not made or order["fulfillment"]["fulfillmentStatus"] not in ("SHIPPED", "PARTIALLY_SHIPPED"):
            raise bad("The order cannot be adjusted before it is shipped.")
        back = Counter({code: Decimal(0) for code in made})
        for _, _, before in [*self.adjusted, ("", "", made)]:
            for code, parts in before.items():
                back[code] += sum(map(Decimal, parts.values()))  # type: ignore[assignment]
        if any(back[code] > Decimal(items[code]["proceeds"]["proceedsTotal"]["amount"]) for code in made):
            raise bad("The adjustment amount exceeds the amount that can be refunded for the item.")
        self.adjusted.append((order["orderId"], asked.findtext("AdjustedItem/AdjustmentReason"), made))
        self._books.effects.append((Kind.PUSH_REFUND, asked.findtext("AdjustedItem/MerchantAdjustmentItemID")))
        self._post(order, made)

    def _post(self, order: Node, made: dict[str, dict[str, str]]) -> None:
        """The money moves: the buyer's, and the fee that Amazon had of it."""
        parts: Counter[str] = Counter()
        for components in made.values():
            for name, amount in components.items():
                parts[POSTED.get(name, name)] -= float(amount)  # type: ignore[assignment]
        currency = order["proceeds"]["grandTotal"]["currencyCode"]
        rounded = {name: round(amount, 2) for name, amount in parts.items()}
        self._finances.post(order["orderId"], {**rounded, "Commission": 0.15}, currency)


def _components(adjusted: Any, currency: str) -> dict[str, str]:
    made: dict[str, str] = {}
    for component in adjusted.findall("ItemPriceAdjustments/Component"):
        name, amount = component.findtext("Type"), component.find("Amount")
        if name not in COMPONENTS or amount is None or amount.get("currency") != currency or name in made:
            raise bad("A component or its currency is not valid.")
        made[name] = amount.text
    if sum(map(Decimal, made.values())) <= 0:
        raise bad("The net amount of an adjustment must be a credit to the buyer.")
    return made


def report(processed: int, results: list[tuple[str, str]]) -> bytes:
    """A processing report."""
    root = Xml.Element("AmazonEnvelope")
    message = Xml.SubElement(root, "Message")
    Xml.SubElement(message, "MessageID").text = "1"
    told = Xml.SubElement(message, "ProcessingReport")
    summary = Xml.SubElement(told, "ProcessingSummary")
    Xml.SubElement(summary, "MessagesProcessed").text = str(processed)
    Xml.SubElement(summary, "MessagesWithError").text = str(len(results))
    for number, why in [*results, ("1", "only a warning")]:
        result = Xml.SubElement(told, "Result")
        Xml.SubElement(result, "MessageID").text = number
        Xml.SubElement(result, "ResultCode").text = "Warning" if why == "only a warning" else "Error"
        Xml.SubElement(result, "ResultMessageCode").text = "18028"
        Xml.SubElement(result, "ResultDescription").text = why
    return bytes(Xml.tostring(root, encoding="UTF-8", xml_declaration=True))
