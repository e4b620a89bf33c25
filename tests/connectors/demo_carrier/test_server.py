"""The carrier itself: labels on paper, prices, and parcels that arrive while we look."""

import asyncio
import json
import sys
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import msgspec
import pypdfium2
import pytest
import zxingcpp
from aiohttp import web
from aiohttp.test_utils import TestServer

from connectors.demo_carrier import DemoCarrier, DemoCarrierChannel
from connectors.demo_carrier.server import CarrierServer, Options, serve
from connectors.demo_carrier.server.parcels import tracking_number
from hub.contract import Account, Http, Secrets
from hub.domain.order import Address, ParcelScan, ScanStatus
from hub.domain.outgoing import Kind, LabelRequest
from hub.errors import Reconnect, Reject
from tests.connectors.demo_carrier.harness import RECIPIENT, REQUEST, SENDER

ASIA = Address(name="Yuki Tanaka", line1="3-7 Jingumae", city="Shibuya-ku", postcode="150-0001", country="JP")


def channel(server: CarrierServer, http: Http, token: str = "demo-token-carrier") -> DemoCarrierChannel:
    secrets = Secrets(token=token, webhook_secret="demo-secret-carrier")
    return DemoCarrier().open(Account(1, 1, "demo_carrier", "Demo Carrier", secrets, {"base_url": server.url}), http)


def wanting(number: int, **changes) -> LabelRequest:
    return msgspec.structs.replace(REQUEST, reference=f"parcel-{number}", **changes)


@asynccontextmanager
async def listening(http: Http, **options) -> AsyncIterator[tuple[CarrierServer, DemoCarrierChannel, list]]:
    """The carrier, and everything that it sends, verified and in the order it came."""
    heard: list = []

    async def hear(request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        heard.append(ours.verify(headers, await request.read()))
        return web.Response()

    app = web.Application()
    app.router.add_post("/hook", hear)
    async with TestServer(app, host="127.0.0.1") as hub, serve(Options(**options)) as server:
        server.to = f"http://127.0.0.1:{hub.port}/hook"
        ours = channel(server, http)
        yield server, ours, heard


def scans_of(ours: DemoCarrierChannel, heard: list) -> dict[str, list[ParcelScan]]:
    parcels: dict[str, list[ParcelScan]] = defaultdict(list)
    for delivery in heard:
        for scan in ours.read(delivery):
            parcels[scan.tracking_number].append(scan)
    return parcels


# ---------------------------------------------------------------- paper


@pytest.mark.parametrize("name", ["Jürgen Groß-Żółć", "Ελένη Παπαδοπούλου", "Мария Иванова", "田中 ゆき"])
async def test_the_label_is_a_pdf_whose_barcode_scans_and_whose_address_reads(http: Http, name: str):
    async with serve(Options(day=1e6)) as server:
        ours = channel(server, http)
        recipient = msgspec.structs.replace(RECIPIENT, name=name)
        label = (await ours.buy_label(wanting(1, recipient=recipient), "k1")).label
        pdf = await ours.label_document(label)
    document = pypdfium2.PdfDocument(pdf)
    page = document[0]
    scanned = zxingcpp.read_barcodes(page.render(scale=4).to_pil())
    words = page.get_textpage().get_text_bounded()
    assert [(code.text, code.format) for code in scanned] == [(label.tracking_number, zxingcpp.BarcodeFormat.Code128)]
    assert ("?" * 2 if name.startswith("田") else name) in words
    assert "Ερμού 12" in words and "105 63 Αθήνα" in words and "PO-1" in words
    assert [round(side * 25.4 / 72) for side in page.get_size()] == [105, 148]
    document.close()


async def test_long_addresses_stay_on_the_paper(http: Http):
    async with serve(Options(day=1e6)) as server:
        ours = channel(server, http)
        long = Address(
            **dict.fromkeys(("name", "company", "line1", "line2", "city"), "Ω" * 300), country="GR", postcode="1"
        )
        label = (await ours.buy_label(wanting(1, recipient=long), "k1")).label
        document = pypdfium2.PdfDocument(await ours.label_document(label))
    scanned = zxingcpp.read_barcodes(document[0].render(scale=4).to_pil())
    assert [code.text for code in scanned] == [label.tracking_number]
    document.close()


# ---------------------------------------------------------------- prices and labels


async def test_prices_grow_with_weight_distance_and_hurry(http: Http):
    async with serve(Options(day=1e6)) as server:
        ours = channel(server, http)
        home = msgspec.structs.replace(SENDER, name="Anna Müller")
        costs = {}
        for place, recipient in (("home", home), ("near", RECIPIENT), ("far", ASIA)):
            for grams in (400, 5000):
                for quote in await ours.quote_rates(wanting(1, recipient=recipient, weight_grams=grams)):
                    costs[place, grams, quote.service] = quote.cost
                    assert quote.currency == "EUR" and quote.days >= 1
        assert costs["home", 400, "economy"] == 390 and costs["home", 400, "express"] == 1190
        assert costs["home", 5000, "standard"] == 520 + 9 * 80
        for grams in (400, 5000):
            for service in ("economy", "standard", "express"):
                assert costs["home", grams, service] < costs["near", grams, service] < costs["far", grams, service]
        bought = await ours.buy_label(wanting(1, weight_grams=400), "k1")
        assert bought.label.cost == costs["near", 400, "standard"]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"service": "teleport"}, "no service 'teleport'"),
        ({"weight_grams": 0}, "weight_grams must be"),
        ({"weight_grams": 31_501}, "weight_grams must be"),
        ({"recipient": Address(name="A", line1="B 1", city="Köln", country="DE")}, "needs a postcode in DE"),
        ({"recipient": Address(name="A", city="Köln", postcode="50667", country="DE")}, "needs name, street"),
    ],
)
async def test_parcels_that_cannot_be_carried_are_refused(http: Http, changes: dict, why: str):
    async with serve(Options(day=1e6)) as server:
        with pytest.raises(Reject, match=why):
            await channel(server, http).buy_label(wanting(1, **changes), "k1")
        assert server.effects() == []


