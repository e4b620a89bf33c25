"""The XML of order feeds, both ways: what we ask in a feed, and the report of what became of it. Pure.

Sources: amzn-envelope.xsd, OrderFulfillment.xsd, OrderAcknowledgement.xsd, OrderAdjustment.xsd and
ProcessingReport.xsd of "Selling on Amazon: guide to XML".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from xml.etree import ElementTree as Xml

from connectors.amazon import wire, words
from connectors.amazon.adjusting import Adjustment
from connectors.amazon.saying import carrier, package_reference, ship_date
from hub.domain import money
from hub.domain.outgoing import Shipment
from hub.errors import BadPayload

FULFILLMENT = "POST_ORDER_FULFILLMENT_DATA"
ACKNOWLEDGEMENT = "POST_ORDER_ACKNOWLEDGEMENT_DATA"
ADJUSTMENT = "POST_PAYMENT_ADJUSTMENT_DATA"

_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a feed: why messages were refused, by their number. `whole`: why all of them were."""

    processed: int
    refused: dict[int, str] = field(default_factory=dict)
    whole: str = ""

    def refusal(self, number: int) -> str:
        """Why a message was refused; empty when it was not."""
        return self.whole or self.refused.get(number, "")


def fulfillments(seller_id: str, shipments: Sequence[Shipment]) -> bytes:
    """Shipments as one feed of type `FULFILLMENT`; numbers of messages begin with 1."""
    return _envelope(seller_id, "OrderFulfillment", [partial(_fulfillment, it) for it in shipments])


def acknowledgement(seller_id: str, order: wire.Order, reason: str) -> bytes:
    """The cancellation of a whole order as a feed of type `ACKNOWLEDGEMENT`."""

    def fill(at: Xml.Element) -> None:
        _text(at, "AmazonOrderID", order.order_id)
        _text(at, "StatusCode", "Failure")
        for item in order.order_items:
            line = Xml.SubElement(at, "Item")
            _text(line, "AmazonOrderItemCode", item.order_item_id)
            _text(line, "CancelReason", words.CANCEL_REASON.get(reason.casefold().strip(), "GeneralAdjustment"))

    return _envelope(seller_id, "OrderAcknowledgement", [fill])


def adjustments(seller_id: str, made: Sequence[Adjustment]) -> bytes:
    """Refunds as one feed of type `ADJUSTMENT`. Amounts are for all units of an item together; positive ones go to the
    buyer. There is no JSON feed for them."""
    return _envelope(seller_id, "OrderAdjustment", [partial(_adjustment, it) for it in made])


def _adjustment(made: Adjustment, at: Xml.Element) -> None:
    _text(at, "AmazonOrderID", made.order_id)
    for item_id, components in made.items.items():
        item = Xml.SubElement(at, "AdjustedItem")
        _text(item, "AmazonOrderItemCode", item_id)
        _text(item, "MerchantAdjustmentItemID", made.reference)
        _text(item, "AdjustmentReason", made.reason)
        prices = Xml.SubElement(item, "ItemPriceAdjustments")
        for name, amount in components.items():
            component = Xml.SubElement(prices, "Component")
            _text(component, "Type", name)
            Xml.SubElement(component, "Amount", {"currency": made.currency}).text = money.major(amount, made.currency)


def _fulfillment(shipment: Shipment, at: Xml.Element) -> None:
    _text(at, "AmazonOrderID", shipment.order_id)
    _text(at, "MerchantFulfillmentID", package_reference(shipment.reference))
    _text(at, "FulfillmentDate", ship_date(shipment))
    data = Xml.SubElement(at, "FulfillmentData")
    code, name = carrier(shipment.carrier)
    _text(data, "CarrierCode", code)
    if name:
        _text(data, "CarrierName", name)
    _text(data, "ShippingMethod", shipment.service or "Standard")
    _text(data, "ShipperTrackingNumber", shipment.tracking_number)
    for line in shipment.lines:
        item = Xml.SubElement(at, "Item")
        _text(item, "AmazonOrderItemCode", line.line_id)
        _text(item, "Quantity", str(line.quantity))


def _envelope(seller_id: str, kind: str, messages: Sequence[Callable[[Xml.Element], None]]) -> bytes:
    root = Xml.Element(
        "AmazonEnvelope",
        {
            "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
            "xsi:noNamespaceSchemaLocation": "amzn-envelope.xsd",
        },
    )
    header = Xml.SubElement(root, "Header")
    _text(header, "DocumentVersion", "1.01")
    _text(header, "MerchantIdentifier", seller_id)
    _text(root, "MessageType", kind)
    for number, fill in enumerate(messages, 1):
        message = Xml.SubElement(root, "Message")
        _text(message, "MessageID", str(number))
        fill(Xml.SubElement(message, kind))
    return bytes(Xml.tostring(root, encoding="UTF-8", xml_declaration=True))


def _text(at: Xml.Element, name: str, text: str) -> None:
    """A child with text; characters that XML has no room for are left out."""
    Xml.SubElement(at, name).text = _FORBIDDEN.sub("", text)


def report(body: bytes) -> Report:
    """A processing report. Raises `BadPayload` for anything else; a document type is refused unread, since entities are
    how XML is made to hurt."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = body.decode("latin-1")
    # Read as text, so that no other encoding can hide one.
    if "<!DOCTYPE" in text or "<!ENTITY" in text or "\0" in text:
        raise BadPayload("$", "a report declares no document type")
    try:
        root = Xml.fromstring(text)  # noqa: S314 - without a document type there are no entities to expand
    except (Xml.ParseError, ValueError, RecursionError) as error:
        raise BadPayload("$", f"not XML: {error}") from None
    told = root.find("Message/ProcessingReport")
    if told is None:
        raise BadPayload("$.Message.ProcessingReport", "it is missing")
    refused: dict[int, str] = {}
    for result in told.findall("Result"):
        if (result.findtext("ResultCode") or "").strip() == "Error":
            code = (result.findtext("ResultMessageCode") or "").strip()
            why = " ".join((result.findtext("ResultDescription") or "no reason is given").split())
            refused.setdefault(_number(result.findtext("MessageID")), f"{code} {why}".strip()[:500])
    processed = _number(told.findtext("ProcessingSummary/MessagesProcessed"))
    return Report(processed, refused, whole=refused.pop(0, ""))


def _number(text: str | None) -> int:
    plain = (text or "").strip()
    if not re.fullmatch("[0-9]{1,9}", plain):
        raise BadPayload("$.ProcessingReport", f"{plain[:20]!r} is no number of messages")
    return int(plain)
