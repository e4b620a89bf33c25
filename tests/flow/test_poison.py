"""A poisonous delivery stops only itself: it is set aside with the place of its fault, the others go on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from msgspec.structs import replace

from hub.domain.lifecycle import Inbox
from hub.domain.order import (
    Buyer,
    ChannelOrder,
    ChannelPayment,
    Charge,
    ForeignShipment,
    News,
    ParcelScan,
    PaymentNotice,
    PaymentStatus,
    RefundNotice,
    ScanStatus,
)
from hub.errors import BadPayload
from tests.flow.desk import Desk, an_order, at, mug
from tests.flow.paper import Reads

HUGE = 10**4999
BIG = 2**70


def poisoned(**given: Any) -> Callable[[], tuple[News, ...]]:
    return lambda: (an_order(**given),)


def raising(error: Exception) -> Callable[[], tuple[News, ...]]:
    def make() -> tuple[News, ...]:
        raise error

    return make


def told(news: News) -> Callable[[], tuple[News, ...]]:
    return lambda: (news,)


EAST, WEST = timezone(timedelta(hours=14)), timezone(timedelta(hours=-12))
PAID = ChannelPayment(external_id="P", status=PaymentStatus.CAPTURED, amount=2500)

POISON: dict[str, tuple[Callable[[], tuple[News, ...]], str]] = {
    "wrong shape": (raising(BadPayload("$.line_items[0].price", "is missing")), "$.line_items[0].price: is missing"),
    "no line": (poisoned(lines=(), total=0), "$.lines"),
    "line twice": (poisoned(lines=(mug(), mug())), "$.lines[1].id"),
    "line twice once cut": (
        poisoned(lines=(mug(external_id="L" * 128 + "a"), mug(external_id="L" * 128 + "b"))), "$.lines[1].id"
    ),
    "no id": (poisoned(external_id=""), "$.id"),
    "long id": (poisoned(external_id="x" * 129), "$.id"),
    "total of 5000 digits": (poisoned(total=HUGE), "$.total"),
    "negative total": (poisoned(total=-1), "$.total"),
    "total beyond 64 bits": (poisoned(total=BIG), "$.total"),
    "shop total beyond 64 bits": (poisoned(shop_total=BIG, shop_currency="USD"), "$.shop_total"),
    "tax of 5000 digits": (poisoned(tax_total=-HUGE), "$.tax_total"),
    "price beyond 64 bits": (poisoned(lines=(mug(unit_price=BIG),), total=1), "$.lines[0].unit_price"),
    "discount beyond 64 bits": (poisoned(lines=(mug(discount=-BIG),), total=1), "$.lines[0].discount"),
    "quantity of 5000 digits": (poisoned(lines=(mug(quantity=HUGE),), total=1), "$.lines[0].quantity"),
    "negative quantity": (poisoned(lines=(mug(quantity=-1),), total=1), "$.lines[0].quantity"),
    "cancelled beyond 64 bits": (poisoned(lines=(mug(cancelled=BIG),)), "$.lines[0].cancelled"),
    "weight beyond 32 bits": (poisoned(lines=(mug(grams=2**31),)), "$.lines[0].grams"),
    "negative weight": (poisoned(lines=(mug(grams=-5),)), "$.lines[0].grams"),
    "charge beyond 64 bits": (
        poisoned(charges=(Charge(kind="shipping", title="s", amount=BIG),)), "$.charges[0].amount"
    ),
    "payment beyond 64 bits": (poisoned(payments=(replace(PAID, amount=BIG),)), "$.payments[0].amount"),
    "negative payment": (poisoned(payments=(replace(PAID, amount=-1),)), "$.payments[0].amount"),
    "payment twice": (poisoned(payments=(PAID, PAID)), "$.payments[1].id"),
    "negative shipment": (
        poisoned(shipments=(ForeignShipment(external_id="s", lines={"L1": -3}),)), "$.shipments[0].lines"
    ),
    "shipment of 5000 digits": (
        poisoned(shipments=(ForeignShipment(external_id="s", lines={"L1": HUGE}),)), "$.shipments[0].lines"
    ),
    "no currency": (poisoned(currency=""), "$.currency"),
    "long currency": (poisoned(currency="EURO"), "$.currency"),
    "unknown currency": (poisoned(currency="ZZZ"), "$.currency"),
    "unknown shop currency": (poisoned(shop_currency="€", shop_total=1), "$.shop_currency"),
    "time without a zone": (poisoned(revised_at=datetime(2026, 1, 1)), "$.revised_at"),  # noqa: DTZ001
    "placed without a zone": (poisoned(placed_at=datetime(2026, 1, 1)), "$.placed_at"),  # noqa: DTZ001
    "before all years": (poisoned(placed_at=datetime(1, 1, 1, tzinfo=EAST)), "$.placed_at"),
    "after all years": (poisoned(revised_at=datetime(9999, 12, 31, 23, tzinfo=WEST)), "$.revised_at"),
    "id of NUL alone": (poisoned(external_id="\x00"), "$.id"),
    "lines alike but for NUL": (poisoned(lines=(mug(), mug(external_id="L1\x00"))), "$.lines[1].id"),
    "fault told with what cannot be kept": (raising(BadPayload("$.word", "is 'a\x00b\ud83d'")), "$.word: is 'ab?'"),
    "half a character": (poisoned(number="\ud83d"), "$"),
    "refund of 5000 digits": (
        told(RefundNotice(order_id="X", external_id="R", at=at(1), amount=HUGE, currency="EUR")), "$.amount"
    ),
    "refund in no currency": (
        told(RefundNotice(order_id="X", external_id="R", at=at(1), amount=5, currency="EURO")), "$.currency"
    ),
    "refund without a zone": (
        told(RefundNotice(order_id="X", external_id="R", at=datetime(2026, 1, 1), amount=5, currency="EUR")),  # noqa: DTZ001
        "$.at",
    ),
    "payment news beyond 64 bits": (
        told(PaymentNotice(payment_id="P", status=PaymentStatus.CAPTURED, amount=BIG, currency="EUR", at=at(1))),
        "$.amount",
    ),
    "scan without a zone": (
        told(ParcelScan(tracking_number="T", external_id="1", status=ScanStatus.LOST, at=datetime(2026, 1, 1))),  # noqa: DTZ001
        "$.at",
    ),
}  # fmt: skip


@pytest.fixture
def made() -> dict[str, Callable[[], tuple[News, ...]]]:
    Reads.MADE = {}
    return Reads.MADE  # type: ignore[return-value]


async def test_each_poison_is_set_aside_alone_with_its_place(desk: Desk, made: dict[str, Any]) -> None:
    """All of them in one batch, with good orders before, between and after."""
    good: list[ChannelOrder] = []
    posted = {}
    for name, (make, _) in POISON.items():
        made[name] = make
        good.append(an_order())
        await desk.tell(good[-1])
        posted[name] = await desk.post("made", name.encode())
    good.append(an_order())
    await desk.tell(good[-1])

    assert await desk.intaker.work(500) == len(good) + len(posted), "one batch"

    assert await desk.world.value("SELECT count(*) FROM orders") == len(good)
    for name, (_, place) in POISON.items():
        delivery = await desk.delivery(posted[name])
        assert delivery["state"] is Inbox.SET_ASIDE, f"{name}: {delivery['error']}"
        assert delivery["error"].startswith(place), f"{name}: {delivery['error']}"
        assert len(delivery["error"]) <= 1000


async def test_a_mapper_with_a_defect_is_tried_again_and_then_set_aside(desk: Desk, made: dict[str, Any]) -> None:
    made["broken"] = raising(KeyError("line_items"))
    posted = await desk.post("made", b"broken")
    order = an_order()
    await desk.tell(order)
    await desk.take_in()

    assert await desk.order_id(order.external_id)
    first = await desk.delivery(posted)
    assert (first["state"], first["attempts"]) == (Inbox.PENDING, 1)
    assert first["error"] == "KeyError: 'line_items'"
    for _ in range(5):
        desk.world.clock.advance(timedelta(hours=2))
        await desk.take_in()
    assert (await desk.delivery(posted))["state"] is Inbox.SET_ASIDE


async def test_nul_characters_are_dropped(desk: Desk, made: dict[str, Any]) -> None:
    order = an_order(buyer=Buyer(name="Eri\x00ka", email="e@example.com"), note="\x00", words={"sta\x00tus": "\x00ok"})
    made["nul"] = lambda: (order,)
    await desk.post("made", b"nul")
    await desk.take_in()

    stored = await desk.order(await desk.order_id(order.external_id))
    assert '"name": "Erika"' in stored["buyer"]
    assert (stored["note"], stored["words"]) == ("", '{"status": "ok"}')


async def test_strange_but_true_is_kept_as_it_is(desk: Desk) -> None:
    """Emoji, right-to-left marks, an empty postcode, a year far away: odd, but an order."""
    name = "\u202eErika 🧑‍🚀 \uffff"
    order = an_order(buyer=Buyer(name=name, email=""), placed_at=datetime(9999, 12, 31, tzinfo=UTC), number="n" * 300)
    await desk.tell(order)
    await desk.take_in()

    stored = await desk.order(await desk.order_id(order.external_id))
    assert name in stored["buyer"]
    assert stored["placed_at"].year == 9999
    assert stored["number"] == "n" * 64


@pytest.mark.parametrize("topic", ["", "shop/update", "x" * 500])
async def test_topics_of_no_interest_are_done_with(desk: Desk, topic: str) -> None:
    posted = await desk.post(topic, b"{}")
    await desk.take_in()

    assert (await desk.delivery(posted))["state"] is Inbox.DONE


async def test_a_body_that_is_no_json(desk: Desk) -> None:
    posted = [
        await desk.post("ChannelOrder", body) for body in (b"", b"{", b"\xff\xfe", b"[" * 5000, b'{"total": 1e400}')
    ]
    await desk.take_in()

    for one in posted:
        assert (await desk.delivery(one))["state"] in {Inbox.SET_ASIDE, Inbox.PENDING}
    assert await desk.world.value("SELECT count(*) FROM orders") == 0
