"""Orders from files: guessed columns, every way of writing, rows that are wrong, and the same file twice."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from hub.actions import import_orders_files
from hub.actions.import_orders import Asked, How, Imported, Told, import_orders
from hub.actions.import_orders_files import Whole, read_file
from hub.actions.import_orders_groups import Groups
from hub.actions.import_orders_values import Ways, amount, instant
from hub.actions.import_orders_words import country, guess
from hub.domain import money
from hub.errors import Invalid
from tests.support.world import World

GERMAN = """Bestellnummer;Bestelldatum;Artikelnr;Artikel;Menge;Einzelpreis;Versand;Gesamtsumme;Empfänger;Straße;PLZ;Ort;Land;E-Mail;bezahlt
W-77;22.11.2026 09:30;MUG-BLUE;Tasse;12;18,50;4,90;274,60;Teehaus Süd;Sendlinger Str. 4;80331;München;Deutschland;a@b.de;ja
W-77;22.11.2026 09:30;TEA-BLACK;"Tee; schwarz";6;7,95;;;;;;;;;
W-78;23.11.2026;MUG-BLUE;Tasse;1;1.234,50 €;;;X;Str 1;10115;Berlin;DE;x@y.de;offen
"""  # noqa: E501 - a file as it comes
SHOPIFY = """Name,Email,Financial Status,Paid at,Currency,Subtotal,Shipping,Taxes,Total,Discount Code,Discount Amount,Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Lineitem requires shipping,Shipping Name,Shipping Street,Shipping Address1,Shipping Zip,Shipping City,Shipping Province,Shipping Country,Payment Method,Id
#1001,b@example.com,paid,2026-11-20 10:00:00 +0100,USD,49.00,9.95,4.90,58.95,TEN,5.00,2026-11-20 09:59:58 +0100,2,Mug,22.00,MUG-BLUE,true,Bob Day,"1 Main St, Apt 2",1 Main St,'02134,Boston,MA,US,stripe,5550001
#1001,b@example.com,,,,,,,,,,,1,Gift wrap,10.00,WRAP,false,,,,,,,,,
"""  # noqa: E501 - a file as it comes


class Desk:
    """Imports into one account, and looks at what came of it."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world = world
        self.file = folder / "orders.csv"
        self.told: list[Told] = []

    async def run(self, text: str | bytes, *, dry_run: bool = False, **fixed: str) -> Imported:
        self.file.write_bytes(text if isinstance(text, bytes) else text.encode())
        self.told = []
        how = How(fixed=fixed)
        asked = Asked(merchant_id=1, account="Wholesale", file=self.file, how=how, dry_run=dry_run)
        return await import_orders(self.world.services, self.world.inbox, asked, self.told.append)

    async def orders(self) -> dict[str, Any]:
        rows = await self.world.rows("SELECT * FROM orders ORDER BY number")
        return {row["number"]: row for row in rows}

    def states(self) -> list[tuple[int, str, str]]:
        return [(told.line, told.order, told.state) for told in self.told]


@pytest.fixture
async def desk(world: World, tmp_path: Path) -> Desk:
    await world.account("csv_file", "Wholesale", {})
    return Desk(world, tmp_path)


async def test_a_german_list_is_understood(desk: Desk) -> None:
    done = await desk.run(GERMAN, currency="EUR", zone="Europe/Berlin")
    assert (done.orders, done.new, done.errors) == (2, 2, 0), desk.told
    orders = await desk.orders()
    one, other = orders["W-77"], orders["W-78"]
    assert (one["total"], other["total"], one["currency"]) == (27460, 123450, "EUR")
    assert one["placed_at"].isoformat() == "2026-11-22T08:30:00+00:00"
    assert json.loads(one["ship_to"])["country"] == "DE"
    lines = await desk.world.rows("SELECT * FROM order_lines WHERE order_id = $1 ORDER BY position", one["id"])
    assert [(it["sku"], it["title"], it["ordered"], it["unit_price"]) for it in lines] == [
        ("MUG-BLUE", "Tasse", 12, 1850), ("TEA-BLACK", "Tee; schwarz", 6, 795),
    ]  # fmt: skip
    states = {row["order_id"]: row["state"] for row in await desk.world.rows("SELECT * FROM payments")}
    assert states == {one["id"]: "captured", other["id"]: "pending"}


