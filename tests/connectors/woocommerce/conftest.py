"""A store, and the connector opened on it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from connectors.http import AioHttp
from connectors.woocommerce import WooCommerce, WooCommerceChannel
from tests.connectors.woocommerce.harness import HARNESS, stocked
from tests.connectors.woocommerce.server import WooDouble, serve
from tests.connectors.woocommerce.state import Store


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[WooDouble]:
    """One server for all tests of a file."""
    async with serve() as double:
        yield double


@pytest.fixture
async def double(server: WooDouble) -> WooDouble:
    """The server, with the store of the harness put back as it was."""
    server.renew(Store())
    stocked(server)
    return server


@pytest.fixture
async def channel(double: WooDouble, http: AioHttp) -> WooCommerceChannel:
    """The connector on that store."""
    return WooCommerce().open(HARNESS.account(double.url), http)


@pytest.fixture
def money() -> Any:
    """What the parts of an order add up to, as review counts it."""

    def add(order: Any) -> int:
        lines = sum(line.unit_price * line.quantity - line.discount for line in order.lines)
        charges = sum(charge.amount - charge.discount for charge in order.charges)
        return lines + charges + (0 if order.tax_included else order.tax_total)  # type: ignore[no-any-return]

    return add
