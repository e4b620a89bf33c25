"""Papers of the floor as PDF with barcodes: the pick list of a wave, and the packing slip of an order."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from hub.actions.floor_views import Walking, show_walk, show_wave
from hub.actions.services import Services
from hub.errors import NotFound

if TYPE_CHECKING:
    from fpdf import FPDF

FONT = Path(__file__).parent / "fonts" / "DejaVuSans.ttf"
WIDTH, HEIGHT, MARGIN = 210.0, 297.0, 14.0
MODULE = 0.33
"""Millimetres of one module of Code 128: what hand scanners read well (GS1 asks for 0.25 to 1.016)."""

SLIP = """SELECT f.number, o.number AS "order", o.placed_at, o.ship_to->>'name' AS name, o.ship_to->>'line1' AS line1,
        o.ship_to->>'line2' AS line2, o.ship_to->>'postcode' AS postcode, o.ship_to->>'city' AS city,
        o.ship_to->>'country' AS country
    FROM fulfillment_orders f JOIN orders o ON o.id = f.order_id WHERE f.merchant_id = $1 AND f.id = $2"""
LINES = """SELECT l.title, l.sku, min(w.quantity / w.per_unit) AS units
    FROM fulfillment_lines w JOIN order_lines l ON l.id = w.order_line_id
    WHERE w.merchant_id = $1 AND w.fulfillment_id = $2 GROUP BY l.id ORDER BY l.position, l.id"""


class Slip(Struct, frozen=True):
    """What a packing slip says. `lines`: title, SKU, units."""

    number: str
    order: str
    placed: str
    address: tuple[str, ...]
    lines: tuple[tuple[str, str, int], ...]


async def pick_list(services: Services, merchant_id: int, wave_id: int) -> bytes:
    """A page for each walk of a wave: stops that are not done in walk order, totes with their barcodes. Raises
    `NotFound`."""
    details = await show_wave(services.database, merchant_id, wave_id)
    walks = [await show_walk(services.database, merchant_id, int(walk.id)) for walk in details.walks]
    about = f"Wave {details.wave.number} · {details.wave.location} · {details.wave.strategy}"
    return await asyncio.to_thread(_draw_walks, about, walks)


async def packing_slip(services: Services, merchant_id: int, work_id: int) -> bytes:
    """What lies in the parcels of a fulfillment order, for the customer. Raises `NotFound`."""
    row = await services.database.plain.fetchrow(SLIP, merchant_id, work_id)
    if row is None:
        raise NotFound("no such fulfillment order")
    lines = await services.database.plain.fetch(LINES, merchant_id, work_id)
    town = f"{row['postcode'] or ''} {row['city'] or ''} {row['country'] or ''}".strip()
    slip = Slip(
        number=row["number"],
        order=row["order"],
        placed=f"{row['placed_at']:%d %B %Y}",
        address=tuple(text for text in (row["name"], row["line1"], row["line2"], town) if text),
        lines=tuple((line["title"], line["sku"], line["units"]) for line in lines),
    )
    return await asyncio.to_thread(_draw_slip, slip)


# ---------------------------------------------------------------- drawing


def new_page(title: str) -> FPDF:
    """An empty A4 document."""
    from fpdf import FPDF

    page = FPDF(unit="mm", format="A4")
    page.set_auto_page_break(False)
    page.set_margin(MARGIN)
    page.set_title(title)
    page.add_font("sans", fname=FONT)
    return page


def _draw_walks(about: str, walks: Sequence[Walking]) -> bytes:
    page = new_page(about)
    for walk in walks:
        page.add_page()
        top = head(page, about, f"Walk {walk.number}", f"{walk.wave}-{walk.number}")
        totes = {stop.slot: (stop.tote, stop.order) for stop in walk.stops}
        top = _totes(page, top, sorted((slot, *told) for slot, told in totes.items()))
        rows = [
            ("☐", stop.bin or "–", f"{stop.left} ×", f"{stop.sku}  {stop.title}", f"tote {stop.slot}")
            for stop in walk.stops
            if stop.left
        ]
        table(page, top, (8, 28, 18, 104, 24), rows)
    return bytes(page.output())


def _draw_slip(slip: Slip) -> bytes:
    page = new_page(f"Packing slip {slip.number}")
    page.add_page()
    top = head(page, f"Order {slip.order} · {slip.placed}", "Packing slip", slip.number)
    page.set_font("sans", size=11)
    for line in slip.address:
        _text(page, MARGIN, top, line, 100)
        top += 5.5
    rows = [(f"{units} ×", sku, title) for title, sku, units in slip.lines]
    table(page, top + 8, (18, 44, 120), rows)
    return bytes(page.output())


def head(page: FPDF, small: str, large: str, code: str) -> float:
    """The top of a page with a barcode of `code`; gives how far down it goes, in mm."""
    page.set_font("sans", size=9)
    _text(page, MARGIN, 18, small, 95)
    page.set_font("sans", size=20)
    _text(page, MARGIN, 27, large, 95)
    barcode(page, 122, 12, 12, code)
    return 40.0


def _totes(page: FPDF, top: float, totes: Sequence[tuple[int, str, str]]) -> float:
    """Four totes in a row, each with slot, order and barcode."""
    for place, (slot, code, order) in enumerate(totes):
        left, down = MARGIN + (place % 3) * 61, top + (place // 3) * 26
        if down > HEIGHT - 60:
            page.add_page()
            return _totes(page, 20, totes[place:])
        page.set_font("sans", size=9)
        _text(page, left, down + 3, f"{slot}  ·  {order}", 58)
        barcode(page, left, down + 5, 9, code)
    return top + -(-len(totes) // 3) * 26 + 4


def table(page: FPDF, top: float, widths: Sequence[float], rows: Sequence[Sequence[str]]) -> None:
    """Rows of cells from `top` down, over as many pages as they need; widths in mm."""
    page.set_font("sans", size=10)
    for row in rows:
        if top > HEIGHT - 20:
            page.add_page()
            page.set_font("sans", size=10)
            top = 20
        left = MARGIN
        for width, cell in zip(widths, row, strict=True):
            _text(page, left, top + 5, cell, width - 2)
            left += width
        page.set_draw_color(190)
        page.line(MARGIN, top + 7.5, WIDTH - MARGIN, top + 7.5)
        top += 8


def _text(page: FPDF, left: float, base: float, text: str, width: float) -> None:
    """`text`, shortened to `width` millimetres; characters that the font lacks become question marks."""
    from fpdf.fonts import TTFFont

    font = page.fonts["sans"]
    known = font.cmap if isinstance(font, TTFFont) else {}
    shown = "".join(char if ord(char) in known else "?" for char in text)
    while len(shown) > 1 and page.get_string_width(shown) > width:
        shown = shown[:-2] + "…"
    page.text(left, base, shown)


def barcode(page: FPDF, left: float, top: float, height: float, code: str) -> None:
    """`code` as Code 128 with its text below. What Code 128 cannot say becomes a question mark."""
    from barcode.codex import Code128

    plain = code.encode("ascii", "replace").decode()
    modules = Code128(plain).build()[0]
    place = 0
    while place < len(modules):
        run = len(modules[place:]) - len(modules[place:].lstrip(modules[place]))
        if modules[place] == "1":
            page.rect(left + place * MODULE, top, run * MODULE, height, style="F")
        place += run
    page.set_font("sans", size=8)
    page.text(left, top + height + 3.5, plain)