async def test_an_export_of_shopify_is_understood(desk: Desk) -> None:
    done = await desk.run(SHOPIFY)
    assert done.errors == 0, desk.told
    order = (await desk.orders())["#1001"]
    assert (order["total"], order["tax_total"], order["tax_included"]) == (5895, 490, True)
    assert [(it["kind"], it["amount"]) for it in json.loads(order["charges"])] == [
        ("shipping", 995),
        ("discount", -500),
    ]
    ship_to = json.loads(order["ship_to"])
    assert (ship_to["postcode"], ship_to["line1"], ship_to["region"]) == ("02134", "1 Main St", "MA")
    lines = await desk.world.rows("SELECT requires_shipping FROM order_lines ORDER BY position")
    assert [it["requires_shipping"] for it in lines] == [True, False]


async def test_the_same_file_twice_changes_nothing_and_a_changed_one_only_what_changed(desk: Desk) -> None:
    fixed = {"currency": "EUR"}
    await desk.run(GERMAN, **fixed)
    before = [dict(row) for row in await desk.world.rows("SELECT * FROM orders ORDER BY id")]
    again = await desk.run(GERMAN, **fixed)
    assert (again.there, again.new, again.changed) == (2, 0, 0)
    assert [dict(row) for row in await desk.world.rows("SELECT * FROM orders ORDER BY id")] == before
    assert await desk.world.value("SELECT count(*) FROM inbox") == 2
    changed = GERMAN.replace("x@y.de;offen", "x@y.de;bezahlt")
    dry = await desk.run(changed, dry_run=True, **fixed)
    assert (dry.there, dry.changed) == (1, 1)
    assert await desk.world.value("SELECT count(*) FROM inbox") == 2
    done = await desk.run(changed, **fixed)
    assert (done.there, done.changed) == (1, 1)
    assert {row["state"] for row in await desk.world.rows("SELECT state FROM payments")} == {"captured"}
    assert (await desk.run(changed, **fixed)).there == 2


async def test_going_back_to_an_older_file_is_a_change(desk: Desk) -> None:
    other = GERMAN.replace("Str 1", "Str 2")
    for text, street in ((GERMAN, "Str 1"), (other, "Str 2"), (GERMAN, "Str 1"), (other, "Str 2")):
        await desk.run(text, currency="EUR")
        assert json.loads((await desk.orders())["W-78"]["ship_to"])["line1"] == street


async def test_two_imports_at_once_are_one(desk: Desk) -> None:
    desk.file.write_text(GERMAN, encoding="utf-8")
    asked = Asked(merchant_id=1, account="Wholesale", file=desk.file, how=How(fixed={"currency": "EUR"}))
    done = await asyncio.gather(
        *(import_orders(desk.world.services, desk.world.inbox, asked, lambda told: None) for _ in range(4))
    )
    assert all(one.errors == 0 for one in done)
    assert await desk.world.value("SELECT count(*) FROM orders") == 2
    assert await desk.world.value("SELECT count(*) FROM events WHERE kind = 'revised'") == 0


HEAD = "order,sku,quantity,unit_price,currency,placed_at,total,tax,email\n"
GOOD = "G-1,A,1,1.00,EUR,2026-11-22,,,\n"


