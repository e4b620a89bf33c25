"""One folder a system on the other side. A connector is known by one line here, and registers no other way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hub.contract import Connector


class Connectors(Mapping[str, "Connector"]):
    """Connectors by name. Each is imported when it is first asked for, so that the list itself costs nothing."""

    def __init__(self, lines: Mapping[str, str]) -> None:
        self._lines = lines
        self._made: dict[str, Connector] = {}

    def __getitem__(self, name: str) -> Connector:
        if name not in self._made:
            module, _, cls = self._lines[name].partition(":")
            self._made[name] = getattr(import_module(module), cls)()
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._lines)

    def __len__(self) -> int:
        return len(self._lines)


CONNECTORS: Mapping[str, Connector] = Connectors(
    {
        "demo_store": "connectors.demo_store:DemoStore",
        "demo_carrier": "connectors.demo_carrier:DemoCarrier",
        "demo_payments": "connectors.demo_payments:DemoPayments",
        "shopify": "connectors.shopify:Shopify",
        "amazon": "connectors.amazon:Amazon",
        "woocommerce": "connectors.woocommerce:WooCommerce",
        "ebay": "connectors.ebay:Ebay",
        "etsy": "connectors.etsy:Etsy",
        "medusa": "connectors.medusa:Medusa",
        "vendure": "connectors.vendure:Vendure",
        "own_site": "connectors.own_site:OwnSite",
        "csv_file": "connectors.csv_file:CsvFile",
        "hooks": "connectors.hooks:Hooks",
    }
)
"""Name → where its class is."""
