"""The catalog: products with what channels may offer of them, what channels list, and which of ours each of it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn
from urllib.parse import urlencode

from aiohttp import web

from hub.actions.gather_listings import gather_listings
from hub.actions.list_listings import ListingQuery, list_listings
from hub.actions.list_stock import StockQuery, list_stock
from hub.actions.map_listing import Mapping as Asked
from hub.actions.map_listing import map_listing
from hub.actions.set_allotment import list_allotments, set_allotment
from hub.actions.set_bundle import Bundle, read_parts, set_bundle
from hub.actions.set_safety import set_safety
from hub.domain.promising import Allotment
from hub.errors import Conflict, Invalid, NotFound
from hub.web.auth import WHO, check_form, needs_role
from hub.web.console import stock, view
from hub.web.console.words import listed
from hub.web.services import services

ROOM = "/console/catalog"
PAGE = 40

REASON_WORDS: Mapping[str, str] = {
    "same_gtin": "same GTIN", "same_sku": "same SKU", "alike_sku": "SKU written otherwise", "close_name": "close name",
}  # fmt: skip


async def products(request: web.Request) -> web.Response:
    """What we sell, how many there are, and how many channels may offer."""
    asked = StockQuery(search=request.query.get("q", "")[:200], after=request.query.get("after", "")[:128], limit=PAGE)
    page = await list_stock(services(request).database, request[WHO].merchant_id, asked)
    more = urlencode({"q": asked.search, "after": page.next})
    context = {"tab": "products", "query": asked, "stock": page.stock, "next": f"{ROOM}?{more}" if page.next else ""}
    return view.show(request, "catalog.html", context)


async def listings(request: web.Request) -> web.Response:
    """What channels list; with `unmapped` only what waits for somebody to say which product it is."""
    hub, merchant_id = services(request), request[WHO].merchant_id
    unmapped = bool(request.query.get("unmapped"))
    if unmapped:
        await gather_listings(hub, merchant_id)
    asked = ListingQuery(
        unmapped=unmapped, search=request.query.get("q", "")[:200], after=request.query.get("after", ""), limit=PAGE
    )
    page = await list_listings(hub.database, merchant_id, asked)
    own = {"unmapped": "1" if unmapped else "", "q": asked.search, "after": page.next}
    context = {
        "tab": "unmapped" if unmapped else "listings",
        "query": asked,
        "listings": page.listings,
        "unmapped": page.unmapped,
        "reasons": REASON_WORDS,
        "next": f"{ROOM}/listings?{urlencode(own)}" if page.next else "",
    }
    return view.show(request, "catalog.html", context)


async def shares(request: web.Request) -> web.Response:
    """How much of what is free each channel may offer."""
    who = needs_role(request, "merchant")
    accounts = await list_allotments(services(request).database, who.merchant_id)
    return view.show(request, "catalog.html", {"tab": "shares", "accounts": accounts})


# ---------------------------------------------------------------- what a person says


async def map_one(request: web.Request) -> web.Response:
    """One listing is one product of ours, or none, or a new one."""
    form, who = await check_form(request), request[WHO]
    asked = Asked(
        merchant_id=who.merchant_id, listing=view.number(request, "listing"), sku=form.get("sku", ""), actor=who.actor,
        create=bool(form.get("create")),
    )  # fmt: skip
    try:
        done = await map_listing(services(request), asked)
        waited = f" {done.woken} order{'' if done.woken == 1 else 's'} that waited for it go on." if done.woken else ""
        view.note(request, f"{done.listing} is {done.sku or 'none of our products'}.{waited}")
    except Invalid as error:
        view.note(request, f"That did not work: {error}", "bad")
    _back(f"{ROOM}/listings" + ("?unmapped=1" if form.get("from") == "unmapped" else ""))


async def safety(request: web.Request) -> web.Response:
    """Units of a product that are kept from every channel."""
    form, who = await check_form(request), needs_role(request, "merchant")
    sku = form.get("sku", "")
    try:
        await set_safety(services(request), (who.merchant_id, sku), _count(form, "units"), who.actor)
        view.note(request, f"{form['units']} of {sku} are kept from every channel.")
    except (Invalid, NotFound) as error:
        view.note(request, f"That did not work: {error}", "bad")
    _back(_with_search(form))


async def bundle(request: web.Request) -> web.Response:
    """What a bundle is made of; without parts it is none any more."""
    form, who = await check_form(request), needs_role(request, "merchant")
    sku = form.get("sku", "").replace("\0", "").strip()
    try:
        parts = read_parts(form.get("parts", "").replace("\0", "").split())
        asked = Bundle(merchant_id=who.merchant_id, sku=sku, parts=parts, actor=who.actor, title=form.get("title", ""))
        await set_bundle(services(request), asked)
        made = listed(f"{units} × {part}" for part, units in parts.items())
        view.note(request, f"{sku} is made of {made}." if parts else f"{sku} is no bundle.")
    except (Invalid, Conflict) as error:
        view.note(request, f"That did not work: {error}", "bad")
    _back(_with_search(form))


async def share(request: web.Request) -> web.Response:
    """How much of what is free one channel may offer."""
    form, who = await check_form(request), needs_role(request, "merchant")
    try:
        most = _count(form, "most") if form.get("most", "").strip() else None
        wanted = Allotment(_count(form, "buffer"), _count(form, "percent"), most)
        await set_allotment(services(request), (who.merchant_id, view.number(request, "account")), wanted, who.actor)
        view.note(request, "Done; what it offers follows in a moment.")
    except Invalid as error:
        view.note(request, f"That did not work: {error}", "bad")
    _back(f"{ROOM}/shares")


def _count(form: Mapping[str, str], name: str) -> int:
    text = form.get(name, "").strip()
    if not (text.isascii() and text.isdigit()) or len(text) > 7:
        raise Invalid(name, "is a whole number of 0 or more")
    return int(text)


def _with_search(form: Mapping[str, str]) -> str:
    search = form.get("q", "")
    return f"{ROOM}?{urlencode({'q': search})}" if search else ROOM


def _back(to: str) -> NoReturn:
    raise web.HTTPSeeOther(to)


ROUTES = (
    web.get("/catalog", products),
    web.get("/catalog/listings", listings),
    web.get("/catalog/shares", shares),
    web.post(r"/catalog/listings/{listing:\d{1,19}}/map", map_one),
    web.post("/catalog/safety", safety),
    web.post("/catalog/bundle", bundle),
    web.post(r"/catalog/shares/{account:\d{1,19}}", share),
    *stock.ROUTES,
)
