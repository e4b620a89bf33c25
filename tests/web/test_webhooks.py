"""The webhook door against forged, huge, malformed and misdirected deliveries, and with the store out of reach."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from connectors.http import AioHttp
from hub.accounts import Accounts, Tools
from hub.contract import About, Account, Delivery, HearsWebhooks, Http
from hub.errors import Retry
from hub.store.database import Database
from hub.web.services import Services
from tests.web.conftest import Client, cut_off
from tests.web.rows import Shop

BODY = json.dumps({"id": 7001, "name": "#7001"}).encode()
SECRET = "a secret of the store"


@pytest.fixture
async def account(hub: Services, shop: Shop) -> int:
    """A connected demo store."""
    fields = {"base_url": "http://127.0.0.1:9/store", "token": "t", "webhook_secret": SECRET}
    return await hub.accounts.add(shop.merchant_id, "demo_store", f"store {shop.ids.next()}", fields)


async def signed(hub: Services, account: int, body: bytes = BODY, topic: str = "order.created") -> dict[str, str]:
    channel = await hub.accounts.open(account)
    assert isinstance(channel, HearsWebhooks)
    return dict(channel.sign(topic, body))


async def kept(database: Database, account: int) -> list[bytes]:
    rows = await database.plain.fetch("SELECT body FROM inbox WHERE account_id = $1 ORDER BY id", account)
    return [bytes(row["body"]) for row in rows]


async def test_a_signed_delivery_is_kept_verbatim_before_the_answer(
    client: Client, hub: Services, account: int, database: Database
) -> None:
    body = b'{"id":  7001,\n "name": "\xc3\xa9 \xf0\x9f\x9a\x9a"}'
    async with client.post(f"/webhooks/{account}", data=body, headers=await signed(hub, account, body)) as reply:
        assert reply.status == 200
    assert await kept(database, account) == [body]
    assert await database.plain.fetchval("SELECT heard_at FROM accounts WHERE id = $1", account) is not None


async def test_a_delivery_sent_again_is_kept_once_and_taken_each_time(
    client: Client, hub: Services, account: int, database: Database
) -> None:
    headers = await signed(hub, account)

    async def send() -> int:
        async with client.post(f"/webhooks/{account}", data=BODY, headers=headers) as reply:
            return reply.status

    assert set(await asyncio.gather(*(send() for _ in range(20)))) == {200}
    assert len(await kept(database, account)) == 1


@pytest.mark.parametrize("signature", [None, "", "garbage", "AAAA", "ü", "é" * 4000])
async def test_a_forged_signature_is_refused_and_leaves_no_row(
    client: Client, hub: Services, account: int, database: Database, signature: str | None
) -> None:
    headers = await signed(hub, account)
    name = next(name for name in headers if "sig" in name.lower())
    headers = {k: v for k, v in headers.items() if k != name} | ({name: signature} if signature is not None else {})
    async with client.post(f"/webhooks/{account}", data=BODY, headers=headers) as reply:
        problem = await reply.json()
        assert (reply.status, reply.content_type) == (401, "application/problem+json")
    assert problem["code"] == "unauthorized"
    assert problem["docs"].endswith("/api/docs#unauthorized")
    assert await kept(database, account) == []


async def test_a_signature_counts_only_for_its_own_account_and_body(
    client: Client, hub: Services, account: int, shop: Shop, database: Database
) -> None:
    fields = {"base_url": "http://127.0.0.1:9/other", "token": "t", "webhook_secret": "another secret"}
    other = await hub.accounts.add(shop.merchant_id, "demo_store", "other", fields)
    headers = await signed(hub, account)
    for path, body in ((other, BODY), (account, BODY + b" ")):
        async with client.post(f"/webhooks/{path}", data=body, headers=headers) as reply:
            assert reply.status == 401
    assert await kept(database, account) == await kept(database, other) == []


@pytest.mark.parametrize("path", ["0", "12345", str(2**63 - 1), str(2**63), "9" * 19])
async def test_an_unknown_account_is_not_found(client: Client, path: str) -> None:
    async with client.post(f"/webhooks/{path}", data=BODY) as reply:
        assert (reply.status, (await reply.json())["code"]) == (404, "not_found")


@pytest.mark.parametrize("path", ["/webhooks/", "/webhooks/abc", "/webhooks/-1", "/webhooks/1/2", "/webhooks/1%00"])
async def test_an_address_that_no_account_has_is_not_found(client: Client, path: str) -> None:
    async with client.post(path, data=BODY) as reply:
        assert (reply.status, (await reply.json())["code"]) == (404, "not_found")


async def test_a_removed_account_is_not_found(client: Client, hub: Services, account: int, database: Database) -> None:
    headers = await signed(hub, account)
    await database.plain.execute("UPDATE accounts SET state = 'removed' WHERE id = $1", account)
    hub.accounts.forget(account)
    async with client.post(f"/webhooks/{account}", data=BODY, headers=headers) as reply:
        assert reply.status == 404


class Silent:
    """A connector whose system sends nothing."""

    about = About(name="silent", title="Silent")

    def open(self, account: Account, http: Http) -> SilentChannel:
        return SilentChannel(account)


class SilentChannel:
    def __init__(self, account: Account) -> None:
        self.account = account

    async def check(self) -> str:
        return "silent"


async def test_an_account_that_hears_nothing_is_not_found(
    hub: Services, shop: Shop, serve: Callable[[Services], Awaitable[Client]], database: Database
) -> None:
    async with AioHttp() as http:
        accounts = Accounts(database, Tools({"silent": Silent()}, http, hub.vault), hub.clock, hub.ids)
        silent = await accounts.add(shop.merchant_id, "silent", "silent", {})
        client = await serve(replace(hub, accounts=accounts))
        for _ in range(2):
            async with client.post(f"/webhooks/{silent}", data=BODY) as reply:
                assert reply.status == 404


async def test_other_methods_are_not_allowed(client: Client, account: int) -> None:
    for method in ("GET", "PUT", "DELETE", "PATCH"):
        async with client.request(method, f"/webhooks/{account}") as reply:
            assert reply.status == 405
            assert "POST" in reply.headers["Allow"].split(",")
            assert (await reply.json())["code"] == "method_not_allowed"


async def test_a_huge_body_is_refused_whether_it_says_so_or_not(
    client: Client, hub: Services, account: int, database: Database
) -> None:
    body = b"x" * (10 * 1024 * 1024 + 1)

    async def unannounced():  # type: ignore[no-untyped-def]
        for start in range(0, len(body), 1 << 20):
            yield body[start : start + (1 << 20)]

    headers = await signed(hub, account, body)
    for data in (io.BytesIO(body), unannounced()):
        async with client.post(f"/webhooks/{account}", data=data, headers=headers) as reply:
            assert (reply.status, (await reply.json())["code"]) == (413, "too_large")
    assert await kept(database, account) == []


async def test_the_largest_body_allowed_is_taken(
    client: Client, hub: Services, account: int, database: Database
) -> None:
    body = b"x" * (10 * 1024 * 1024)
    headers = await signed(hub, account, body)
    async with client.post(f"/webhooks/{account}", data=io.BytesIO(body), headers=headers) as reply:
        assert reply.status == 200
    assert [len(it) for it in await kept(database, account)] == [len(body)]


async def test_a_compressed_body_is_verified_as_it_was_written(
    client: Client, hub: Services, account: int, database: Database
) -> None:
    headers = await signed(hub, account) | {"Content-Encoding": "gzip"}
    async with client.post(f"/webhooks/{account}", data=gzip.compress(BODY), headers=headers) as reply:
        assert reply.status == 200
    assert await kept(database, account) == [BODY]


async def test_a_gzip_bomb_is_counted_opened(client: Client, hub: Services, account: int, database: Database) -> None:
    bomb = gzip.compress(b"\0" * (200 * 1024 * 1024))
    assert len(bomb) < 1024 * 1024
    headers = await signed(hub, account, bomb) | {"Content-Encoding": "gzip"}
    async with client.post(f"/webhooks/{account}", data=bomb, headers=headers) as reply:
        assert reply.status == 413
    assert await kept(database, account) == []


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "nonsense"])
async def test_any_content_type_is_taken_as_bytes(
    client: Client, hub: Services, account: int, database: Database, kind: str
) -> None:
    headers = await signed(hub, account) | {"Content-Type": kind}
    async with client.post(f"/webhooks/{account}", data=BODY, headers=headers) as reply:
        assert reply.status == 200
    assert await kept(database, account) == [BODY]


async def test_a_body_that_is_no_json_is_kept_for_a_person_to_look_at(
    client: Client, hub: Services, account: int, database: Database
) -> None:
    body = b"\xff\xfe\x00<html>"
    async with client.post(f"/webhooks/{account}", data=body, headers=await signed(hub, account, body)) as reply:
        assert reply.status == 200
    assert await kept(database, account) == [body]


async def test_an_id_that_cannot_be_kept_is_refused_and_nobody_else_with_it(
    client: Client, hub: Services, account: int, database: Database
) -> None:
    headers = await signed(hub, account)
    bad = {**headers, "X-Demo-Delivery": "a\tb"}

    async def send(given: dict[str, str]) -> int:
        async with client.post(f"/webhooks/{account}", data=BODY, headers=given) as reply:
            return reply.status

    assert await asyncio.gather(send(headers), send(bad)) == [200, 422]
    assert len(await kept(database, account)) == 1


async def test_header_bytes_that_are_no_text_do_not_stop_the_door(
    client: Client, hub: Services, account: int, database: Database
) -> None:
    headers = await signed(hub, account)
    request = b"POST /webhooks/%d HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\nConnection: close\r\n" % (
        account,
        len(BODY),
    )
    for name, value in headers.items():
        request += b"%s: %s\r\n" % (name.encode(), b"\xff\xfe" if "delivery" in name.lower() else value.encode())
    reader, writer = await asyncio.open_connection("127.0.0.1", client.port)
    writer.write(request + b"\r\n" + BODY)
    answer = await reader.readline()
    writer.close()
    await writer.wait_closed()
    assert answer.split()[1] in {b"200", b"422", b"400"}
    async with client.post(f"/webhooks/{account}", data=BODY, headers=headers) as reply:
        assert reply.status == 200


async def test_two_long_ids_that_begin_alike_stay_two(
    client: Client, hub: Services, account: int, database: Database
) -> None:
    headers = await signed(hub, account)
    for tail in ("a", "b"):
        given = {**headers, "X-Demo-Delivery": "x" * 300 + tail}
        async with client.post(f"/webhooks/{account}", data=BODY, headers=given) as reply:
            assert reply.status == 200
    assert len(await kept(database, account)) == 2


# ------------------------------------------------------------ the store out of reach


class Full:
    """An inbox whose store takes nothing."""

    async def keep(self, account: Account, delivery: Delivery) -> bool:
        raise Retry("the store cannot take it now", after=7)


async def test_a_store_that_takes_nothing_is_told_as_503_never_as_2xx(
    hub: Services, account: int, serve: Callable[[Services], Awaitable[Client]]
) -> None:
    client = await serve(replace(hub, inbox=Full()))
    async with client.post(f"/webhooks/{account}", data=BODY, headers=await signed(hub, account)) as reply:
        assert (reply.status, reply.headers["Retry-After"]) == (503, "7")
        assert (await reply.json())["code"] == "retry"


async def test_a_database_that_goes_away_while_it_commits_is_told_as_503(
    client: Client, hub: Services, account: int, database: Database
) -> None:
    headers = await signed(hub, account)
    async with cut_off(database, "inbox"), client.post(f"/webhooks/{account}", data=BODY, headers=headers) as reply:
        assert reply.status == 503
        assert int(reply.headers["Retry-After"]) > 0
    assert await kept(database, account) == []
    async with client.post(f"/webhooks/{account}", data=BODY, headers=headers) as reply:
        assert reply.status == 200
    assert await kept(database, account) == [BODY]


async def test_a_database_that_goes_away_while_the_account_is_looked_up_is_told_as_503(
    client: Client, hub: Services, account: int, database: Database
) -> None:
    headers = await signed(hub, account)
    hub.accounts.forget(account)
    async with cut_off(database, "accounts"), client.post(f"/webhooks/{account}", data=BODY, headers=headers) as reply:
        assert (reply.status, (await reply.json())["code"]) == (503, "store_unavailable")


async def test_webhooks_are_counted_by_status(client: Client, hub: Services, account: int) -> None:
    async with client.post(f"/webhooks/{account}", data=BODY, headers=await signed(hub, account)) as reply:
        assert reply.status == 200
    async with client.post(f"/webhooks/{account}", data=BODY) as reply:
        assert reply.status == 401
    async with client.get("/metrics") as reply:
        text = await reply.text()
    assert 'crossdock_webhooks_total{status="200"} 1.0' in text
    assert 'crossdock_webhooks_total{status="401"} 1.0' in text


async def test_problems_of_the_door_name_no_account_and_show_no_secret(client: Client, account: int) -> None:
    async with client.post(f"/webhooks/{account}", data=BODY) as reply:
        text = await reply.text()
    assert SECRET not in text
    assert isinstance(json.loads(text)["detail"], str)
