"""The API on stock: the ledger of one SKU, and goods that arrived."""

from __future__ import annotations

from aiohttp import web

from hub.actions.order_view import View
from hub.actions.stock_ledger import LedgerQuery, LedgerView, show_ledger
from hub.actions.stock_receive import Receive, receive_stock
from hub.domain.order import Value
from hub.errors import Forbidden, Invalid
from hub.web.api.body import read
from hub.web.api.endpoint import Answer, Endpoint
from hub.web.auth import WHO
from hub.web.services import services


class NewReceipt(Value, frozen=True, kw_only=True):
    """Goods that arrived. `reference` is booked once: told again, with the same contents, it changes nothing."""

    reference: str
    location: str
    lines: dict[str, int]
    """SKU → units; a bundle arrives as its parts."""
    kind: str = "purchase"


class ReceiptView(View, frozen=True):
    """`booked` is false where it was booked before; `parts`: SKU → units that lie on the shelves more."""

    reference: str
    booked: bool
    parts: dict[str, int]


async def ledger(request: web.Request) -> LedgerView:
    """One SKU, newest movements first."""
    query = request.query
    limit = query.get("limit", "50")
    if not (limit.isascii() and limit.isdecimal() and len(limit) < 5):
        raise Invalid("limit", "is a number from 1 to 200")
    asked = LedgerQuery(sku=query.get("sku", ""), after=query.get("after", ""), limit=int(limit))
    return await show_ledger(services(request).database, request[WHO].merchant_id, asked)


async def receive(request: web.Request) -> Answer:
    """Books goods; not for agents."""
    who = request[WHO]
    if who.role == "agent":
        raise Forbidden("agents look at stock, they do not book it")
    given = await read(request, NewReceipt)
    asked = Receive(
        merchant_id=who.merchant_id, reference=given.reference, location=given.location, lines=given.lines,
        actor=who.actor, kind=given.kind,
    )  # fmt: skip
    done = await receive_stock(services(request), asked)
    told = ReceiptView(reference=done.reference, booked=done.booked, parts=dict(done.parts))
    return Answer(told, 201 if done.booked else 200)


ENDPOINTS = (
    Endpoint(
        "/v1/stock/ledger", "One SKU: where how many lie and for what, and every movement", LedgerView, ledger,
        {"sku": "The SKU.", "after": "The `next` of the page before.", "limit": "Movements of a page, 1 to 200."},
        needs=("sku",),
    ),
    Endpoint(
        "/v1/stock/receipts", "Book goods that arrived, once for each reference", ReceiptView, receive, {},
        method="POST", takes=NewReceipt,
        statuses={200: "This reference was booked before, with the same contents.", 201: "The goods are booked."},
    ),
)  # fmt: skip
