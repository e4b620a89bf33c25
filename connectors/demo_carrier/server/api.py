"""The carrier's API, as its connector speaks it, and control routes under `/_/`."""

from __future__ import annotations

import asyncio
from hmac import compare_digest
from typing import Any

from aiohttp import web

from connectors.demo_carrier.server.moving import CarrierServer
from connectors.demo_carrier.server.paper import draw
from connectors.demo_carrier.server.rates import CURRENCY, prices
from connectors.playing.line import reachable
from connectors.playing.manners import Handler, Refused, body_of, json
from hub.domain.money import major

BATCH = 50
TRACKED = 100


def routes(server: CarrierServer) -> list[web.RouteDef]:
    """Every endpoint."""
    api = Api(server)
    return [
        web.get("/api/account", api.guard(api.account)),
        web.post("/api/rates", api.guard(api.rates)),
        web.post("/api/labels", api.guard(api.buy)),
        web.get("/api/labels", api.guard(api.labels)),
        web.get("/api/labels/{id}", api.guard(api.label)),
        web.get("/api/labels/{id}/document", api.guard(api.document)),
        web.post("/api/labels/{id}/void", api.guard(api.void)),
        web.post("/api/manifests", api.guard(api.close)),
        web.post("/api/batch", api.guard(api.batch)),
        web.get("/api/tracking", api.guard(api.tracking)),
        web.get("/track/{number}", api.page),
        web.post("/_/listen", api.listen),
        web.get("/_/effects", api.effects),
    ]


class Api:
    """The endpoints."""

    def __init__(self, server: CarrierServer) -> None:
        self._server = server
        self._depot = server.depot

    def guard(self, endpoint: Handler) -> Handler:
        """`endpoint` behind the check of the token."""

        async def guarded(request: web.Request) -> web.StreamResponse:
            wanted, given = f"Bearer {self._server.options.token}", request.headers.get("Authorization", "")
            if not compare_digest(given.encode(), wanted.encode()):
                raise Refused(401, "the token is not valid")
            return await endpoint(request)

        return guarded

    async def account(self, _: web.Request) -> web.Response:
        return json({"name": "Demo Carrier account 4711"})

    async def rates(self, request: web.Request) -> web.Response:
        rows = [
            {
                "service": offer.service,
                "title": offer.title,
                "amount": major(offer.cents, CURRENCY),
                "currency": CURRENCY,
                "days": offer.days,
            }
            for offer in prices(await body_of(request))
        ]
        return json({"rates": rows})

    async def buy(self, request: web.Request) -> web.Response:
        return json(self._depot.buy(request.headers.get("Idempotency-Key", ""), await body_of(request)), 201)

    async def batch(self, request: web.Request) -> web.Response:
        calls = (await body_of(request)).get("calls", [])
        if not 0 < len(calls) <= BATCH:
            raise Refused(422, f"a batch carries 1 to {BATCH} calls")
        return json({"answers": [self._one(call) for call in calls]})

    def _one(self, call: dict[str, Any]) -> dict[str, Any]:
        try:
            return {"status": 201, "body": self._depot.buy(str(call.get("key", "")), call["body"])}
        except Refused as refusal:
            return {"status": refusal.status, "body": {"message": str(refusal)}}

    async def labels(self, request: web.Request) -> web.Response:
        found = self._depot.by_reference.get(request.query.get("reference", ""), [])
        return json({"labels": [parcel.label for parcel in found]})

    async def label(self, request: web.Request) -> web.Response:
        return json(self._depot.find(request.match_info["id"]).label)

    async def document(self, request: web.Request) -> web.Response:
        parcel = self._depot.find(request.match_info["id"])
        if parcel.label["status"] != "bought":
            raise Refused(410, "the label was voided")
        pdf = await asyncio.to_thread(draw, parcel.label, parcel.asked)
        return web.Response(body=pdf, content_type="application/pdf")

    async def void(self, request: web.Request) -> web.Response:
        return json(self._depot.void(request.match_info["id"], request.headers.get("Idempotency-Key", "")))

    async def close(self, request: web.Request) -> web.Response:
        marks = [str(mark) for mark in (await body_of(request)).get("labels", [])]
        return json(self._depot.close(marks, request.headers.get("Idempotency-Key", "")), 201)

    async def tracking(self, request: web.Request) -> web.Response:
        numbers = request.query.get("numbers", "").split(",")
        if len(numbers) > TRACKED:
            raise Refused(422, f"at most {TRACKED} numbers in one call")
        known = [self._depot.by_number[number] for number in numbers if number in self._depot.by_number]
        return json({"parcels": [{"tracking_number": it.number, "scans": it.scans} for it in known]})

    async def page(self, request: web.Request) -> web.Response:
        """What the public may see of a parcel, as text."""
        parcel = self._depot.by_number.get(request.match_info["number"])
        if parcel is None:
            raise Refused(404, "no such parcel")
        lines = [f"{scan['at']}  {scan['code']}  {scan['place']}" for scan in parcel.scans]
        return web.Response(text="\n".join([f"Parcel {parcel.number}", *lines]))

    async def listen(self, request: web.Request) -> web.Response:
        """`{"url": …}`: where scans are sent from now on."""
        url = str((await body_of(request)).get("url", ""))
        if url and not reachable(url):
            raise Refused(422, f"{url!r} is not a plain http address, and there is no other way out of here")
        self._server.to = url
        return web.Response(status=204)

    async def effects(self, request: web.Request) -> web.Response:
        kind = request.query.get("kind")
        done = [effect._asdict() for effect in self._depot.effects.done if kind in (None, effect.kind)]
        hooks = self._server.sender.tally.summary()
        return json({"effects": done, "parcels": len(self._depot.parcels), "hooks": hooks})
