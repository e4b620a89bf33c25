"""Labels, as the carrier's own document."""

from __future__ import annotations

from aiohttp import web

from hub.actions.fetch_label import fetch_label
from hub.web.auth import WHO
from hub.web.console import view
from hub.web.services import services


async def label(request: web.Request) -> web.Response:
    """The PDF of one parcel's label, to be looked at and printed."""
    parcel_id = view.number(request, "parcel_id")
    document = await fetch_label(services(request), request[WHO].merchant_id, parcel_id)
    return web.Response(
        body=document,
        content_type="application/pdf",
        headers={
            "Content-Disposition": f'inline; filename="label-{parcel_id}.pdf"',
            "Cache-Control": "private, no-store",
            "Content-Security-Policy": "frame-ancestors 'none'",
        },
    )


ROUTES = (web.get(r"/labels/{parcel_id:\d{1,19}}.pdf", label),)
