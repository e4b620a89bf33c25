"""An address that no carrier finds: the customer says whether what we suggest is right."""

from __future__ import annotations

from bot.dialogue import Chat
from bot.entities import ORDER_NUMBER, TRACKING_NUMBER
from bot.flows.identify import identify
from bot.flows.people import OFFER, talk
from bot.prompts import YES_NO, Prompt

ORDER = Prompt("track.number", expects=(ORDER_NUMBER, TRACKING_NUMBER), retry="track.number_retry")
RIGHT = Prompt("address.right", options=YES_NO)


async def change_address(chat: Chat) -> None:
    """Asks for the order, makes sure whose it is, and takes the suggested address on a yes. Any other change is done by
    a person."""
    number = await chat.ask("order", ORDER)
    if not await chat.call(identify, number=number):
        return
    held = await chat.look("suggested", "show_suggestion", number=number)
    if held and await chat.ask("right", RIGHT, number=number, address=held["address"]) == "yes":
        await chat.do("correct", "take_suggestion", number=number, hold=held["hold"])
        await chat.say("address.corrected", number=number)
        return
    if await chat.ask("sure", OFFER, topic="flow.change_address") == "yes":
        await chat.call(talk)
    else:
        await chat.say("person.declined")
