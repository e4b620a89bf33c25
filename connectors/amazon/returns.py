"""Returns that buyers open at Amazon: rows of the returns report → return notices. Pure.

GET_FLAT_FILE_RETURNS_DATA_BY_RETURN_DATE has one row for each product of a return that the seller shipped, parted by
tabs, under names such as "Order ID", "Amazon RMA ID", "Merchant SKU", "Return quantity". Source: developer-docs.amazon.
com/sp-api, "Returns reports attributes". A row says how the return stands and not since when: what counts is when the
report was made. Rows that say the same are one, so a return is delivered again only when something of it has changed;
should it come back to exactly what it was before, that is not told.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime

import msgspec
from msgspec.structs import asdict

from connectors.amazon import words
from connectors.amazon.wire_reports import Returned, ReturnRow
from connectors.wire import instant
from hub.contract import Delivery
from hub.domain.order import ReturnedLine, ReturnNotice, ReturnStatus
from hub.errors import BadPayload

RETURN = "return"
"""Topic of a delivery that is all rows of one return."""

COLUMNS = tuple(name for name in ReturnRow.__struct_fields__ if name not in ("line", "fault"))
NEEDED = ("order_id", "return_request_date", "return_request_status", "merchant_sku", "return_quantity")
ALIASES: Mapping[str, str] = {"return_reason_code": "return_reason", "sku": "merchant_sku"}

_ORDER = re.compile(r"[0-9A-Z]{3}-\d{7}-\d{7}")
_DAY = re.compile(r"(\d{1,2})-([A-Za-z]{3})-(\d{4})")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def deliveries(report_id: str, created: str, content: bytes) -> tuple[Delivery, ...]:
    """A report's returns, one delivery each, oldest line first; whatever is wrong with one stays with that one, and a
    report that has other columns is one delivery that cannot be read. `created`: when the report was made."""
    text = _text(content)
    if not text.strip():
        return ()
    # Not splitlines(): a product's name may hold what Unicode calls the end of a line.
    header, *lines = re.split(r"\r\n|\n|\r", text)
    names = [_name(cell) for cell in header.split("\t")]
    missing = [name for name in NEEDED if name not in names]
    if missing:
        return (_delivery(Returned(report_id, created, [], missing), header.encode()),)
    groups: dict[object, dict[str, ReturnRow]] = {}
    for number, line in enumerate(lines, 2):
        if line.strip():
            row = _row(names, number, line)
            groups.setdefault(_whose(row), {}).setdefault(line, row)
    return tuple(
        _delivery(Returned(report_id, created, list(rows.values())), "\n".join(rows).encode())
        for rows in groups.values()
    )


def return_notice(told: Returned) -> ReturnNotice:
    """What the rows of a return say. Raises `BadPayload` with the row's line in the report."""
    if told.missing or not told.rows:
        raise BadPayload("$.missing", f"report {told.report[:40]} has no column {', '.join(told.missing)[:200]}")
    for at, row in enumerate(told.rows):
        _require(told, at, row)
    first = told.rows[0]
    asked = [_day(row.return_request_date, f"$.rows[{at}].return_request_date") for at, row in enumerate(told.rows)]
    status, word = _standing(told.rows)
    return ReturnNotice(
        order_id=first.order_id,
        external_id=":".join(_parts(first))[:128],
        at=instant(told.created, "$.created"),
        status=status,
        word=word,
        number=first.amazon_rma_id or first.merchant_rma_id,
        lines=tuple(_line(row, f"$.rows[{at}]") for at, row in enumerate(told.rows)),
        tracking_number=next((row.tracking_id for row in told.rows if row.tracking_id), ""),
        carrier=next((row.return_carrier for row in told.rows if row.return_carrier), ""),
        requested_at=min(datetime(day.year, day.month, day.day, tzinfo=UTC) for day in asked),
    )


# ---------------------------------------------------------------- from text to rows


