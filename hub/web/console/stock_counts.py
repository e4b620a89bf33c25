"""Count sheets: opened, printed, counted, approved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn

from aiohttp import web

from hub.actions.services import Services
from hub.actions.stock_count import Counted, OpenSheet, approve_count, cancel_sheet, count_line, open_sheet
from hub.actions.stock_papers import count_paper
from hub.actions.stock_views import list_places, list_sheets, see_sheet
from hub.domain.stocking import Tolerance
from hub.errors import Conflict, Forbidden, Invalid, NotFound
from hub.web.auth import WHO, Who, check_form, needs_role
from hub.web.console import view
from hub.web.console.forms import units_by_sku, whole
from hub.web.services import services

ROOM = "/console/stock/counts"
REFUSED = (Conflict, Invalid, NotFound, Forbidden)


async def sheets(request: web.Request) -> web.Response:
    """All of them, and the form for another."""
    store, merchant_id = services(request).database, request[WHO].merchant_id
    context = {
        "tab": "counts", "sheets": await list_sheets(store, merchant_id),
        "places": await list_places(store, merchant_id),
    }  # fmt: skip
    return view.show(request, "counts.html", context)


async def begin(request: web.Request) -> web.Response:
    """Opens a sheet."""
    form, who = await check_form(request), needs_role(request, "merchant")
    try:
        tolerance = Tolerance(whole(form.get("tolerance", "0"), "units"), whole(form.get("percent", "0"), "percent"))
        asked = OpenSheet(
            merchant_id=who.merchant_id, location=form.get("location", ""), actor=who.actor,
            skus=tuple(form.get("skus", "").replace(",", " ").split()), tolerance=tolerance,
        )  # fmt: skip
        made = await open_sheet(services(request), asked)
    except REFUSED as error:
        view.note(request, f"That did not work: {error}.", "bad")
        _to(ROOM)
    _to(f"{ROOM}/{made.id}")


async def sheet(request: web.Request) -> web.Response:
    """One sheet."""
    found = await see_sheet(services(request).database, request[WHO].merchant_id, view.number(request, "sheet"))
    return view.show(request, "count.html", {"tab": "counts", "page": found})


async def sheet_do(request: web.Request) -> web.Response:
    """What was counted; or what a button says: approve:SKU, cancel."""
    form, who = await check_form(request), request[WHO]
    sheet_id = view.number(request, "sheet")
    try:
        view.note(request, *await _do(services(request), who, sheet_id, form))
    except REFUSED as error:
        view.note(request, f"That did not work: {error}.", "bad")
    _to(f"{ROOM}/{sheet_id}")


async def _do(hub: Services, who: Who, sheet_id: int, form: Mapping[str, str]) -> tuple[str, str]:
    what, _, sku = form.get("do", "").partition(":")
    if what in {"approve", "cancel"} and who.role != "merchant":
        raise Forbidden("this is for merchants; ask one to look at the sheet")
    if what == "cancel":
        await cancel_sheet(hub, who.merchant_id, sheet_id, who.actor)
        return "The sheet is cancelled; what was booked stays booked.", "good"
    if what == "approve":
        asked = Counted(merchant_id=who.merchant_id, sheet_id=sheet_id, sku=sku, units=0, counter=who.actor)
        await approve_count(hub, asked)
        return f"{sku} is booked as counted.", "good"
    return await _count(hub, who, sheet_id, units_by_sku(form))


async def _count(hub: Services, who: Who, sheet_id: int, counted: Mapping[str, int]) -> tuple[str, str]:
    """Each SKU by itself: one that cannot be booked keeps no other from it."""
    if not counted:
        raise Invalid("units", "nothing is filled in")
    again, refused = [], []
    for sku, units in counted.items():
        asked = Counted(merchant_id=who.merchant_id, sheet_id=sheet_id, sku=sku, units=units, counter=who.actor)
        try:
            told = await count_line(hub, asked)
        except REFUSED as error:
            refused.append(f"{sku}: {error}")
            continue
        again += [line.sku for line in told.lines if line.sku == sku and line.state == "recount"]
    booked = len(counted) - len(again) - len(refused)
    said = f"{booked} booked"
    said += f"; count {', '.join(again)} again, or let a merchant approve" if again else ""
    said += f"; {'; '.join(refused)}" if refused else ""
    return f"{said}.", "bad" if refused else "wait" if again else "good"


async def paper(request: web.Request) -> web.Response:
    """The sheet to write on."""
    sheet_id = view.number(request, "sheet")
    document = await count_paper(services(request), request[WHO].merchant_id, sheet_id)
    return view.pdf(document, f"count-sheet-{sheet_id}")


def _to(address: str) -> NoReturn:
    raise web.HTTPSeeOther(address)


ROUTES = (
    web.get("/stock/counts", sheets),
    web.post("/stock/counts", begin),
    web.get(r"/stock/counts/{sheet:\d{1,19}}", sheet),
    web.post(r"/stock/counts/{sheet:\d{1,19}}", sheet_do),
    web.get(r"/stock/counts/{sheet:\d{1,19}}.pdf", paper),
)
