"""The web chat over a real WebSocket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.feed import Feed
from bot.service import BotService
from bot.transports.webchat import Visitor, WebChatChannel
from hub.contract import HearsWebhooks
from hub.domain.outgoing import Notice
from hub.errors import Forbidden
from tests.bot.world import World


class Browser:
    """One window of one visitor: keeps its token and the last message it has seen, as the page does."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self.session = session
        self.url = url
        self.token = ""
        self.last_seen = "0"
        self.shown: list[dict[str, Any]] = []
        self.frames = 0

    @asynccontextmanager
    async def open(self, **hello: str) -> AsyncIterator[Browser]:
        async with self.session.ws_connect(self.url) as self.ws:
            await self.send(type="hello", token=self.token, last_seen=self.last_seen, **hello)
            welcome = await self.next("welcome")
            self.token = welcome["token"]
            self.conversation = int(welcome["conversation"])
            await self.next("ready")
            yield self

    async def send(self, **frame: str) -> None:
        await self.ws.send_str(json.dumps(frame))

    async def next(self, kind: str) -> dict[str, Any]:
        """The next frame of that kind; messages on the way are shown."""
        async with asyncio.timeout(20):
            while True:
                frame: dict[str, Any] = json.loads(await self.ws.receive_str())
                if frame["type"] == "message":
                    self.last_seen = frame["id"]
                    self.shown.append(frame)
                if frame["type"] == kind:
                    return frame

    async def say(self, words: str = "", value: str = "") -> str:
        """Says something and returns the next thing the bot says."""
        self.frames += 1
        kind = {"type": "button", "value": value} if value else {"type": "text", "text": words}
        await self.send(id=f"f{self.frames}", **kind)
        return str((await self.hear())["text"])

    async def hear(self) -> dict[str, Any]:
        while True:
            message = await self.next("message")
            if message["author"] != "customer":
                return message


@pytest.fixture
async def browser(world: World) -> AsyncIterator[Browser]:
    """A browser on a running bot: workers, feed and socket as `main.py` starts them."""
    async with BotService(world.services, world.inbox) as service, aiohttp.ClientSession() as session:
        app = web.Application()
        app.add_routes(service.routes)
        server = TestServer(app)
        await server.start_server()
        try:
            yield Browser(session, f"{server.make_url('/chat/ws')}?account={world.chat.id}")
        finally:
            await server.close()


async def test_a_tracking_conversation(world: World, browser: Browser) -> None:
    await world.order("1001")
    async with browser.open(locale="en-GB"):
        assert "What is your order number?" in await browser.say("Where is my order?")
        assert "we have just sent a code" in await browser.say("1001")
        assert (await browser.say(await world.code())).startswith("Order 1001: shipped")
        assert (await browser.hear())["text"].startswith("Parcel with DHL: on its way")
        more = await browser.hear()
        assert [button["label"] for button in more["buttons"]] == ["Another order", "Talk to someone"]
        assert "What is your order number?" in await browser.say(value=more["buttons"][0]["value"])
        said = [frame["text"] for frame in browser.shown if frame["author"] == "customer"]
        assert said == ["Where is my order?", "1001", said[2], "Another order"]


async def test_what_is_said_while_the_browser_is_away_comes_with_the_next_hello(world: World, browser: Browser) -> None:
    async with browser.open():
        await browser.say("hello")
    notice = Notice(
        conversation_id=browser.conversation, address="-", text="notice.shipped", params={"number": "1001"},
        locale="en", edit_key="parcel:1",
    )  # fmt: skip
    for _ in range(2):
        await world.notify(world.chat.id, notice, "crossdock-1")
    seen = len(browser.shown)
    async with browser.open():
        new = browser.shown[seen:]
        assert [frame["text"] for frame in new] == ["Order 1001 is on its way."]
        assert (new[0]["edit_key"], new[0]["replaces"]) == ("parcel:1", True)
    other = Browser(browser.session, browser.url)
    other.token = browser.token
    async with other.open():
        assert [frame["id"] for frame in other.shown] == [frame["id"] for frame in browser.shown], "a second window"


async def test_the_same_frame_twice_is_said_once(browser: Browser) -> None:
    async with browser.open():
        for _ in range(3):
            await browser.send(type="text", id="same", text="hello")
            await browser.next("ack")
        await browser.send(type="text", id="another", text="where is my order")

        def said() -> list[str]:
            return [frame["text"] for frame in browser.shown if frame["author"] == "customer"]

        while said()[-1:] != ["where is my order"]:
            await browser.next("message")
        assert said() == ["hello", "where is my order"]


