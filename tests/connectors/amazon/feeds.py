"""Feeds of the double: documents, feeds worked off by the XML's own rules, and their processing reports.

Written from feeds_2021-06-30.json and the XSDs of order feeds.
"""

from __future__ import annotations

import gzip
from typing import Any
from xml.etree import ElementTree as Xml

from tests.connectors.amazon.books import SELLER, Books, Node, Wrong, bad

KINDS = {
    "POST_ORDER_FULFILLMENT_DATA": "OrderFulfillment",
    "POST_ORDER_ACKNOWLEDGEMENT_DATA": "OrderAcknowledgement",
}


class Feeds:
    """The feeds of one seller. `slow`: how many questions after a feed are still answered IN_PROGRESS."""

    def __init__(self, books: Books) -> None:
        self._books = books
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
            "createdTime": "2026-11-20T12:00:00Z",
            "processingStatus": "DONE",
            "resultFeedDocumentId": report,
        }
        return {"feedId": feed_id}

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
