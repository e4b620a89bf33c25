"""Counts and places told by hand: a misspelt SKU or location makes neither, a place keeps its name."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hub.actions.add_location import add_location, read_location
from hub.actions.import_stock import import_stock, read_csv
from hub.actions.set_stock import SetStock, set_stock
from hub.errors import CrossdockError, Invalid, NotFound
from tests.flow.desk import Desk
from tests.support.world import MERCHANT


async def test_a_known_product_is_counted_and_nothing_else_is_made(desk: Desk) -> None:
    await desk.count(MUG=5)
    services = desk.world.services

    async def put(sku: str, location: str, units: int) -> int:
        asked = SetStock(merchant_id=MERCHANT, sku=sku, location=location, units=units)
        return (await set_stock(services, asked)).counts

    assert await put("MUG", "berlin", 7) == 1
    wrong: tuple[tuple[str, str, int, type[CrossdockError], str], ...] = (
        ("MUGG", "berlin", 7, NotFound, "look at its spelling"),
        ("MUG", "berlni", 7, NotFound, "there are berlin"),
        ("MUG", "berlin", -1, Invalid, "cannot be negative.* stock adjust MUG berlin -1 --reason"),
        ("MUG", "berlin", 10**14, Invalid, "give 0 to"),
    )
    for sku, location, units, error, says in wrong:
        with pytest.raises(error, match=says):
            await put(sku, location, units)
    assert await desk.world.value("SELECT sum(on_hand) FROM stock WHERE sku = 'MUG'") == 7
    assert await desk.world.value("SELECT count(*) FROM products WHERE sku = 'MUGG'") == 0
    assert await desk.world.value("SELECT count(*) FROM locations WHERE code = 'berlni'") == 0


async def test_what_a_line_does_not_say_of_a_product_stays(desk: Desk) -> None:
    services, head = desk.world.services, "sku,title,gtin,grams,location,on_hand\n"
    first = read_csv(head + "CUP,Blue cup,4006381333931,350,BER,120\nCUP,,,,NJ,80\nPLATE,,,,BER,1\n")
    await import_stock(services, MERCHANT, first)
    await import_stock(services, MERCHANT, read_csv("sku,location,on_hand\nCUP,BER,119\n"))
    await set_stock(services, SetStock(merchant_id=MERCHANT, sku="CUP", location="BER", units=118))
    rows = await desk.world.database.plain.fetch(
        "SELECT title, gtin, grams FROM products WHERE sku IN ('CUP', 'PLATE') ORDER BY sku"
    )
    assert [tuple(row) for row in rows] == [("Blue cup", "4006381333931", 350), ("PLATE", "", 0)]
    await import_stock(services, MERCHANT, read_csv("sku,title\nCUP,Navy cup\n"))
    assert await desk.world.value("SELECT title FROM products WHERE sku = 'CUP'") == "Navy cup"


async def test_a_place_keeps_its_name_when_its_address_is_told(desk: Desk) -> None:
    services, value = desk.world.services, desk.world.value
    street = '{"line1": "Köpenicker Str. 10", "city": "Berlin", "postcode": "10997", "country": "DE"}'
    await add_location(services, MERCHANT, read_location("KOEP", street, automatic=False))
    assert await value("SELECT name FROM locations WHERE code = 'KOEP'") == "KOEP"
    named = street.replace("{", '{"company": "Lager Ost", ')
    await add_location(services, MERCHANT, read_location("KOEP", named, automatic=False))
    await add_location(services, MERCHANT, read_location("KOEP", street, automatic=False))
    assert await value("SELECT name FROM locations WHERE code = 'KOEP'") == "Lager Ost"
    assert await value("SELECT address->>'company' FROM locations WHERE code = 'KOEP'") == "Lager Ost"
    nowhere = street.replace("10997", "1")
    for wrong, says in ((nowhere, "postcode does not exist there"), ("{", "write JSON with line1")):
        with pytest.raises(Invalid, match=says):
            await add_location(services, MERCHANT, read_location("KOEP", wrong, automatic=False))


async def test_only_what_is_told_of_a_known_place_changes(desk: Desk) -> None:
    services, known = (
        desk.world.services,
        "SELECT automatic, latitude, longitude, address FROM locations WHERE code = 'K'",
    )
    street = '{"line1": "Köpenicker Str. 10", "city": "Berlin", "postcode": "10997", "country": "DE"}'
    with pytest.raises(Invalid, match="K has none yet: give --address"):
        await add_location(services, MERCHANT, read_location("K", automatic=True))

    async def told(**more: Any) -> tuple[bool, float, float, dict[str, str]]:
        await add_location(services, MERCHANT, read_location("K", **more))
        row = await desk.world.database.plain.fetchrow(known)
        assert row is not None
        return row["automatic"], row["latitude"], row["longitude"], json.loads(row["address"])

    who = street.replace("{", '{"company": "Lager Ost", "phone": "+49 30 1", ')
    automatic, *point, first = await told(address=who, automatic=True, at="52.50, 13.43")
    assert (automatic, point) == (True, [52.5, 13.43])
    moved = street.replace('10"', '12"')
    automatic, *point, address = await told(address=moved)
    assert (automatic, point, address) == (True, [52.5, 13.43], first | {"line1": "Köpenicker Str. 12"})
    automatic, *point, address = await told(automatic=False)
    assert (automatic, point, address["line1"]) == (False, [52.5, 13.43], "Köpenicker Str. 12")
    automatic, *point, _ = await told(at="-33.9;151.2")
    assert (automatic, point) == (False, [-33.9, 151.2])
    for wrong in ("52.5", "91,0", "0,181", "Berlin", "1e1,2"):
        with pytest.raises(Invalid, match="write latitude,longitude in degrees"):
            read_location("K", at=wrong)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "it is empty"),
        ("<html></html>", "'<html></html>' is no column; there are sku"),
        ("sku,locaton\nMUG,berlin\n", "'locaton' is no column; there are sku"),
        ("title\nMug\n", "a column sku is needed"),
        ("sku,title\nMUG," + "x" * 200_000 + "\n", "cannot be read as CSV"),
    ],
)
def test_a_file_that_is_no_table_of_stock_says_why(text: str, says: str) -> None:
    with pytest.raises(Invalid, match=says):
        read_csv(text)
