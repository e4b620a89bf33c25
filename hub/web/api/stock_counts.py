"""The API on what lies there: count sheets, and lots with the days on which they expire. Agents count, and look."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date

from aiohttp import web

from hub.actions.floor_marks import NewLot, lots_of, put_lot
from hub.actions.order_view import View
from hub.actions.stock_booking import places
from hub.actions.stock_count import Counted, OpenSheet, SheetView, approve_count, cancel_sheet, count_line, open_sheet
from hub.actions.stock_count import show_sheet as sheet_of
from hub.actions.stock_views import SheetPage, SheetRow, list_sheets, see_sheet
from hub.domain.order import Value
from hub.domain.stocking import MOST_UNITS, Tolerance
from hub.errors import Forbidden, Invalid
from hub.web.api.body import number, read
from hub.web.api.endpoint import Answer, Endpoint
from hub.web.api.once import KEY, once
from hub.web.api.stock_moves import booker, plain
from hub.web.auth import WHO
from hub.web.services import services


class NewSheet(Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Count `skus` at `location` (none: whatever lies there). `tolerance` units or `percent` off is booked at once."""

    location: str
    skus: tuple[str, ...] = ()
    tolerance: int = 0
    percent: int = 0


class CountBody(Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`units` of `sku` lie there. `accept`: book it whatever it is; not for agents."""

    sku: str
    units: int
    accept: bool = False


class SkuBody(Value, frozen=True, forbid_unknown_fields=True):
    """A SKU of the sheet."""

    sku: str


class CountedLine(View, frozen=True):
    """One SKU: open, recount or booked; `expected` and `difference` as of the last count."""

    sku: str
    state: str
    counts: int
    expected: int | None
    counted: int | None
    difference: int | None


class CountedView(View, frozen=True):
    """The sheet afterwards. `said`: what became of the last count."""

    id: str
    state: str
    lines: tuple[CountedLine, ...]
    said: str


class Sheets(View, frozen=True):
    """Count sheets, open ones first."""

    sheets: tuple[SheetRow, ...]


class LotBody(Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """So many units of a lot lie at a location and expire on a day (YYYY-MM-DD); told again it is said anew."""

    location: str
    sku: str
    lot: str
    expires: str
    units: int


class LotView(View, frozen=True):
    """A lot; `left`: units that were not picked yet."""

    lot: str
    expires_on: date
    left: int


class Lots(View, frozen=True):
    """Lots of one SKU at one location, the first to expire first."""

    lots: tuple[LotView, ...]


async def sheets(request: web.Request) -> Sheets:
    """The newest, open ones first."""
    return Sheets(await list_sheets(services(request).database, request[WHO].merchant_id))


async def sheet(request: web.Request) -> SheetPage:
    """One with its lines, in the order in which the bins are passed."""
    return await see_sheet(services(request).database, request[WHO].merchant_id, number(request))


async def new_sheet(request: web.Request) -> Answer:
    """Opens one."""
    who, asked = booker(request), await read(request, NewSheet)
    new = OpenSheet(
        merchant_id=who.merchant_id, location=plain(asked.location), actor=who.actor,
        skus=tuple(map(plain, asked.skus)), tolerance=Tolerance(asked.tolerance, asked.percent),
    )  # fmt: skip
    return Answer(await _counted(request, repr(asked), lambda: open_sheet(services(request), new)), 201)


async def count(request: web.Request) -> CountedView:
    """What somebody counted."""
    who, asked = request[WHO], await read(request, CountBody)
    if asked.accept and who.role == "agent":
        raise Forbidden("agents count; a merchant accepts what is far off")
    if not 0 <= asked.units <= MOST_UNITS:
        raise Invalid("units", f"are 0 to {MOST_UNITS}")
    told = Counted(
        merchant_id=who.merchant_id, sheet_id=number(request), sku=plain(asked.sku), units=asked.units,
        counter=who.actor, accept=asked.accept,
    )  # fmt: skip
    return await _counted(request, repr(asked), lambda: count_line(services(request), told))


async def approve(request: web.Request) -> CountedView:
    """Books what the last count found, however far off."""
    who, asked = booker(request), await read(request, SkuBody)
    told = Counted(
        merchant_id=who.merchant_id, sheet_id=number(request), sku=plain(asked.sku), units=0, counter=who.actor
    )
    return await _counted(request, repr(asked), lambda: approve_count(services(request), told))


async def cancel(request: web.Request) -> CountedView:
    """Closes a sheet; what was booked stays."""
    who, hub, sheet_id = booker(request), services(request), number(request)

    async def act() -> SheetView:
        await cancel_sheet(hub, who.merchant_id, sheet_id, who.actor)
        return await sheet_of(hub, who.merchant_id, sheet_id)

    return await _counted(request, "", act)


async def _counted(request: web.Request, asked: str, act: Callable[[], Awaitable[SheetView]]) -> CountedView:
    """Without whose sheet it is: answers are kept."""

    async def done() -> CountedView:
        found = await act()
        lines = tuple(
            CountedLine(it.sku, it.state, it.counts, it.expected, it.counted, it.difference) for it in found.lines
        )
        return CountedView(str(found.id), found.state, lines, found.said)

    return await once(request, CountedView, asked, done)


async def lots(request: web.Request) -> Lots:
    """Of one SKU at one location."""
    return await _lots(request, plain(request.query.get("location", "")), plain(request.query.get("sku", "")))


async def put(request: web.Request) -> Lots:
    """Tells of a lot; all of them afterwards."""
    who, asked = booker(request), await read(request, LotBody)
    new = NewLot(
        merchant_id=who.merchant_id, location=plain(asked.location), sku=plain(asked.sku), lot=asked.lot,
        expires=plain(asked.expires), units=asked.units, actor=who.actor,
    )  # fmt: skip

    async def act() -> Lots:
        await put_lot(services(request), new)
        return await _lots(request, new.location, new.sku)

    return await once(request, Lots, repr(asked), act)


async def _lots(request: web.Request, location: str, sku: str) -> Lots:
    store, merchant_id = services(request).database.plain, request[WHO].merchant_id
    (place,) = await places(store, merchant_id, location)
    found = await lots_of(store, (merchant_id, place, sku))
    return Lots(tuple(LotView(it.lot, it.expires_on, it.left) for it in found))


def _step(path: str, title: str, handler: Callable[[web.Request], Awaitable[object]], takes: type[Value]) -> Endpoint:
    return Endpoint(
        f"/v1/stock/counts/{{id}}/{path}", title, CountedView, handler, {}, method="POST", takes=takes, headers=KEY
    )


ENDPOINTS = (
    Endpoint("/v1/stock/counts", "Count sheets, open ones first", Sheets, sheets, {}),
    Endpoint(
        "/v1/stock/counts", "Open a count sheet", CountedView, new_sheet, {}, method="POST", takes=NewSheet,
        headers=KEY, statuses={201: "The sheet is open."},
    ),
    Endpoint("/v1/stock/counts/{id}", "One count sheet with its lines", SheetPage, sheet, {}),
    _step("count", "What was counted of a SKU", count, CountBody),
    _step("approve", "Book what was counted, however far off", approve, SkuBody),
    Endpoint("/v1/stock/counts/{id}/cancel", "Close a sheet", CountedView, cancel, {}, method="POST", headers=KEY),
    Endpoint(
        "/v1/stock/lots", "Lots of a SKU at a location, the first to expire first", Lots, lots,
        {"location": "The code of a location.", "sku": "The SKU."},
    ),
    Endpoint("/v1/stock/lots", "Tell of a lot", Lots, put, {}, method="POST", takes=LotBody, headers=KEY),
)  # fmt: skip