@pytest.mark.parametrize(("row", "column", "says"), [
    ("B-1,A,zwei,1.00,EUR,2026-11-22,,,", "quantity", "'zwei' is not a whole number"),
    ("B-1,A,1.5,1.00,EUR,2026-11-22,,,", "quantity", "not a whole number"),
    ("B-1,A,0,1.00,EUR,2026-11-22,,,", "quantity", "is 0"),
    ("B-1,A,1,free,EUR,2026-11-22,,,", "unit_price", "'free' is not an amount"),
    ("B-1,A,1,,EUR,2026-11-22,,,", "unit_price", "is empty"),
    ("B-1,A,1,1.005,EUR,2026-11-22,,,", "unit_price", "could be"),
    ("B-1,A,1,$1.00,EUR,2026-11-22,5,,", "total", "but lines, charges and tax make 1.00 EUR"),
    ("B-1,A,1,1.00 USD,EUR,2026-11-22,,,", "unit_price", "is not in EUR"),
    ("B-1,A,1,1.00,EUX,2026-11-22,,,", "currency", "EUX"),
    ("B-1,A,1,1.00,,2026-11-22,,,", "currency", "is empty"),
    ("B-1,A,1,1.00,EUR,03/04/2026,,,", "placed_at", "--set dates"),
    ("B-1,A,1,1.00,EUR,31.02.2026,,,", "placed_at", ""),
    ("B-1,A,1,1.00,EUR,gestern,,,", "placed_at", "is not a date"),
    ("B-1,A,1,1.00,EUR,2026-11-22,,0.19,", "tax_included", "--set tax_included"),
    ("B-1,A,1,1.00,EUR,2026-11-22,7,0.19,", "total", "neither 1.00 EUR, the parts, nor 1.19 EUR"),
    ("B-1,,1,1.00,EUR,2026-11-22,,,", "sku", "says nothing of what was sold"),
    (",A,1,1.00,EUR,2026-11-22,,,", "order", "is empty"),
    ("B-1,A,1,1.00,EUR,2026-11-22,,,,,x", "", "has 11 cells"),
    ("B-1,A,1,1.00,EUR,2026-11-22,,,a@b.de\nB-1,B,1,1.00,EUR,2026-11-22,,,c@d.de", "email", "as line 3 of the order"),
    ('B-1,"A"x,1,1.00,EUR,2026-11-22,,,', "", "cannot be read as CSV"),
])  # fmt: skip
async def test_a_wrong_row_is_named_and_the_good_ones_go_in(desk: Desk, row: str, column: str, says: str) -> None:
    text = f"{HEAD}{GOOD}{row}\nG-2,A,1,1.00,EUR,2026-11-22,,,\n"
    dry = await desk.run(text, dry_run=True)
    assert (dry.new, dry.errors) == (2, 1), desk.told
    assert await desk.world.value("SELECT count(*) FROM inbox") == 0
    done = await desk.run(text)
    assert (done.new, done.errors, done.failed) == (2, 1, True)
    (wrong,) = [told for told in desk.told if told.state == "error"]
    assert (wrong.column, says in wrong.why) == (column, True), wrong
    assert wrong.line == 3 + row.count("\n")
    assert set(await desk.orders()) == {"G-1", "G-2"}


async def test_an_order_with_one_wrong_row_stays_out_as_a_whole(desk: Desk) -> None:
    text = f"{HEAD}B-1,A,1,1.00,EUR,2026-11-22,,,\n{GOOD}B-1,B,x,1.00,EUR,2026-11-22,,,\n"
    done = await desk.run(text)
    assert (done.new, done.errors, set(await desk.orders())) == (1, 1, {"G-1"})


async def test_rows_of_an_order_need_not_stand_together(desk: Desk) -> None:
    rows = [f"O-{number},S{line},1,1.00,EUR,2026-11-22,,,\n" for line in range(3) for number in range(30)]
    done = await desk.run(HEAD + "".join(rows))
    assert (done.new, done.errors) == (30, 0)
    assert await desk.world.value("SELECT count(*) FROM order_lines") == 90


async def test_rows_too_far_apart_are_told(tmp_path: Path) -> None:
    file = tmp_path / "far.csv"
    rows = [f"O-{number},A,1,1.00,EUR,2026-11-22,,,\n" for number in (*range(5001), 0)]
    file.write_text(HEAD + "".join(rows), encoding="utf-8")
    found = list(Groups(file, How()))
    faults = [it.fault for it in found if it.fault]
    assert (len(found), len(faults)) == (5002, 1)
    assert (faults[0].line, "sort the file" in faults[0].why) == (5003, True)


