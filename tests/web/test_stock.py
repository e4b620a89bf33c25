"""Stock of one SKU in the console and by the API: the figures, the ledger, and what people may book."""

from __future__ import annotations

from hub.actions.stock_transfer import Ship, ship_transfer
from hub.store.database import Database
from hub.web.services import Services
from tests.web.conftest import Client, csrf, signed_in, token
from tests.web.rows import START, Shop

ROOM = "/console/stock"


async def stocked(shop: Shop, on_hand: int = 20, reserved: int = 0) -> int:
    """A mug in Berlin."""
    await shop.put("products", sku="MUG-BLUE", title="Stoneware mug", created_at=START)
    place = await shop.put("locations", code="BER", name="Berlin", address={})
    await shop.put("locations", code="NJ", name="Newark", address={})
    base = {"sku": "MUG-BLUE", "location_id": place, "on_hand": on_hand, "reserved": reserved}
    await shop.put("stock", **base)
    await shop.put("stock_movements", **base, reason="counted", ref_id=0, at=START)
    return place


async def text(client: Client, path: str, status: int = 200) -> str:
    async with client.get(path) as reply:
        found = await reply.text()
        assert reply.status == status, found[:500]
    return found


async def book(client: Client, what: str, **fields: str) -> str:
    form = {"csrf": await csrf(client, f"{ROOM}?sku=MUG-BLUE"), "sku": "MUG-BLUE", "location": "BER", **fields}
    async with client.post(f"{ROOM}/{what}", data=form) as reply:
        assert reply.status == 200, await reply.text()
        return await reply.text()


async def test_a_person_books_and_sees_the_ledger(client: Client, hub: Services, shop: Shop) -> None:
    await stocked(shop, reserved=4)
    desk = await signed_in(client, hub, shop)
    assert "20 less 4" not in await text(desk, f"{ROOM}?sku=MUG-BLUE")

    assert "5 of MUG-BLUE are received" in await book(desk, "receive", reference="PO-1", units="5")
    assert "was booked before" in await book(desk, "receive", reference="PO-1", units="5")
    assert "Booked: -2 MUG-BLUE" in await book(desk, "adjust", units="2", reason="damaged")
    assert "not for sale now" in await book(desk, "quarantine", units="3", reason="recall", do="in")
    assert "for sale again" in await book(desk, "quarantine", units="1", reason="recall", do="out")
    page = await book(desk, "quarantine", units="1", reason="recall", do="gone")

    assert '<td class="right" data-label="On hand">22</td>' in page
    assert '<td class="right soft" data-label="Quarantine">1</td>' in page
    assert '<td class="right strong" data-label="Free">17</td>' in page
    for word in ("Received", "Damaged", "Quarantined", "Released", "Written off", "PO-1"):
        assert word in page
    assert "+ 1 in quarantine" in await text(desk, "/console/catalog")
    assert "only 17 may be taken" in await book(desk, "adjust", units="-18", reason="lost")
    assert "is a whole number" in await book(desk, "adjust", units="many", reason="lost")


async def test_what_is_in_transit_is_shown(client: Client, hub: Services, shop: Shop) -> None:
    await stocked(shop)
    asked = Ship(
        merchant_id=shop.merchant_id, reference="TR-7", source="BER", target="NJ", lines={"MUG-BLUE": 6}, actor="anna"
    )
    await ship_transfer(hub, asked)
    page = await text(await signed_in(client, hub, shop), f"{ROOM}?sku=MUG-BLUE")
    assert "6 from BER to NJ · TR-7" in page


async def test_an_agent_looks_and_does_not_book(client: Client, hub: Services, shop: Shop) -> None:
    await stocked(shop)
    desk = await signed_in(client, hub, shop, "agent")
    page = await text(desk, f"{ROOM}?sku=MUG-BLUE")
    assert "Keep from sale" not in page
    form = {"csrf": await csrf(desk, f"{ROOM}?sku=MUG-BLUE"), "sku": "MUG-BLUE", "location": "BER", "units": "1"}
    async with desk.post(f"{ROOM}/adjust", data=form | {"reason": "found"}) as reply:
        assert reply.status == 403


async def test_another_merchants_stock_is_not_there(
    client: Client, hub: Services, shop: Shop, database: Database
) -> None:
    await stocked(Shop(database, shop.ids, shop.merchant_id + 600_000))
    desk = await signed_in(client, hub, shop)
    await text(desk, f"{ROOM}?sku=MUG-BLUE", 404)
    headers = await token(hub, shop)
    async with client.get("/api/v1/stock/ledger?sku=MUG-BLUE", headers=headers) as reply:
        assert reply.status == 404


async def test_a_program_books_goods_once(client: Client, hub: Services, shop: Shop) -> None:
    await stocked(shop)
    headers = await token(hub, shop)
    body = {"reference": "ASN-9", "location": "BER", "lines": {"MUG-BLUE": 7}}
    for status, booked in ((201, True), (200, False)):
        async with client.post("/api/v1/stock/receipts", json=body, headers=headers) as reply:
            assert reply.status == status
            assert await reply.json() == {"reference": "ASN-9", "booked": booked, "parts": {"MUG-BLUE": 7}}
    async with client.post("/api/v1/stock/receipts", json=body | {"lines": {"MUG-BLUE": 8}}, headers=headers) as reply:
        assert reply.status == 409
    async with client.post("/api/v1/stock/receipts", data=b"{", headers=headers) as reply:
        assert reply.status == 422
    async with client.get("/api/v1/stock/ledger?sku=MUG-BLUE&limit=1", headers=headers) as reply:
        told = await reply.json()
    assert told["places"][0]["on_hand"] == 27
    assert [move["reason"] for move in told["movements"]] == ["received"]
    async with client.get(f"/api/v1/stock/ledger?sku=MUG-BLUE&after={told['next']}", headers=headers) as reply:
        assert [move["reason"] for move in (await reply.json())["movements"]] == ["counted"]
