"""A shop, and the connector opened on it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from connectors.http import AioHttp
from connectors.shopify import Shopify, ShopifyChannel
from tests.connectors.shopify.harness import HARNESS, stocked
from tests.connectors.shopify.server import ShopifyDouble


@pytest.fixture
async def double() -> AsyncIterator[ShopifyDouble]:
    """The shop of the harness: one paid order, and one that is partly shipped."""
    async with stocked() as shop:
        yield shop


@pytest.fixture
async def channel(double: ShopifyDouble, http: AioHttp) -> ShopifyChannel:
    """The connector on that shop, with a bucket of its own."""
    return Shopify().open(HARNESS.account(double.url), http)


@pytest.fixture
def money() -> Any:
    """What the parts of an order add up to, as review counts it."""

    def add(order: Any) -> int:
        lines = sum(line.unit_price * line.quantity - line.discount for line in order.lines)
        charges = sum(charge.amount - charge.discount for charge in order.charges)
        return lines + charges + (0 if order.tax_included else order.tax_total)  # type: ignore[no-any-return]

    return add
