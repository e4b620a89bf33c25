"""Two processes move orders while channels and people change their minds about them, and the carrier has its moods.

What is done and when is chance, of a seed that a failure names; who meets whom is the machine's. Whatever happens, the
store is sound in the end, nothing is stuck, and no label is bought twice or forgotten.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import pytest
from msgspec.structs import replace
from structlog.testing import capture_logs

from hub.actions.automation_sweep import sweep_rules
from hub.actions.cancel_order import Cancel, cancel_order
from hub.actions.expire_holds import expire_holds
from hub.actions.import_stock import StockLine, import_stock
from hub.actions.release_hold import Release, release_hold
from hub.actions.routing_reject import Rejection, reject_fulfillment
from hub.actions.wake_forgotten import wake_forgotten
from hub.domain.order import ChannelOrder, ParcelScan, ScanStatus, Value
from hub.domain.outgoing import Kind, LabelRequest, Receipt
from hub.errors import CrossdockError, Reject, Retry
from tests.flow.desk import Desk, an_order, at, mug
from tests.flow.paper import Book
from tests.flow.test_automation import give
from tests.flow.test_worker import second_worker
from tests.support.world import MERCHANT

RULES = "\n".join(
    f'[[rule]]\nname = "{when}"\nwhen = "{when}"\nthen.tag = ["{when}"]'
    for when in ("accepted", "routed", "held", "dispatched", "captured")
)
HELD = "SELECT order_id FROM holds WHERE state IN ('open', 'escalated')"
DUE = f"""SELECT (SELECT count(*) FROM outbox WHERE state < 9)
    + (SELECT count(*) FROM inbox WHERE state = 0 AND due_at <= $1)
    + (SELECT count(*) FROM orders WHERE state < 9 AND due_at <= $1 AND id NOT IN ({HELD}))
    + (SELECT count(*) FROM fulfillment_orders WHERE state < 9 AND due_at <= $1 AND order_id NOT IN ({HELD}))"""
"""What waits for a person is looked at again from time to time, for ever."""
STUCK = f"SELECT number, state FROM fulfillment_orders WHERE state < 6 AND order_id NOT IN ({HELD})"
ORPHANS = """SELECT p.id FROM parcels p JOIN fulfillment_orders f ON f.id = p.fulfillment_id
    JOIN outbox o ON o.intent = 'label:' || p.id || ':' || p.label_attempt AND o.kind = 'buy_label' AND o.state = 9
    WHERE f.state = 10 AND NOT EXISTS (SELECT 1 FROM outbox v WHERE v.kind = 'void_label' AND v.subject_id = p.id)"""
"""Labels that were bought for fulfillment orders that are cancelled, and that nobody has given back."""


@dataclass
class Turmoil:
    """Everybody who does something, whatever it meets. A refusal is an answer; any other error is a defect."""

    desk: Desk
    orders: Sequence[ChannelOrder]
    chance: random.Random
    told: int = 0

    @property
    def deeds(self) -> Sequence[Callable[[ChannelOrder, int], Awaitable[None]]]:
        """All that somebody may do about an order."""
        return self.cancel, self.revise, self.release, self.scan, self.reject, self.count, self.tidy

    async def tell(self) -> None:
        """The shop tells of its orders, ten at a time."""
        for first in range(0, len(self.orders), 10):
            await self.desk.tell(*self.orders[first : first + 10])
            self.told = first + 10
            await asyncio.sleep(self.chance.random() * 0.15)

    async def act(self, times: int) -> None:
        """Somebody does something about an order that came in just now."""
        for _ in range(times):
            await asyncio.sleep(self.chance.random() * 0.02)
            order = self.chance.choice(self.orders[max(0, self.told - 25) : max(1, self.told)])
            find = "SELECT id FROM orders WHERE external_id = $1"
            order_id = await self.desk.world.value(find, order.external_id)
            deed = self.chance.choice(self.deeds)
            if order_id is not None:
                try:
                    await deed(order, order_id)
                except CrossdockError:
                    continue

    async def cancel(self, order: ChannelOrder, order_id: int) -> None:
        asked = Cancel(merchant_id=MERCHANT, order_id=order_id, actor="user:1", reason="changed my mind")
        await cancel_order(self.desk.world.services, asked)

    async def revise(self, order: ChannelOrder, order_id: int) -> None:
        """Another revision, newer or older than others: cancelled, to another house, fewer units, fewer lines."""
        assert order.ship_to is not None
        changes: Sequence[dict[str, object]] = (
            {"cancelled_at": at(99), "cancel_reason": "customer"},
            {"ship_to": replace(order.ship_to, line1="Neue Str. 3")},
            {"lines": (mug(quantity=1, unit_price=order.total),)},
            {"paid": False, "payments": ()},
            {"lines": order.lines[:1], "total": order.lines[0].unit_price * 2},
        )
        change = self.chance.choice(changes)
        await self.desk.tell(replace(order, revised_at=at(self.chance.randint(1, 99)), **change))

    async def release(self, order: ChannelOrder, order_id: int) -> None:
        sql = "SELECT id, resolutions FROM holds WHERE order_id = $1 AND state = 'open'"
        for row in await self.desk.world.rows(sql, order_id):
            may = [way for way in json.loads(row["resolutions"]) if way in {"accept", "retry", "wait"}]
            if may:
                way = self.chance.choice(may)
                asked = Release(merchant_id=MERCHANT, hold_id=row["id"], resolution=way, actor="user:1")
                await release_hold(self.desk.world.services, asked)

    async def scan(self, order: ChannelOrder, order_id: int) -> None:
        for parcel in await self.desk.parcels(order_id):
            if parcel["tracking_number"]:
                status = self.chance.choice((ScanStatus.DELIVERED, ScanStatus.EXCEPTION))
                scan = ParcelScan(
                    tracking_number=parcel["tracking_number"], external_id=f"s{self.chance.random()}", status=status,
                    at=at(60),
                )  # fmt: skip
                await self.desk.tell(scan, account=self.desk.carrier)

    async def reject(self, order: ChannelOrder, order_id: int) -> None:
        sql = "SELECT id FROM fulfillment_orders WHERE order_id = $1 AND state < 9 LIMIT 1"
        number = await self.desk.world.value(sql, order_id)
        asked = Rejection(merchant_id=MERCHANT, fulfillment=str(number), reason="flooded", actor="user:1")
        await reject_fulfillment(self.desk.world.services, asked)

    async def count(self, order: ChannelOrder, order_id: int) -> None:
        """The nearest location has few of it, or none."""
        await self.desk.count(MUG=self.chance.randint(0, 30), CUP=self.chance.randint(0, 30))

    async def tidy(self, order: ChannelOrder, order_id: int) -> None:
        """A job of the scheduler, whose time has come just now."""
        await self.chance.choice((expire_holds, sweep_rules, wake_forgotten))(self.desk.world.services)


class Moods:
    """A carrier that takes its time, is busy, refuses, and loses answers, each now and then. `sold` counts labels by
    reference."""

    def __init__(self, book: Book, chance: random.Random) -> None:
        self.sold: Counter[str] = Counter()
        self._book = book
        self._chance = chance
        book.answer, book.takes, book.loses = (
            self._answer,
            lambda: chance.random() * 0.02,
            lambda: chance.random() < 0.03,
        )

    def _answer(self, kind: Kind, payload: Value) -> Receipt | Exception:
        mood = self._chance.random()
        if mood < 0.03:
            return Retry("busy", 0.2)
        if mood < 0.06:
            return Reject("not today")
        if isinstance(payload, LabelRequest):
            self.sold[payload.reference] += 1
        return self._book._usual(kind, payload)


async def calm(desk: Desk) -> bool:
    """Nothing is due any more; what waits for its next try has it meanwhile."""
    desk.world.clock.advance(timedelta(minutes=10))
    return not await desk.world.value(DUE, desk.world.clock.now())


SHORT, LONG = (1, 40), (4, 150)


@pytest.mark.parametrize(
    ("rounds", "count"), [pytest.param(*SHORT, id="short"), pytest.param(*LONG, id="long", marks=pytest.mark.long)]
)
async def test_whatever_people_do_meanwhile_everything_comes_to_rest(desk: Desk, rounds: int, count: int) -> None:
    stock = [StockLine(sku=sku, location="hamburg", on_hand=9000, country="DE") for sku in ("MUG", "CUP")]
    await import_stock(desk.world.services, MERCHANT, stock)
    await give(desk, RULES)
    seed = random.randrange(10**6)
    chance = random.Random(seed)
    carrier = Moods(desk.book("paper_carrier", "carrier"), chance)
    cup = mug(external_id="L2", sku="CUP", listing_id="")
    with capture_logs() as logs:
        async with second_worker(desk, ["lines", "intake"]), second_worker(desk, ["post"]):
            for _ in range(rounds):
                orders = [an_order(lines=(mug(), cup)[: chance.randint(1, 2)]) for _ in range(count)]
                turmoil = Turmoil(desk, orders, chance)
                await asyncio.gather(turmoil.tell(), turmoil.act(count), turmoil.act(count))
                await desk.world.until(lambda: calm(desk), 60)

    said = f"seed {seed}"
    assert [entry for entry in logs if entry["log_level"] == "error"] == [], said
    assert [dict(row) for row in await desk.world.rows(STUCK)] == [], said
    assert carrier.sold and max(carrier.sold.values()) == 1, said
    assert await desk.world.rows(ORPHANS) == [], said
    await desk.sound()
