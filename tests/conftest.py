"""What every test may ask for. Fixtures that need a database live beside the tests that use them."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import settings

from connectors.http import AioHttp

# No deadline: a shared machine stalls now and then, and a slow example is not a wrong one.
settings.register_profile("local", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=False, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")


@pytest.fixture
async def http() -> AsyncIterator[AioHttp]:
    """The real HTTP client, allowed to call the doubles on this machine."""
    async with AioHttp(allow_private_hosts=True) as client:
        yield client


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of samples and contracts beside the project; tests that read it are skipped where it is absent."""
    folder = Path(__file__).resolve().parents[2] / "shared"
    if not folder.is_dir():
        pytest.skip("../shared with its samples is not on this machine")
    return folder
