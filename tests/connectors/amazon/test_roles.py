"""A 403: a token that is bad, or an app that lacks a role. Only the first takes the account out of work."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from connectors.amazon import AmazonChannel
from connectors.amazon.client import Denied
from hub.contract import Cursor
from hub.domain.outgoing import CancellationRequest, Kind, StockLevel
from hub.errors import Reconnect, Retry
from tests.connectors.amazon.books import NOW
from tests.connectors.amazon.harness import HARNESS, TO_CANCEL
from tests.connectors.amazon.server import AmazonDouble

SHIPMENT: Any = HARNESS.pushes[Kind.PUSH_SHIPMENT]
LEVEL = StockLevel(sku="KETTLE", listing_id="KETTLE", available=1, version=1)

PUSHES: dict[str, tuple[str, Callable[[AmazonChannel], Awaitable[object]]]] = {
    "confirmShipment": ("Inventory and Order Tracking", lambda it: it.push_shipment(SHIPMENT, "k")),
    "createFeedDocument": (
        "Inventory and Order Tracking",
        lambda it: it.push_cancellation(CancellationRequest(reference="c", order_id=TO_CANCEL, reason="x"), "k"),
    ),
    "getListingsItem": ("Product Listing", lambda it: it.push_stock(LEVEL, "k")),
}


@pytest.mark.parametrize("operation", PUSHES)
@pytest.mark.parametrize("proven", [True, False])
async def test_a_missing_role_is_named_and_stops_its_operation_only(
    channel: AmazonChannel, double: AmazonDouble, operation: str, proven: bool
) -> None:
    role, push = PUSHES[operation]
    if proven:
        await channel.check()
    double.lacking.add(operation)
    with pytest.raises(Denied, match=role):
        await push(channel)
    assert double.effects() == [] and (await channel.pull_orders(Cursor(at=NOW))).deliveries == ()


async def test_an_app_that_may_not_read_orders_has_to_be_authorized_again(
    channel: AmazonChannel, double: AmazonDouble
) -> None:
    await channel.check()
    double.lacking.add("searchOrders")
    with pytest.raises(Reconnect, match="Inventory and Order Tracking"):
        await channel.pull_orders(Cursor(at=NOW))


@pytest.mark.parametrize(
    "said",
    ["The access token you provided has expired.", "The access token you provided is revoked, malformed or invalid."],
)
async def test_a_token_that_amazon_finds_bad_asks_to_connect_again(
    channel: AmazonChannel, double: AmazonDouble, said: str
) -> None:
    await channel.check()
    error = {"code": "Unauthorized", "message": "Access to requested resource is denied.", "details": said}
    double.fail(403, body=json.dumps({"errors": [error]}).encode(), times=2)
    with pytest.raises(Reconnect, match="authorize"):
        await channel.push_stock(LEVEL, "k")


async def test_a_token_that_is_good_for_nothing_asks_to_connect_again(
    channel: AmazonChannel, double: AmazonDouble
) -> None:
    double.lacking |= {"getListingsItem", "getMarketplaceParticipations"}
    with pytest.raises(Reconnect):
        await channel.push_stock(LEVEL, "k")


async def test_when_nobody_can_say_whether_the_token_is_good_the_push_waits(
    channel: AmazonChannel, double: AmazonDouble
) -> None:
    double.lacking.add("getListingsItem")
    double.left["getMarketplaceParticipations"] = 0
    with pytest.raises(Retry, match="429"):
        await channel.push_stock(LEVEL, "k")
