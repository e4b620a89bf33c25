"""A shop, and the connector opened on it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from connectors.http import AioHttp
from connectors.medusa import Medusa, MedusaChannel
from tests.connectors.medusa.harness import HARNESS, stocked
from tests.connectors.medusa.server import MedusaDouble


@pytest.fixture
async def double() -> AsyncIterator[MedusaDouble]:
    """The shop of the harness: one paid order, one that has left, some variants."""
    async with stocked() as shop:
        yield shop


@pytest.fixture
def channel(double: MedusaDouble, http: AioHttp) -> MedusaChannel:
    """The connector on that shop."""
    return Medusa().open(HARNESS.account(double.url), http)
