"""Any permutation of one order's deliveries, with repeats and in any batches, ends in the same store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace

from hub.domain.order import (
    Buyer,
    Cancellation,
    ChannelOrder,
    ChannelPayment,
    Charge,
    ForeignShipment,
    News,
    PaymentStatus,
    RefundNotice,
    ShipmentNotice,
)
from tests.flow.desk import BERLIN, Desk, an_order, at, mug

ORDER = (
    "account_id", "number", "state", "placed_at", "revised_at", "currency", "shop_currency", "tax_included", "total",
    "tax_total", "shop_total", "charges", "buyer", "ship_to", "bill_to", "email", "paid", "pending", "test", "words",
    "unknown_words", "risks", "note", "cancelled_at", "cancel_reason", "customer_id IS NULL",
)  # fmt: skip
LINE = (
    "external_id", "position", "sku", "listing_id", "title", "unit_price", "discount", "tax", "requires_shipping",
    "grams", "ordered", "cancelled", "reserved", "assigned", "picked", "packed", "shipped", "delivered",
)  # fmt: skip
PAYMENT = ("external_id", "state", "gateway", "currency", "amount", "captured", "refunded", "account_id")
REFUND = ("idempotency_key", "state", "currency", "amount", "lines")
HOLD = ("reason", "state", "detail", "owner", "resolutions")


class Story(Struct, frozen=True):
    """What a channel did to one order, as it happened; the newest revision is the last."""

    deliveries: tuple[News, ...]


@st.composite
def stories(draw: st.DrawFn) -> Story:
    """Created, changed, paid, cut down, cancelled, refunded twice, shipped by somebody else; parts may be missing."""
    lines = (mug(), mug(external_id="L2", sku="CUP", listing_id="V2", title="Cup", unit_price=700, quantity=3))
    owed = 2500 + 2100
    pending = ChannelPayment(external_id="P1", status=PaymentStatus.PENDING, amount=owed)
    created = an_order(
        lines=lines, total=owed, paid=False, pending=draw(st.booleans()), payments=(pending,),
        ship_to=draw(st.sampled_from([BERLIN, replace(BERLIN, postcode="?"), None])),
        buyer=Buyer(name="Erika", email=draw(st.sampled_from(["", "ERIKA@example.com"]))),
    )  # fmt: skip
    same_time = draw(st.booleans())
    moved = replace(
        created, revised_at=at(1), ship_to=replace(BERLIN, line1="Neue Str. 2"), note="ring twice",
        buyer=Buyer(name="Erika M.", email="erika@example.com", phone="+49 30 1234567"),
    )  # fmt: skip
    paid = replace(
        moved, revised_at=at(1 if same_time else 2), paid=True, pending=False,
        payments=(replace(pending, status=PaymentStatus.CAPTURED),),
    )  # fmt: skip
    revisions: list[News] = [created, moved, paid]
    last = paid
    if draw(st.booleans()):
        cut = (lines[0], replace(lines[1], cancelled=2))
        fee = (Charge(kind="fee", title="restocking", amount=300),) if draw(st.booleans()) else ()
        last = replace(last, revised_at=at(3), lines=cut, charges=fee, total=owed + 300 * len(fee))
        revisions.append(last)
    if draw(st.booleans()):
        last = replace(last, revised_at=at(4), lines=(*last.lines[:1], mug(external_id="L3", quantity=1)), total=3750)
        revisions.append(last)
    shipped = ForeignShipment(external_id="S1", lines={"L1": 1}, carrier="DHL", tracking_number="THEIRS")
    notices: list[News] = []
    if draw(st.booleans()):
        notices.append(ShipmentNotice(order_id=created.external_id, shipment=shipped, at=at(5)))
        last = replace(last, revised_at=at(5), shipments=(shipped,))
        revisions.append(last)
    if draw(st.booleans()):
        worse = {"ship_to": replace(BERLIN, postcode="?")} if draw(st.booleans()) else {"unknown_words": ("status: ?",)}
        last = replace(last, revised_at=at(5.5), **worse)
        revisions.append(last)
    cancelled = draw(st.sampled_from(["", "revision", "notice", "both"]))
    if cancelled in {"revision", "both"}:
        revisions.append(replace(last, revised_at=at(6), cancelled_at=at(6), cancel_reason="changed their mind"))
    if cancelled in {"notice", "both"}:
        notices.append(Cancellation(order_id=created.external_id, at=at(6), reason="changed their mind"))
    for number, amount in ((1, 1200), (2, 333)):
        notices.append(
            RefundNotice(
                order_id=created.external_id, external_id=f"R{number}", at=at(7), amount=amount, currency="EUR"
            )
        )
    return Story(tuple(revisions + notices))


@st.composite
def tellings(draw: st.DrawFn) -> tuple[Story, list[list[int]], bool]:
    """A story; which of its deliveries come in together, in what order, some up to three times; and whether they came
    with ids of their own or with those of the first time."""
    story = draw(stories())
    numbers = list(range(len(story.deliveries)))
    again = draw(st.lists(st.sampled_from(numbers), max_size=2 * len(numbers)))
    heard = draw(st.permutations(numbers + again))
    cuts = sorted(set(draw(st.lists(st.integers(1, len(heard) - 1), max_size=len(heard)))))
    batches = [list(heard[a:b]) for a, b in zip([0, *cuts], [*cuts, len(heard)], strict=True)]
    return story, batches, draw(st.booleans())


async def tell(desk: Desk, story: Story, batches: Sequence[Sequence[int]], *, same_ids: bool, stages: bool) -> None:
    """Takes a story in; with `stages` review and route look after every batch."""
    mark = order_of(story).external_id
    for batch in batches:
        ids = [f"{mark}:{number}" for number in batch] if same_ids else ()
        await desk.tell(*(story.deliveries[number] for number in batch), ids=ids)
        await desk.take_in()
        if stages:
            await desk.orders()


def order_of(story: Story) -> ChannelOrder:
    order = story.deliveries[0]
    assert isinstance(order, ChannelOrder)
    return order


def retold(story: Story, suffix: str) -> Story:
    """The same story of another order, so that two ways of telling it stand side by side."""
    mark = order_of(story).external_id
    mail = f"{mark}{suffix}@example.com".lower()
    renamed: list[News] = []
    for news in story.deliveries:
        if isinstance(news, ChannelOrder):
            buyer = replace(news.buyer, email=news.buyer.email and mail)
            renamed.append(replace(news, external_id=mark + suffix, buyer=buyer))
        else:
            renamed.append(replace(news, order_id=mark + suffix))
    return Story(tuple(renamed))


async def standing(desk: Desk, story: Story, suffix: str) -> dict[str, Any]:
    """What the store holds of an order, without what tells two tellings apart."""
    order_id = await desk.order_id(order_of(story).external_id)

    async def rows(columns: Sequence[str], table: str, where: str, key: str) -> list[list[Any]]:
        sql = f"SELECT {', '.join(columns)} FROM {table} WHERE {where} ORDER BY {key}"
        found = await desk.world.rows(sql, order_id)
        return msgspec.to_builtins([[str(v).replace(suffix, "") for v in row] for row in found])

    return {
        "order": await rows(ORDER, "orders", "id = $1", "id"),
        "lines": await rows(LINE, "order_lines", "order_id = $1", "external_id"),
        "payments": await rows(PAYMENT, "payments", "order_id = $1", "external_id"),
        "refunds": await rows(REFUND, "refunds", "order_id = $1", "idempotency_key"),
        "open holds": await rows(HOLD, "holds", "order_id = $1 AND state IN ('open', 'escalated')", "reason"),
        "ledger": await desk.ledger(order_id),
        "works": await desk.works_of(order_id),
    }


async def compare(desk: Desk, telling: tuple[Story, list[list[int]], bool], *, stages: bool) -> None:
    story, batches, same_ids = telling
    straight, shuffled = retold(story, "-straight"), retold(story, "-shuffled")
    await tell(desk, straight, [[n] for n in range(len(story.deliveries))], same_ids=True, stages=stages)
    await tell(desk, shuffled, batches, same_ids=same_ids, stages=stages)
    if stages:
        await desk.orders()

    assert await standing(desk, shuffled, "-shuffled") == await standing(desk, straight, "-straight")
    for one in (straight, shuffled):
        order_id = await desk.order_id(order_of(one).external_id)
        assert sum((await desk.ledger(order_id)).values()) == 0
    open_deliveries = await desk.world.value("SELECT count(*) FROM inbox WHERE state <> 9")
    assert open_deliveries == 0, "every delivery found its order"
    await desk.sound()


def often(examples: int) -> settings:
    return settings(
        max_examples=examples, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
    )


some, many = often(12), often(60)


@some
@given(tellings())
async def test_intake_alone(desk: Desk, telling: tuple[Story, list[list[int]], bool]) -> None:
    await compare(desk, telling, stages=False)


@some
@given(tellings())
async def test_with_review_and_route_in_between(desk: Desk, telling: tuple[Story, list[list[int]], bool]) -> None:
    """Nothing is in stock, so that orders wait with whatever holds they have while news come in."""
    await desk.world.database.plain.execute("UPDATE locations SET active = false")

    await compare(desk, telling, stages=True)


@pytest.mark.long
@many
@given(tellings())
async def test_many_more_of_intake_alone(desk: Desk, telling: tuple[Story, list[list[int]], bool]) -> None:
    await compare(desk, telling, stages=False)


@pytest.mark.long
@many
@given(tellings())
async def test_many_more_with_review_and_route(desk: Desk, telling: tuple[Story, list[list[int]], bool]) -> None:
    await desk.world.database.plain.execute("UPDATE locations SET active = false")

    await compare(desk, telling, stages=True)
