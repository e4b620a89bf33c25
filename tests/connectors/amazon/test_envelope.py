"""The XML of feeds: nothing a shipment says can break it, and nothing a report says can hurt."""

from __future__ import annotations

import gzip
from typing import cast
from xml.etree import ElementTree as Xml

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from msgspec.structs import replace

from connectors.amazon import envelope
from connectors.amazon.envelope import Report, report
from connectors.amazon.feeding import MOST_REPORT, unzipped
from hub.domain.outgoing import Kind, Shipment
from hub.errors import BadPayload
from tests.connectors.amazon.feeds import report as written
from tests.connectors.amazon.harness import HARNESS

SHIPMENT = cast(Shipment, HARNESS.pushes[Kind.PUSH_SHIPMENT])


@settings(max_examples=60)
@given(some.text(max_size=40), some.text(max_size=40))
def test_any_text_makes_well_formed_xml(carrier: str, tracking: str) -> None:
    odd = replace(SHIPMENT, carrier=carrier, tracking_number=tracking)
    try:
        body = envelope.fulfillments("A3", [odd])
    except UnicodeEncodeError:
        raise AssertionError("a lone surrogate reached the encoder") from None
    root = Xml.fromstring(body)
    message = root.find("Message/OrderFulfillment")
    assert message is not None and len(root.findall("Message")) == 1
    assert root.findtext("Header/MerchantIdentifier") == "A3"
    assert [it.tag for it in message][:3] == ["AmazonOrderID", "MerchantFulfillmentID", "FulfillmentDate"]


def test_markup_stays_text() -> None:
    odd = replace(SHIPMENT, carrier="</CarrierName><X/>&\0\x0b\ud800")
    told = Xml.fromstring(envelope.fulfillments("A3", [odd])).findtext(".//CarrierName")
    assert told == "</CarrierName><X/>&"


def test_a_report_is_read_by_message() -> None:
    made = report(written(3, [("2", "Too  late\n for this"), ("2", "and again")]))
    assert made == Report(3, {2: "18028 Too late for this"})
    assert (made.refusal(1), made.refusal(2)) == ("", "18028 Too late for this")
    whole = report(written(0, [("0", "The merchant is wrong.")]))
    assert whole.refusal(1) == whole.refusal(99) == "18028 The merchant is wrong."


BOMB = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>
<AmazonEnvelope><Message><ProcessingReport>&b;</ProcessingReport></Message></AmazonEnvelope>"""
FILE = b'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><AmazonEnvelope>&f;</AmazonEnvelope>'


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"<html><body>busy</body></html>",
        b"<AmazonEnvelope>",
        b"<AmazonEnvelope/>",
        b"<AmazonEnvelope><Message><ProcessingReport/></Message></AmazonEnvelope>",
        written(1, [("many", "x")]),
        written(1, [("9" * 5000, "x")]),
        BOMB,
        FILE,
        BOMB.decode().encode("utf-16"),
        b'<?xml version="1.0" encoding="cp037"?>' + BOMB.decode().encode("cp037"),
        b"<a>" * 100_000,
        b"\xff\xfe\x00",
        b"<a>\xff</a>",
    ],
)
def test_what_is_no_report_is_refused(body: bytes) -> None:
    with pytest.raises(BadPayload):
        report(body)


def test_gzip_has_a_limit() -> None:
    assert unzipped(gzip.compress(b"<a/>")) == b"<a/>"
    for body in (b"no gzip", gzip.compress(b"0" * (MOST_REPORT + 1))):
        with pytest.raises(BadPayload):
            unzipped(body)