def _text(content: bytes) -> str:
    """Amazon writes some shops' reports in UTF-8 and some in the shop's old character set; the columns that we read are
    ASCII in all of them."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _name(cell: str) -> str:
    name = "_".join(re.split(r"[\s_\-]+", cell.strip().casefold()))
    return ALIASES.get(name, name)


def _row(names: Sequence[str], number: int, line: str) -> ReturnRow:
    cells = [cell.strip() for cell in line.split("\t")]
    fault = f"{len(cells)} cells, where the header has {len(names)}" if len(cells) > len(names) else ""
    told = {name: cell for name, cell in zip(names, cells, strict=False) if name in COLUMNS}
    return ReturnRow(line=number, fault=fault, **told)


def _whose(row: ReturnRow) -> object:
    """What the rows of one return have in common; a row that cannot be anybody's has nobody's company."""
    return row.line if row.fault or not _ORDER.fullmatch(row.order_id) else _parts(row)


def _parts(row: ReturnRow) -> tuple[str, str]:
    """Order and RMA. Where Amazon gives none, as where the buyer keeps the goods, the day of the wish tells apart."""
    return row.order_id, row.amazon_rma_id or row.merchant_rma_id or row.return_request_date


def _delivery(told: Returned, content: bytes) -> Delivery:
    mark = hashlib.sha256(content).hexdigest()[:32]
    rows = [{name: value for name, value in asdict(row).items() if value} for row in told.rows]
    body = {"report": told.report, "created": told.created, "rows": rows, "missing": told.missing}
    return Delivery(id=f"{RETURN}:{mark}", topic=RETURN, body=msgspec.json.encode(body))


# ---------------------------------------------------------------- from rows to a notice


def _require(told: Returned, at: int, row: ReturnRow) -> None:
    why = row.fault
    if not why and not _ORDER.fullmatch(row.order_id):
        why = f"{row.order_id[:40]!r} is no order id"
    if not why and _parts(row) != _parts(told.rows[0]):
        why = "it is of another return than the first"
    if not why and not row.merchant_sku and not row.asin and not row.order_item_id:
        why = "it names no product"
    if why:
        raise BadPayload(f"$.rows[{at}]", f"line {row.line} of report {told.report[:40]}: {why}")


def _line(row: ReturnRow, path: str) -> ReturnedLine:
    if not re.fullmatch(r"[1-9]\d{0,5}", row.return_quantity):
        raise BadPayload(
            f"{path}.return_quantity", f"line {row.line}: {row.return_quantity[:40]!r} is no number of units"
        )
    units = int(row.return_quantity)
    received = 0
    if row.return_delivery_date:
        _day(row.return_delivery_date, f"{path}.return_delivery_date")
        received = units
    return ReturnedLine(
        line_id=row.order_item_id, listing_id=row.merchant_sku or row.asin, quantity=units, received=received,
        reason=row.return_reason[:200],
    )  # fmt: skip


def _standing(rows: Sequence[ReturnRow]) -> tuple[ReturnStatus | None, str]:
    """The status of the row that has come least far, and Amazon's words; approved goods that were all delivered to the
    seller have arrived."""
    said = dict.fromkeys(row.return_request_status for row in rows)
    known = [words.RETURNS[_plain(word)] for word in said if _plain(word) in words.RETURNS]
    status = min(known, key=list(ReturnStatus).index, default=None)
    if status is ReturnStatus.APPROVED and all(row.return_delivery_date for row in rows):
        status = ReturnStatus.RECEIVED
    return status, ", ".join(filter(None, said))[:100]


def _plain(word: str) -> str:
    return re.sub(r"[^a-z]", "", word.casefold())


def _day(text: str, path: str) -> date:
    """A day such as 14-Aug-2026, or in ISO 8601."""
    match = _DAY.fullmatch(text)
    try:
        if match and match[2].casefold() in _MONTHS:
            return date(int(match[3]), _MONTHS.index(match[2].casefold()) + 1, int(match[1]))
        return date.fromisoformat(text[:10])
    except ValueError:
        raise BadPayload(path, f"{text[:40]!r} is no day") from None
