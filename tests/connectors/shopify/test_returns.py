"""Returns: as webhooks tell them, and as they are read with an order that has some."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec.structs import replace

from connectors.shopify import ShopifyChannel
from connectors.shopify.words import TOPICS
from hub.contract import Cursor, Delivery
from hub.domain.order import ChannelOrder, ReturnedLine, ReturnNotice, ReturnStatus
from hub.errors import BadPayload, Reconnect
from tests.connectors.shopify.harness import fixture
from tests.connectors.shopify.server import ShopifyDouble

ORDER = fixture("orders_updated__partly_shipped_partly_gone")
NUMBER = str(ORDER["id"])
URL = "https://hub.example/webhooks/51"


def item(number: int, line: object, units: int = 1, reason: str = "size_too_small") -> dict[str, Any]:
    """A line of a return, as returns/request carries it."""
    sold = {"id": 1, "line_item": {"id": line}}
    return {"id": number, "quantity": units, "return_reason": reason, "fulfillment_line_item": sold}


def a_return(number: int, *items: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A return that was approved, and never changed the order's own time."""
    return {
        "id": number, "name": f"{ORDER['name']}-R{number}", "status": "open", "created_at": "2026-11-23T08:00:00Z",
        "approved_at": "2026-11-23T09:00:00Z", "return_line_items": list(items), **more,
    }  # fmt: skip


async def pulled(channel: ShopifyChannel) -> tuple[Delivery, list[ReturnNotice]]:
    """The delivery of the order by polling, and its returns."""
    page = await channel.pull_orders(Cursor())
    (delivery,) = [each for each in page.deliveries if f":{NUMBER}:" in each.id]
    order, *returns = channel.read(delivery)
    assert isinstance(order, ChannelOrder) and order.external_id == NUMBER
    return delivery, [each for each in returns if isinstance(each, ReturnNotice)]


async def test_an_order_is_read_with_all_of_its_returns(channel: ShopifyChannel, double: ShopifyDouble) -> None:
    """Pages of one: every list inside goes on, and is read to its end."""
    double.state.page = 1
    line = ORDER["line_items"][0]["id"]  # type: ignore[index]
    double.state.returns[NUMBER] = [
        a_return(1, item(11, line), item(12, line, 2, "other"), processed={0: 1, 1: 2}, tracking=("UPS", "1Z9")),
        a_return(2, item(21, line), status="closed", closed_at="2026-11-24T10:00:00Z"),
        a_return(3, item(31, line), processed={0: 0}),
    ]
    _, (first, second, third) = await pulled(channel)
    assert (first.status, first.word, first.number) == (ReturnStatus.RECEIVED, "open", f"{ORDER['name']}-R1")
    assert first.lines == (
        ReturnedLine(line_id=str(line), quantity=1, received=1, reason="size-too-small"),
        ReturnedLine(line_id=str(line), quantity=2, received=2, reason="other"),
    )
    assert (first.tracking_number, first.carrier) == ("1Z9", "UPS")
    assert first.requested_at is not None and first.requested_at.isoformat() == "2026-11-23T08:00:00+00:00"
    assert first.at.isoformat() == "2026-11-23T09:00:00+00:00", "later than the order's own last change"
    assert (second.status, second.at.isoformat()) == (ReturnStatus.CLOSED, "2026-11-24T10:00:00+00:00")
    assert (third.status, third.tracking_number) == (ReturnStatus.APPROVED, "")


async def test_what_moves_a_return_but_not_its_order_is_another_delivery(
    channel: ShopifyChannel, double: ShopifyDouble
) -> None:
    plain, none = await pulled(channel)
    line = ORDER["line_items"][0]["id"]  # type: ignore[index]
    double.state.returns[NUMBER] = [a_return(1, item(11, line))]
    first, _ = await pulled(channel)
    again, _ = await pulled(channel)
    double.state.returns[NUMBER][0]["status"] = "closed"
    moved, _ = await pulled(channel)
    assert none == [] and len({plain.id, first.id, moved.id}) == 3 and again.id == first.id


async def test_orders_without_returns_cost_no_call_more(channel: ShopifyChannel, double: ShopifyDouble) -> None:
    await pulled(channel)
    assert len(double.seen) == 1


async def test_an_app_that_may_not_read_returns_goes_on_without(channel: ShopifyChannel, double: ShopifyDouble) -> None:
    line = ORDER["line_items"][0]["id"]  # type: ignore[index]
    double.state.returns[NUMBER] = [a_return(1, item(11, line))]
    double.state.scopes.discard("read_returns")
    _, returns = await pulled(channel)
    assert returns == []
    state = await channel.repair_webhooks(URL)
    told = {each["topic"] for each in double.state.subscriptions.values()}
    assert state.healthy and told == {theirs for ours, theirs in TOPICS.items() if not ours.startswith("returns/")}

    double.state.scopes.add("read_returns")
    found = await channel.check_webhooks(URL)
    assert set(found.missing) == {topic for topic in TOPICS if topic.startswith("returns/")}
    assert (await channel.repair_webhooks(URL)).healthy
    double.token = "shpat_revoked"
    with pytest.raises(Reconnect):
        await pulled(channel)


def test_a_webhook_counts_at_the_time_it_was_triggered(channel: ShopifyChannel, double: ShopifyDouble) -> None:
    body = json.dumps(fixture("returns_request__two_units_too_small")).encode()
    headers = {name.lower(): value for name, value in double.headers("returns/request", body).items()}
    delivery = channel.verify(headers, body)
    (told,) = channel.read(delivery)
    assert isinstance(told, ReturnNotice) and told.at == delivery.occurred_at == told.requested_at
    with pytest.raises(BadPayload, match="Triggered-At"):
        channel.read(replace(delivery, occurred_at=None))


@pytest.mark.parametrize("word", ["requested", "open", "closed", "declined", "canceled"])
def test_every_status_of_shopify_has_a_meaning(channel: ShopifyChannel, double: ShopifyDouble, word: str) -> None:
    body = json.dumps({"id": 1, "order_id": 2, "status": word}).encode()
    headers = {name.lower(): value for name, value in double.headers("returns/close", body).items()}
    (told,) = channel.read(channel.verify(headers, body))
    assert isinstance(told, ReturnNotice) and told.status is not None
