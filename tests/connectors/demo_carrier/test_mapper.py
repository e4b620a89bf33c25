"""What we say to the carrier and what it says, without a network. Fixtures are read by the contract suite."""

import json

import msgspec

from connectors.demo_carrier import mapper, wire
from hub.contract import Delivery
from hub.domain.order import ScanStatus
from tests.connectors.demo_carrier.harness import REQUEST


def test_a_parcel_is_told_in_the_carriers_shape():
    told = json.loads(msgspec.json.encode(mapper.parcel(REQUEST)))
    assert told["recipient"] == {
        "name": "Ελένη Παπαδοπούλου",
        "company": "",
        "street": "Ερμού 12",
        "extra": "",
        "city": "Αθήνα",
        "region": "",
        "postcode": "105 63",
        "country": "GR",
        "phone": "+306912341234",
    }
    assert (told["reference"], told["order"], told["service"]) == ("parcel-1", "PO-1", "standard")
    assert (told["weight_grams"], told["value"], told["currency"]) == (1230, "49.50", "EUR")


def test_a_label_keeps_what_it_cost():
    bought = wire.Bought("lbl_9", "parcel-1", "express", "DC00000000017", "12.10", "EUR")
    receipt = mapper.label_receipt(bought)
    assert receipt.external_id == "lbl_9"
    assert (receipt.label.cost, receipt.label.currency, receipt.label.carrier) == (1210, "EUR", "Demo Carrier")


def test_the_same_scans_are_the_same_delivery_and_one_more_makes_another():
    one = b'{"tracking_number": "DC1", "scans": []}'
    scan = b'{"id": "a", "tracking_number": "DC1", "code": "DLV", "at": "2026-11-21T09:00:00Z"}'
    two = b'{"tracking_number": "DC1", "scans": [%s]}' % scan
    ids = [mapper.delivery_of(msgspec.Raw(body)).id for body in (one, one, two)]
    assert ids[0] == ids[1] != ids[2]
    (scan,) = mapper.news(mapper.delivery_of(msgspec.Raw(two)))
    assert (scan.status, scan.tracking_number) == (ScanStatus.DELIVERED, "DC1")
    assert mapper.news(Delivery(id="1", topic="invoice.ready", body=b"no JSON")) == ()


def test_one_bad_answer_of_a_batch_stands_for_itself():
    bad = mapper.answer(wire.Part(422, msgspec.Raw(b'{"message": "recipient needs a postcode in DE"}')))
    assert (bad.failure, bad.receipt) == ("reject", None) and "postcode" in bad.why
    assert mapper.answer(wire.Part(503, msgspec.Raw(b"{}"))).failure == "retry"
    assert mapper.answer(wire.Part(401, msgspec.Raw(b"{}"))).failure == "reconnect"
    assert mapper.answer(wire.Part(201, msgspec.Raw(b'{"id": {}}'))).failure == "unknown"
