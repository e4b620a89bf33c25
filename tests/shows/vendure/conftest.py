"""The show's Vendure: one for all of its tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.shows.vendure.running import Vendure, packages, running


@pytest.fixture(scope="session")
async def vendure() -> AsyncIterator[Vendure]:
    """A running server; what one test orders there, another may see."""
    folder = packages()
    if folder is None:
        pytest.skip(
            "Vendure's packages are not here: with node, run `npm install` in a copy of tests/shows/vendure and name "
            "it in CROSSDOCK_VENDURE (docs/how-to/connect-vendure.md)"
        )
    async with running(folder) as server:
        yield server
