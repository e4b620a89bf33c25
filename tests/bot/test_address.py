"""A customer corrects an address in the chat: the hold is released in the turn that says so."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from hub.domain.lifecycle import FOREVER, Lifecycle
from tests.bot.held import ANY, CUT, OPEN, TYPO, address, events, held, hold, pressed, unheld, waiting, wish
from tests.bot.world import World

BETTER = {**TYPO, "postcode": "10557"}
WHOLE = "Astrid Lind, Strandvägen 7, 114 55 Stockholm, SE"


async def test_the_customer_takes_the_suggested_address_and_the_order_goes_on(world: World) -> None:
    order_id = await held(world, ship_to=TYPO, suggestion=BETTER)
    asked = (await wish(world))[-1]
    assert asked == (
        "We cannot deliver order 1001 as it is addressed: Anna, Heidestr. 17, 1O557 Berlin, DE. "
        "Did you mean: Anna, Heidestr. 17, 10557 Berlin, DE?"
    )

    (answer,) = await pressed(world, "Yes")

    assert answer == "Thank you. Order 1001 now goes to: Anna, Heidestr. 17, 10557 Berlin, DE."
    assert (await address(world, order_id))["postcode"] == "10557"
    assert await hold(world, order_id) == ("released", "use_suggestion", "customer")
    plain = world.database.plain
    assert await plain.fetchval("SELECT due_at < $2 FROM orders WHERE id = $1", order_id, FOREVER)
    assert ("hold_released", "customer") in await events(world, order_id)


async def test_who_refuses_the_suggestion_is_asked_for_what_is_wrong(world: World) -> None:
    order_id = await held(world, ship_to=TYPO, suggestion=BETTER)
    await wish(world)

    (asked,) = await pressed(world, "No")
    assert (
        asked == "“1O557” is not a valid postcode (Germany). A valid one looks like this: 26133. What is the right one?"
    )
    assert await hold(world, order_id) == OPEN
    await world.say("10551")
    (answer,) = await pressed(world, "Yes")

    assert "10551 Berlin" in answer
    assert await hold(world, order_id) == ("released", "use_address", "customer")


async def test_without_a_suggestion_what_is_wrong_is_asked_checked_and_confirmed(world: World) -> None:
    order_id = await held(world)
    shown, asked = await wish(world)
    assert shown.endswith("as it is addressed: Astrid Lind, Strandvägen 7, 12 Stockholm, SE.")
    assert asked == "“12” is not a valid postcode (Sweden). A valid one looks like this: 11455. What is the right one?"

    (again,) = await world.say("1145")
    assert (
        again == "“1145” is not a valid postcode (Sweden). A valid one looks like this: 11455. What is the right one?"
    )
    assert "Talk to someone" in await world.buttons()
    (sure,) = await world.say("it's SE-114 55, Stockholm")
    assert sure == "Order 1001 then goes to: Astrid Lind, Strandvägen 7, 11455 Stockholm, SE. Is that right?"
    assert await hold(world, order_id) == OPEN
    await world.say("no, 114 55")
    (answer,) = await world.say("yes")

    assert answer == f"Thank you. Order 1001 now goes to: {WHOLE}."
    assert await address(world, order_id) == {**CUT, "postcode": "114 55"}
    assert await hold(world, order_id) == ("released", "use_address", "customer")
    assert (await events(world, order_id)).count(("hold_released", "customer")) == 1
    audits = await world.database.plain.fetch("SELECT actor, action FROM audit WHERE subject = $1", f"order:{order_id}")
    assert [tuple(row) for row in audits] == [("customer", "release_hold")]


async def test_several_parts_are_asked_one_after_the_other(world: World) -> None:
    order_id = await held(world, ship_to={**CUT, "line1": "Strandvägen", "city": ""}, faults=("house_number_missing",))
    said = await wish(world)
    assert "There is no house number in “Strandvägen”" in said[-1]

    (asked,) = await world.say("7")
    assert asked == "The town is missing. Which one is it?"
    (asked,) = await world.say("Stockholm")
    assert asked.startswith("“12” is not a valid postcode")
    (sure,) = await world.say("114 55")
    assert WHOLE in sure
    await world.say("Yes")

    assert await address(world, order_id) == {**CUT, "postcode": "114 55"}


async def test_a_no_to_the_whole_asks_which_part_and_changes_nothing_yet(world: World) -> None:
    order_id = await held(world)
    await wish(world)
    await world.say("11455")

    (asked,) = await world.say("no, that is not my street")
    assert asked == "Nothing has been changed yet. What is not right?"
    assert list(await world.buttons()) == ["Street", "Postcode", "Town", "Name", "Talk to someone"]
    assert await pressed(world, "Street") == ["What are the right street and house number?"]
    (sure,) = await world.say("No. 1209 Strandvägen")
    assert "No. 1209 Strandvägen, 11455 Stockholm" in sure
    await world.say("yes")

    assert (await address(world, order_id))["line1"] == "No. 1209 Strandvägen"


@pytest.mark.parametrize("words", ["😀 9", "11455'; DROP TABLE orders; --", "<script>1</script>", "1" * 900])
async def test_what_cannot_stand_on_a_label_is_said_and_nothing_is_lost(world: World, words: str) -> None:
    order_id = await held(world)
    await wish(world)

    said = await world.say(words)
    assert said[0].startswith("I cannot put that on a label.")
    assert said[1].startswith("“12” is not a valid postcode (Sweden).")
    assert (await world.say("😀"))[0] == "I did not find that in what you wrote."
    await world.say("114 55\x07")
    await world.say("yes")

    assert await address(world, order_id) == {**CUT, "postcode": "114 55"}


@pytest.mark.parametrize(("words", "says"), [
    ("no thanks", "All right, I have stopped."), ("Nein, danke!", "In Ordnung, ich habe abgebrochen."),
    ("cancel", "All right, I have stopped."), ("never mind", "All right, I have stopped."),
    ("can I speak to a human", "I am getting a person for you."), ("mitarbeiter", "I am getting a person for you."),
])  # fmt: skip
async def test_stopping_midway_changes_nothing(world: World, words: str, says: str) -> None:
    order_id = await held(world)
    await wish(world)

    assert (await world.say(words))[0].startswith(says)

    assert await hold(world, order_id) == OPEN
    assert await address(world, order_id) == CUT


async def test_no_thanks_is_no_street_and_no_town(world: World) -> None:
    order_id = await held(world, ship_to={**CUT, "line1": "Strandvägen", "city": ""}, faults=("house_number_missing",))
    await wish(world)
    assert await world.say("no thanks") == ["All right, I have stopped."]
    await wish(world)
    assert await world.say("No. 5 Thanks Street") == ["The town is missing. Which one is it?"]

    assert await world.say("no, thank you") == ["All right, I have stopped."]

    assert await hold(world, order_id) == OPEN


async def test_the_button_under_a_wrong_answer_gets_a_person_at_once(world: World) -> None:
    await held(world)
    await wish(world)
    await world.say("1")

    assert (await pressed(world, "Talk to someone"))[0].startswith("I am getting a person for you.")


async def test_who_tracks_a_held_order_is_led_to_its_address(world: World) -> None:
    await held(world)
    await world.say("track 1001")
    shown = await world.say(await world.code())
    assert shown[1].startswith("We cannot deliver it as it is addressed.")
    offered = [json.loads(line["payload"]).get("buttons") for line in await world.lines()]
    correct = {label: value for buttons in offered for value, label in buttons or ()}["Change an address"]

    said = await world.say(button=correct)

    assert said[-1].startswith("“12” is not a valid postcode (Sweden).")


async def test_a_postcode_of_six_digits_is_no_code_and_a_track_in_between_comes_back(world: World) -> None:
    india = {"name": "Asha", "line1": "12 MG Road", "city": "Bengaluru", "postcode": "12", "region": "Karnataka"}
    order_id = await held(world, ship_to={**india, "country": "IN"})
    await world.order("2002", "somebody@example.org")
    await world.say("track 2002")
    await wish(world)

    said = await world.say("where is my order 1001?")
    assert said[0].startswith("Order 1001: we are checking something")
    assert said[1].startswith("We cannot deliver it as it is addressed.")
    assert said[-1].startswith("“12” is not a valid postcode (India).")
    await world.say("560001")
    await world.say("yes")

    assert (await address(world, order_id))["postcode"] == "560001"


async def test_in_german(world: World) -> None:
    await held(world)
    await world.say("Bitte die Lieferadresse meiner Bestellung ändern")
    await world.say("1001")
    said = await world.say(await world.code())
    assert (
        said[-1]
        == "„12“ ist keine gültige Postleitzahl (Schweden). Eine gültige sieht so aus: 11455. Wie lautet sie richtig?"
    )
    await world.say("die Postleitzahl ist 114 55")
    assert await world.say("ja") == [f"Danke. Die Bestellung 1001 geht jetzt an: {WHOLE}."]


# ---------------------------------------------------------------- what has happened meanwhile


async def test_a_hold_that_somebody_released_meanwhile_is_told(world: World) -> None:
    order_id = await held(world)
    await wish(world)
    await world.say("11455")
    plain = world.database.plain
    await plain.execute("UPDATE holds SET state = 'released' WHERE order_id = $1", order_id)
    await plain.execute("UPDATE orders SET state = $2 WHERE id = $1", order_id, int(Lifecycle.CANCELLED))

    said = await world.say("yes")

    assert said[0].startswith("Order 1001 no longer waits for its address")
    assert said[1] == "Order 1001 is not going to be sent: cancelled. If you still want it, please talk to someone."
    assert await address(world, order_id) == CUT


async def test_an_address_that_the_shop_changed_meanwhile_is_not_overwritten(world: World) -> None:
    order_id = await held(world)
    await wish(world)
    await world.say("11455")
    elsewhere = {**CUT, "line1": "Storgatan 1"}
    await world.database.plain.execute("UPDATE orders SET ship_to = $2 WHERE id = $1", order_id, json.dumps(elsewhere))

    (said,) = await world.say("yes")

    assert said.startswith("The address of order 1001 was changed in the meantime")
    assert "Storgatan 1" in said
    assert (await address(world, order_id), await hold(world, order_id)) == (elsewhere, OPEN)
    assert "Storgatan 1" in (await pressed(world, "Change an address"))[0]


# ---------------------------------------------------------------- orders that are not a customer's to correct


async def test_an_order_that_left_is_too_late(world: World) -> None:
    await world.order("1001")

    (said,) = await wish(world)

    assert (
        said
        == "Order 1001 cannot be sent anywhere else any more: shipped. You can see where it is, or talk to someone."
    )
    assert (await pressed(world, "Track an order"))[0].startswith("Order 1001: shipped.")


async def test_an_order_under_way_is_a_persons_and_says_why(world: World) -> None:
    await unheld(world, "1001", BETTER, Lifecycle.ACCEPTED)

    said = await wish(world)

    assert said[0].startswith("Order 1001 does not wait for an address (accepted). It goes to: Anna, Heidestr. 17")
    assert "something a person does for you" in said[1]


@pytest.mark.parametrize(("ship_to", "detail"), [
    (None, {"what": "no_address"}), (BETTER, {"what": "embargo", "entry": "DE"}),
    ({**CUT, "country": ""}, {"what": "address", "faults": ["country_missing"]}),
])  # fmt: skip
async def test_the_country_is_a_persons(
    world: World, ship_to: dict[str, str] | None, detail: dict[str, object]
) -> None:
    order_id = await waiting(world, "1001", ship_to, detail, ANY)

    said = await wish(world)

    assert said[0].startswith("Order 1001 waits for its address. The country decides")
    assert "something a person does for you" in said[1]
    assert await hold(world, order_id) == OPEN


async def test_of_two_orders_of_a_number_the_held_one_is_meant(world: World) -> None:
    waits = await held(world)
    await unheld(world, "1001", BETTER, Lifecycle.ACCEPTED)
    await wish(world)
    await world.say("11455")
    await world.say("yes")

    assert (await address(world, waits))["postcode"] == "11455"


# ---------------------------------------------------------------- whose order it is


async def test_nothing_is_told_without_a_code(world: World) -> None:
    await held(world)

    said = await world.say("Please change the delivery address of my order") + await world.say("1001")

    assert not any("Strandv" in line for line in said)


async def test_an_old_proof_is_not_enough_and_a_wrong_code_none_at_all(world: World) -> None:
    await held(world)
    await wish(world)
    await world.say("cancel")
    assert "is not a valid postcode" in (await world.say("change the address of order 1001"))[-1]
    await world.say("cancel")
    world.clock.advance(timedelta(hours=2))

    said = await world.say("change the address of order 1001")
    assert said[-1].startswith("If there is an order 1001, we have just sent a code")
    right = await world.code()
    said = await world.say("000000" if right != "000000" else "111111")
    assert said[0] == "That code is not right, or it is no longer valid."
    assert "is not a valid postcode" in (await world.say(right))[-1]
