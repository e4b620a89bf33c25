"""The worker of conversations on a real database: duplicates, crashes, several workers, failures, waits, notices."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.actions import ACTIONS
from bot.conversation import TRIES, Conversations
from bot.dialogue import Chat, Flow
from bot.flows import FLOWS
from bot.prompts import YES_NO, Prompt
from bot.scene import Action, Scene
from hub.actions.send_notices import send_notices
from hub.contract import Delivery
from hub.domain.outcome import Message
from hub.domain.outgoing import Kind, Notice
from hub.store.database import Database, Tx
from tests.bot.world import MAIL, World


async def test_the_same_event_twice_is_one(world: World) -> None:
    await world.say("where is my order?", event="e1")
    before = [line["text"] for line in await world.lines()]
    for _ in range(3):
        assert await world.keep("where is my order?", event="e1") is False
    await world.drain()
    assert [line["text"] for line in await world.lines()] == before


async def test_a_pressed_button_reads_as_its_words_in_the_transcript(world: World) -> None:
    await world.say("something is missing from my parcel")
    await world.say(button=(await world.buttons())["Yes"])
    assert [line["text"] for line in await world.lines() if line["direction"] == "in"][-1] == "Yes"
    control = await world.database.plain.fetchval(
        "SELECT control FROM conversations WHERE merchant_id = $1", world.merchant_id
    )
    assert control == "pending"
    assert await world.say("is somebody there?") == [], "a person has the word"


async def test_card_numbers_do_not_stay(world: World) -> None:
    from bot.transports.telegram import delivery_of

    person = {"id": 7, "is_bot": False, "first_name": "A"}
    message = {"message_id": 1, "date": 1, "chat": {"id": 7, "type": "private"}, "from": person}
    update = {"update_id": 5, "message": {**message, "text": "pay with 4111 1111 1111 1111"}}
    assert b"4111" not in delivery_of(json.dumps(update).encode()).body


class Dies(Exception):
    pass


async def test_a_crash_anywhere_in_a_turn_leaves_nothing_and_the_transcript_is_exact(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every statement of every turn is once the last one of a worker: the next one takes the event again."""
    await world.order("1001")
    script = [
        "hello",
        "where is my order",
        "1001",
        "no, 1001",
        "123456",
        "thanks",
        "new code",
        "talk to someone",
        "hey",
    ]
    for words in script:
        await world.say(words, peer="calm")
    countdown = Countdown()
    shaky = replace(
        world, conversations=Conversations(replace(world.services, database=Shaky(world.database, countdown)))
    )
    deaths = 0
    for words in script:
        await world.keep(words, peer="shaky")
        for budget in range(1, 100):
            countdown.left = budget
            try:
                if not await shaky.conversations.work():
                    break
            except Dies:
                deaths += 1
    assert deaths > 50
    calm, crashed = [[(row["direction"], row["text"]) for row in await world.lines(peer)] for peer in ("calm", "shaky")]
    assert crashed == calm
    sent = await world.database.plain.fetch(
        "SELECT c.peer, count(*) AS n FROM login_codes l JOIN conversations c ON c.id = l.conversation_id"
        " WHERE l.merchant_id = $1 GROUP BY 1", world.merchant_id,
    )  # fmt: skip
    assert len({row["n"] for row in sent}) == 1


class Countdown:
    left = 0


class Shaky(Database):
    """The same store; the process using it dies at a given statement."""

    def __init__(self, real: Database, countdown: Countdown) -> None:
        super().__init__(real.url)
        self.real = real
        self.countdown = countdown

    def transaction(self):  # type: ignore[no-untyped-def]
        return _Dying(self.real, self.countdown)


class _Dying:
    def __init__(self, real: Database, countdown: Countdown) -> None:
        self.context = real.transaction()
        self.countdown = countdown

    async def __aenter__(self) -> DyingTx:
        return DyingTx(await self.context.__aenter__(), self.countdown)

    async def __aexit__(self, *why: object) -> bool | None:
        if why[0] is None:
            self.countdown.left -= 1
            if self.countdown.left == 0:
                error = Dies()
                await self.context.__aexit__(Dies, error, None)
                raise error
        elif self.countdown.left <= 0:
            await self.context.__aexit__(*why)  # type: ignore[arg-type]
            raise Dies
        return await self.context.__aexit__(*why)  # type: ignore[arg-type]


class DyingTx(Tx):
    def __init__(self, real: Tx, countdown: Countdown) -> None:
        super().__init__(real._client, real._database)
        self.countdown = countdown

    def __getattribute__(self, name: str):  # type: ignore[no-untyped-def]
        if name in {"fetch", "fetchrow", "fetchval", "execute"}:
            countdown = object.__getattribute__(self, "countdown")
            countdown.left -= 1
            if countdown.left == 0:
                raise Dies
        return object.__getattribute__(self, name)


