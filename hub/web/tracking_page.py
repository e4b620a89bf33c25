"""A customer's tracking page: whoever has the link sees parcels and scans, and of the person first name and city."""

from __future__ import annotations

from aiohttp import web

from hub.actions.show_tracking import TrackingView, show_tracking
from hub.web import pages
from hub.web.console.vocabulary import PARCEL_WORDS, TRACKING_HEADLINES
from hub.web.services import services

STEPS = (("Confirmed", 0), ("Packed", 1), ("On its way", 2), ("Delivered", 3))
ENDED = frozenset({"cancelled", "rejected"})


async def track(request: web.Request) -> web.Response:
    """The page, or its live part with `?part`."""
    found = await show_tracking(services(request).database, request.match_info["token"])
    context = {
        "order": found,
        "headline": TRACKING_HEADLINES.get(found.phase, "Your order is being prepared"),
        "steps": [(name, place <= _reached(found)) for name, place in STEPS],
        "ended": found.phase in ENDED,
        "parcel_words": PARCEL_WORDS,
    }
    response = pages.page(request, "track.html", context)
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def _reached(order: TrackingView) -> int:
    """How far along the four steps the order is."""
    if order.units and order.delivered >= order.units:
        return 3
    if order.shipped:
        return 2
    return 1 if order.parcels else 0


ROUTES = (web.get("/track/{token}", track),)
