"""Draws labels: A6, the address in any Latin, Greek or Cyrillic script, and the tracking number as Code 128."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fpdf import FPDF

FONT = Path(__file__).parent.parent / "fonts" / "DejaVuSans.ttf"
WIDTH, HEIGHT = 105.0, 148.0
MARGIN = 6.0
QUIET = 6.0
"""Millimetres of white that a scanner needs beside the bars."""


def draw(label: dict[str, Any], parcel: dict[str, Any]) -> bytes:
    """The label as PDF. Takes a fifth of a second, most of it for the font: call it in a thread."""
    from fpdf import FPDF

    page = FPDF(unit="mm", format=(WIDTH, HEIGHT))
    page.set_auto_page_break(False)
    page.set_margin(MARGIN)
    page.set_title(f"Label {label['tracking_number']}")
    page.add_font("label", fname=FONT)
    page.add_page()
    _head(page, label, parcel)
    _address(page, 22, 7, "From", parcel["sender"])
    _address(page, 50, 11, "To", parcel["recipient"])
    _barcode(page, 108, 26, str(label["tracking_number"]))
    return bytes(page.output())


def _head(page: FPDF, label: dict[str, Any], parcel: dict[str, Any]) -> None:
    page.set_font("label", size=15)
    page.text(MARGIN, 12, "DEMO CARRIER")
    page.set_font("label", size=9)
    page.text(MARGIN, 17, f"{str(label['service']).upper()} · {parcel['weight_grams'] / 1000:.2f} kg")
    page.text(58, 12, _fit(page, f"Order {parcel.get('order', '')}", WIDTH - 58 - MARGIN))
    page.text(58, 17, _fit(page, f"Ref {parcel.get('reference', '')}", WIDTH - 58 - MARGIN))
    page.line(MARGIN, 19, WIDTH - MARGIN, 19)


def _address(page: FPDF, top: float, size: float, title: str, address: dict[str, Any]) -> None:
    town = " ".join(str(address.get(name) or "") for name in ("postcode", "city", "region")).strip()
    lines = [address.get("name"), address.get("company"), address.get("street"), address.get("extra"), town]
    lines.append(address.get("country"))
    page.set_font("label", size=6)
    page.text(MARGIN, top + 2, title)
    page.set_font("label", size=size)
    step = size * 0.46
    for place, line in enumerate((line for line in lines if line), 1):
        page.text(MARGIN, top + 2 + place * step, _fit(page, str(line), WIDTH - 2 * MARGIN))


def _fit(page: FPDF, text: str, width: float) -> str:
    """`text`, shortened to `width` millimetres; characters that the font lacks become question marks."""
    from fpdf.fonts import CoreFont

    font = page.fonts["label"]
    known = {} if isinstance(font, CoreFont) else font.cmap
    shown = "".join(char if ord(char) in known else "?" for char in text)
    while shown and page.get_string_width(shown) > width:
        shown = shown[:-2] + "…"
    return shown


def _barcode(page: FPDF, top: float, height: float, number: str) -> None:
    from barcode.codex import Code128

    modules = Code128(number).build()[0]
    module = (WIDTH - 2 * (MARGIN + QUIET)) / len(modules)
    left, place = MARGIN + QUIET, 0
    while place < len(modules):
        run = len(modules[place:]) - len(modules[place:].lstrip(modules[place]))
        if modules[place] == "1":
            page.rect(left + place * module, top, run * module, height, style="F")
        place += run
    page.set_font("label", size=10)
    page.text((WIDTH - page.get_string_width(number)) / 2, top + height + 5, number)