async def test_two_windows_show_the_same(browser: Browser) -> None:
    other = Browser(browser.session, browser.url)
    async with browser.open():
        other.token = browser.token
        async with other.open():
            await browser.say("hello")
            assert (await other.hear())["text"].startswith("You can ask me")
            assert [frame["id"] for frame in other.shown] == [frame["id"] for frame in browser.shown]


async def test_bad_frames_get_an_answer_and_do_no_harm(browser: Browser) -> None:
    async with browser.open():
        odd = ({"id": "", "text": "x"}, {"id": "1", "text": "  "}, {"id": "\x00", "text": "x"}, {"id": "1"}, {"id": 1})
        bad = [json.dumps({"type": "text", **frame}) for frame in odd]
        for frame in (*bad, "{", "[]", '{"type": "nope"}', "\x00", "9" * 5000):
            await browser.ws.send_str(frame)
            assert (await browser.next("error"))["code"] == "bad_frame"
        await browser.send(type="ping")
        await browser.next("pong")
        assert (await browser.say("hello\x00")).startswith("You can ask me")
        masked = await browser.say("my card 4111 1111 1111 1111")
        assert masked and "4111 1111 1111" not in json.dumps(browser.shown)


async def test_the_first_frame_is_a_hello(browser: Browser) -> None:
    async with browser.session.ws_connect(browser.url) as ws:
        await ws.send_str('{"type": "text", "id": "1", "text": "hi"}')
        assert json.loads(await ws.receive_str())["code"] == "bad_frame"
        assert (await ws.receive()).type is aiohttp.WSMsgType.CLOSE


async def test_a_forged_token_is_refused(world: World, browser: Browser) -> None:
    async with browser.open():
        pass
    body, _, mac = browser.token.partition(".")
    channel = await world.services.accounts.open(world.chat.id)
    assert isinstance(channel, WebChatChannel)
    for token in (f"{body}.{'0' * len(mac)}", f"{body[:-2]}AA.{mac}", "x", ".", body, "\udcff.\udcff"):
        with pytest.raises(Forbidden):
            channel.visitor(token)
        async with browser.session.ws_connect(browser.url) as ws:
            await ws.send_str(json.dumps({"type": "hello", "token": token}))
            assert json.loads(await ws.receive_str())["code"] in {"forbidden", "bad_frame"}


async def test_a_token_of_the_merchants_own_site_links_the_customer(world: World, browser: Browser) -> None:
    await world.order("1001")
    channel = await world.services.accounts.open(world.chat.id)
    assert isinstance(channel, WebChatChannel)
    browser.token = channel.token(Visitor(peer="site-77", customer_id=await world.customer("anna@example.org")))
    async with browser.open():
        assert (await browser.say("where is order 1001")).startswith("Order 1001: shipped")
    browser.token = channel.token(Visitor(peer="site-78", customer_id=5))
    async with browser.open():
        assert "we have just sent a code" in await browser.say("where is order 1001")


async def test_an_unknown_account_is_not_found(world: World, browser: Browser) -> None:
    async with browser.session.get(browser.url.replace(str(world.chat.id), "12345")) as answer:
        assert answer.status == 404


async def test_nothing_is_posted_to_a_web_chat_from_outside(world: World) -> None:
    channel = await world.services.accounts.open(world.chat.id)
    assert isinstance(channel, HearsWebhooks)
    with pytest.raises(Forbidden):
        channel.verify({}, b"{}")


async def test_the_feed_hands_out_a_line_that_appears_late(world: World) -> None:
    """A transaction that began first and commits last has the smaller id."""
    conversation = await world.receiver.conversation(world.chat, "late", "en")
    feed = Feed(world.database, world.services.ids)
    queue = await feed.subscribe(conversation)
    try:
        early = world.services.ids.next()
        await add_line(world, conversation, world.services.ids.next(), "second")
        assert (await asyncio.wait_for(queue.get(), 20)).text == "second"
        await add_line(world, conversation, early, "first")
        assert (await asyncio.wait_for(queue.get(), 20)).text == "first"
        assert queue.empty()
    finally:
        await feed.close()


async def add_line(world: World, conversation: int, line: int, words: str) -> None:
    from hub.actions.add_chat_messages import ChatLine, add_chat_messages

    async with world.database.transaction() as tx:
        await add_chat_messages(tx, [ChatLine(
            id=line, merchant_id=world.merchant_id, conversation_id=conversation, direction="out", author="bot",
            text=words, at=world.clock.now(),
        )])  # fmt: skip