@pytest.mark.parametrize("encode", [
    lambda text: text.encode(), lambda text: b"\xef\xbb\xbf" + text.encode(), lambda text: text.encode("cp1252"),
    lambda text: text.encode("utf-16"), lambda text: text.replace("\n", "\r\n").encode("utf-8-sig"),
    lambda text: text.replace(";", "\t").replace('"Tee\t', '"Tee;').encode("cp1252"),
])  # fmt: skip
async def test_files_come_in_many_encodings(desk: Desk, encode: Callable[[str], bytes]) -> None:
    done = await desk.run(encode(GERMAN), currency="EUR")
    assert (done.new, done.errors) == (2, 0), desk.told
    assert json.loads((await desk.orders())["W-77"]["ship_to"])["city"] == "München"


async def test_json_in_the_hubs_own_shape(desk: Desk) -> None:
    line = {"sku": "A", "quantity": 1, "unit_price": "1.00", "title": 'a } "quoted" \\ { brace é'}
    order = {"id": "J-1", "currency": "EUR", "placed_at": "2026-11-22T09:00:00Z", "paid": True, "lines": [line]}
    many = [{**order, "id": f"J-{number}"} for number in range(1, 4)]
    spaced = json.dumps(many, indent=2)
    for text, new in (
        (spaced, 3), (json.dumps(many), 0), (json.dumps({"orders": many}), 0),
        ("\n".join(json.dumps(it, ensure_ascii=False) for it in many), 0),
    ):  # fmt: skip
        done = await desk.run(text)
        assert (done.orders, done.new, done.there) == (3, new, 3 - new), desk.told
    bad = [many[0], {**order, "id": ""}, {**order, "id": "J-9", "total": 5.5}, {**order, "id": "J-8", "total": "7"}]
    done = await desk.run(json.dumps([*bad, many[0]]))
    assert (done.there, done.errors) == (1, 4)
    whys = [told.why for told in desk.told if told.state == "error"]
    assert "told apart" in whys[0]
    assert "$.total" in whys[1]
    assert "make 1.00 EUR" in whys[2]
    assert "once" in whys[3]


async def test_json_rows_are_read_like_a_table(desk: Desk) -> None:
    rows = [
        {"Order ID": 1001, "SKU": "A", "Qty": 2, "Price": 12.10, "Currency": "EUR", "Date": "2026-11-22", "Paid": True},
        {"Order ID": 1001, "SKU": "B", "Qty": 1, "Price": "0.30", "Currency": "EUR", "Date": None, "Paid": True},
        {"Order ID": 1002, "SKU": "B", "Qty": 1, "Price": 1, "Currency": "EUR", "Tags": ["x"]},
    ]
    done = await desk.run(json.dumps(rows))
    assert (done.new, done.errors) == (1, 1), desk.told
    assert (await desk.orders())["1001"]["total"] == 2450


CUT_OFF = ['{"orders": [', "[", '[{"lines": []}', '{"orders": [{"lines": []}', '{"orders": [{"lin']


@pytest.mark.parametrize("text", CUT_OFF)
async def test_a_file_that_was_cut_off_says_so(text: str, tmp_path: Path) -> None:
    file = tmp_path / "cut.json"
    file.write_text(text, encoding="utf-8")
    *_, last = Groups(file, How())
    assert last.fault is not None
    assert "ends here" in last.fault.why or "truncated" in last.fault.why


@pytest.mark.parametrize("text", ["[]", '{"orders": []}\n', "order,sku,quantity\n"])
async def test_a_file_without_orders_is_no_fault(text: str, tmp_path: Path) -> None:
    file = tmp_path / "none"
    file.write_text(text, encoding="utf-8")
    assert list(Groups(file, How())) == []


