"""The API on stock that changes its place or its form: transfers between locations, and kits.

A program may send each step with an `Idempotency-Key` of its own, and again when the answer was lost.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from hub.actions.order_view import View
from hub.actions.stock_kits import Kit, KitView, KitWork, list_kits, set_kit, work_kits
from hub.actions.stock_transfer import Arrive, Ship, receive_transfer, ship_transfer
from hub.actions.stock_transfer_plan import Send, cancel_transfer, plan_transfer, send_transfer
from hub.actions.stock_views import TransferPage, TransferRow, find_transfer, list_transfers, see_transfer
from hub.domain.order import Value
from hub.errors import Forbidden
from hub.web.api.body import number, read
from hub.web.api.endpoint import Answer, Endpoint
from hub.web.api.once import KEY, once
from hub.web.auth import WHO, Who
from hub.web.services import services


class NewTransfer(Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`lines`: SKU → units that leave `source` for `target` now, or later where it is only `planned`. `reference`
    names the transfer: told again with the same contents it moves nothing more."""

    reference: str
    source: str
    target: str
    lines: dict[str, int]
    planned: bool = False


class Leaves(Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """SKU → units that leave of a plan; without `lines` all of it."""

    lines: dict[str, int] | None = None


class Arrives(Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """SKU → units that arrived. `complete`: nothing more will come, so what is left is missing."""

    lines: dict[str, int]
    complete: bool = True


class Transfers(View, frozen=True):
    """Transfers, those that are not closed first."""

    transfers: tuple[TransferRow, ...]


class Kits(View, frozen=True):
    """Every kit with its parts, and what lies where."""

    kits: tuple[KitView, ...]


class KitParts(Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What goes into one unit of a kit: SKU → units; without any it is a kit no more."""

    sku: str
    parts: dict[str, int]


class NewKitWork(Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """So many kits are made, or taken apart (below 0). `reference` is booked once."""

    reference: str
    location: str
    sku: str
    units: int


class KitWorkView(View, frozen=True):
    """`booked` is false where it was booked before; `moved`: SKU → units that lie there more (below 0: fewer)."""

    reference: str
    booked: bool
    moved: dict[str, int]


def booker(request: web.Request) -> Who:
    """Who asks. Raises `Forbidden` for agents."""
    who = request[WHO]
    if who.role == "agent":
        raise Forbidden("agents look at stock, they do not book it")
    return who


def plain(text: str) -> str:
    """Without NUL, which no column takes."""
    return text.replace("\0", "")


def _lines(given: Mapping[str, int]) -> dict[str, int]:
    return {plain(sku): units for sku, units in given.items()}


# ---------------------------------------------------------------- transfers


async def transfers(request: web.Request) -> Transfers:
    """The newest, those that are not closed first."""
    return Transfers(await list_transfers(services(request).database, request[WHO].merchant_id))


async def transfer(request: web.Request) -> TransferPage:
    """One with its lines."""
    return await see_transfer(services(request).database, request[WHO].merchant_id, number(request))


async def new_transfer(request: web.Request) -> Answer:
    """Ships it, or plans it."""
    who, hub, asked = booker(request), services(request), await read(request, NewTransfer)
    ship = Ship(
        merchant_id=who.merchant_id, reference=plain(asked.reference), source=plain(asked.source),
        target=plain(asked.target), lines=_lines(asked.lines), actor=who.actor,
    )  # fmt: skip

    async def act() -> TransferPage:
        reference = await plan_transfer(hub, ship) if asked.planned else (await ship_transfer(hub, ship)).reference
        made = await find_transfer(hub.database, who.merchant_id, reference)
        return await see_transfer(hub.database, who.merchant_id, made)

    return Answer(await once(request, TransferPage, repr(asked), act), 201)


async def send_planned(request: web.Request) -> TransferPage:
    """What was planned leaves."""
    asked = await read(request, Leaves)
    lines = None if asked.lines is None else _lines(asked.lines)
    return await _step(
        request, repr(asked), lambda who, name: send_transfer(
            services(request), Send(merchant_id=who.merchant_id, reference=name, actor=who.actor, lines=lines)
        )
    )  # fmt: skip


async def cancel_planned(request: web.Request) -> TransferPage:
    """Nothing of a plan will leave."""
    return await _step(
        request, "", lambda who, name: cancel_transfer(
            services(request), Send(merchant_id=who.merchant_id, reference=name, actor=who.actor)
        )
    )  # fmt: skip


async def receive_sent(request: web.Request) -> TransferPage:
    """What arrived lies on the shelves of its target."""
    asked = await read(request, Arrives)
    return await _step(
        request, repr(asked), lambda who, name: receive_transfer(
            services(request),
            Arrive(
                merchant_id=who.merchant_id, reference=name, lines=_lines(asked.lines), actor=who.actor,
                complete=asked.complete,
            ),
        )
    )  # fmt: skip


async def _step(request: web.Request, asked: str, act: Callable[[Who, str], Awaitable[object]]) -> TransferPage:
    """Does something to the transfer in the path; the transfer afterwards."""
    who, store, transfer_id = booker(request), services(request).database, number(request)

    async def done() -> TransferPage:
        found = await see_transfer(store, who.merchant_id, transfer_id)
        await act(who, found.transfer.reference)
        return await see_transfer(store, who.merchant_id, transfer_id)

    return await once(request, TransferPage, asked, done)


# ---------------------------------------------------------------- kits


async def kits(request: web.Request) -> Kits:
    """All of them."""
    return Kits(await list_kits(services(request).database, request[WHO].merchant_id))


async def put_kit(request: web.Request) -> KitParts:
    """Says what a kit is made of."""
    who, asked = booker(request), await read(request, KitParts)
    kit = Kit(merchant_id=who.merchant_id, sku=plain(asked.sku), parts=_lines(asked.parts), actor=who.actor)

    async def act() -> KitParts:
        await set_kit(services(request), kit)
        return KitParts(sku=kit.sku, parts=dict(kit.parts))

    return await once(request, KitParts, repr(asked), act)


async def work_kit(request: web.Request) -> Answer:
    """Makes kits of parts, or parts of kits."""
    who, asked = booker(request), await read(request, NewKitWork)
    work = KitWork(
        merchant_id=who.merchant_id, reference=plain(asked.reference), location=plain(asked.location),
        sku=plain(asked.sku), units=asked.units, actor=who.actor,
    )  # fmt: skip

    async def act() -> KitWorkView:
        done = await work_kits(services(request), work)
        return KitWorkView(reference=done.reference, booked=done.booked, moved=dict(done.moved))

    told = await once(request, KitWorkView, repr(asked), act)
    return Answer(told, 201 if told.booked else 200)


def _step_of(
    path: str, title: str, handler: Callable[[web.Request], Awaitable[object]], takes: type[Value] | None
) -> Endpoint:
    return Endpoint(
        f"/v1/stock/transfers/{{id}}/{path}", title, TransferPage, handler, {}, method="POST", takes=takes, headers=KEY
    )


ENDPOINTS = (
    Endpoint("/v1/stock/transfers", "Transfers, those that are not closed first", Transfers, transfers, {}),
    Endpoint(
        "/v1/stock/transfers", "Ship goods to another location, or plan it", TransferPage, new_transfer, {},
        method="POST", takes=NewTransfer, headers=KEY, statuses={201: "The transfer as it stands."},
    ),
    Endpoint("/v1/stock/transfers/{id}", "One transfer with its lines", TransferPage, transfer, {}),
    _step_of("send", "What was planned leaves", send_planned, Leaves),
    _step_of("cancel", "Nothing of a plan will leave", cancel_planned, None),
    _step_of("receive", "What arrived, and whether more will come", receive_sent, Arrives),
    Endpoint("/v1/stock/kits", "Kits, their parts, and what lies where", Kits, kits, {}),
    Endpoint(
        "/v1/stock/kits", "Say what a kit is made of", KitParts, put_kit, {}, method="POST", takes=KitParts, headers=KEY
    ),
    Endpoint(
        "/v1/stock/kits/work", "Make kits, or take them apart, once for each reference", KitWorkView, work_kit, {},
        method="POST", takes=NewKitWork, headers=KEY,
        statuses={200: "This reference was booked before, with the same contents.", 201: "It is booked."},
    ),
)  # fmt: skip
