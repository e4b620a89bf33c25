"""Where is my order?"""

from __future__ import annotations

from bot.dialogue import Chat
from bot.entities import ORDER_NUMBER, TRACKING_NUMBER
from bot.flows.identify import identify
from bot.prompts import Prompt
from bot.state import Json, Option

ORDER = Prompt("track.number", expects=(ORDER_NUMBER, TRACKING_NUMBER), retry="track.number_retry")
MORE = (Option(value="do:track", label="button.another_order"), Option(value="do:talk", label="button.talk"))


async def track(chat: Chat) -> None:
    """Asks for the order if need be, makes sure whose it is, and shows where it and its parcels are."""
    number = await chat.ask("order", ORDER)
    if not await chat.call(identify, number=number):
        return
    for order in await chat.look("order", "show_order", number=number):
        await _show(chat, order)
    await chat.say("track.more", buttons=MORE)


async def _show(chat: Chat, order: Json) -> None:
    """`order`: number, phase, promised (ISO date), what it waits for, and parcels with carrier, status, at, tracking
    number and address."""
    await chat.say("track.order", number=order["number"], phase=f"phase.{order['phase']}", promised=order["promised"])
    for parcel in order["parcels"]:
        await chat.say(
            "track.parcel",
            edit_key=f"parcel:{parcel['id']}",
            carrier=parcel["carrier"],
            status=f"scan.{parcel['status']}",
            at=parcel["at"],
            tracking_number=parcel["tracking_number"],
            tracking_url=parcel["tracking_url"],
        )
    if order.get("asks_address"):
        correct = Option(value=f"do:change_address:{order['number']}", label="flow.change_address")
        await chat.say("track.asks_address", buttons=(correct,))
    elif order["waiting"]:
        await chat.say("track.no_parcels")
