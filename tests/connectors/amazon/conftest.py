"""A seller, and the connector on it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest

from connectors.amazon import Amazon, AmazonChannel, AmazonQueueChannel
from connectors.http import AioHttp
from hub.contract import Account
from hub.domain.order import ChannelOrder
from tests.connectors.amazon.harness import HARNESS, stocked, with_queue
from tests.connectors.amazon.server import AmazonDouble


@pytest.fixture
async def double() -> AsyncIterator[AmazonDouble]:
    """The seller of the harness."""
    async with stocked() as seller:
        yield seller


@pytest.fixture
def amazon() -> Amazon:
    """A connector of its own: quotas and tokens are counted anew. It asks once how far a feed is."""
    return Amazon(patience=(0.0,))


@pytest.fixture
def account(double: AmazonDouble) -> Account:
    """The seller's account."""
    return HARNESS.account(double.url)


@pytest.fixture
def channel(amazon: Amazon, account: Account, http: AioHttp) -> AmazonChannel:
    """The connector on the seller."""
    return amazon.open(account, http)


@pytest.fixture
def queued(amazon: Amazon, account: Account, double: AmazonDouble, http: AioHttp) -> AmazonQueueChannel:
    """The same with a queue of notifications."""
    channel = amazon.open(with_queue(account, double.queue_url), http)
    assert isinstance(channel, AmazonQueueChannel)
    return channel


@pytest.fixture(scope="session")
def parts() -> Callable[[ChannelOrder], int]:
    """What the parts of an order add up to, as review counts it."""

    def add(order: ChannelOrder) -> int:
        lines = sum(line.unit_price * line.quantity - line.discount for line in order.lines)
        charges = sum(charge.amount - charge.discount for charge in order.charges)
        return lines + charges + (0 if order.tax_included else order.tax_total)

    return add
