"""The show's Medusa: one for all of its tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.shows.medusa.running import Medusa, packages, running


@pytest.fixture(scope="session")
async def medusa(database_url: str) -> AsyncIterator[Medusa]:
    """A running server; what one test orders there, another may see."""
    folder = packages()
    if folder is None:
        pytest.skip(
            "Medusa's packages are not here: with node, run `npm install` in a copy of tests/shows/medusa/shop and "
            "name it in CROSSDOCK_MEDUSA (docs/how-to/connect-medusa.md)"
        )
    async with running(folder, database_url) as server:
        yield server
