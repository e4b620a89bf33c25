"""The show's Medusa: one for all of its tests.

It takes packages from npm that nothing else of the project needs, so it belongs to `make shows` and not to `make test`:
without them its tests are not collected.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.shows.medusa.running import Medusa, packages, running

collect_ignore = [] if packages() else ["test_medusa.py"]


def pytest_report_header() -> list[str]:
    """What is missing, for those who ask for these tests by name."""
    missing = "Medusa's packages are not here: `make shows` fetches them (docs/how-to/connect-medusa.md)"
    return [missing] if collect_ignore else []


@pytest.fixture(scope="session")
async def medusa(database_url: str) -> AsyncIterator[Medusa]:
    """A running server; what one test orders there, another may see."""
    folder = packages()
    assert folder is not None, "not collected without them"
    async with running(folder, database_url) as server:
        yield server
