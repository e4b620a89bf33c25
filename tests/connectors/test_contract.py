"""The contract suite: every connector of `connectors.CONNECTORS`, every check of `tests.connectors.checks` that its
capabilities ask for. A new connector needs nothing here: it writes `tests/connectors/<name>/harness.py`.
"""

from __future__ import annotations

from importlib import import_module

import pytest

from connectors import CONNECTORS
from hub.contract import Http
from tests.connectors.checks import CHECKS, demanded
from tests.connectors.checks.common import Check
from tests.connectors.harness import Harness


def harness_of(name: str) -> Harness:
    """The harness of the connector `name`; fails the test that asks for it where there is none."""
    try:
        module = import_module(f"tests.connectors.{name}.harness")
    except ModuleNotFoundError as error:
        pytest.fail(
            f"connector {name} has no harness: write tests/connectors/{name}/harness.py ({error})", pytrace=False
        )
    harness: Harness = module.HARNESS
    return harness


def cases() -> list[object]:
    """(connector, check), for whatever each connector must do; a connector that cannot be met keeps one case."""
    found: list[object] = []
    for name in CONNECTORS:
        try:
            checks = demanded(harness_of(name))
        except (Exception, pytest.fail.Exception):  # noqa: BLE001, the case itself will say what is wrong
            checks = list(CHECKS)[:1]
        found += [pytest.param(name, check, id=f"{name}-{check.__name__.removeprefix('check_')}") for check in checks]
    return found


@pytest.mark.parametrize(("name", "check"), cases())
async def test_contract(name: str, check: Check, http: Http) -> None:
    await check(harness_of(name), http)


@pytest.mark.parametrize("name", list(CONNECTORS))
def test_a_connector_is_called_what_its_folder_is_called(name: str) -> None:
    assert harness_of(name).connector.about.name == name


def test_a_connector_without_a_harness_fails_the_suite() -> None:
    with pytest.raises(
        pytest.fail.Exception, match="connector stranger has no harness: write tests/connectors/stranger"
    ):
        harness_of("stranger")
