"""The console: lists, one order, what can be done from it, and nothing of anybody else's."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta, timezone
from html.parser import HTMLParser

import pytest

from hub.domain.lifecycle import PHASES, Custody, Lifecycle, Outbox, Work
from hub.store.database import Database
from hub.web.console import vocabulary
from hub.web.services import Services
from tests.web.conftest import Client, csrf, signed_in
from tests.web.rows import START, Shop

Serve = Callable[[Services], Awaitable[Client]]

XSS = '"><script>alert(1)</script><img src=x onerror=alert(2)>{{ 7*7 }}'


@pytest.fixture
async def desk(client: Client, hub: Services, shop: Shop) -> Client:
    """A merchant's browser, signed in."""
    return await signed_in(client, hub, shop)


async def text(client: Client, path: str, status: int = 200) -> str:
    async with client.get(path) as reply:
        found = await reply.text()
        assert reply.status == status, found[:500]
    return found


async def send(client: Client, page: str, path: str, **fields: str) -> str:
    """Sends a form of `page` and returns the page it leads to."""
    form = {"csrf": await csrf(client, page), **fields}
    async with client.post(path, data=form) as reply:
        assert reply.status == 200, await reply.text()
        return await reply.text()


class Tags(HTMLParser):
    """Every tag of a page with its attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


async def shipped(shop: Shop) -> tuple[int, int]:
    """An order on its way, and its parcel."""
    order = await shop.order(state=Lifecycle.IN_PROGRESS)
    line = await shop.line(order, assigned=2, picked=2, packed=2, shipped=2)
    place = await shop.put("locations", code=f"L{order}", name="Berlin warehouse", address={}, automatic=True)
    why = {
        "location": f"L{order}",
        "considered": [
            {"location": f"L{order}", "km": 320, "lacks": {}},
            {"location": "LYO", "km": 980, "lacks": {"MUG-BLUE": 1}},
        ],
    }
    work = await shop.work(order, Work.DISPATCHED, location_id=place, why=why)
    await shop.put("fulfillment_lines", fulfillment_id=work, order_id=order, order_line_id=line, sku="MUG-BLUE",
                   quantity=2, reserved=0)  # fmt: skip
    parcel = await shop.parcel(order, work, {line: 2})
    await shop.scan(parcel, "in_transit", "Hamburg", 9)
    await shop.payment(order)
    return order, parcel


# ------------------------------------------------------------ the list


async def test_an_empty_console_says_what_to_do_next(desk: Client) -> None:
    assert "channel add" in await text(desk, "/console/")
    assert "Nothing waits for you" in await text(desk, "/console/holds")
    assert "Every delivery could be read" in await text(desk, "/console/deliveries")
    assert "No order fits" in await text(desk, "/console/orders?q=nothing")


async def test_orders_are_counted_and_listed_by_phase(desk: Client, shop: Shop) -> None:
    held = await shop.order("HELD-1")
    await shop.line(held)
    await shop.hold(held)
    reviewing = await shop.order("NEW-1")
    await shop.line(reviewing)
    await shipped(shop)
    page = await text(desk, "/console/orders")
    for words_, count in (("All", 3), ("On hold", 1), ("In review", 1), ("Shipped", 1)):
        assert f"{words_} <b>{count}</b>" in page
    one = await text(desk, "/console/orders?phase=on_hold")
    assert "HELD-1" in one
    assert "NEW-1" not in one


async def test_pages_follow_one_another_without_gap_or_repeat(desk: Client, shop: Shop) -> None:
    numbers = {f"P-{i:03d}" for i in range(95)}
    for number in sorted(numbers):
        await shop.line(await shop.order(number))
    for start in ("/console/orders", "/console/orders?phase=reviewing"):
        seen: list[str] = []
        path = start
        while path:
            page = await text(desk, path)
            seen += [piece.partition("<")[0] for piece in page.split(">") if piece.startswith("P-")]
            before, there_is_more, _ = page.partition('rel="next"')
            link = before.rpartition('href="')[2].partition('"')[0].replace("&amp;", "&")
            path = link if there_is_more else ""
        assert sorted(seen) == sorted(numbers)


@pytest.mark.parametrize("search", ["S-77", "s77@example.com", "S77@EXAMPLE.COM", "zelda", "TRACK77", " S-77 "])
async def test_an_order_is_found_by_number_address_name_and_tracking_number(
    desk: Client, shop: Shop, search: str
) -> None:
    ship_to = {"name": "Zelda Ünal", "city": "Graz", "country": "AT"}
    order = await shop.order("#S-77", email="s77@example.com", ship_to=ship_to, buyer={"name": "Zelda Ünal"})
    await shop.parcel(order, 0, {}, tracking_number="TRACK77")
    await shop.order("OTHER-1")
    async with desk.get("/console/orders", params={"q": search}) as reply:
        page = await reply.text()
    assert "#S-77" in page
    assert "OTHER-1" not in page


async def test_a_search_means_what_it_says(desk: Client, shop: Shop) -> None:
    await shop.order("A-1")
    for search in ("%", "_", "' OR 1=1 --", "\x00", "(", "a" * 5000):
        async with desk.get("/console/orders", params={"q": search}) as reply:
            assert reply.status == 200
            page = await reply.text()
        assert "A-1" not in page or search == "\x00"


@pytest.mark.parametrize("query", ["after=nonsense", "after=AAAA", "after=" + "9" * 400, "phase=nonsense"])
async def test_a_foreign_page_mark_is_told_and_an_unknown_phase_is_all(desk: Client, shop: Shop, query: str) -> None:
    async with desk.get(f"/console/orders?{query}") as reply:
        assert reply.status == (200 if query.startswith("phase") else 422)
        assert "html" in reply.content_type


async def test_the_live_part_comes_once_and_then_only_when_it_changed(desk: Client, shop: Shop) -> None:
    order = await shop.order("LIVE-1")
    path = f"/console/orders/{order}/part"
    async with desk.get(path) as reply:
        first = await reply.json()
    assert "LIVE-1" in first["html"]
    async with desk.get(f"{path}?tag={first['tag']}") as reply:
        assert reply.status == 204
    await shop.event(order, "received", {})
    async with desk.get(f"{path}?tag={first['tag']}") as reply:
        assert "Order received" in (await reply.json())["html"]


# ------------------------------------------------------------ one order


async def test_an_order_shows_everything_that_belongs_to_it(desk: Client, shop: Shop) -> None:
    order, parcel = await shipped(shop)
    await shop.event(order, "routed", {"rule": "nearest with everything", "locations": ["BER"]})
    await shop.event(order, "unheard_of", {"colour": "blue"})
    await shop.message(order, "push_shipment", Outbox.DEAD, payload={"tracking_number": "DC1"}, error="HTTP 503")
    await shop.message(parcel, "buy_label", payload={"service": "standard"})
    page = await text(desk, f"/console/orders/{order}")
    for words_ in (
        "Needs help", "€49.80", "Enamel mug, blue", "2 shipped", "Berlin warehouse", "320 km away, has everything",
        "LYO (980 km, lacks 1 MUG-BLUE)", "On its way", "Hamburg", "Card ···· 4242", "Routed to BER",
        "Unheard of: colour blue", "Shipment to channel: DC1", "HTTP 503", "Send again", "Buy label: standard",
        f"/console/labels/{parcel}.pdf", "Storgatan 12", "Standard shipping",
    ):  # fmt: skip
        assert words_ in page, words_


async def test_every_moment_is_written_alike_and_left_to_the_reader_s_own_zone(desk: Client, shop: Shop) -> None:
    promised = datetime(2026, 11, 23, 23, 30, tzinfo=timezone(timedelta(hours=1)))
    order = await shop.order(promised_at=promised)
    page = await text(desk, f"/console/orders/{order}")
    assert '<time datetime="2026-11-23T22:30:00+00:00" data-style="day">23 Nov 2026</time>' in page
    bare = re.sub(r"<time [^>]*>[^<]*</time>", "", page)
    assert re.findall(r"\b\d{1,2} [A-Z][a-z]+ \d{4}\b|\b\d{4}-\d\d-\d\d\b", bare) == []


async def test_every_phase_and_every_amount_has_its_words() -> None:
    assert set(vocabulary.PHASE_WORDS) == set(PHASES) == set(vocabulary.PHASE_TONES)
    assert set(Work.__members__) == {name.upper() for name in vocabulary.WORK_TONES}
    assert {*Outbox.__members__, "SENDING"} == {name.upper() for name in vocabulary.MESSAGE_TONES}
    assert set(Custody) <= set(vocabulary.PARCEL_WORDS)


@pytest.mark.parametrize("currency,minor,shown", [("JPY", 4980, "¥4,980"), ("BHD", 1234567, "BHD\xa01,234.567"),
                                                  ("XXX", 5, "5 XXX (minor units)")])  # fmt: skip
async def test_amounts_have_the_digits_of_their_currency(
    desk: Client, shop: Shop, currency: str, minor: int, shown: str
) -> None:
    order = await shop.order(currency=currency, shop_currency=currency, total=minor, shop_total=minor)
    assert shown in await text(desk, f"/console/orders/{order}")


async def test_whatever_an_order_says_is_text(desk: Client, shop: Shop) -> None:
    person = dict.fromkeys(("name", "company", "line1", "line2", "city", "region", "postcode", "country", "phone"), XSS)
    order = await shop.order(
        XSS, ship_to=person, buyer={"name": XSS, "email": XSS, "phone": XSS}, email=XSS, note=XSS, cancel_reason=XSS,
        charges=[{"kind": "fee", "title": XSS, "amount": 1}], words={"status": XSS},
        cancelled_at=START,
    )  # fmt: skip
    line = await shop.line(order, title=XSS, sku=XSS)
    await shop.hold(order, detail={"what": "skus", "lines": [{"sku": XSS, "title": XSS}]}, resolutions=["cancel", XSS])
    await shop.hold(order, XSS[:30], detail={"what": XSS, XSS: XSS}, owner=XSS[:60])
    work = await shop.work(order, why={"location": XSS, "considered": [{"location": XSS, "km": 1}]}, problem=XSS)
    url = "javascript:alert(3)"
    parcel = await shop.parcel(order, work, {line: 1}, carrier=XSS[:60], tracking_number=XSS[:60], tracking_url=url)
    await shop.scan(parcel, "in_transit", XSS, 1)
    await shop.event(order, "cancelled", {"reason": XSS})
    await shop.event(order, XSS[:40], {XSS: XSS})
    await shop.message(order, "notify", Outbox.DEAD, error=XSS, payload={"text": XSS})
    await shop.delivery(f"$.{XSS}: {XSS}", topic=XSS)
    await shop.account(XSS, health={"error": XSS})
    token = await shop.database.plain.fetchval("SELECT tracking_token FROM orders WHERE id = $1", order)
    paths = ("/console/orders", f"/console/orders/{order}", "/console/holds", "/console/deliveries",
             "/console/accounts", f"/track/{token}", f"/console/orders?q={XSS}&channel={XSS}",
             f"/chat?order={XSS}")  # fmt: skip
    for path in paths:
        page = await text(desk, path.replace("{{", "%7B%7B").replace("<", "%3C").replace('"', "%22"))
        tags = Tags()
        tags.feed(page)
        sources = [attrs.get("src") or "" for tag, attrs in tags.found if tag == "script"]
        assert all(source.startswith("/static/") for source in sources)
        assert not any(tag == "img" for tag, _ in tags.found)
        assert not any(name.startswith("on") or name == "style" for _, attrs in tags.found for name in attrs)
        assert "javascript:" not in "".join(attrs.get("href") or "" for _, attrs in tags.found)
        assert ">49<" not in page


# ------------------------------------------------------------ doing things


async def test_releasing_a_hold_lets_the_order_go_on(desk: Client, shop: Shop, database: Database) -> None:
    order = await shop.order()
    await shop.line(order)
    hold = await shop.hold(order)
    page = await send(desk, f"/console/orders/{order}", f"/console/holds/{hold}/release", resolution="accept")
    assert "Accept as it is: done" in page
    row = await database.plain.fetchrow("SELECT state, resolution, closed_by FROM holds WHERE id = $1", hold)
    assert row is not None
    assert (row["state"], row["resolution"]) == ("released", "accept")
    assert row["closed_by"].startswith("user:")
    page = await send(desk, f"/console/orders/{order}", f"/console/holds/{hold}/release", resolution="accept")
    assert "That did not work" in page


async def test_an_address_can_be_corrected_and_is_checked(desk: Client, shop: Shop, database: Database) -> None:
    order = await shop.order()
    hold = await shop.hold(order)
    path, page = f"/console/holds/{hold}/release", f"/console/orders/{order}"
    told = await send(desk, page, path, resolution="use_address", name="Mara", country="SE")
    assert "That did not work" in told
    good = {"name": "Mara", "line1": "Storgatan 12", "postcode": "211 34", "city": "Malmö", "country": "se"}
    await send(desk, page, path, resolution="use_address", **good)
    ship_to = json.loads(await database.plain.fetchval("SELECT ship_to FROM orders WHERE id = $1", order))
    assert (ship_to["postcode"], ship_to["country"]) == ("211 34", "SE")


async def test_a_resolution_that_is_not_offered_is_refused(desk: Client, shop: Shop, database: Database) -> None:
    order = await shop.order()
    hold = await shop.hold(order, resolutions=["cancel"])
    for resolution in ("accept", "", "DROP TABLE"):
        page = await send(desk, f"/console/orders/{order}", f"/console/holds/{hold}/release", resolution=resolution)
        assert "That did not work" in page
    assert await database.plain.fetchval("SELECT state FROM holds WHERE id = $1", hold) == "open"


async def test_an_order_can_be_cancelled_until_goods_have_left(
    desk: Client, hub: Services, shop: Shop, database: Database
) -> None:
    fields = {"base_url": "http://127.0.0.1:9/s", "token": "t", "webhook_secret": "s"}
    shop.account_id = await hub.accounts.add(shop.merchant_id, "demo_store", "real", fields)
    order = await shop.order()
    await shop.line(order)
    page = await send(desk, f"/console/orders/{order}", f"/console/orders/{order}/cancel", reason="changed their mind")
    assert "is cancelled" in page
    assert "Order cancelled: changed their mind" in page
    gone, _ = await shipped(shop)
    page = await send(desk, f"/console/orders/{gone}", f"/console/orders/{gone}/cancel", reason="too late")
    assert "That did not work" in page


async def test_a_dead_message_is_sent_again_once(desk: Client, shop: Shop, database: Database) -> None:
    order = await shop.order()
    message = await shop.message(order, "push_shipment", Outbox.DEAD, error="HTTP 503")
    page = f"/console/orders/{order}"
    told = await send(desk, page, f"/console/messages/{message}/send-again", order=str(order))
    assert "on its way again" in told
    assert await database.plain.fetchval("SELECT state FROM outbox WHERE id = $1", message) == Outbox.PENDING
    assert "That did not work" in await send(desk, page, f"/console/messages/{message}/send-again", order=str(order))


async def test_a_delivery_set_aside_shows_where_it_is_wrong_and_can_be_read_again(
    desk: Client, shop: Shop, database: Database
) -> None:
    delivery = await shop.delivery(
        "$.line_items[0].price: expected a decimal string", body=b"<script>alert(1)</script>"
    )
    page = await text(desk, "/console/deliveries")
    assert "$.line_items[0].price" in page
    assert "expected a decimal string" in page
    async with desk.get(f"/console/deliveries/{delivery}/body") as reply:
        assert (reply.content_type, await reply.read()) == ("text/plain", b"<script>alert(1)</script>")
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
    await send(desk, "/console/deliveries", f"/console/deliveries/{delivery}/read-again")
    assert await database.plain.fetchval("SELECT state FROM inbox WHERE id = $1", delivery) == 0
    form = {"csrf": await csrf(desk, "/console/deliveries")}
    async with desk.post(f"/console/deliveries/{delivery}/read-again", data=form) as reply:
        assert reply.status == 409


# ------------------------------------------------------------ other people's things


async def test_every_room_with_the_id_of_another_merchant_is_not_found(
    desk: Client, hub: Services, shop: Shop, ids: object, database: Database
) -> None:
    other = Shop(database, shop.ids, shop.merchant_id + 500_000)
    await other.account("Somebody else")
    order, parcel = await shipped(other)
    hold = await other.hold(order)
    message = await other.message(order, "push_status", Outbox.DEAD)
    delivery = await other.delivery("$: wrong")
    form = {"csrf": await csrf(desk, "/console/"), "resolution": "accept", "order": str(order), "reason": "x"}
    gets = (f"/console/orders/{order}", f"/console/orders/{order}/part", f"/console/labels/{parcel}.pdf",
            f"/console/deliveries/{delivery}/body")  # fmt: skip
    posts = (f"/console/holds/{hold}/release", f"/console/orders/{order}/cancel",
             f"/console/messages/{message}/send-again", f"/console/deliveries/{delivery}/read-again")  # fmt: skip
    for path in gets:
        await text(desk, path, 404)
    for path in posts:
        async with desk.post(path, data=form, allow_redirects=False) as reply:
            assert reply.status == 404, path
    for path in ("/console/orders", "/console/holds", "/console/deliveries", "/console/accounts",
                 "/console/orders?channel=Somebody+else", "/console/orders?q=mara@example.com"):  # fmt: skip
        assert str(order) not in await text(desk, path)
    states = await database.plain.fetchrow(
        """SELECT (SELECT state FROM holds WHERE id = $1) AS hold, (SELECT state FROM orders WHERE id = $2) AS order,
                  (SELECT state FROM outbox WHERE id = $3) AS message,
                  (SELECT state FROM inbox WHERE id = $4) AS delivery""",
        hold, order, message, delivery,
    )  # fmt: skip
    assert states is not None
    assert tuple(states) == ("open", Lifecycle.IN_PROGRESS, Outbox.DEAD, 10)


@pytest.mark.parametrize("path", ["orders/0", "orders/9223372036854775807", "orders/9999999999999999999", "orders/x",
                                  "labels/1.pdf", "labels/../x", "nowhere", "deliveries/1/body"])  # fmt: skip
async def test_what_is_not_there_is_a_friendly_page(desk: Client, path: str) -> None:
    page = await text(desk, f"/console/{path}", 404)
    assert "Back to the orders" in page


# ------------------------------------------------------------ headers


async def test_every_page_forbids_what_it_does_not_need(desk: Client, shop: Shop) -> None:
    order = await shop.order()
    for path in ("/console/", f"/console/orders/{order}", "/console/nowhere", "/chat", "/api/docs", "/static/live.js"):
        async with desk.get(path) as reply:
            policy = reply.headers["Content-Security-Policy"]
            assert "'unsafe-inline'" not in policy
            assert "frame-ancestors 'none'" in policy
            assert reply.headers["X-Content-Type-Options"] == "nosniff"
            assert reply.headers["Referrer-Policy"]
            assert "aiohttp" not in reply.headers["Server"]
            if "html" in reply.content_type:
                tags = Tags()
                tags.feed(await reply.text())
                outside = [a for t, a in tags.found if (a.get("src") or "").startswith("http")]
                assert outside == []


async def test_static_files_change_their_address_with_their_content(client: Client) -> None:
    page = await text(client, "/console/sign-in")
    address = page.partition('rel="stylesheet" href="')[2].partition('"')[0]
    async with client.get(address) as reply:
        assert "immutable" in reply.headers["Cache-Control"]
        assert reply.content_type == "text/css"
    async with client.get(address.partition("?")[0]) as reply:
        assert reply.headers["Cache-Control"] == "no-cache"
    await text(client, "/static/../app.py", 404)
    await text(client, "/static/..%2Fapp.py", 404)
