"""Where an order goes: a held address is corrected with the customer, part by part; anything else is a person's."""

from __future__ import annotations

from msgspec import convert, to_builtins

from bot.dialogue import ActionRefused, Chat
from bot.entities import ORDER_NUMBER, TRACKING_NUMBER
from bot.flows.address_parts import SURE, TALK, ask_part, ask_which
from bot.flows.identify import identify
from bot.flows.people import OFFER, talk
from bot.prompts import YES_NO, Prompt
from bot.state import Json, Option
from hub.domain.address import written
from hub.domain.address_correcting import LONGEST, Checks, Wrong, corrected, example, wrongs
from hub.domain.order import Address

ORDER = Prompt("track.number", expects=(ORDER_NUMBER, TRACKING_NUMBER), retry="track.number_retry")
RIGHT = Prompt("address.right", options=YES_NO)

MOST = 24
"""Questions after which a person is offered."""

TOO_LATE = {"labeled": "address.labeled", "left": "address.left", "over": "address.over"}
"""How an order stands whose address nobody changes here → what is said."""


async def change_address(chat: Chat) -> None:
    """Asks for the order, makes sure whose it is, and has a held address corrected and confirmed. Any other change is
    done by a person."""
    number = await chat.ask("order", ORDER)
    if not await chat.call(identify, number=number, again=True):
        return
    found = await chat.look("found", "show_destination", number=number)
    if found["standing"] != "held":
        await _otherwise(chat, found)
        return
    address = await _taken(chat, found) or await _asked(chat, found)
    if address == TALK:
        await chat.call(talk)
    elif isinstance(address, Address):
        await _correct(chat, number, found, address)
    else:
        await _person(chat)


async def _taken(chat: Chat, found: Json) -> Address | None:
    """The suggested address on a yes."""
    given = written(convert(found["address"], Address))
    if not found["suggestion"]:
        await chat.say("address.held", number=found["number"], given=given)
        return None
    address = convert(found["suggestion"], Address)
    words = {"number": found["number"], "given": given, "address": written(address)}
    return address if await chat.ask("right", RIGHT, **words) == "yes" else None


async def _asked(chat: Chat, found: Json) -> Address | str | None:
    """The address once nothing is wrong with it and it was confirmed; `TALK` when a person is wanted, None when it has
    taken too long."""
    address, checks = convert(found["address"], Address), convert(found["checks"], Checks)
    chosen = last = ""
    for turn in range(MOST):
        wrong = _next(address, checks, chosen, last)
        if wrong is None:
            if await chat.ask(f"{turn}:sure", SURE, number=found["number"], address=written(address)) == "yes":
                return address
            chosen = await ask_which(chat, turn, address.country)
            if chosen == TALK:
                return TALK
            continue
        said = await ask_part(chat, turn, address, wrong, again=last == wrong.part)
        if said == TALK:
            return TALK
        better = corrected(address, wrong.part, said)
        last = wrong.part
        if better is None:
            await chat.say("address.unfit", most=LONGEST)
        else:
            address, chosen = better, ""
    return None


def _next(address: Address, checks: Checks, chosen: str, last: str) -> Wrong | None:
    """The part to ask for: the chosen one, else the first that is wrong; None when all is well."""
    if chosen:
        return Wrong(part=chosen, why="", example=example(address, chosen))
    return next(iter(wrongs(address, checks, last)), None)


async def _correct(chat: Chat, number: str, found: Json, address: Address) -> None:
    """Gives the order its address, once; says so, or what has happened to it meanwhile."""
    given = {"hold": found["hold"], "seen": found["address"], "address": to_builtins(address)}
    try:
        await chat.do("correct", "correct_address", number=number, **given)
    except ActionRefused as refused:
        if refused.code not in {"conflict", "not_found"}:
            await _person(chat)
            return
        now = await chat.look("meanwhile", "show_destination", number=number)
        if now["standing"] == "held":
            moved = written(convert(now["address"], Address))
            again = Option(value=f"do:change_address:{now['number']}", label="flow.change_address")
            await chat.say("address.moved", buttons=(again,), number=now["number"], address=moved)
            return
        await chat.say("address.meanwhile", number=now["number"])
        await _otherwise(chat, now)
        return
    await chat.say("address.corrected", number=found["number"], address=written(address))


async def _otherwise(chat: Chat, found: Json) -> None:
    """Why the address cannot be changed here, and what can be done."""
    number, phase = found["number"], f"phase.{found['phase']}"
    if found["standing"] in TOO_LATE:
        track = Option(value=f"do:track:{number}", label="button.track")
        talk_to = Option(value="do:talk", label="button.talk")
        buttons = (talk_to,) if found["standing"] == "over" else (track, talk_to)
        await chat.say(TOO_LATE[found["standing"]], buttons=buttons, number=number, phase=phase)
        return
    address = written(convert(found["address"], Address)) if found["address"] else ""
    why = "address.by_person" if found["standing"] == "by_person" else "address.open"
    await chat.say(why, number=number, phase=phase, address=address)
    await _person(chat)


async def _person(chat: Chat) -> None:
    if await chat.ask("person", OFFER, topic="flow.change_address") == "yes":
        await chat.call(talk)
    else:
        await chat.say("person.declined")
