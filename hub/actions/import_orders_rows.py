"""Rows of one order → an order in the hub's own JSON. A cell that cannot be read is named by its line and column."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from msgspec import Struct

from hub.actions import import_orders_values as values
from hub.actions.import_orders_files import Row
from hub.actions.import_orders_values import Ways
from hub.actions.import_orders_words import OF_LINES, PAYMENTS, country
from hub.domain import money
from hub.domain.placed_order import (
    PlacedAddress,
    PlacedBuyer,
    PlacedCharge,
    PlacedLine,
    PlacedOrder,
    PlacedPayment,
)

T = TypeVar("T")

ADDRESS = ("name", "company", "line1", "line2", "city", "region", "postcode", "country")
SHEET_MARKS = frozenset({"postcode", "bill_postcode", "phone", "sku", "order"})
"""Cells before which spreadsheets put an apostrophe, so that they stay text."""


class Fault(Exception):
    """Why an order of the file cannot be taken: `column` is ours, empty where it is the whole row."""

    def __init__(self, line: int, column: str, why: str) -> None:
        super().__init__(why)
        self.line, self.column, self.why = line, column, why


class Reading(Struct, frozen=True, kw_only=True):
    """How rows are read. `columns`: ours → the file's; `fixed`: ours → a value where the file has none."""

    columns: Mapping[str, str]
    fixed: Mapping[str, str]
    how: Ways

    def cell(self, row: Row, column: str) -> str:
        """What the row says in a column of ours; what was fixed where it says nothing."""
        text = row.cells.get(self.columns.get(column, ""), "")
        if column in SHEET_MARKS:
            text = text.removeprefix("'")
        return text or self.fixed.get(column, "")


def placed_order(rows: Sequence[Row], reading: Reading) -> PlacedOrder:
    """The order that `rows` are the lines of. Raises `Fault`."""
    for row in rows:
        if row.broken:
            raise Fault(row.line, "", row.broken)
    return _Order(rows, reading).placed()


