"""`POST /api/v1/holds/{id}/release` and `/api/v1/holds/release`: what is done about holds, one by one or many alike."""

from __future__ import annotations

from aiohttp import web

from hub.actions.order_view import OrderView
from hub.actions.release_hold import Release, release_hold
from hub.actions.release_holds import ReleasedAll, Releases, release_holds
from hub.actions.show_hold import show_hold
from hub.actions.show_order import show_order
from hub.domain.order import Address, Value
from hub.errors import Invalid, NotFound
from hub.web.api.body import read
from hub.web.api.endpoint import Endpoint
from hub.web.auth import WHO
from hub.web.services import services

MOST = 1000


class Choice(Value, frozen=True, forbid_unknown_fields=True):
    """One of the hold's own `resolutions`; `address` with `use_address`."""

    resolution: str
    address: Address | None = None
    note: str = ""


class Choices(Value, frozen=True, forbid_unknown_fields=True):
    """The same resolution for the holds named, or for every open one of a reason."""

    resolution: str
    hold_ids: tuple[str, ...] = ()
    reason: str = ""
    note: str = ""
    dry_run: bool = False


async def release(request: web.Request) -> OrderView:
    """Executes the resolution; the order afterwards."""
    hub, who, asked = services(request), request[WHO], await read(request, Choice)
    hold_id = int(request.match_info["id"])
    if hold_id >= 2**63:
        raise NotFound("no such hold")
    order_id = await show_hold(hub.database, who.merchant_id, hold_id)
    chosen = Release(
        merchant_id=who.merchant_id,
        hold_id=hold_id,
        resolution=asked.resolution,
        actor=who.actor,
        address=asked.address,
        note=asked.note[:500],
    )
    await release_hold(hub, chosen)
    return await show_order(hub.database, who.merchant_id, order_id)


async def release_many(request: web.Request) -> ReleasedAll:
    """Executes the resolution for each; a result for every one."""
    who, asked = request[WHO], await read(request, Choices)
    wrong = [it for it in asked.hold_ids if not (it.isascii() and it.isdecimal() and len(it) < 19)]
    if wrong or len(asked.hold_ids) > MOST:
        raise Invalid("hold_ids", f"are at most {MOST} ids as `/v1/holds` gives them, not {wrong[:1] or 'more'}")
    chosen = Releases(
        merchant_id=who.merchant_id,
        resolution=asked.resolution,
        actor=who.actor,
        hold_ids=tuple(map(int, asked.hold_ids)),
        reason=asked.reason,
        note=asked.note[:500],
        dry_run=asked.dry_run,
    )
    return await release_holds(services(request), chosen)


RELEASES = (
    Endpoint("/v1/holds/{id}/release", "Release a hold", OrderView, release, {}, method="POST", takes=Choice),
    Endpoint(
        "/v1/holds/release", "Release many holds alike", ReleasedAll, release_many, {}, method="POST", takes=Choices
    ),
)
