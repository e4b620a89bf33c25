"""A shop, and the connector opened on it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from connectors.http import AioHttp
from connectors.vendure import Vendure, VendureChannel
from tests.connectors.vendure.harness import HARNESS, stocked
from tests.connectors.vendure.server import VendureDouble


@pytest.fixture
async def double() -> AsyncIterator[VendureDouble]:
    """The shop of the harness: one order to ship, and one that is on its way."""
    async with stocked() as shop:
        yield shop


@pytest.fixture
async def channel(double: VendureDouble, http: AioHttp) -> VendureChannel:
    """The connector on that shop, with a session of its own."""
    return Vendure().open(HARNESS.account(double.url), http)