async def test_a_label_is_bought_once_and_found_by_our_reference(http: Http):
    async with serve(Options(day=1e6)) as server:
        ours = channel(server, http)
        first = await ours.buy_label(wanting(1), "k1")
        assert await ours.buy_label(wanting(1), "k1") == first
        assert await ours.look_up(Kind.BUY_LABEL, wanting(1), "k1") == first
        assert await ours.look_up(Kind.BUY_LABEL, wanting(2), "k1") is None
        with pytest.raises(Reject, match="used for something else"):
            await ours.buy_label(wanting(2), "k1")
        await ours.void_label(first.label, "k2")
        assert await ours.look_up(Kind.BUY_LABEL, wanting(1), "k1") is None
        assert await ours.buy_label(wanting(1), "k1") == first
        with pytest.raises(Reject, match="voided"):
            await ours.label_document(first.label)
        again = await ours.buy_label(wanting(1), "k3")
        assert again.label.tracking_number != first.label.tracking_number
        assert await ours.look_up(Kind.BUY_LABEL, wanting(1), "k3") == again


async def test_fifty_labels_in_one_call(http: Http):
    async with serve(Options(day=1e6, record=True)) as server:
        wanted = [wanting(n) for n in range(50)]
        answers = await channel(server, http).push_at_once(Kind.BUY_LABEL, wanted, [f"k{n}" for n in range(50)])
        assert len({answer.receipt.label.tracking_number for answer in answers}) == 50
        assert len(server.mischief.seen) == 1
        with pytest.raises(Reject, match="1 to 50"):
            await channel(server, http).push_at_once(Kind.BUY_LABEL, wanted * 2, [f"x{n}" for n in range(100)])


async def test_manifests_take_good_labels_only(http: Http):
    async with serve(Options(day=1e6)) as server:
        ours = channel(server, http)
        one, two = [(await ours.buy_label(wanting(n), f"k{n}")).label for n in (1, 2)]
        closed = await ours.close_manifest([one, two], "m1")
        assert await ours.close_manifest([one, two], "m1") == closed
        await ours.void_label(two, "v1")
        with pytest.raises(Reject, match="lbl_2"):
            await ours.close_manifest([one, two], "m2")


async def test_a_wrong_token_needs_a_new_connection(http: Http):
    async with serve() as server:
        with pytest.raises(Reconnect):
            await channel(server, http, "stolen-token").check()


def test_tracking_numbers_carry_a_check_digit():
    assert tracking_number(1) == "DC00000000017"
    assert len({tracking_number(n) for n in range(1000)}) == 1000


# ---------------------------------------------------------------- the road


