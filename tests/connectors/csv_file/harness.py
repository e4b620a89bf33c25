"""How the contract suite meets files: there is nobody on the other side to meet."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import cast

from connectors.csv_file import CsvFile
from hub.contract import Account, Connector, Secrets
from hub.domain.order import Value
from hub.domain.outgoing import Kind
from tests.connectors.harness import Double
from tests.connectors.own_site.harness import nobody


class CsvFileHarness:
    """An account without a path."""

    calls_nobody = True

    def __init__(self) -> None:
        self.connector = cast(Connector, CsvFile())
        self.fixtures = Path(__file__).parent / "fixtures"
        self.pushes: Mapping[Kind, Value] = {}

    def serve(self) -> AbstractAsyncContextManager[Double]:
        """Nobody."""
        return cast(AbstractAsyncContextManager[Double], nobody())

    def account(self, url: str) -> Account:
        """An account."""
        return Account(72, 7, "csv_file", "Wholesale list", Secrets(), {"base_url": url})


HARNESS = CsvFileHarness()
