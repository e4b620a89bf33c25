"""Telegram against a double of the Bot API that checks every call against the published methods."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.polling import Polling
from bot.transports.telegram import TelegramChannel, delivery_of, read_update
from connectors.http import AioHttp
from hub.contract import Account, Delivery, HearsWebhooks, ManagesWebhooks, Notifies, Secrets
from hub.domain.outgoing import Notice
from hub.errors import BadPayload, Forbidden, Reconnect, Reject, Retry, Unknown
from tests.bot.world import World, until

TOKEN = "123456:AAbb-test"
SECRET = "hook-secret_1"
PERSON = {"id": 4711, "is_bot": False, "first_name": "Anna", "last_name": "Berg", "language_code": "en"}
CHAT = {"id": 4711, "type": "private", "first_name": "Anna"}


@dataclass
class Double:
    """The program from ../shared, and what it saw."""

    url: str
    session: aiohttp.ClientSession

    async def calls(self) -> list[dict[str, Any]]:
        async with self.session.get(f"{self.url}/_/calls") as answer:
            found: list[dict[str, Any]] = await answer.json()
        return found

    async def said(self) -> list[str]:
        return [c["params"]["text"] for c in await self.calls() if c["method"] in ("sendMessage", "editMessageText")]

    async def update(self, **update: Any) -> None:
        async with self.session.post(f"{self.url}/_/update", json=update) as answer:
            assert answer.status == 200

    async def fail(self, method: str, code: int, times: int = 1, **more: Any) -> None:
        body = {"method": method, "code": code, "times": times, **more}
        async with self.session.post(f"{self.url}/_/fail", json=body) as answer:
            assert answer.status == 200

    async def type(self, number: int, words: str) -> None:
        message = {"message_id": number, "date": int(time.time()), "chat": CHAT, "from": PERSON, "text": words}
        await self.update(update_id=number, message=message)

    async def press(self, number: int, value: str) -> None:
        message = {"message_id": 1, "date": int(time.time()), "chat": CHAT}
        query = {"id": f"cb{number}", "from": PERSON, "chat_instance": "1", "data": value, "message": message}
        await self.update(update_id=number, callback_query=query)

    async def waited(self, count: int) -> list[str]:
        """Everything said, once at least `count` messages were."""
        await until(lambda: self._has_said(count))
        return await self.said()

    async def _has_said(self, count: int) -> bool:
        return len(await self.said()) >= count


@pytest.fixture
async def double(shared: Path) -> AsyncIterator[Double]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = await asyncio.create_subprocess_exec(
        sys.executable, str(shared / "tools" / "telegram_double.py"), str(port), stderr=asyncio.subprocess.DEVNULL
    )
    async with aiohttp.ClientSession() as session:
        running = Double(f"http://127.0.0.1:{port}", session)
        async with asyncio.timeout(20):
            while True:
                with suppress(aiohttp.ClientConnectorError):
                    await running.calls()
                    break
                await asyncio.sleep(0.05)
        yield running
    program.terminate()
    await program.wait()


async def connect(world: World, double: Double) -> TelegramChannel:
    values = {"token": TOKEN, "webhook_secret": SECRET, "api_url": f"{double.url}/bot"}
    account = await world.services.accounts.add(world.merchant_id, "telegram", "bot", values)
    channel = await world.services.accounts.open(account)
    assert isinstance(channel, TelegramChannel)
    return channel


async def test_a_tracking_conversation_by_webhook(world: World, double: Double) -> None:
    await world.order("1001")
    channel = await connect(world, double)
    answers: list[int] = []

    async def hook(request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            delivery = channel.verify(headers, await request.read())
        except Forbidden:
            answers.append(401)
            return web.Response(status=401)
        await world.receiver.keep(channel.account, delivery)
        answers.append(200)
        return web.Response()

    app = web.Application()
    app.router.add_post("/webhooks/1", hook)
    server = TestServer(app)
    await server.start_server()
    try:
        url = str(server.make_url("/webhooks/1"))
        assert not (await channel.check_webhooks(url)).healthy
        assert (await channel.repair_webhooks(url)).healthy
        await track(world, double, lambda: len(answers))
    finally:
        await server.close()
    assert set(answers) == {200}
    assert (await channel.check()) == "@SpecBot"
    assert [call for call in await double.calls() if call["bad"]] == []


async def track(world: World, double: Double, arrived: Any) -> None:
    """The whole conversation: hello, a button, the number, a wrong code, the code, the parcel."""

    async def turn(number: int, **event: str) -> list[str]:
        before = len(await double.said())
        await (double.press(number, event["press"]) if "press" in event else double.type(number, event["words"]))
        await until(lambda: arrived() >= number)
        await world.drain()
        await world.post()
        return (await double.said())[before:]

    assert (await turn(1, words="/start"))[0].startswith("Hello!")
    assert (await turn(2, press="do:track"))[0].startswith("What is your order number?")
    assert "we have just sent a code" in (await turn(3, words="1001"))[0]
    code = await world.code()
    assert (await turn(4, words="000000" if code != "000000" else "111111"))[0].startswith("That code is not right")
    order, parcel, _ = await turn(5, words=code)
    assert order.startswith("Order 1001: shipped") and parcel.startswith("Parcel with DHL")
    keyboard = json.loads((await double.calls())[-1]["params"]["reply_markup"])["inline_keyboard"]
    assert [row[0]["text"] for row in keyboard] == ["Another order", "Talk to someone"]
    assert all(len(row[0]["callback_data"].encode()) <= 64 for row in keyboard)
    assert (await turn(6, press=keyboard[1][0]["callback_data"]))[0].startswith("I am getting a person")
    await turn(7, press="q1:0")
    methods = [call["method"] for call in await double.calls()]
    pressed = [index for index, method in enumerate(methods) if method == "answerCallbackQuery"]
    assert len(pressed) == 3, "every pressed button is answered, also while a person has the word"
    assert methods[pressed[0] + 1] == methods[pressed[1] + 1] == "sendMessage", "and before the message"


async def test_a_tracking_conversation_by_polling(world: World, double: Double) -> None:
    await world.order("1001")
    channel = await connect(world, double)
    await channel.stop_webhooks()
    polling = Polling(world.services, world.receiver)
    kept = 0

    async def run() -> None:
        nonlocal kept
        while True:
            kept = await polling.take(channel, kept)

    task = asyncio.create_task(run())
    try:
        await track(world, double, lambda: kept)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert [call for call in await double.calls() if call["bad"]] == []


async def test_pollers_start_by_themselves_and_only_once(world: World, double: Double) -> None:
    await connect(world, double)
    pollers = [asyncio.create_task(Polling(world.services, world.receiver).run()) for _ in range(2)]
    try:
        await double.type(1, "hello")
        await until(world.conversations.work)
        await world.post()
        assert (await double.waited(1))[0].startswith("You can ask me")
    finally:
        for poller in pollers:
            poller.cancel()
        await asyncio.gather(*pollers, return_exceptions=True)
    assert len([call for call in await double.calls() if call["method"] == "deleteWebhook"]) == 1


async def test_one_message_per_parcel_is_edited_until_there_is_news(world: World, double: Double) -> None:
    channel = await connect(world, double)
    conversation = await world.receiver.conversation(channel.account, "4711", "en")

    def notice(key: str, **params: str) -> Notice:
        return Notice(
            conversation_id=conversation, address="4711", text=key, locale="en", edit_key="parcel:9",
            params={"number": "1001", "carrier": "DHL", **params},
        )  # fmt: skip

    first = await world.notify(channel.account.id, notice("notice.shipped"), "k1")
    assert await world.notify(channel.account.id, notice("notice.in_transit", promised="2026-11-24"), "k2") == first
    out = await world.notify(channel.account.id, notice("notice.out_for_delivery"), "k3")
    assert out != first
    assert await world.notify(channel.account.id, notice("notice.in_transit"), "k4") == out, "the newest is edited"
    done = await world.notify(channel.account.id, notice("notice.delivered"), "k5")
    assert done not in (first, out)
    methods = [call["method"] for call in await double.calls()]
    assert methods == ["sendMessage", "editMessageText", "sendMessage", "editMessageText", "sendMessage"]
    await world.notify(channel.account.id, notice("notice.delivered"), "k5")
    kept = await world.database.plain.fetchval(
        "SELECT count(*) FROM chat_messages WHERE conversation_id = $1", conversation
    )
    assert kept == 5, "the same key is one line"


async def test_not_modified_is_success_and_a_lost_message_is_sent_anew(world: World, double: Double) -> None:
    channel = await connect(world, double)
    conversation = await world.receiver.conversation(channel.account, "4711", "en")
    notice = Notice(
        conversation_id=conversation, address="4711", text="notice.shipped", params={"number": "1"}, edit_key="parcel:9"
    )
    first = await world.notify(channel.account.id, notice, "k1")
    words = "Bad Request: message is not modified: specified new message content is exactly the same"
    await double.fail("editMessageText", 400, description=words)
    assert await world.notify(channel.account.id, notice, "k2") == first
    await double.fail("editMessageText", 400, description="Bad Request: message to edit not found")
    assert await world.notify(channel.account.id, notice, "k3") != first


async def test_failures_are_named_by_what_to_do_next(world: World, double: Double) -> None:
    channel = await connect(world, double)
    notice = Notice(conversation_id=0, address="4711", text="thanks.welcome", locale="en")

    async def failing(code: int, **more: Any) -> Exception:
        await double.fail("sendMessage", code, **more)
        with pytest.raises((Retry, Reject, Reconnect)) as caught:
            await channel.notify(notice, "k")
        return caught.value

    slow = await failing(429, retry_after=17)
    assert isinstance(slow, Retry) and slow.after == 17
    assert isinstance(await failing(403, description="Forbidden: bot was blocked by the user"), Reject)
    assert isinstance(await failing(400, description="Bad Request: chat not found"), Reject)
    assert isinstance(await failing(401, description="Unauthorized"), Reconnect)
    assert isinstance(await failing(500, description="Internal Server Error"), Retry)
    assert isinstance(await failing(409, description="Conflict"), Retry)
    await double.fail(
        "answerCallbackQuery", 400, description="Bad Request: query is too old and response timeout expired"
    )
    await channel.notify(Notice(conversation_id=0, address="4711", text="thanks.welcome", answers="old"), "k")
    with pytest.raises(Reject, match="no text"):
        await channel.notify(Notice(conversation_id=0, address="4711", text="no.such"), "k")
    assert TOKEN not in repr(channel) + repr(channel.account)


async def test_a_lost_answer_to_a_send_is_unknown_and_to_an_edit_is_not(world: World, http: AioHttp) -> None:
    """A Telegram that hears everything and never answers."""
    heard: list[str] = []

    async def silent(request: web.Request) -> web.Response:
        heard.append(request.path.rpartition("/")[2])
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", silent)
    server = TestServer(app)
    await server.start_server()
    try:
        secrets = Secrets(token=TOKEN, webhook_secret=SECRET)
        account = Account(1, 1, "telegram", "bot", secrets, {"api_url": str(server.make_url("/bot"))})
        channel = TelegramChannel(account, http, world.transcript)
        with pytest.raises(Unknown):
            await channel.notify(Notice(conversation_id=0, address="1", text="thanks.welcome"), "k")
        with pytest.raises(Retry):
            await channel.check()
        with pytest.raises(Retry):
            await channel.notify(Notice(conversation_id=0, address="1", text="", answers="x"), "k")
    finally:
        await server.close()
    assert heard[0] == "sendMessage" and heard.count("sendMessage") == 1


def channel_of(http: AioHttp, secret: str = SECRET) -> TelegramChannel:
    from bot.transports.port import NoPost

    return TelegramChannel(Account(1, 1, "telegram", "b", Secrets(token=TOKEN, webhook_secret=secret)), http, NoPost())


async def test_the_secret_header_is_required(http: AioHttp) -> None:
    channel = channel_of(http)
    body = b'{"update_id": 7}'
    headers = {name.lower(): value for name, value in channel.sign("message", body).items()}
    assert channel.verify(headers, body).id == "7"
    for wrong in ({}, {"x-telegram-bot-api-secret-token": ""}, {"x-telegram-bot-api-secret-token": "hook-secret_2"},
                  {"x-telegram-bot-api-secret-token": "\udcff"}):  # fmt: skip
        with pytest.raises(Forbidden):
            channel.verify(wrong, body)
    with pytest.raises(Forbidden):
        channel_of(http, "").verify({"x-telegram-bot-api-secret-token": ""}, body)
    with pytest.raises(BadPayload):
        channel.verify(headers, b"<html>")
    assert isinstance(channel, Notifies) and isinstance(channel, HearsWebhooks) and isinstance(channel, ManagesWebhooks)


def message(**more: Any) -> bytes:
    given = {"message_id": 1, "date": 1763802000, "chat": CHAT, "from": PERSON, "text": "hi", **more}
    return json.dumps({"update_id": 1, "message": given}).encode()


def test_what_an_update_says() -> None:
    read = read_update(message())
    assert read is not None
    assert (read.peer, read.text, read.name, read.locale) == ("4711", "hi", "Anna Berg", "en")
    assert read_update(message(chat={"id": -100, "type": "group"})) is None
    assert read_update(message(text="")) is None
    assert read_update(b'{"update_id": 1, "edited_message": {}}') is None
    odd = delivery_of(b'{"update_id": 1, "message": {"chat": "x"}}')
    assert odd == Delivery(id="1", topic="unreadable", body=odd.body)
    long = read_update(message(text="x" * 9000))
    assert long is not None and len(long.text) == 4000