async def test_every_parcel_arrives_and_we_are_told_each_step(http: Http):
    async with listening(http, day=0.05) as (server, ours, heard):
        await ours.push_at_once(Kind.BUY_LABEL, [wanting(n) for n in range(20)], [f"k{n}" for n in range(20)])
        await server.settle()
        parcels = scans_of(ours, heard)
        assert len(parcels) == 20
        assert len(heard) < sum(map(len, parcels.values()))  # several scans in one delivery
        for scans in parcels.values():
            told = [scan.status for scan in sorted(scans, key=lambda scan: scan.at)]
            assert (told[0], told[-2:]) == (ScanStatus.PRE_TRANSIT, [ScanStatus.OUT_FOR_DELIVERY, ScanStatus.DELIVERED])
            assert ScanStatus.IN_TRANSIT in told
            assert len({scan.external_id for scan in scans}) == len(scans)
        pulled = await ours.track_parcels([*parcels, "DC404"])
        assert scans_of(ours, pulled) == parcels


async def test_trouble_on_the_road_and_scans_that_are_told_late(http: Http):
    async with listening(http, day=0.05, troubled=1.0, late=1.0) as (server, ours, heard):
        for n in range(20):
            await ours.buy_label(wanting(n), f"k{n}")
        await server.settle()
    parcels = scans_of(ours, heard)
    told = {scan.status for scans in parcels.values() for scan in scans}
    assert {ScanStatus.FAILED_ATTEMPT, ScanStatus.EXCEPTION, ScanStatus.DELIVERED} <= told
    late = [scans for scans in parcels.values() if scans != sorted(scans, key=lambda scan: scan.at)]
    assert late
    assert all(max(scans, key=lambda scan: scan.at).status is ScanStatus.DELIVERED for scans in parcels.values())


async def test_the_same_seed_gives_the_same_journeys(http: Http):
    def roads(server: CarrierServer) -> list:
        return [server.depot.journey(parcel, 0.5, 0.5) for parcel in server.depot.parcels.values()]

    seen = []
    for seed in (1, 1, 2):
        async with serve(Options(day=1e6, seed=seed)) as server:
            ours = channel(server, http)
            for n in range(10):
                await ours.buy_label(wanting(n), f"k{n}")
            seen.append(roads(server))
    assert seen[0] == seen[1] != seen[2]


async def test_a_voided_parcel_does_not_move(http: Http):
    async with serve(Options(day=1e6)) as still:
        await channel(still, http).buy_label(wanting(1), "k1")
        (parcel,) = still.depot.parcels.values()
    async with listening(http, day=0.02) as (server, _, heard):
        label = server.depot.buy("k1", parcel.asked)
        server.depot.void(label["id"], "v1")  # in one breath: a carrier this fast scans it before a call could come
        await server.settle()
    assert heard == []


async def test_a_parcel_on_its_way_cannot_be_voided(http: Http):
    async with serve(Options(day=0.02)) as server:
        ours = channel(server, http)
        label = (await ours.buy_label(wanting(1), "k1")).label
        await server.settle()
        with pytest.raises(Reject, match="on its way"):
            await ours.void_label(label, "v1")


async def test_control_routes_and_the_public_page(http: Http):
    async with listening(http, day=0.02) as (server, ours, heard), aiohttp.ClientSession(server.url) as control:
        to, server.to = server.to, ""
        assert (await control.post("/_/listen", json={"url": to})).status == 204
        assert (await control.post("/_/listen", json={"url": "https://hub.example/hook"})).status == 422
        assert server.to == to
        label = (await ours.buy_label(wanting(1), "k1")).label
        await server.settle()
        assert heard
        told = await (await control.get("/_/effects?kind=buy_label")).json()
        assert ([it["reference"] for it in told["effects"]], told["parcels"]) == (["parcel-1"], 1)
        assert told["hooks"]["given_up"] == 0
        assert "DLV  Αθήνα" in await (await control.get(f"/track/{label.tracking_number}")).text()


async def test_it_runs_as_a_process_of_its_own(http: Http):
    command = (sys.executable, "-m", "connectors.demo_carrier.server", "--port", "0")
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    server = CarrierServer()
    server.depot.url = json.loads(await process.stdout.readline())["url"]
    assert (await channel(server, http).check()).startswith("Demo Carrier")
    process.terminate()
    assert await process.wait() == 0
