"""The phone desk: who is calling, what is ordered, what is wrong and where, and one order however often it is sent."""

from __future__ import annotations

import asyncio
import json
from html.parser import HTMLParser
from typing import Any

import pytest

from hub.store.database import Database
from hub.web.services import Services
from tests.web.conftest import Client, signed_in
from tests.web.rows import START, Shop

GOOD = {
    "email": "mara@example.com", "name": "Mara Lindqvist", "line1": "Köpenicker Str. 10", "postcode": "10997",
    "city": "Berlin", "country": "de", "phone": "+49 30 901820", "payment": "invoice", "currency": "EUR",
    "sku_0": "MUG-BLUE", "title_0": "Enamel mug, blue", "quantity_0": "2", "price_0": "22,45", "shipping": "4.90",
}  # fmt: skip


class Form(HTMLParser):
    """The fields of the phone form as a browser would send them, and what is marked wrong."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self.wrong: set[str] = set()
        self.focus: list[str] = []
        self.buttons: list[str] = []
        self._select = self._area = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        name = given.get("name", "")
        if tag == "button" and name == "do":
            self.buttons.append(given["value"])
        if tag == "input" and name and (given.get("type") != "checkbox" or "checked" in given):
            self.fields[name] = given.get("value", "")
        if tag == "select":
            self._select = name
        if tag == "option" and self._select and ("selected" in given or self._select not in self.fields):
            self.fields[self._select] = given["value"]
        if tag == "textarea":
            self.fields[name], self._area = "", name
        if given.get("aria-invalid") == "true":
            self.wrong.add(name)
            assert given["aria-describedby"] == f"{name}-wrong"
        if "autofocus" in given:
            self.focus.append(name or given.get("id", ""))

    def handle_data(self, data: str) -> None:
        if self._area:
            self.fields[self._area] += data

    def handle_endtag(self, tag: str) -> None:
        self._area = "" if tag == "textarea" else self._area
        self._select = "" if tag == "select" else self._select


class Desk:
    """An agent at the form."""

    def __init__(self, client: Client, shop: Shop) -> None:
        self.client = client
        self.shop = shop
        self.text = ""
        self.form = Form("")

    async def open(self) -> Form:
        async with self.client.get("/console/phone") as reply:
            assert reply.status == 200
            return self._read(await reply.text())

    async def press(self, button: str, status: int = 200, **fields: str) -> Form:
        """Presses a button of the form, with what was typed before."""
        assert button in {*self.form.buttons, "look", "place"}, self.form.buttons
        data = {**self.form.fields, **fields, "do": button}
        async with self.client.post("/console/phone", data=data, allow_redirects=False) as reply:
            text = await reply.text()
            assert reply.status == status, text[:2000]
            if status == 303:
                self.text = reply.headers["Location"]
                return self.form
            return self._read(text)

    def _read(self, text: str) -> Form:
        self.text, self.form = text, Form(text)
        return self.form

    async def kept(self) -> list[Any]:
        sql = "SELECT body FROM inbox WHERE merchant_id = $1"
        return [json.loads(row["body"]) for row in await self.shop.database.plain.fetch(sql, self.shop.merchant_id)]


@pytest.fixture
async def desk(client: Client, hub: Services, shop: Shop, working: None) -> Desk:
    place = await shop.put("locations", code="BER", name="Berlin", address={})
    for sku, title, units in (("MUG-BLUE", "Enamel mug, blue", 9), ("MUG-RED", "Enamel mug, red", 0)):
        await shop.put("products", sku=sku, title=title, created_at=START)
        await shop.put("stock", sku=sku, location_id=place, on_hand=units, reserved=0)
    made = Desk(await signed_in(client, hub, shop, "agent"), shop)
    await made.open()
    return made


async def test_an_order_from_the_first_word_to_its_number(desk: Desk, shop: Shop) -> None:
    await shop.line(await shop.order(), unit_price=2245)
    await shop.put("customers", name="Mara Lindqvist", email="mara@example.com", phone="+46 70 174 06 05",
                   created_at=START)  # fmt: skip
    assert desk.form.focus == ["who"]
    form = await desk.press("look", who="070-174 06 05")
    assert (form.fields["email"], form.fields["line1"], form.fields["country"]) == (
        "mara@example.com", "Storgatan 12", "SE",
    )  # fmt: skip
    assert form.focus == ["q"]
    form = await desk.press("look", q="mug")
    assert [button for button in form.buttons if button.startswith("add:")] == ["add:MUG-BLUE", "add:MUG-RED"]
    assert "€22.45" in desk.text
    assert "9 available" in desk.text
    assert "None available" in desk.text
    form = await desk.press("add:MUG-BLUE")
    assert (form.fields["price_0"], form.fields["quantity_0"], form.focus) == ("22.45", "1", ["quantity_0"])
    form = await desk.press("look", quantity_0="2", shipping="4,90", note="ring twice")
    assert "€49.80" in desk.text
    await desk.press("place", 303)
    (kept,) = await desk.kept()
    assert kept["lines"] == [
        {"quantity": 2, "unit_price": 2245, "sku": "MUG-BLUE", "title": "Enamel mug, blue"},
    ]  # fmt: skip
    assert kept["payments"] == [{"status": "pending", "gateway": "invoice"}]
    assert (kept["source"], kept["note"], kept["ship_to"]["city"]) == ("phone", "ring twice", "Malmö")
    order = await shop.database.plain.fetchval(
        "SELECT id FROM orders WHERE merchant_id = $1 AND note = 'ring twice'", shop.merchant_id
    )
    assert desk.text == f"/console/orders/{order}"
    accounts = await shop.database.plain.fetch(
        "SELECT name, connector FROM accounts WHERE merchant_id = $1 AND connector = 'own_site'", shop.merchant_id
    )
    assert [tuple(row) for row in accounts] == [("Phone desk", "own_site")]
    audited = await shop.database.plain.fetchrow(
        "SELECT actor, details FROM audit WHERE merchant_id = $1 AND action = 'take_phone_order'", shop.merchant_id
    )
    assert audited["actor"].startswith("user:")
    async with desk.client.get(desk.text) as reply:
        assert f"Order {json.loads(audited['details'])['number']} is taken" in await reply.text()


async def test_what_is_wrong_is_told_in_its_place_and_nothing_is_lost(desk: Desk) -> None:
    wrong = {
        **GOOD, "email": "mara@", "postcode": "1", "city": "", "quantity_0": "0", "price_0": "1.234", "currency": "EUX",
        "shipping": "-1", "phone": "call me",
    }  # fmt: skip
    form = await desk.press("place", 422, **wrong)
    assert form.wrong == {"email", "postcode", "city", "quantity_0", "price_0", "currency", "shipping", "phone"}
    assert form.focus == ["currency"]
    sent = {**wrong, "country": "DE"}
    assert {name: form.fields[name] for name in sent} == sent
    assert await desk.kept() == []


@pytest.mark.parametrize(("fields", "wrong"), [
    ({"sku_0": ""}, "q"), ({"email": "", "phone": ""}, "email"), ({"country": ""}, "country"),
    ({"country": "XX"}, "country"), ({"price_0": ""}, "price_0"), ({"quantity_0": "1,5"}, "quantity_0"),
    ({"payment": "gold"}, "payment"), ({"name": ""}, "name"),
])  # fmt: skip
async def test_each_field_is_looked_at(desk: Desk, fields: dict[str, str], wrong: str) -> None:
    data = {**GOOD, **fields}
    if wrong == "q":
        data = {name: value for name, value in data.items() if not name.endswith("_0")}
    form = await desk.press("place", 422, **data)
    assert wrong in form.wrong


async def test_an_address_may_be_taken_as_the_customer_says(desk: Desk) -> None:
    odd = {**GOOD, "postcode": "ABC"}
    form = await desk.press("place", 422, **odd)
    assert form.wrong == {"postcode"}
    assert "The customer insists" in desk.text
    await desk.press("place", 303, anyway="on")
    assert (await desk.kept())[0]["ship_to"]["postcode"] == "ABC"


async def test_sent_twice_it_is_one_order(desk: Desk, client: Client) -> None:
    await asyncio.gather(*(desk.press("place", 303, **GOOD) for _ in range(4)))
    assert len(await desk.kept()) == 1
    await desk.press("place", 200, **{**GOOD, "quantity_0": "3"})
    assert "every order needs a key of its own" in desk.text
    await desk.open()
    await desk.press("place", 303, **GOOD)
    assert len(await desk.kept()) == 2


async def test_lines_come_and_go(desk: Desk) -> None:
    await desk.press("look", q="mug")
    await desk.press("add:MUG-BLUE")
    await desk.press("look", q="mug", quantity_0="5")
    await desk.press("add:MUG-RED")
    form = await desk.press("look", q="mug")
    form = await desk.press("add:MUG-BLUE")
    assert (form.fields["sku_0"], form.fields["quantity_0"], form.fields["sku_1"]) == ("MUG-BLUE", "5", "MUG-RED")
    assert form.focus == ["quantity_0"]
    form = await desk.press("remove:0")
    assert (form.fields["sku_0"], "sku_1" in form.fields) == ("MUG-RED", False)


async def test_an_unknown_caller_is_a_new_customer(desk: Desk) -> None:
    form = await desk.press("look", who="new@example.com")
    assert form.fields["email"] == "new@example.com"
    form = await desk.press("look", who="+49 30 901820", email="")
    assert form.fields["phone"] == "+49 30 901820"
    assert "Nobody is known by that" in desk.text


async def test_customers_of_other_merchants_are_not_found(desk: Desk, database: Database) -> None:
    other = Shop(database, desk.shop.ids, desk.shop.merchant_id + 900_000)
    await other.put("customers", name="Secret Person", email="secret@example.com", phone="+49 30 123456",
                    created_at=START)  # fmt: skip
    await other.put("products", sku="MUG-THEIRS", title="Their mug", created_at=START)
    await desk.press("look", who="secret@example.com", q="")
    assert "Secret Person" not in desk.text
    await desk.press("look", q="mug")
    assert "MUG-THEIRS" not in desk.text


async def test_text_is_only_text(desk: Desk) -> None:
    odd = '"><script>alert(1)</script>{{ 7*7 }}\x00'
    await desk.press("look", **{**GOOD, "name": odd, "note": odd, "title_0": odd, "q": odd, "who": odd})
    assert "<script>alert" not in desk.text
    assert "{{ 7*7 }}" in desk.text
    form = await desk.press("place", 303, **{**GOOD, "name": odd, "note": odd})
    assert form
    assert (await desk.kept())[0]["note"] == odd.replace("\x00", "")


async def test_a_form_needs_its_token_and_a_person(desk: Desk, hub: Services, client: Client) -> None:
    async with desk.client.post("/console/phone", data={**GOOD, "do": "place", "csrf": "x"}) as reply:
        assert reply.status == 403
    data = {**desk.form.fields, **GOOD, "do": "place"}
    async with desk.client.post("/console/phone", data=data, headers={"Sec-Fetch-Site": "cross-site"}) as reply:
        assert reply.status == 403
    desk.client.session.cookie_jar.clear()
    async with desk.client.post("/console/phone", data=data, allow_redirects=False) as reply:
        assert reply.status in {303, 401}
    assert await desk.kept() == []


async def test_enter_never_places_an_order(desk: Desk) -> None:
    first = desk.form.buttons[0]
    assert first == "look"
    await desk.press(first, **GOOD)
    assert await desk.kept() == []
