"""Files: the mark of an order's content, and where the file lies."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from connectors.http import AioHttp
from hub.contract import Delivery
from hub.domain.order import ChannelOrder
from hub.domain.placed_order_reading import CONTENT
from hub.errors import Reconnect
from tests.connectors.csv_file.harness import HARNESS

BODY = (
    b'{"id":"W-1","currency":"EUR","placed_at":"2026-11-22T00:00:00Z",'
    b'"lines":[{"sku":"A","quantity":1,"unit_price":1}]}'
)


async def test_content_is_marked_whenever_it_comes(http: AioHttp) -> None:
    channel = HARNESS.connector.open(HARNESS.account(""), http)
    marks = []
    for mark, body in (("a", BODY), ("b", BODY.replace(b",", b", ")), ("c", BODY.replace(b":1}", b":2}"))):
        (order,) = channel.read(Delivery(mark, "order", body))
        assert isinstance(order, ChannelOrder)
        marks.append(order.words[CONTENT])
    assert marks[0] == marks[1] != marks[2]
    assert channel.read(Delivery("d", "another topic", b"")) == ()


async def test_a_path_without_a_file_is_told(http: AioHttp, tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    channel = HARNESS.connector.open(replace(HARNESS.account(""), settings={"path": str(file)}), http)
    with pytest.raises(Reconnect, match="there is no file"):
        await channel.check()
    file.write_text("order\n", encoding="utf-8")
    assert await channel.check() == "Wholesale list"
