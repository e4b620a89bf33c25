"""Polling a list that moves under the reader, and storms: after two polls the hub has what Etsy has."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.etsy import EtsyChannel, about
from hub.contract import Cursor, Delivery, Page
from hub.domain.order import ChannelOrder
from hub.errors import BadPayload, Retry
from tests.connectors.etsy.server import EtsyDouble
from tests.connectors.etsy.shop import receipt

START = 1_796_000_000


def at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


async def pages(channel: EtsyChannel, cursor: Cursor) -> list[Page]:
    """All pages from `cursor` on."""
    found: list[Page] = []
    while not found or found[-1].more:
        found.append(await channel.pull_orders(cursor))
        cursor = found[-1].cursor
    return found


def numbers(found: list[Page]) -> list[str]:
    return [delivery.id.split(":")[1] for page in found for delivery in page.deliveries]


def fill(double: EtsyDouble, count: int, *, apart: int = 1) -> None:
    """Receipts 1 … count, `apart` seconds from each other."""
    double.shop.receipts.clear()
    for number in range(1, count + 1):
        double.shop.add(receipt(number, START + number * apart))
    double.shop.now = START + count * apart


async def test_a_receipt_that_changes_between_two_pages_hides_no_other(
    channel: EtsyChannel, double: EtsyDouble
) -> None:
    fill(double, 150)
    first = await channel.pull_orders(Cursor())
    double.shop.change(1, name="Moved to the end")  # by offset, receipt 101 would now be on the first page
    rest = await pages(channel, first.cursor)
    assert {*numbers([first]), *numbers(rest)} == {str(number) for number in range(1, 151)}
    assert numbers(rest)[-1] == "1"


async def test_a_second_that_fills_pages_comes_to_its_end(channel: EtsyChannel, double: EtsyDouble) -> None:
    fill(double, 250, apart=0)
    found = await pages(channel, Cursor(at=at(START)))
    assert len(set(numbers(found))) == 250 and [page.cursor.token for page in found] == ["95", "190", ""]
    assert found[-1].cursor.at == at(START)


async def test_the_question_is_for_changes_since_with_the_oldest_first(
    channel: EtsyChannel, double: EtsyDouble
) -> None:
    fill(double, 3)
    found = await pages(channel, Cursor(at=at(START + 2)))
    assert numbers(found) == ["2", "3"] and found[-1].cursor == Cursor(at=at(START + 3))
    assert (await pages(channel, Cursor(at=at(START + 9))))[-1].cursor.at == at(START + 9), "it never goes back"
    assert len(numbers(await pages(channel, Cursor(at=at(5))))) == 3, "Etsy knows no time before 2000"


async def test_two_changes_within_one_second_are_two_deliveries(channel: EtsyChannel, double: EtsyDouble) -> None:
    fill(double, 1)
    (before,) = (await channel.pull_orders(Cursor())).deliveries
    double.shop.receipts[1]["status"] = "Canceled"
    (after,) = (await channel.pull_orders(Cursor())).deliveries
    double.shop.receipts[1] = dict(reversed(list(double.shop.receipts[1].items())))
    (again,) = (await channel.pull_orders(Cursor())).deliveries
    assert before.id != after.id == again.id, "content tells them apart, the order of its fields does not"


@pytest.mark.parametrize(
    "poison", [{"receipt_id": "x"}, {"updated_timestamp": None, "update_timestamp": None}, {"transactions": 5}]
)
async def test_a_poisonous_receipt_stops_only_itself(
    channel: EtsyChannel, double: EtsyDouble, poison: dict[str, Any]
) -> None:
    fill(double, 150)
    shown = double.shop.page

    def poisoned(asked: Any) -> Any:
        page = shown(asked)
        bad = [one | poison if one["receipt_id"] == 100 else one for one in page["results"]]
        return page | {"results": bad}

    double.shop.page = poisoned  # type: ignore[method-assign]
    found, bad = set[str](), 0
    for page in await pages(channel, Cursor()):
        for delivery in page.deliveries:
            try:
                found |= {news.external_id for news in channel.read(delivery) if isinstance(news, ChannelOrder)}
            except BadPayload:
                bad += 1
    assert found == {str(number) for number in range(1, 151)} - {"100"} and bad >= 1


async def test_a_list_that_is_not_sorted_is_read_by_offset(channel: EtsyChannel, double: EtsyDouble) -> None:
    fill(double, 250)
    shown = double.shop.page
    double.shop.page = lambda asked: shown(dict(asked) | {"sort_order": "desc"})  # type: ignore[method-assign]
    assert set(numbers(await pages(channel, Cursor()))) == {str(number) for number in range(1, 251)}


async def test_a_receipt_that_moves_while_a_page_is_poisoned_hides_none(
    channel: EtsyChannel, double: EtsyDouble
) -> None:
    """Where offsets have to count, one that changes goes to the end and all behind it move up by a place."""
    fill(double, 150)
    shown = double.shop.page

    def poisoned(asked: Any) -> Any:
        page = shown(asked)
        bad = [one | {"receipt_id": "x"} if one["receipt_id"] == 100 else one for one in page["results"]]
        bad = [one | {"updated_timestamp": "soon"} if one["receipt_id"] == "x" else one for one in bad]
        return page | {"results": bad}

    double.shop.page = poisoned  # type: ignore[method-assign]
    first = await channel.pull_orders(Cursor())
    double.shop.change(3, status="Completed")
    rest = await pages(channel, first.cursor)
    told = {delivery.id.split(":")[1] for page in (first, *rest) for delivery in page.deliveries}
    assert {str(number) for number in range(1, 151)} - {"100"} <= told


async def test_a_count_without_receipts_is_no_end(channel: EtsyChannel, double: EtsyDouble) -> None:
    await channel.check()
    double.fail(200, body=b'{"count": 7, "results": []}')
    with pytest.raises(Retry, match="Etsy has 7, but gave none from 0 on"):
        await channel.pull_orders(Cursor())


# ---------------------------------------------------------------- storms


class Hub:
    """What the hub does with deliveries: each once by its id, the newest revision of each order counts."""

    def __init__(self, channel: EtsyChannel) -> None:
        self.channel = channel
        self.inbox: dict[str, Delivery] = {}
        self.at: datetime | None = None

    def keep(self, delivery: Delivery) -> None:
        self.inbox.setdefault(delivery.id, delivery)

    async def poll(self, weather: Any) -> None:
        """From `overlap` behind the cursor to the end; a page that fails is asked for again."""
        cursor = Cursor(at=self.at - about.overlap if self.at else None)
        more = True
        while more:
            weather()
            try:
                page = await self.channel.pull_orders(cursor)
            except Retry:
                continue
            for delivery in page.deliveries:
                self.keep(delivery)
            cursor, more = page.cursor, page.more
        self.at = max(filter(None, (self.at, cursor.at)), default=None)

    def orders(self) -> dict[str, tuple[datetime, str]]:
        """(revised, status) of each order as it stands."""
        newest: dict[str, ChannelOrder] = {}
        for delivery in self.inbox.values():
            for news in self.channel.read(delivery):
                if isinstance(news, ChannelOrder):
                    known = newest.get(news.external_id)
                    if known is None or news.revised_at >= known.revised_at:
                        newest[news.external_id] = news
        return {number: (order.revised_at, order.words["status"]) for number, order in newest.items()}


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_after_a_storm_and_two_polls_nothing_is_missing(
    channel: EtsyChannel, double: EtsyDouble, seed: int
) -> None:
    rng, hub = random.Random(seed), Hub(channel)
    fill(double, 130)
    nudge = b'{"event_type":"order.paid","resource_url":"https://openapi.etsy.com/x","shop_id":"1"}'

    def weather() -> None:
        """Something goes wrong, something changes, and webhooks come one to five times, or not at all."""
        match rng.randrange(7):
            case 0:
                double.fail(rng.choice((429, 500, 503)), headers={"Retry-After": "1"})
            case 1:
                double.fail(200, body=b"<html><body>Please wait</body></html>")
            case 2:
                double.drop_replies()
            case 3:
                double.access.clear()
        for number in rng.sample(sorted(double.shop.receipts), 3):
            double.shop.change(number, status=rng.choice(("Paid", "Completed", "canceled", "PAID")))
        double.shop.now += rng.randrange(2)
        new = max(double.shop.receipts) + 1
        double.shop.add(receipt(new, double.shop.now))
        marks = [f"msg_{new}"] * rng.randint(1, 5)
        rng.shuffle(marks)
        for mark in marks:
            if rng.random() > 0.1:
                hub.keep(channel.verify(double.headers(nudge, mark=mark), nudge))

    for _ in range(4):
        await hub.poll(weather)
    await hub.poll(lambda: None)
    await hub.poll(lambda: None)
    there = {
        str(one["receipt_id"]): (at(one["updated_timestamp"]), one["status"]) for one in double.shop.receipts.values()
    }
    assert hub.orders() == there
    nudges = [mark for mark in hub.inbox if mark.startswith("webhook:")]
    assert len(nudges) == len(set(nudges)) > 5
