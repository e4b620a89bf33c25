"""What the provider says and what we say to it, without a network. Fixtures are read by the contract suite."""

import json

import msgspec
import pytest

from connectors.demo_payments import mapper, wire, words
from connectors.demo_payments.server.till import STATUSES
from hub.contract import Delivery
from hub.domain.outgoing import PaymentAction
from hub.errors import BadPayload


def test_an_action_is_told_in_minor_units():
    asked = mapper.move(PaymentAction(reference="cap-1", payment_id="pay_1", amount=2000, currency="JPY"))
    assert json.loads(msgspec.json.encode(asked)) == {"reference": "cap-1", "amount": 2000, "currency": "JPY"}


def test_every_status_of_the_provider_is_known():
    assert set(words.STATUS) >= STATUSES


def test_a_receipt_keeps_the_status():
    assert mapper.receipt(wire.Operation("op_1", "capture", "pay_1", "captured")).details == {"status": "captured"}
    assert mapper.receipt(wire.Operation("op_1", "capture", "pay_1")).details == {}


def test_amounts_that_cannot_be_are_refused_where_they_stand():
    body = b'{"id": "e", "at": "2026-11-21T12:30:01Z", "payment": %s}'
    body %= b'{"id": "p", "status": "captured", "amount": -1, "currency": "EUR"}'
    with pytest.raises(BadPayload) as caught:
        mapper.news(Delivery(id="1", topic="payment.captured", body=body))
    assert caught.value.path == "$.payment.amount"


def test_refunds_and_other_topics_say_nothing():
    assert mapper.news(Delivery(id="1", topic="payment.refunded", body=b"not even JSON")) == ()
