"""Returns at the store: what its buyers may ask for, where its people may move them, and what it tells of it."""

from __future__ import annotations

from typing import Any

import aiohttp

from connectors.demo_store import DemoStore
from connectors.demo_store.server import Options, serve
from connectors.demo_store.server.stores import NORDLICHT
from connectors.http import AioHttp
from hub.contract import Account, Cursor, Secrets
from hub.domain.order import ChannelOrder, ReturnNotice, ReturnStatus
from tests.connectors.demo_store.harness import ORDER


async def test_a_return_goes_its_way_and_is_told_with_the_order(http: AioHttp) -> None:
    async with serve([NORDLICHT], options=Options()) as server, aiohttp.ClientSession(server.url) as control:
        order = {**ORDER, "items": [{**ORDER["items"][0], "shipped": 3}]}  # type: ignore[index,dict-item]
        server.books["nordlicht"].orders["ord_harbor_1"] = order

        async def post(path: str, expected: int, **wish: Any) -> dict[str, Any]:
            async with control.post(path, json={"store": "nordlicht", **wish}) as answer:
                assert answer.status == expected, await answer.text()
                return dict(await answer.json())

        def asked(units: int) -> dict[str, Any]:
            return {"order_id": "ord_harbor_1", "items": {"line_1-1": units}, "reason": "zu herb"}

        await post("/_/returns", 422, **asked(4))
        await post("/_/returns", 422, **asked(0))
        await post("/_/returns", 422, order_id="ord_harbor_1", items={})
        await post("/_/returns", 404, **asked(1), store="nope")
        first = await post("/_/returns", 201, **asked(2))
        await post("/_/returns", 422, **asked(2))
        second = await post("/_/returns", 201, **asked(1))
        await post(f"/_/returns/{second['id']}", 200, status="declined")
        await post("/_/returns", 201, **asked(1))
        await post(f"/_/returns/{first['id']}", 409, status="received")
        await post("/_/returns/ret_nope", 404, status="approved")
        await post(f"/_/returns/{first['id']}", 200, status="approved")
        await post(f"/_/returns/{first['id']}", 200, status="in_transit", carrier="DHL", tracking_number="JJD1")
        await post(f"/_/returns/{first['id']}", 200, status="received")

        account = Account(
            1, 1, "demo_store", "Nordlicht",
            Secrets(token=NORDLICHT.token, webhook_secret=NORDLICHT.webhook_secret),
            {"base_url": f"{server.url}/nordlicht"},
        )  # fmt: skip
        channel = DemoStore().open(account, http)
        page = await channel.pull_orders(Cursor())
    told, *returns = [news for delivery in page.deliveries for news in channel.read(delivery)]
    assert isinstance(told, ChannelOrder) and told.revised_at > told.placed_at
    assert all(isinstance(each, ReturnNotice) for each in returns)
    assert [(each.status, each.tracking_number) for each in returns if isinstance(each, ReturnNotice)] == [
        (ReturnStatus.RECEIVED, "JJD1"), (ReturnStatus.DECLINED, ""), (ReturnStatus.REQUESTED, ""),
    ]  # fmt: skip
    assert isinstance(returns[0], ReturnNotice) and returns[0].word == "eingegangen"
    assert [(line.quantity, line.received, line.reason) for line in returns[0].lines] == [(2, 2, "zu herb")]