async def test_many_workers_keep_every_conversation_in_order(world: World) -> None:
    script = ["hello", "where is my order", "1001", "no, 1002", "cancel", "talk to someone", "hey"]
    for words in script:
        await world.say(words, peer="calm")
    peers = [f"p{n}" for n in range(12)]
    for words in script:
        await asyncio.gather(*(world.keep(words, peer=peer) for peer in peers))

    async def worker() -> None:
        idle = 0
        while idle < 3:
            idle = 0 if await world.conversations.work() else idle + 1

    await asyncio.gather(*(worker() for _ in range(6)))
    await world.drain()
    calm = [(row["direction"], row["text"]) for row in await world.lines("calm")]
    for peer in peers:
        assert [(row["direction"], row["text"]) for row in await world.lines(peer)] == calm


async def test_a_refused_action_takes_back_what_it_wrote_and_is_told(world: World) -> None:
    await world.database.plain.execute(
        "UPDATE accounts SET state = 'removed' WHERE merchant_id = $1 AND connector = 'email'", world.merchant_id
    )
    await world.order("1001")
    assert await world.say("where is order 1001") == ["Sorry, that is not possible right now. A person can help you."]


async def test_a_turn_that_always_fails_is_set_aside_and_a_person_is_called(world: World) -> None:
    async def broken(scene: Scene) -> None:
        raise ZeroDivisionError("a bug")

    async def body(chat: Chat) -> None:
        await chat.ask("sure", Prompt("commit.sure", options=YES_NO))
        await chat.do("broken", "broken")

    flows = {**FLOWS, "broken": Flow("broken", body)}
    world.conversations = Conversations(world.services, flows, {**ACTIONS, "broken": Action(broken)})
    await world.say(button="do:broken")
    await world.keep("yes")
    await world.keep("hello?")
    for _ in range(TRIES + 2):
        await world.drain()
        world.clock.advance(timedelta(hours=1))
    texts = [line["text"] for line in await world.lines()]
    assert texts[-3:] == ["yes", "Sorry, something went wrong on our side. A person will look at it.", "hello?"]
    states = await world.database.plain.fetch(
        "SELECT state, error FROM inbox WHERE merchant_id = $1 ORDER BY id", world.merchant_id
    )
    assert [row["state"] for row in states] == [9, 10, 9]
    assert "a bug" in states[1]["error"]


async def test_a_wait_ends_by_itself(world: World) -> None:
    async def body(chat: Chat) -> None:
        await chat.wait("nap", timedelta(hours=1))
        await chat.say("thanks.welcome")

    world.conversations = Conversations(world.services, {**FLOWS, "nap": Flow("nap", body)})
    assert await world.say(button="do:nap") == []
    world.clock.advance(timedelta(minutes=59))
    await world.drain()
    assert len(await world.lines()) == 1
    world.clock.advance(timedelta(minutes=1))
    await world.drain()
    assert [line["text"] for line in await world.lines()][-1] == "You're welcome!"


async def test_deliveries_that_are_no_chat_go_straight_through(world: World) -> None:
    shop = replace(world.chat, connector="demo_store")
    assert await world.receiver.keep(shop, Delivery(id="d1", topic="orders/create", body=b"{}"))
    assert await world.receiver.keep(world.chat, Delivery(id="d2", topic="chat", body=b"not json"))
    kinds = await world.database.plain.fetch("SELECT kind FROM inbox WHERE merchant_id = $1", world.merchant_id)
    assert [row["kind"] for row in kinds] == [0, 0]


async def test_what_the_hub_tells_unasked_reaches_the_chat_and_the_mailbox(world: World) -> None:
    """Through the outbox, as `hub.domain.notices` writes it: into a proven chat, else to the order's e-mail."""
    conversation = await world.receiver.conversation(world.chat, "p1", "de")
    mail = await world.database.plain.fetchval(
        "SELECT id FROM accounts WHERE merchant_id = $1 AND connector = 'email'", world.merchant_id
    )
    params = {"number": "1001", "promised": "2026-11-24", "token": "t"}
    chat = Notice(conversation_id=conversation, address="p1", text="notice.confirmed", params=params, locale="de")
    letter = Notice(conversation_id=0, address=MAIL, text="notice.confirmed", params=params, locale="en")
    messages = [
        Message(
            kind=Kind.NOTIFY, intent="notify:1:confirmed", account_id=world.chat.id, key=conversation, payload=chat
        ),
        Message(kind=Kind.NOTIFY, intent="notify:2:confirmed", account_id=mail, key=1, payload=letter),
    ]
    async with world.database.transaction() as tx:
        await send_notices(tx, world.services.ids, world.clock.now(), world.merchant_id, messages)
        await send_notices(tx, world.services.ids, world.clock.now(), world.merchant_id, messages)
    await world.post()
    assert [line["text"] for line in await world.lines()] == [
        "Vielen Dank! Bestellung 1001 ist bestätigt. Sie sollte bis Dienstag, 24. November ankommen."
    ]
    assert [sent["Subject"] for sent in world.mails()] == ["Order 1001 is confirmed"]
    states = await world.database.plain.fetch(
        "SELECT state, error FROM outbox WHERE merchant_id = $1", world.merchant_id
    )
    assert [(row["state"], row["error"]) for row in states] == [(9, ""), (9, "")]
