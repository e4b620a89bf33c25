"""The way out: what may be called, what a lost answer means, what a status means. The other side is a real server."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from connectors.http import AioHttp, expect, is_public, retry_after, words
from hub.contract import Http, Reply
from hub.errors import Reconnect, Reject, Retry, Unknown
from tests.support.ports import nobody_listens


@asynccontextmanager
async def playing(handler) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    async with TestServer(app, host="127.0.0.1") as server:
        yield f"http://127.0.0.1:{server.port}"


def reply(status: int, body: bytes = b"", **headers: str) -> Reply:
    return Reply(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


# ---------------------------------------------------------------- the call


async def test_a_call_carries_method_headers_and_body_and_brings_everything_back(http: Http):
    async def echo(request: web.Request) -> web.Response:
        text = f"{request.method} {request.path_qs} {request.headers['X-One']} {await request.text()}"
        return web.Response(status=207, text=text, headers={"X-Two": "b"})

    async with playing(echo) as url:
        answer = await http.call("PUT", f"{url}/a?b=c%2Cd", headers={"X-One": "a"}, body=b"hello", effect=True)
    assert (answer.status, answer.body, answer.headers["x-two"]) == (207, b"PUT /a?b=c,d a hello", "b")


async def test_redirects_are_answers_and_are_not_followed(http: Http):
    async def away(request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": "http://169.254.169.254/latest"})

    async with playing(away) as url:
        answer = await http.call("GET", url)
    assert answer.status == 302
    with pytest.raises(Reject, match="points elsewhere"):
        expect(answer, "list orders")


async def test_cookies_of_one_call_do_not_travel_with_the_next(http: Http):
    async def cookie(request: web.Request) -> web.Response:
        answer = web.Response(text=request.headers.get("Cookie", "none"))
        answer.set_cookie("session", "of another merchant")
        return answer

    async with playing(cookie) as url:
        await http.call("GET", url)
        assert (await http.call("GET", url)).body == b"none"


async def test_an_endless_answer_is_given_up(http: Http):
    async with AioHttp(allow_private_hosts=True, max_reply=1000) as small:

        async def long(request: web.Request) -> web.Response:
            return web.Response(body=b"x" * 1001)

        async def bomb(request: web.Request) -> web.Response:
            return web.Response(body=gzip.compress(b"x" * 5_000_000), headers={"Content-Encoding": "gzip"})

        for handler in (long, bomb):
            async with playing(handler) as url:
                with pytest.raises(Retry, match="larger than 1000 bytes"):
                    await small.call("GET", url)
                with pytest.raises(Unknown):
                    await small.call("POST", url, effect=True)


# ---------------------------------------------------------------- answers that are lost


async def test_a_refused_connection_is_tried_again_even_for_an_effect(http: Http):
    with nobody_listens() as port, pytest.raises(Retry, match="could not connect"):
        await http.call("POST", f"http://127.0.0.1:{port}/", effect=True)


async def test_a_closed_connection_is_unknown_for_an_effect_and_never_repeated(http: Http):
    arrived: list[str] = []

    async def drop(request: web.Request) -> web.Response:
        arrived.append(request.method)
        if request.path == "/fine":
            return web.Response()
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async with playing(drop) as url:
        await http.call("PUT", f"{url}/fine", effect=True)  # leaves a kept connection behind
        arrived.clear()
        with pytest.raises(Unknown, match="the answer was lost"):
            await http.call("PUT", f"{url}/drop", effect=True)
        assert arrived == ["PUT"]
        with pytest.raises(Retry, match="no answer"):
            await http.call("GET", f"{url}/drop")


async def test_an_answer_that_takes_too_long_is_unknown_for_an_effect(http: Http):
    release = asyncio.Event()

    async def slow(request: web.Request) -> web.Response:
        if request.path != "/fine":
            await release.wait()
        return web.Response()

    async with playing(slow) as url:
        await http.call("POST", f"{url}/fine", effect=True)  # connected: what takes too long now can only be the answer
        with pytest.raises(Unknown):
            await http.call("POST", url, effect=True, timeout=0.1)
        with pytest.raises(Retry):
            await http.call("GET", url, timeout=0.1)
        release.set()


async def test_an_answer_cut_short_is_not_an_answer(http: Http):
    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"orders": [')
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(cut, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(Retry):
            await http.call("GET", f"http://127.0.0.1:{port}/")


# ---------------------------------------------------------------- what may be called


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "2130706433"])
async def test_our_own_machine_cannot_be_called_by_name_or_literal(host: str):
    async def inside(request: web.Request) -> web.Response:
        raise AssertionError("the guard let a call through")

    async with playing(inside) as url, AioHttp() as guarded:
        with pytest.raises(Reject, match=r"not a public address|not an address"):
            await guarded.call("GET", f"https://{host}:{url.rpartition(':')[2]}/")


@pytest.mark.parametrize(
    "url", ["http://example.com/", "ftp://example.com/", "file:///etc/passwd", "", "https://", "//x"]
)
async def test_only_https_addresses_are_called(url: str):
    async with AioHttp() as guarded:
        with pytest.raises(Reject):
            await guarded.call("GET", url)


@pytest.mark.parametrize(
    ("host", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("10.0.0.1", False),
        ("172.31.255.255", False),
        ("192.168.1.1", False),
        ("100.64.0.1", False),
        ("169.254.169.254", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("ff02::1", False),
        ("::", False),
        ("::ffff:10.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::5db8:d822", True),
        ("2002:7f00:1::", False),
    ],
)
def test_public_addresses_are_told_from_all_others(host: str, public: bool):
    assert is_public(host) is public


# ---------------------------------------------------------------- what an answer means


def test_a_good_answer_gives_its_body():
    assert expect(reply(201, b' {"id": 1}'), "buy") == b' {"id": 1}'
    assert expect(reply(204), "buy") == b""
    assert expect(reply(200, b"%PDF-1.7"), "print", json=False) == b"%PDF-1.7"


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_what_may_work_later_is_tried_again(status: int):
    with pytest.raises(Retry, match=f"list orders: {status}"):
        expect(reply(status), "list orders")


@pytest.mark.parametrize("body", [b"<html>Sorry, back soon</html>", b"\n<!doctype html>", b"OK", b"\x1f\x8b"])
def test_a_page_in_place_of_json_is_an_outage(body: bytes):
    with pytest.raises(Retry, match="not JSON"):
        expect(reply(200, body), "list orders")


def test_refused_credentials_need_a_new_connection():
    for status in (401, 403):
        with pytest.raises(Reconnect, match="key was revoked"):
            expect(reply(status, b'{"message": "key was revoked"}'), "list orders")
    with pytest.raises(Reject):
        expect(reply(403), "refund", forbidden=Reject)
    with pytest.raises(Unknown):
        expect(reply(502), "refund", broken=Unknown)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry_after": "7"}, 7.0),
        ({"retry_after": "2.5"}, 2.5),
        ({"retry_after": "Wed, 21 Oct 2026 07:28:30 GMT", "date": "Wed, 21 Oct 2026 07:28:00 GMT"}, 30.0),
        ({"retry_after": "Wed, 21 Oct 2026 07:28:00 GMT", "date": "Wed, 21 Oct 2026 07:28:30 GMT"}, 0.0),
        ({"retry_after": "999999999"}, 86400.0),
        ({"retry_after": "soon"}, None),
        ({"retry_after": "-5"}, None),
        ({}, None),
    ],
)
def test_the_wait_they_ask_for_is_obeyed(headers: dict[str, str], seconds: float | None):
    throttled = reply(429, **headers)
    assert retry_after(throttled) == seconds
    with pytest.raises(Retry) as caught:
        expect(throttled, "list orders")
    assert caught.value.after == seconds


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"message": "quantity must be 1 or more"}', "quantity must be 1 or more"),
        (b'{"errors": [{"message": "unknown line"}, {"detail": "no stock"}]}', "unknown line; no stock"),
        (b'{"errors": {"sku": ["is invalid"]}}', "sku: is invalid"),
        (b'{"error": "invalid_grant", "error_description": "expired"}', "expired; invalid_grant"),
        (b"plain   words\n\x00here", "plain words here"),
        (b"<html><body>nginx</body></html>", "(an HTML page)"),
        (b"\xff\xfe", "��"),
        (b"", ""),
    ],
)
def test_their_words_are_found_in_any_usual_shape(body: bytes, said: str):
    assert words(body) == said


@pytest.mark.parametrize(
    "body",
    [
        b'{"message": "bad header Authorization: Bearer shpat_0123456789abcdef0123456789abcdef"}',
        b'{"message": "invalid access_token=shpat_0123456789abcdef"}',
        b'{"message": "Invalid API Key provided: sk_test_shpat_0123456789abcdef"}',
        b'{"client_secret": "client_secret: shpat_0123456789abcdef"}',
    ],
)
def test_their_words_never_repeat_a_secret(body: bytes):
    with pytest.raises(Reject) as caught:
        expect(reply(422, body), "push")
    assert "0123456789abcdef" not in str(caught.value)


def test_their_words_are_shortened():
    assert len(words(b"word " * 1000)) == 200