async def test_what_cannot_be_used_at_all_is_refused(desk: Desk, tmp_path: Path) -> None:
    page = b"<!doctype html><html><body>Bad gateway</body></html>"
    for text in (b"", b"   \n", b"sku,quantity\nA,1\n", b"order,order,quantity\n1,1,1\n", page):
        with pytest.raises(Invalid):
            await desk.run(text)
    for fixed in ({"colour": "blue"}, {"dates": "ymd"}, {"decimal": ";"}, {"zone": "Atlantis"}):
        with pytest.raises(Invalid):
            await desk.run(GERMAN, **fixed)
    await desk.world.store()
    for account, file in (
        ("nordlicht", desk.file),
        ("nobody", desk.file),
        ("Wholesale", None),
        ("Wholesale", tmp_path),
    ):
        with pytest.raises(Invalid):
            asked = Asked(merchant_id=1, account=account, file=file)
            await import_orders(desk.world.services, desk.world.inbox, asked, desk.told.append)


async def test_imported_orders_go_their_way(desk: Desk) -> None:
    await desk.world.carrier()
    await desk.world.stock()
    sku = await desk.world.value("SELECT sku FROM products ORDER BY sku LIMIT 1")
    await desk.run(GERMAN.replace("MUG-BLUE", sku).replace("TEA-BLACK", sku), currency="EUR")
    await desk.world.drain()
    assert await desk.world.value("SELECT state FROM orders WHERE number = 'W-77'") == 3
    held = await desk.world.value(
        "SELECT h.reason FROM holds h JOIN orders o ON o.id = h.order_id WHERE number = 'W-78'"
    )
    assert held == "payment"


async def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    file = tmp_path / "long.json"
    one = {"id": "X", "currency": "EUR", "lines": [{"sku": "A", "quantity": 1, "unit_price": 1, "title": "x" * 500}]}
    file.write_text("[" + ",\n".join(json.dumps({**one, "id": f"X-{n}"}) for n in range(4000)) + "]", encoding="utf-8")
    seen, line = 0, 0
    for item in read_file(file):
        assert isinstance(item, Whole)
        assert len(item.body) < 1000
        seen, line = seen + 1, item.line
    assert (seen, line) == (4000, 4000)


# ------------------------------------------------------------ columns and cells


def test_columns_are_guessed_and_may_be_said() -> None:
    assert guess(["Order No.", "Item", "Price"], {}) == {"order": "Order No.", "title": "Item", "unit_price": "Price"}
    assert guess(["Id", "Order Number"], {})["order"] == "Order Number"
    assert guess(["Id", "SKU"], {})["order"] == "Id"
    assert guess(["name", "order"], {}) == {"name": "name", "order": "order"}
    assert guess(["Belegnr", "Menge", "Stk"], {"Belegnr": "order", "Stk": "quantity"}) == {
        "order": "Belegnr", "quantity": "Stk",
    }  # fmt: skip
    assert guess(["order", "Rabatt"], {"Rabatt": ""}) == {"order": "order"}
    for header, given_ in ((["a"], {"b": "order"}), (["a"], {"a": "colour"}), (["a", "b"], {"a": "sku", "b": "sku"})):
        with pytest.raises(Invalid):
            guess(header, given_)


@pytest.mark.parametrize(("text", "currency", "decimal", "minor"), [
    ("12.50", "EUR", "", 1250), ("12,50", "EUR", "", 1250), ("1.234,50", "EUR", "", 123450),
    ("1,234.50", "EUR", "", 123450), ("1'234.50", "CHF", "", 123450), ("1 234,50 €", "EUR", "", 123450),
    ("€ 12", "EUR", "", 1200), ("-5,5", "EUR", "", -550), ("EUR 3", "EUR", "", 300), ("1,234", "JPY", "", 1234),
    ("12.345", "BHD", ".", 12345), ("1.234", "EUR", ",", 123400), ("1,234,567.89", "EUR", "", 123456789),
    ("1.234.567", "EUR", "", 123456700), ("0.500", "BHD", "", 500), ("$-1.00", "USD", "", -100),
    ("¥1980", "JPY", "", 1980),
])  # fmt: skip
def test_amounts_are_read_in_every_writing(text: str, currency: str, decimal: str, minor: int) -> None:
    assert amount(text, currency, Ways(decimal=decimal)) == minor


