"""Transfers between locations, from the plan to what arrived, and kits that are made and taken apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn

from aiohttp import web

from hub.actions.services import Services
from hub.actions.stock_booking import read_lines
from hub.actions.stock_kits import Kit, KitWork, list_kits, set_kit, work_kits
from hub.actions.stock_transfer import Arrive, Ship, receive_transfer
from hub.actions.stock_transfer_plan import Send, cancel_transfer, plan_transfer, send_transfer
from hub.actions.stock_views import list_places, list_transfers, see_transfer
from hub.errors import Conflict, Invalid, NotFound
from hub.web.auth import WHO, Who, check_form, needs_role
from hub.web.console import view
from hub.web.console.forms import units_by_sku, whole
from hub.web.services import services

TRANSFERS, KITS = "/console/stock/transfers", "/console/stock/kits"
REFUSED = (Conflict, Invalid, NotFound)


async def transfers(request: web.Request) -> web.Response:
    """All of them, and the form for another."""
    store, merchant_id = services(request).database, request[WHO].merchant_id
    context = {
        "tab": "transfers", "transfers": await list_transfers(store, merchant_id),
        "places": await list_places(store, merchant_id),
    }  # fmt: skip
    return view.show(request, "transfers.html", context)


async def plan(request: web.Request) -> web.Response:
    """A transfer that is to leave later."""
    form, who = await check_form(request), needs_role(request, "merchant")
    try:
        asked = Ship(
            merchant_id=who.merchant_id, reference=form.get("reference", ""), source=form.get("source", ""),
            target=form.get("target", ""), lines=read_lines(form.get("lines", "").split()), actor=who.actor,
        )  # fmt: skip
        reference = await plan_transfer(services(request), asked)
        view.note(request, f"{reference} is planned; nothing has left yet.")
    except REFUSED as error:
        view.note(request, f"That did not work: {error}.", "bad")
    _to(TRANSFERS)


async def transfer(request: web.Request) -> web.Response:
    """One transfer with its lines."""
    found = await see_transfer(services(request).database, request[WHO].merchant_id, view.number(request, "transfer"))
    return view.show(request, "transfer.html", {"tab": "transfers", "page": found})


async def transfer_do(request: web.Request) -> web.Response:
    """What a button says: ship, cancel, receive, partly."""
    form, who = await check_form(request), needs_role(request, "merchant")
    transfer_id = view.number(request, "transfer")
    reference = (await see_transfer(services(request).database, who.merchant_id, transfer_id)).transfer.reference
    try:
        view.note(request, await _move(services(request), who, reference, form))
    except REFUSED as error:
        view.note(request, f"That did not work: {error}.", "bad")
    _to(f"{TRANSFERS}/{transfer_id}")


async def _move(hub: Services, who: Who, reference: str, form: Mapping[str, str]) -> str:
    what, lines = form.get("do", ""), units_by_sku(form)
    if what in {"ship", "cancel"}:
        send = Send(merchant_id=who.merchant_id, reference=reference, actor=who.actor, lines=lines)
        await (send_transfer if what == "ship" else cancel_transfer)(hub, send)
        return f"{reference} is on its way." if what == "ship" else f"{reference} is cancelled."
    came = {sku: units for sku, units in lines.items() if units}
    arrive = Arrive(
        merchant_id=who.merchant_id, reference=reference, lines=came, actor=who.actor, complete=what != "partly"
    )
    done = await receive_transfer(hub, arrive)
    missing = sum(line.missing for line in done.lines)
    return f"Booked: {sum(came.values())} arrived" + (f", {missing} are missing." if missing else ".")


async def kits(request: web.Request) -> web.Response:
    """Kits with their parts, and where how many lie."""
    store, merchant_id = services(request).database, request[WHO].merchant_id
    context = {
        "tab": "kits", "kits": await list_kits(store, merchant_id), "places": await list_places(store, merchant_id),
    }  # fmt: skip
    return view.show(request, "kits.html", context)


async def kit_do(request: web.Request) -> web.Response:
    """Says what a kit is made of, makes some, takes some apart."""
    form, who = await check_form(request), needs_role(request, "merchant")
    try:
        if form.get("do") == "set":
            parts = read_lines(form.get("parts", "").split())
            kit = Kit(merchant_id=who.merchant_id, sku=form.get("sku", "").strip(), parts=parts, actor=who.actor)
            await set_kit(services(request), kit)
            view.note(request, f"{kit.sku} is a kit." if parts else f"{kit.sku} is a kit no more.")
        else:
            units = whole(form.get("units", "")) * (-1 if form.get("do") == "apart" else 1)
            work = KitWork(
                merchant_id=who.merchant_id, reference=form.get("reference", ""), location=form.get("location", ""),
                sku=form.get("sku", ""), units=units, actor=who.actor,
            )  # fmt: skip
            done = await work_kits(services(request), work)
            moved = ", ".join(f"{units:+} {sku}" for sku, units in done.moved.items())
            view.note(request, f"Booked: {moved}." if done.booked else f"{done.reference} was booked before.")
    except REFUSED as error:
        view.note(request, f"That did not work: {error}.", "bad")
    _to(KITS)


def _to(address: str) -> NoReturn:
    raise web.HTTPSeeOther(address)


ROUTES = (
    web.get("/stock/transfers", transfers),
    web.post("/stock/transfers", plan),
    web.get(r"/stock/transfers/{transfer:\d{1,19}}", transfer),
    web.post(r"/stock/transfers/{transfer:\d{1,19}}", transfer_do),
    web.get("/stock/kits", kits),
    web.post("/stock/kits", kit_do),
)
