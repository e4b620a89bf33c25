"""Review against the real store: what velocities count, whose rules they are, accounts on terms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from hub.actions.check_rules import check_rules
from hub.actions.show_rules import show_rules
from hub.actions.switch_rules import switch_rules
from hub.domain.fraud_default import DEFAULT, STRICT
from hub.domain.fraud_reading import read
from hub.domain.lifecycle import Lifecycle
from hub.domain.order import Address, Buyer, ChannelPayment, PaymentStatus, RiskFact
from hub.errors import Invalid, NotFound
from tests.flow.desk import BERLIN, Desk, an_order, at, mug
from tests.support.world import MERCHANT

ONE_OF_FIVE = """
name = "mine"
hold_at = 10
[[rule]]
name = "too many"
kind = "velocity"
of = "{of}"
within_minutes = 30
more_than = 2
weight = 12
"""


async def switch(desk: Desk, text: str) -> int:
    version = await switch_rules(desk.world.services, MERCHANT, text, "test")
    desk.directory.forget()
    return version


def bought(number: int, minutes: float, **given: Any) -> Any:
    """An order of somebody who shares nothing with the others but what is given."""
    buyer = Buyer(name="B", email=f"b{number}@example.com", phone=f"+4930{1000000 + number}", ip=f"10.0.0.{number}")
    to = replace(BERLIN, line1=f"Heidestr. {number}", phone="")
    return an_order(placed_at=at(minutes), **{"buyer": buyer, "ship_to": to, "lines": (mug(quantity=1),), **given})


SAME: dict[str, Callable[[int], dict[str, Any]]] = {
    "phone": lambda n: {"buyer": Buyer(name="B", email=f"b{n}@example.com", phone="030 / 999 88 77")},
    "address": lambda n: {"ship_to": replace(BERLIN, name=f"N{n}")},
    "ip": lambda n: {"buyer": Buyer(name="B", email=f"b{n}@example.com", ip="203.0.113.9")},
    "email": lambda n: {"buyer": Buyer(name="B", email="One@example.com"), "lines": (mug(quantity=n),)},
    "card": lambda n: {
        "payments": (
            ChannelPayment(external_id="P", status=PaymentStatus.CAPTURED, amount=1250, gateway="visa", last4="4242"),
        )
    },
}


@pytest.mark.parametrize("of", SAME)
async def test_the_third_order_in_a_row_waits(desk: Desk, of: str) -> None:
    await switch(desk, ONE_OF_FIVE.format(of=of))
    orders = [bought(n, 10 * n, **SAME[of](n)) for n in (1, 2, 3)]
    orders.append(bought(9, 90, **SAME[of](4)))

    await desk.take(*orders)

    ids = [await desk.order_id(order.external_id) for order in orders]
    held = [await desk.holds(order_id) for order_id in ids]
    assert [bool(it) for it in held] == [False, False, True, False], "the last one came an hour later"
    told = held[2]["fraud"]
    assert (told["score"], told["hold_at"], told["version"]) == (12, 10, 1)
    assert told["rules"] == [
        {"rule": "too many", "points": 12, "why": "velocity", "of": of, "orders": 3, "minutes": 30}
    ]


async def test_the_channels_own_word_counts(desk: Desk) -> None:
    await switch(desk, STRICT)

    order_id = await desk.take(an_order(risks=(RiskFact(source="shop", level="high", why="stolen"),)))

    (rule,) = (await desk.holds(order_id))["fraud"]["rules"]
    told = {"why": "channel_risk", "level": "high", "by": "shop", "told": "stolen"}
    assert rule == {"rule": "the channel warns", "points": 60, **told}


async def test_another_merchants_rules_and_orders_do_not_count(desk: Desk) -> None:
    await switch_rules(desk.world.services, MERCHANT + 1, ONE_OF_FIVE.format(of="email"), "test")
    desk.directory.forget()
    orders = [bought(n, n, **SAME["email"](n)) for n in (1, 2, 3)]

    await desk.take(*orders)

    assert await desk.holds(await desk.order_id(orders[2].external_id)) == {}
    assert await desk.world.value("SELECT count(*) FROM review_rules WHERE merchant_id = $1", MERCHANT) == 0


async def terms(desk: Desk, limit: int) -> None:
    await desk.world.database.plain.execute(
        "INSERT INTO terms (id, merchant_id, email, currency, credit_limit, days) VALUES ($1, $2, $3, 'EUR', $4, 30)",
        desk.world.ports.ids.next(), MERCHANT, "shop@example.com", limit,
    )  # fmt: skip


def on_terms(number: int) -> Any:
    buyer = Buyer(name="Shop", email="shop@example.com")
    return an_order(paid=False, payments=(), buyer=buyer, lines=(mug(quantity=number),))


async def test_who_is_on_terms_is_served_up_to_the_limit(desk: Desk) -> None:
    await terms(desk, 5000)
    first, second, third = on_terms(1), on_terms(2), on_terms(3)

    await desk.take(first, second, third)

    states = [(await desk.order(await desk.order_id(o.external_id)))["state"] for o in (first, second, third)]
    assert states == [Lifecycle.IN_PROGRESS, Lifecycle.IN_PROGRESS, Lifecycle.RECEIVED]
    holds = await desk.holds(await desk.order_id(third.external_id))
    assert holds == {"credit": {"what": "credit", "owed": 3750, "due": 3750, "limit": 5000, "currency": "EUR"}}

    another = replace(on_terms(1), placed_at=at(60))
    await desk.take(another)
    assert await desk.holds(await desk.order_id(another.external_id)) == {}, "1250 are left exactly"


async def test_cash_on_delivery_is_a_promise(desk: Desk) -> None:
    cash = ChannelPayment(external_id="P", status=PaymentStatus.PENDING, amount=2500, gateway="Cash on Delivery (COD)")

    order_id = await desk.take(an_order(paid=False, payments=(cash,)))

    assert await desk.holds(order_id) == {}


async def test_an_embargo_and_a_street_without_a_number(desk: Desk) -> None:
    cuba = Address(name="A", line1="Calle 1", city="La Habana", postcode="10100", country="CU")
    orders = [an_order(ship_to=cuba), an_order(ship_to=replace(BERLIN, line1="Heidestraße"))]

    await desk.take(*orders)

    first, second = [await desk.holds(await desk.order_id(order.external_id)) for order in orders]
    assert first == {"address": {"what": "embargo", "entry": "CU"}}
    assert second == {"address": {"what": "address", "faults": ["house_number_missing"]}}


async def test_rules_are_tried_on_past_orders_and_nothing_is_written(desk: Desk) -> None:
    orders = [bought(n, 10 * n, **SAME["phone"](n)) for n in (1, 2, 3)]
    await desk.take(*orders)
    database = desk.world.database
    before = await desk.world.value("SELECT count(*) FROM events"), await desk.world.value("SELECT count(*) FROM holds")

    trial = await check_rules(database, MERCHANT, read(ONE_OF_FIVE.format(of="phone")), 100)

    assert (trial.orders, trial.would_hold, trial.by_rule) == (3, 1, {"too many": 1})
    (held,) = trial.held
    assert (held.number, held.score, held.was_held) == (orders[2].number, 12, False)
    assert held.rules[0]["why"] == "velocity"
    after = await desk.world.value("SELECT count(*) FROM events"), await desk.world.value("SELECT count(*) FROM holds")
    assert after == before
    assert (await check_rules(database, MERCHANT + 1, read(STRICT), 100)).orders == 0
    with pytest.raises(Invalid, match="last"):
        await check_rules(database, MERCHANT, read(STRICT), 0)
    last = await check_rules(database, MERCHANT, read(ONE_OF_FIVE.format(of="phone")), 1)
    assert last.would_hold == 1, "what came before the last one is counted too"


async def test_every_version_of_the_rules_is_kept(desk: Desk) -> None:
    database = desk.world.database
    assert (await show_rules(database, MERCHANT)).text == DEFAULT
    assert await switch(desk, STRICT) == 1
    assert await switch(desk, STRICT) == 1, "the same again is no version"
    assert await switch(desk, DEFAULT) == 2
    assert (await show_rules(database, MERCHANT, 1)).text == STRICT
    assert (await show_rules(database, MERCHANT)).version == 2
    with pytest.raises(NotFound):
        await show_rules(database, MERCHANT, 3)
    with pytest.raises(Invalid):
        await switch(desk, "hold_at = 1")
    assert await desk.world.value("SELECT count(*) FROM audit WHERE action = 'switch_rules'") == 2


async def test_many_cards_of_one_buyer_are_seen_by_the_rules_that_come_with_the_product(desk: Desk) -> None:
    """Cards are tried one after the other: from the third on, an order waits; the same card again does not."""

    def tried(email: str, number: int, card: str) -> Any:
        paid = ChannelPayment(
            external_id="P1", status=PaymentStatus.CAPTURED, amount=2500 + number, gateway="card", last4=card
        )
        line = mug(unit_price=2500 + number, quantity=1)
        buyer = Buyer(name="B", email=email)
        return an_order(placed_at=at(number), buyer=buyer, lines=(line,), payments=(paid,))

    changing = [tried("many@example.com", number, f"000{number}") for number in range(4)]
    steady = [tried("one@example.com", number, "0001") for number in range(4)]
    await desk.take(*changing[:3], *steady[:3])
    await desk.take(changing[3], steady[3])

    found = [set(await desk.holds(await desk.order_id(order.external_id))) for order in (*changing, *steady)]

    assert found == [set(), set(), {"fraud"}, {"fraud"}, *[set()] * 4]
    (detail,) = (await desk.holds(await desk.order_id(changing[2].external_id))).values()
    assert [(why["rule"], why["cards"]) for why in detail["rules"]] == [("many cards for one e-mail address", 3)]
