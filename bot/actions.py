"""The table of what flows may do and look up, by name. Each is checked again here: a flow's word is not enough."""

from __future__ import annotations

from bot import identity
from bot.scene import Action, Scene
from bot.state import Json
from hub.actions.release_hold import Release
from hub.actions.take_suggestion import find_suggestion, take_suggestion
from hub.actions.track_orders import TrackedOrder, track_orders
from hub.domain.address import written
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


async def show_suggestion(scene: Scene, number: str) -> Json:
    """The address that an order of that number waits to have confirmed; None when none does. Raises `Forbidden`."""
    own = await identity.own_orders(scene, number)
    if not own:
        raise Forbidden("this chat has not proven whose order it is")
    found = await find_suggestion(scene.tx, scene.merchant_id, own)
    if found is None:
        return None
    return {"hold": str(found.hold_id), "address": written(found.address)}


async def correct_address(scene: Scene, number: str, hold: str) -> Json:
    """Takes the suggested address. Raises `Forbidden` for an order that is not this chat's, `Conflict` when another was
    suggested meanwhile."""
    found = await find_suggestion(scene.tx, scene.merchant_id, await identity.own_orders(scene, number))
    if found is None or str(found.hold_id) != hold:
        raise Conflict("this order waits for no such address any more")
    release = Release(
        merchant_id=scene.merchant_id,
        hold_id=found.hold_id,
        resolution="use_suggestion",
        actor="customer",
        note=f"chat {scene.conversation_id}",
    )
    await take_suggestion(scene.tx, scene.tools.ids, scene.now, release)
    return {"corrected": True}


ACTIONS = {
    "may_see": Action(identity.may_see),
    "send_code": Action(identity.send_code, writes=True),
    "check_code": Action(identity.check_code, writes=True),
    "show_order": Action(show_order),
    "show_suggestion": Action(show_suggestion),
    "take_suggestion": Action(correct_address, writes=True),
}
