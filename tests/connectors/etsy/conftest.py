"""A shop, and the connector opened on it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from connectors.etsy import Etsy, EtsyChannel
from connectors.http import AioHttp
from tests.connectors.etsy.harness import HARNESS, stocked
from tests.connectors.etsy.server import EtsyDouble


@pytest.fixture
async def double() -> AsyncIterator[EtsyDouble]:
    """The shop of the harness."""
    async with stocked() as shop:
        yield shop


@pytest.fixture
async def channel(double: EtsyDouble, http: AioHttp) -> EtsyChannel:
    """The connector on that shop, with tokens and a quota of its own."""
    return Etsy().open(HARNESS.account(double.url), http)
