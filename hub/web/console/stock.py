"""Stock of one SKU: where how many lie and for what, what is on its way, the ledger; and what people book on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn
from urllib.parse import quote, urlencode

from aiohttp import web

from hub.actions.stock_adjust import Adjust, adjust_stock
from hub.actions.stock_ledger import LedgerQuery, show_ledger
from hub.actions.stock_quarantine import Quarantine, let_out, put_aside
from hub.actions.stock_receive import Receive, receive_stock
from hub.domain.stocking import ADJUSTMENTS, QUARANTINE
from hub.errors import Conflict, Invalid, NotFound
from hub.web.auth import WHO, check_form, needs_role
from hub.web.console import view
from hub.web.services import services

ROOM = "/console/stock"
PAGE = 40


async def one(request: web.Request) -> web.Response:
    """One SKU."""
    asked = LedgerQuery(sku=request.query.get("sku", "")[:128], after=request.query.get("after", "")[:20], limit=PAGE)
    found = await show_ledger(services(request).database, request[WHO].merchant_id, asked)
    more = urlencode({"sku": found.sku, "after": found.next})
    context = {
        "item": found, "next": f"{ROOM}?{more}" if found.next else "", "reasons": tuple(ADJUSTMENTS),
        "quarantine": QUARANTINE,
    }  # fmt: skip
    return view.show(request, "stock.html", context)


async def receive(request: web.Request) -> web.Response:
    """Goods that arrived, once for each reference."""
    form, who = await check_form(request), needs_role(request, "merchant")
    sku = form.get("sku", "")
    try:
        asked = Receive(
            merchant_id=who.merchant_id, reference=form.get("reference", ""), location=form.get("location", ""),
            lines={sku: _units(form)}, actor=who.actor,
        )  # fmt: skip
        done = await receive_stock(services(request), asked)
        said = f"{form['units']} of {sku} are received." if done.booked else f"{done.reference} was booked before."
        view.note(request, said)
    except (Invalid, Conflict, NotFound) as error:
        view.note(request, f"That did not work: {error}", "bad")
    _back(sku)


async def adjust(request: web.Request) -> web.Response:
    """More or fewer than we thought."""
    form, who = await check_form(request), needs_role(request, "merchant")
    sku = form.get("sku", "")
    try:
        asked = Adjust(
            merchant_id=who.merchant_id, sku=sku, location=form.get("location", ""), units=_units(form, signed=True),
            reason=form.get("reason", ""), actor=who.actor, note=form.get("note", ""),
        )  # fmt: skip
        done = await adjust_stock(services(request), asked)
        view.note(request, "Booked: " + ", ".join(f"{units:+} {part}" for part, units in done.parts.items()) + ".")
    except (Invalid, Conflict, NotFound) as error:
        view.note(request, f"That did not work: {error}", "bad")
    _back(sku)


async def aside(request: web.Request) -> web.Response:
    """Units into quarantine, or out of it: for sale again, or gone."""
    form, who = await check_form(request), needs_role(request, "merchant")
    sku, do = form.get("sku", ""), form.get("do", "in")
    try:
        asked = Quarantine(
            merchant_id=who.merchant_id, sku=sku, location=form.get("location", ""), units=_units(form),
            reason=form.get("reason", ""), actor=who.actor,
        )  # fmt: skip
        if do == "in":
            await put_aside(services(request), asked)
        else:
            await let_out(services(request), asked, write_off=do == "gone")
        said = {"in": "not for sale now", "gone": "written off"}.get(do, "for sale again")
        view.note(request, f"{form['units']} of {sku} are {said}.")
    except (Invalid, Conflict, NotFound) as error:
        view.note(request, f"That did not work: {error}", "bad")
    _back(sku)


def _units(form: Mapping[str, str], *, signed: bool = False) -> int:
    text = form.get("units", "").strip()
    digits = text.removeprefix("-") if signed else text
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 9:
        raise Invalid("units", "is a whole number")
    return int(text)


def _back(sku: str) -> NoReturn:
    raise web.HTTPSeeOther(f"{ROOM}?sku={quote(sku, safe='')}")


ROUTES = (
    web.get("/stock", one),
    web.post("/stock/receive", receive),
    web.post("/stock/adjust", adjust),
    web.post("/stock/quarantine", aside),
)