class _Order:
    """The rows of one order while they are read."""

    def __init__(self, rows: Sequence[Row], reading: Reading) -> None:
        self._rows = rows
        self._reading = reading
        self._currency = "EUR"

    def placed(self) -> PlacedOrder:
        """Raises `Fault`."""
        self._currency = self._read("currency", _currency)
        lines = tuple(self._line(row) for row in self._rows)
        charges = (*self._charge("shipping", 1), *self._charge("order_discount", -1))
        tax = self._amount("order_tax")
        name = self._text("order")
        return PlacedOrder(
            id=name,
            number=name[:64],
            placed_at=self._optional("placed_at", self._instant),
            currency=self._currency,
            lines=lines,
            charges=charges,
            tax=tax,
            tax_included=self._tax_included(lines, charges, tax),
            total=self._amount("total"),
            buyer=PlacedBuyer(
                name=self._text("buyer") or self._text("name"), email=self._text("email"), phone=self._text("phone")
            ),
            ship_to=self._address(""),
            bill_to=self._address("bill_"),
            payments=self._payments(),
            cancelled_at=self._optional("cancelled_at", self._instant),
            note=self._text("note")[:4000],
        )

    # ------------------------------------------------------------ what a row says for itself

    def _line(self, row: Row) -> PlacedLine:
        quantity = self._own(row, "quantity", _quantity)
        ships = self._own(row, "requires_shipping", values.yes)
        return PlacedLine(
            quantity=1 if quantity is None else quantity,
            unit_price=self._unit_price(row, quantity or 1),
            id=self._reading.cell(row, "line_id"),
            sku=self._reading.cell(row, "sku"),
            listing_id=self._reading.cell(row, "listing"),
            title=self._reading.cell(row, "title")[:1000],
            discount=abs(self._own(row, "discount", self._money) or 0),
            tax=self._own(row, "tax", self._money) or 0,
            requires_shipping=ships is not False,
            grams=self._own(row, "grams", values.count) or 0,
        )

    def _unit_price(self, row: Row, quantity: int) -> int:
        price, total = (self._own(row, column, self._money) for column in ("unit_price", "line_total"))
        if price is not None:
            return price
        if total is None:
            raise Fault(row.line, "unit_price", "is empty, and there is no line_total")
        if total % quantity:
            raise Fault(row.line, "line_total", f"does not divide by {quantity}: give unit_price and discount")
        return total // quantity

    def _own(self, row: Row, column: str, read: Callable[[str], T]) -> T | None:
        text = self._reading.cell(row, column)
        return _cell(row.line, column, read, text) if text else None

    # ------------------------------------------------------------ what belongs to the order

    def _text(self, column: str) -> str:
        """What its rows say of the order: one of them, or all the same. Raises `Fault`."""
        return self._said(column)[1]

    def _said(self, column: str) -> tuple[Row, str]:
        assert column not in OF_LINES
        found = self._rows[0], ""
        for row in self._rows:
            text = self._reading.cell(row, column)
            if text and found[1] and text != found[1]:
                raise Fault(
                    row.line, column, f"{text!r} is not {found[1]!r}, as line {found[0].line} of the order says"
                )
            found = (row, text) if text and not found[1] else found
        return found

    def _optional(self, column: str, read: Callable[[str], T]) -> T | None:
        row, text = self._said(column)
        return _cell(row.line, column, read, text) if text else None

    def _read(self, column: str, read: Callable[[str], T]) -> T:
        row, text = self._said(column)
        if not text:
            raise Fault(row.line, column, f"is empty; --set {column}=… says it for the whole file")
        return _cell(row.line, column, read, text)

    def _amount(self, column: str) -> int | None:
        return self._optional(column, self._money)

    def _money(self, text: str) -> int:
        return values.amount(text, self._currency, self._reading.how)

    def _instant(self, text: str) -> datetime:
        return values.instant(text, self._reading.how)

    def _charge(self, column: str, sign: int) -> tuple[PlacedCharge, ...]:
        amount = self._amount(column)
        kind = "shipping" if sign > 0 else "discount"
        return (PlacedCharge(amount=amount if sign > 0 else -abs(amount), kind=kind),) if amount else ()

    def _tax_included(self, lines: Sequence[PlacedLine], charges: Sequence[PlacedCharge], tax: int | None) -> bool:
        """As the file says, else as its total proves. Raises `Fault` where neither does."""
        told = self._optional("tax_included", values.yes)
        on_top = sum(int(line.tax) for line in lines) if tax is None else tax
        if told is not None or not on_top:
            return bool(told)
        row, text = self._said("total")
        if not text:
            raise Fault(row.line, "tax_included", "is empty: do prices include the tax? --set tax_included=yes or no")
        total = self._money(text)
        goods = sum(int(line.unit_price) * line.quantity - int(line.discount) for line in lines)
        bare = goods + sum(int(it.amount) for it in charges)
        if total not in (bare, bare + on_top):
            sums = [f"{money.major(it, self._currency)} {self._currency}" for it in (bare, bare + on_top)]
            raise Fault(row.line, "total", f"{text!r} is neither {sums[0]}, the parts, nor {sums[1]}, with tax on top")
        return total == bare

    def _payments(self) -> tuple[PlacedPayment, ...]:
        word, gateway = self._text("paid"), self._text("payment_method")[:64]
        if not word and not gateway:
            return ()
        return (PlacedPayment(status=PAYMENTS.get(word.casefold(), word or "pending"), gateway=gateway),)

    def _address(self, prefix: str) -> PlacedAddress | None:
        found = {name: self._text(prefix + name)[:1000] for name in ADDRESS if name != "country"}
        code = self._optional(f"{prefix}country", country) or ""
        if not any(found[name] for name in ("line1", "city", "postcode")):
            return None
        if not prefix:
            found["name"] = found["name"] or ("" if found["company"] else self._text("buyer"))
            found["phone"] = self._text("phone")
        return PlacedAddress(country=code, **found)


def _cell(line: int, column: str, read: Callable[[str], T], text: str) -> T:
    try:
        return read(text)
    except ValueError as error:
        raise Fault(line, column, str(error)) from None


def _currency(text: str) -> str:
    code = text.upper()
    money.exponent(code)
    return code


def _quantity(text: str) -> int:
    units = values.count(text)
    if not units:
        raise ValueError("is 0")
    return units
