"""A seller at eBay, and the connector opened on it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from connectors.ebay import Ebay, EbayChannel
from connectors.http import AioHttp
from tests.connectors.ebay.harness import account, stocked
from tests.connectors.ebay.server import EbayDouble


@pytest.fixture
async def double() -> AsyncIterator[EbayDouble]:
    """The seller of the harness: two paid orders, two things in stock."""
    async with stocked() as ebay:
        yield ebay


@pytest.fixture
def channel(double: EbayDouble, http: AioHttp) -> EbayChannel:
    """A connector of its own on that account."""
    return Ebay().open(account(double.url), http)