@pytest.mark.parametrize("text", [
    "", "abc", "1.234", "1,5,0", "1.23.456", "12.345,6,7", "1e3", "--1", "1.00 USD", "0.001", "=1+1", "NaN", "٣",
    "1..2", "1" * 40,
])  # fmt: skip
def test_what_is_no_amount_is_never_guessed(text: str) -> None:
    with pytest.raises(ValueError):
        amount(text, "EUR", Ways())


@settings(max_examples=150)
@given(some.integers(-(10**11), 10**11), some.sampled_from(["EUR", "JPY", "BHD"]), some.sampled_from([".", ","]))
def test_every_amount_survives_being_written(value: int, currency: str, decimal: str) -> None:
    written = money.major(abs(value), currency)
    whole, _, rest = written.partition(".")
    grouped = f"{int(whole):,}".replace(",", "." if decimal == "," else ",")
    text = ("-" if value < 0 else "") + grouped + (decimal + rest if rest else "")
    assert amount(text, currency, Ways(decimal=decimal)) == value


@pytest.mark.parametrize(("text", "dates", "iso"), [
    ("2026-11-22", "", "2026-11-22T00:00:00+00:00"), ("2026-11-22T09:30:00+01:00", "", "2026-11-22T08:30:00+00:00"),
    ("2026-11-22 09:30:00 +0100", "", "2026-11-22T08:30:00+00:00"),
    ("2026-11-22 09:30 UTC", "", "2026-11-22T09:30:00+00:00"),
    ("22.11.2026", "", "2026-11-22T00:00:00+00:00"), ("03.04.2026 7:05", "", "2026-04-03T07:05:00+00:00"),
    ("22/11/2026", "", "2026-11-22T00:00:00+00:00"), ("11/22/2026 3:04 PM", "", "2026-11-22T15:04:00+00:00"),
    ("03/04/2026", "dmy", "2026-04-03T00:00:00+00:00"), ("03/04/2026", "mdy", "2026-03-04T00:00:00+00:00"),
    ("05/05/2026", "", "2026-05-05T00:00:00+00:00"), ("12/1/2026 12:00 am", "mdy", "2026-12-01T00:00:00+00:00"),
])  # fmt: skip
def test_dates_are_read_in_every_writing(text: str, dates: str, iso: str) -> None:
    assert instant(text, Ways(dates=dates)).isoformat() == iso


def test_times_without_an_offset_are_of_the_zone_that_is_named() -> None:
    assert instant("22.07.2026 09:30", Ways(zone="Europe/Berlin")).isoformat() == "2026-07-22T07:30:00+00:00"


@pytest.mark.parametrize("text", ["", "soon", "22.11.26", "2026-13-01", "31/04/2026", "1.1.0000", "2026-11-22T25:00"])
def test_what_is_no_date_is_never_guessed(text: str) -> None:
    with pytest.raises(ValueError):
        instant(text, Ways())


def test_countries_are_known_by_name() -> None:
    names = ("de", "Deutschland", "germany", "Allemagne", "United States", "Schweiz", "Österreich")
    assert [country(name) for name in names] == ["DE", "DE", "DE", "DE", "US", "CH", "AT"]
    with pytest.raises(ValueError):
        country("Atlantis")


@settings(max_examples=40)
@given(some.lists(some.text(max_size=12), max_size=5), some.integers(1, 7))
def test_json_is_split_wherever_a_chunk_ends(texts: list[str], size: int) -> None:
    splitter = import_orders_files._Splitter(1, "]")
    objects = [{"a": text, "b": {"c": [text, "}{"]}} for text in texts]
    whole = json.dumps(objects)
    chunks, place = [], 0
    while place < len(whole):
        end = place + size
        while end < len(whole) and whole[end - 1] == "\\":
            end += 1
        chunks.append(whole[place:end])
        place = end
    found = [json.loads(text) for chunk in chunks for _, text in splitter.feed(chunk)]
    assert found == objects
    assert list(splitter.end()) == []
