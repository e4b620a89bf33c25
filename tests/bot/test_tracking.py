"""The tracking flow on a real database, and who may see what."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hub.store.database import Database
from tests.bot.world import World


async def test_a_tracking_conversation_from_hello_to_parcel(world: World) -> None:
    await world.order("1001")
    assert (await world.say("hello"))[0].startswith("You can ask me")
    assert await world.say("where is my order?") == [
        "What is your order number? You find it in your confirmation e-mail, for example 1001."
    ]
    (asked,) = await world.say("it is #1001")
    assert "we have just sent a code" in asked
    code = await world.code()
    assert (await world.say("000000" if code != "000000" else "111111"))[0].startswith("That code is not right")
    order, parcel, more = await world.say(code)
    assert order == "Order 1001: shipped. Expected by Tuesday, November 24."
    assert parcel.startswith("Parcel with DHL: on its way. Last news: Nov 22, 2026, 8:00:00")
    assert "https://dhl.example/1" in parcel
    assert more == "Can I do anything else?"
    assert await world.say(button=(await world.buttons())["Another order"]) == [
        "What is your order number? You find it in your confirmation e-mail, for example 1001."
    ]
    assert (await world.say("1001"))[0].startswith("Order 1001: shipped"), "the chat is known by now"


async def test_the_mail_with_the_code(world: World) -> None:
    await world.order("1001")
    await world.say("where is order 1001")
    code = await world.code()
    (mail,) = world.mails()
    assert mail["To"] == "anna@example.org"
    assert mail["Subject"] == f"Your code: {code}"
    rows = await world.database.plain.fetch(
        "SELECT payload::text AS it FROM outbox WHERE merchant_id = $1 UNION ALL SELECT code_hash FROM login_codes"
        " WHERE merchant_id = $1", world.merchant_id,
    )  # fmt: skip
    assert rows and all(code not in row["it"].replace(str(world.merchant_id), "") for row in rows), "kept sealed"


async def test_an_order_that_does_not_exist_gets_the_same_answers(world: World) -> None:
    await world.order("1001")
    real = [await world.say("where is order 1001", peer="a")]
    fake = [await world.say("where is order 9999", peer="b")]
    for words in ("123456", "new code", "654321", "111 222", "333-444", "555666"):
        real.append(await world.say(words, peer="a"))
        fake.append(await world.say(words, peer="b"))
    assert [[it.replace("1001", "N") for it in part] for part in real] == [
        [it.replace("9999", "N") for it in part] for part in fake
    ]
    await world.post()
    assert len(world.mails()) == 2


async def test_codes_end_after_five_tries_and_ten_minutes(world: World) -> None:
    await world.order("1001")
    await world.say("where is order 1001", peer="a")
    code = await world.code()
    wrong = "000000" if code != "000000" else "111111"
    for _ in range(5):
        await world.say(wrong, peer="a")
    await world.say("order 1001", peer="a")
    other = await world.code()
    assert other != code or len(world.mails()) == 2
    assert (await world.say(code, peer="a"))[0].startswith("That code is not right"), "five wrong tries end a code"
    world.clock.advance(timedelta(minutes=10, seconds=1))
    assert (await world.say(other, peer="a"))[0].startswith("That code is not right"), "ten minutes end a code"


async def test_a_code_works_in_its_own_chat_only_and_once(world: World) -> None:
    await world.order("1001")
    await world.say("where is order 1001", peer="a")
    code = await world.code()
    await world.say("where is order 1001", peer="b")
    assert (await world.say(code, peer="b"))[0].startswith("That code is not right")
    assert (await world.say(code, peer="a"))[0].startswith("Order 1001")
    used = await world.database.plain.fetchval(
        "SELECT count(*) FROM login_codes WHERE merchant_id = $1 AND used_at IS NOT NULL", world.merchant_id
    )
    assert used == 1


async def test_codes_are_limited_per_chat_per_order_and_per_address(world: World) -> None:
    await world.order("1001")
    await world.order("1002")
    await world.say("where is order 1001", peer="a")
    for _ in range(4):
        await world.say("new code", peer="a")
    await world.say("cancel", peer="a")
    assert (await world.say("where is order 1001", peer="a"))[0].startswith("There have been too many codes")
    await world.post()
    assert len(world.mails()) == 5
    same = await world.say("where is order 1001", peer="b")
    assert "we have just sent a code" in same[0], "no other answer, but no mail either"
    await world.say("where is order 1002", peer="c")
    await world.post()
    assert len(world.mails()) == 5, "the address has had its five"
    world.clock.advance(timedelta(hours=1, seconds=1))
    await world.say("where is order 1002", peer="d")
    await world.post()
    assert len(world.mails()) == 6


async def test_being_one_customer_does_not_show_anothers_order(world: World) -> None:
    await world.order("1001")
    await world.order("2002", "other@example.org")
    await world.say("where is order 1001")
    assert (await world.say(await world.code()))[0].startswith("Order 1001")
    assert "we have just sent a code" in (await world.say("where is order 2002"))[0]
    assert "Order 2002" not in str([line["text"] for line in await world.lines()])


async def test_another_merchants_order_does_not_exist(world: World, database: Database) -> None:
    await world.order("7007")
    elsewhere = replace(world, merchant_id=world.merchant_id)
    elsewhere.merchant_id = world.services.ids.next()
    await elsewhere.order("8008", "elsewhere@example.org")
    await world.say("where is order 8008")
    await world.post()
    assert world.mails() == []


async def test_a_digression_and_a_correction_on_the_database(world: World) -> None:
    await world.order("1001")
    await world.say("where is order 1001")
    assert (await world.say("I want to cancel my order"))[-1] == (
        "“Cancel an order” is something a person does for you. Shall I get somebody?"
    )
    answer = await world.say(button=(await world.buttons())["No"])
    assert answer[1] == "Back to: Where is my order?"
    answer = await world.say("no, it is 1002")
    assert answer[0] == "All right, I have changed that."
    assert "order 1002" in answer[1]


async def test_german(world: World) -> None:
    await world.database.plain.execute("UPDATE accounts SET settings = '{}' WHERE id = $1", world.chat.id)
    world.chat = replace(world.chat, settings={})
    assert await world.say("wo ist meine bestellung", peer="de") == [
        "Wie lautet Ihre Bestellnummer? Sie steht in der Bestätigungs-E-Mail, zum Beispiel 1001."
    ]


async def test_an_order_is_found_by_a_parcels_tracking_number_and_by_any_spelling(world: World) -> None:
    order = await world.order("#EN-1001")
    tracking = f"JD{order % 10**9}"
    await world.say("where is my order")
    assert "order EN-1001" in (await world.say("en-1001"))[0]
    assert (await world.say(await world.code()))[0].startswith("Order EN-1001: shipped")
    for spelled in ("#en-1001", "EN-1001", tracking):
        await world.say("/track")
        assert (await world.say(spelled))[0].startswith("Order EN-1001"), spelled


async def test_an_order_that_waits_and_one_that_was_delivered(world: World) -> None:
    await world.order("1002", shipped=False)
    await world.say("where is order 1002")
    order, waiting, _ = await world.say(await world.code())
    assert (order, waiting.split(".")[0]) == (
        "Order 1002: being checked. Expected by Tuesday, November 24.", "Nothing has been shipped yet",
    )  # fmt: skip
    await world.order("1003")
    await world.database.plain.execute(
        "UPDATE parcels SET custody = 'delivered', delivered_at = '2026-11-23T09:00Z' WHERE merchant_id = $1",
        world.merchant_id,
    )  # fmt: skip
    parcel = (await world.say("where is order 1003"))[1]
    assert parcel.startswith("Parcel with DHL: delivered. Last news: Nov 23, 2026")


async def test_two_channels_may_use_the_same_number(world: World) -> None:
    await world.order("1001", "one@example.org")
    await world.order("1001", "two@example.org")
    await world.say("where is order 1001")
    await world.post()
    assert {mail["To"] for mail in world.mails()} == {"one@example.org", "two@example.org"}
    answer = await world.say(await world.code())
    assert [text for text in answer if text.startswith("Order 1001")] == answer[:1], "each customer sees their own"
