"""A count sheet as PDF: what to count, in the order in which the bins are passed, and room to write. It says nothing of
what is expected, so that nobody counts what the books say."""

from __future__ import annotations

import asyncio

from hub.actions.floor_papers import head, new_page, table
from hub.actions.services import Services
from hub.actions.stock_views import SheetPage, see_sheet


async def count_paper(services: Services, merchant_id: int, sheet_id: int) -> bytes:
    """SKUs that are not booked yet. Raises `NotFound`."""
    found = await see_sheet(services.database, merchant_id, sheet_id)
    return await asyncio.to_thread(_draw, found)


def _draw(found: SheetPage) -> bytes:
    sheet = found.sheet
    page = new_page(f"Count sheet {sheet.id}")
    page.add_page()
    top = head(page, f"{sheet.location} · opened {sheet.opened_at:%d %B %Y}", "Count sheet", sheet.id)
    rows = [(line.bin or "–", line.sku, line.title, "________") for line in found.lines if line.state != "booked"]
    table(page, top, (28, 44, 84, 26), rows)
    return bytes(page.output())
