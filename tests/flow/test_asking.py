"""A customer is asked what only they can say: once for each hold, where they are heard, in words of their language."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec.structs import replace

from bot.texts import text
from hub.actions.release_hold import Release, release_hold
from hub.domain.order import Buyer, RiskFact
from tests.flow.desk import BERLIN, Desk, an_order, at
from tests.flow.test_contacts import CHAT
from tests.support.world import MERCHANT

TYPO = replace(BERLIN, postcode="1O557")


async def questions(desk: Desk) -> list[dict[str, Any]]:
    return [json.loads(row["payload"]) for row in await desk.messages("notify")]


@pytest.fixture
async def mailed(desk: Desk) -> Desk:
    """E-mail leaves the house."""
    await desk.world.account("email", "mail", {})
    return desk


async def test_a_bad_address_is_asked_about_with_what_was_probably_meant(mailed: Desk) -> None:
    order = an_order(ship_to=TYPO, buyer=Buyer(email="erika@example.com", locale="de"))
    order_id = await mailed.take(order)

    (asked,) = await questions(mailed)

    assert (asked["address"], asked["text"], asked.get("buttons", [])) == (
        "erika@example.com", "notice.correct_address", [],
    )  # fmt: skip
    said = text(asked["text"], asked["locale"], asked["params"])
    assert "Meinten Sie: Erika Muster, Heidestr. 17, 10557 Berlin, DE?" in said
    assert "Schreiben Sie dort „Adresse ändern“" in said

    await mailed.take(replace(order, revised_at=at(5), note="please hurry"))
    assert len(await questions(mailed)) == 1, "brought up to date with the same content"
    await mailed.take(replace(order, revised_at=at(6), ship_to=replace(BERLIN, postcode="ABC")))
    _, second = await questions(mailed)
    assert "suggestion" not in second["params"], "now nothing tells what was meant, so it is asked anew"
    assert await mailed.world.value("SELECT count(*) FROM holds WHERE order_id = $1", order_id) == 1
    await mailed.sound()


async def test_who_chats_is_asked_in_the_chat_with_a_button_that_begins_the_answer(mailed: Desk) -> None:
    buyer = Buyer(email="erika@example.com", locale="en")
    before = await mailed.take(an_order(buyer=buyer))
    number = mailed.world.services.ids.next()
    await mailed.world.database.plain.execute(CHAT, number, MERCHANT, 77, "telegram", before)

    await mailed.take(an_order(ship_to=TYPO, buyer=buyer, placed_at=at(90)))

    asked = (await questions(mailed))[-1]
    assert (asked["conversation_id"], asked["text"]) == (number, "notice.correct_address")
    assert asked["buttons"][0] == [f"do:change_address:{asked['params']['number'].lstrip('#')}", "flow.change_address"]


async def test_each_hold_asks_once_and_a_new_one_asks_again(mailed: Desk) -> None:
    order = an_order(paid=False, payments=(), ship_to=TYPO)
    order_id = await mailed.take(order)
    assert sorted(asked["text"] for asked in await questions(mailed)) == ["notice.correct_address", "notice.pay_again"]
    due = next(asked for asked in await questions(mailed) if asked["text"] == "notice.pay_again")
    assert "€25.00 is missing" in text(due["text"], "en", due["params"])

    hold = "SELECT id FROM holds WHERE order_id = $1 AND reason = 'address' AND state = 'open'"
    asked = Release(
        merchant_id=MERCHANT, hold_id=await mailed.world.value(hold, order_id), resolution="use_suggestion", actor="u"
    )
    await release_hold(mailed.world.services, asked)
    await mailed.orders()
    assert len(await questions(mailed)) == 2
    await mailed.take(replace(order, revised_at=at(7)))
    assert len(await questions(mailed)) == 2, "the shop told the old address again, which has been corrected"
    await mailed.take(replace(order, revised_at=at(8), ship_to=replace(TYPO, postcode="1O559")))
    assert len(await questions(mailed)) == 3, "the shop told another bad address, and a new hold opened"


async def test_a_hold_that_asks_others_says_nothing_to_the_customer(mailed: Desk) -> None:
    await mailed.take(an_order(risks=(RiskFact(source="shop", level="high"),)))

    assert await questions(mailed) == []
