"""The store of these tests keeps the rules of the real one, or it would prove nothing."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from connectors.http import AioHttp
from hub.contract import Reply
from tests.connectors.woocommerce.door import BASIC
from tests.connectors.woocommerce.harness import ORDER
from tests.connectors.woocommerce.server import WooDouble
from tests.connectors.woocommerce.state import understood


async def ask(double: WooDouble, http: AioHttp, path: str, keys: str = BASIC, **query: str) -> Reply:
    headers = {"X-Forwarded-Proto": "https"} | ({"Authorization": f"Basic {keys}"} if keys else {})
    return await http.call("GET", f"{double.url}/wp-json/wc/v3{path}?{urlencode(query)}", headers=headers)


def said(reply: Reply) -> Any:
    return reply.status, json.loads(reply.body)["code"]


async def test_keys_are_asked_for(double: WooDouble, http: AioHttp) -> None:
    assert said(await ask(double, http, "/orders", keys="")) == (401, "woocommerce_rest_cannot_view")
    assert said(await ask(double, http, "/orders", keys="AAAA")) == (401, "woocommerce_rest_authentication_error")


@pytest.mark.parametrize(
    "query", [{"per_page": "101"}, {"per_page": "0"}, {"status": "shipped"}, {"orderby": "total"}, {"order": "up"}]
)
async def test_what_the_api_does_not_know_is_refused(double: WooDouble, http: AioHttp, query: dict[str, str]) -> None:
    assert said(await ask(double, http, "/orders", **query)) == (400, "rest_invalid_param")


async def test_ten_rows_a_page_unless_asked_for_more(double: WooDouble, http: AioHttp) -> None:
    double.seed_orders(25)
    reply = await ask(double, http, "/orders")
    assert len(json.loads(reply.body)) == 10
    assert (reply.headers["x-wp-total"], reply.headers["x-wp-totalpages"]) == ("27", "3")
    assert len(json.loads((await ask(double, http, "/orders", page="3")).body)) == 7


async def test_any_leaves_out_the_trash_whatever_stands_beside_it(double: WooDouble, http: AioHttp) -> None:
    double.store.trash(ORDER)
    for status, count in (("any", 1), ("any,trash", 1), ("trash", 1), ("processing,trash", 2)):
        assert len(json.loads((await ask(double, http, "/orders", status=status)).body)) == count, status


@pytest.mark.parametrize(
    ("text", "face"),
    [
        ("2026-11-20T09:00:00", "2026-11-20T09:00:00"),
        ("2026-11-20T09:00:00Z", "2026-11-20T10:00:00"),
        ("2027-03-28T02:30:00", "2027-03-28T03:30:00"),
        ("2027-03-28T01:30:00", "2027-03-28T01:30:00"),
    ],
)
def test_times_are_read_as_wordpress_reads_them(text: str, face: str) -> None:
    assert understood(text, "Europe/Berlin") == face
