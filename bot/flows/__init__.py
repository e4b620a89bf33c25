"""The table of flows. A flow is here or it does not exist; its name is also the intent that begins it."""

from __future__ import annotations

from bot.dialogue import Flow
from bot.entities import ORDER_NUMBER, TRACKING_NUMBER
from bot.flows.address import change_address
from bot.flows.people import by_person, talk, thanks
from bot.flows.start import menu, start
from bot.flows.track import track

_LIST = (
    Flow("track", track, fills={"order": (ORDER_NUMBER, TRACKING_NUMBER)}, title="flow.track"),
    Flow("start", start, transient=True),
    Flow("help", menu, transient=True, title="flow.help"),
    Flow("thanks", thanks, transient=True),
    Flow("talk", talk, title="flow.talk"),
    Flow("cancel_order", by_person, title="flow.cancel_order"),
    Flow(
        "change_address", change_address, version=3, earlier={1: by_person},
        fills={"order": (ORDER_NUMBER, TRACKING_NUMBER)}, title="flow.change_address",
    ),
    Flow("return_items", by_person, title="flow.return_items"),
    Flow("claim", by_person, title="flow.claim"),
)  # fmt: skip

FLOWS = {flow.name: flow for flow in _LIST}
