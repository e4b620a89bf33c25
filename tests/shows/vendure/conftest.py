"""The show's Vendure: one for all of its tests.

It takes packages from npm that nothing else of the project needs, so it belongs to `make shows` and not to `make test`:
without them its tests are not collected.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.shows.vendure.running import Vendure, packages, running

collect_ignore = [] if packages() else ["test_vendure.py"]


def pytest_report_header() -> list[str]:
    """What is missing, for those who ask for these tests by name."""
    missing = "Vendure's packages are not here: `make shows` fetches them (docs/how-to/connect-vendure.md)"
    return [missing] if collect_ignore else []


@pytest.fixture(scope="session")
async def vendure() -> AsyncIterator[Vendure]:
    """A running server; what one test orders there, another may see."""
    folder = packages()
    assert folder is not None, "not collected without them"
    async with running(folder) as server:
        yield server
