"""Files: orders that come as CSV or JSON, by `python main.py orders import`.

Reading the file, its columns and its dates is the import's work (`hub.actions.import_orders`); what it hands over are
orders in the hub's own JSON, one delivery each. There is no system on the other side: nothing is polled or pushed.

__init__.py   what the connector declares
wire.py       the shape of an order, which is the hub's own
mapper.py     pure: that shape → the hub's order
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from connectors.csv_file import mapper
from hub.contract import About, Account, Channel, Credential, Delivery, Http, ReadsPlacedOrders
from hub.domain.order import News
from hub.errors import Reconnect

ABOUT = About(
    name="csv_file",
    title="Files",
    credentials=(
        Credential(
            "path",
            "Where the file is",
            secret=False,
            required=False,
            help="what `orders import` reads when it is given no file; on the machine that the hub runs on",
        ),
    ),
)


class CsvFile:
    """The connector, as `connectors.CONNECTORS` lists it."""

    about = ABOUT

    def open(self, account: Account, http: Http) -> CsvFileChannel:
        """The account; `http` is of no use to it."""
        return CsvFileChannel(account)


class CsvFileChannel(Channel, ReadsPlacedOrders):
    """Where the orders of one kind of file come in."""

    placed_topic = mapper.ORDER

    def __init__(self, account: Account) -> None:
        self.account = account

    async def check(self) -> str:
        path = self.account.settings.get("path", "")
        if path and not await asyncio.to_thread(Path(path).is_file):
            raise Reconnect(f"there is no file {path!r} on this machine")
        return self.account.name

    def read(self, delivery: Delivery) -> tuple[News, ...]:
        return mapper.news(delivery)
