"""The webhook door on real Shopify deliveries: what is not signed, known or bearable leaves no row."""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import secrets
from pathlib import Path

import aiohttp
import pytest

from tests.connectors.shopify.server import CLIENT_SECRET, ShopifyDouble
from tests.shows.shops import Shops, body

MAIN = "Main street"
TOPIC = "orders/create"
TABLES = ("inbox", "orders", "order_lines", "payments", "ledger", "events", "customers", "outbox")


@pytest.fixture
async def double(shops: Shops) -> ShopifyDouble:
    """A shop whose signature Shopify's double makes by itself, without our connector."""
    return await shops.open(MAIN)


@pytest.fixture
def order(samples: Path) -> bytes:
    """A real order, as it came over the wire."""
    return (samples / "webhook2025_order_create_dis2.json").read_bytes()


async def post(url: str, content: bytes, headers: dict[str, str]) -> tuple[int, str]:
    session = aiohttp.ClientSession(headers=headers)
    async with session, session.post(url, data=io.BytesIO(content)) as answer:
        return answer.status, await answer.text()


async def nothing_is_kept(shops: Shops) -> None:
    for table in TABLES:
        assert await shops.world.value(f"SELECT count(*) FROM {table}") == 0, table


async def test_a_signed_delivery_is_kept_before_it_is_answered(
    shops: Shops, double: ShopifyDouble, order: bytes
) -> None:
    headers = double.headers(TOPIC, order)
    status, _ = await post(await shops.world.door(MAIN), order, headers)
    assert status == 200
    (kept,) = await shops.world.rows("SELECT * FROM inbox")
    assert (kept["topic"], kept["body"]) == (TOPIC, order)
    assert kept["delivery_id"] == f"{TOPIC}:{headers['X-Shopify-Event-Id']}"


@pytest.mark.parametrize("mark", [
    None, "", "x", "not base64 at all", base64.b64encode(b"0" * 32).decode(), "é" * 20,
    base64.b64encode(hmac.new(b"another secret", b"{}", hashlib.sha256).digest()).decode(),
])  # fmt: skip
async def test_a_wrong_signature_is_refused_and_leaves_no_row(
    shops: Shops, double: ShopifyDouble, order: bytes, mark: str | None
) -> None:
    headers = double.headers(TOPIC, order)
    headers.pop("X-Shopify-Hmac-Sha256")
    if mark is not None:
        headers["X-Shopify-Hmac-Sha256"] = mark
    status, said = await post(await shops.world.door(MAIN), order, headers)
    assert status == 401 and CLIENT_SECRET not in said
    await nothing_is_kept(shops)


async def test_the_signature_of_another_secret_is_refused(shops: Shops, double: ShopifyDouble, order: bytes) -> None:
    forged = hmac.new(b"shpss_of_somebody_else", order, hashlib.sha256).digest()
    headers = double.headers(TOPIC, order) | {"X-Shopify-Hmac-Sha256": base64.b64encode(forged).decode()}
    assert (await post(await shops.world.door(MAIN), order, headers))[0] == 401
    await nothing_is_kept(shops)


async def test_one_changed_byte_anywhere_is_refused(shops: Shops, double: ShopifyDouble, order: bytes) -> None:
    headers, url = double.headers(TOPIC, order), await shops.world.door(MAIN)
    chosen = {0, 1, len(order) // 2, len(order) - 1, *(secrets.randbelow(len(order)) for _ in range(20))}
    for place in chosen:
        changed = order[:place] + bytes([order[place] ^ 1]) + order[place + 1 :]
        assert (await post(url, changed, headers))[0] == 401, place
    for changed in (order + b" ", order[:-1], b"", b" " + order, order.replace(b"304.00", b"304.01", 1)):
        assert changed != order
        assert (await post(url, changed, headers))[0] == 401
    await nothing_is_kept(shops)


async def test_a_delivery_for_another_shop_is_refused(shops: Shops, double: ShopifyDouble, order: bytes) -> None:
    headers = double.headers(TOPIC, order) | {"X-Shopify-Shop-Domain": "other.myshopify.com"}
    assert (await post(await shops.world.door(MAIN), order, headers))[0] == 401
    await nothing_is_kept(shops)


@pytest.mark.parametrize("account", ["1", "0", "9223372036854775807", "9999999999999999999", "main", "-1", ""])
async def test_an_account_that_is_not_there_is_not_found(
    shops: Shops, double: ShopifyDouble, order: bytes, account: str
) -> None:
    address = (await shops.world.door(MAIN)).rpartition("/")[0]
    assert (await post(f"{address}/{account}", order, double.headers(TOPIC, order)))[0] == 404
    await nothing_is_kept(shops)


async def test_a_body_beyond_all_measure_is_too_large(shops: Shops, double: ShopifyDouble) -> None:
    huge = b'{"note": "' + b"x" * (10 * 1024 * 1024) + b'"}'
    assert (await post(await shops.world.door(MAIN), huge, double.headers(TOPIC, huge)))[0] == 413
    await nothing_is_kept(shops)


async def test_an_order_of_a_thousand_lines_is_not_too_large(
    shops: Shops, double: ShopifyDouble, samples: Path
) -> None:
    """A body of some megabytes is a real order: the default limit of the web server would refuse it."""
    told = body(samples / "webhook2025_order_create_dis2.json")
    (line, *_) = told["line_items"]
    told["line_items"] = [line | {"id": 1 + number, "title": "長" * 300} for number in range(1000)]
    assert await double.send(await shops.world.door(MAIN), TOPIC, told) == 200
    assert await shops.world.value("SELECT length(body) FROM inbox") > 1024 * 1024
    await shops.world.drain()
    assert await shops.world.value("SELECT count(*) FROM order_lines") == 1000


async def test_a_signed_delivery_that_cannot_be_read_is_kept_and_set_aside_alone(
    shops: Shops, double: ShopifyDouble, samples: Path
) -> None:
    told = body(samples / "webhook2025_order_create_dis2.json")
    url = await shops.world.door(MAIN)
    assert await double.send(url, TOPIC, told | {"id": 1, "currency": "XXL"}) == 200
    assert await double.send(url, TOPIC, told | {"id": 2, "line_items": "none"}) == 200
    assert await double.send(url, TOPIC, told) == 200
    await shops.world.drain()
    errors = await shops.world.rows("SELECT error FROM inbox WHERE state = 10 ORDER BY id")
    assert [row["error"].partition(":")[0] for row in errors] == ["$.currency", "$.line_items"]
    assert await shops.world.value("SELECT array_agg(external_id) FROM orders") == ["6200354537772"]
