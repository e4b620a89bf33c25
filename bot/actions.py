"""The table of what flows may do and look up, by name. Each is checked again here: a flow's word is not enough."""

from __future__ import annotations

from msgspec import convert, to_builtins

from bot import identity
from bot.scene import Action, Scene
from bot.state import Json
from hub.actions.correct_address import Correction, correct_address, find_destination
from hub.actions.track_orders import TrackedOrder, track_orders
from hub.domain.order import Address
from hub.errors import Conflict, Forbidden


async def show_order(scene: Scene, number: str) -> Json:
    """The orders of that number which the chat may see, as `bot.flows.track` shows them. Raises `Forbidden`."""
    own = await identity.own_orders(scene, number)
    if not own:
        raise Forbidden("this chat has not proven whose order it is")
    return [_shown(order) for order in await track_orders(scene.tx, scene.merchant_id, own)]


def _shown(order: TrackedOrder) -> Json:
    return {
        "number": order.number,
        "phase": order.phase,
        "promised": order.promised_at.date().isoformat() if order.promised_at else "",
        "waiting": order.waiting,
        "asks_address": order.asks_address,
        "parcels": [
            {
                "id": str(parcel.id),
                "status": parcel.status,
                "at": parcel.at.isoformat() if parcel.at else "",
                "carrier": parcel.carrier,
                "tracking_number": parcel.tracking_number,
                "tracking_url": parcel.tracking_url,
            }
            for parcel in order.parcels
        ],
    }


async def show_destination(scene: Scene, number: str) -> Json:
    """Where an order of that number goes, and what may be done about it: the one that waits for its address, if one
    does. Raises `Forbidden`."""
    own = await identity.own_orders(scene, number)
    found = await find_destination(scene.tx, scene.merchant_id, own)
    if found is None:
        raise Forbidden("this chat has not proven whose order it is")
    return {
        "number": found.number,
        "phase": found.phase,
        "standing": found.standing.value,
        "hold": str(found.hold_id),
        "address": to_builtins(found.address),
        "suggestion": to_builtins(found.suggestion),
        "checks": to_builtins(found.checks),
    }


async def correct(scene: Scene, number: str, hold: str, seen: Json, address: Json) -> Json:
    """Gives a held order the address. Raises `Forbidden` for an order that is not this chat's, `Conflict` when it does
    not wait for an address any more or goes elsewhere by now, `Invalid` for an address that cannot be delivered to."""
    own = await identity.own_orders(scene, number)
    found = await find_destination(scene.tx, scene.merchant_id, own)
    if found is None:
        raise Forbidden("this chat has not proven whose order it is")
    if str(found.hold_id) != hold:
        raise Conflict("this order does not wait for this address any more")
    asked = Correction(
        merchant_id=scene.merchant_id,
        hold_id=found.hold_id,
        seen=convert(seen, Address),
        address=convert(address, Address),
        actor="customer",
        note=f"chat {scene.conversation_id}",
    )
    await correct_address(scene.tx, scene.tools.ids, scene.now, asked)
    return {"corrected": True}


ACTIONS = {
    "may_see": Action(identity.may_see),
    "may_change": Action(identity.may_change),
    "send_code": Action(identity.send_code, writes=True),
    "check_code": Action(identity.check_code, writes=True),
    "show_order": Action(show_order),
    "show_destination": Action(show_destination),
    "correct_address": Action(correct, writes=True),
}
