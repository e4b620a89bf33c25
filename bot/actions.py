"""The table of what flows may do and look up, by name. Each is checked again here: a flow's word is not enough."""

from __future__ import annotations

from bot import identity
from bot.scene import Action, Scene
from bot.state import Json
from hub.actions.track_orders import TrackedOrder, track_orders
from hub.errors import Forbidden


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


ACTIONS = {
    "may_see": Action(identity.may_see),
    "send_code": Action(identity.send_code, writes=True),
    "check_code": Action(identity.check_code, writes=True),
    "show_order": Action(show_order),
}
