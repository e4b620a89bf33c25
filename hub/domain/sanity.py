"""What no channel's word may do to our tables: a last look at news before it is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TypeVar

import msgspec

from hub.domain.money import MAX_MINOR, exponent
from hub.domain.order import (
    Cancellation,
    ChannelLine,
    ChannelOrder,
    ForeignShipment,
    News,
    ParcelScan,
    PaymentNotice,
    RefundNotice,
    ReturnNotice,
    ShipmentNotice,
    Value,
)
from hub.errors import BadPayload

MOST_LINES = 1000
MOST_UNITS = 1_000_000
MOST_GRAMS = 2**31 - 1
ID_LENGTH = 128
"""Longest id of a channel that our columns keep."""

N = TypeVar("N", bound=News)
V = TypeVar("V", bound=Value)


def sane(news: N) -> N:
    """`news` without NUL characters, which PostgreSQL cannot keep. Raises `BadPayload`, with the place, for what
    contradicts itself or cannot be: a line told twice, absurd counts and amounts, an unknown currency, nothing ordered,
    a time without its zone or outside of all years."""
    _check(news)
    try:
        kept = without_nul(news)
    except (ValueError, OverflowError) as error:
        raise BadPayload("$", f"cannot be kept: {str(error)[:200]}") from None
    if kept is not news:
        _check(kept)  # again: ids may be empty or alike without them
    return kept


def without_nul(value: V) -> V:
    """`value` itself, or without its NUL characters where it has any. Raises ValueError and OverflowError for what is
    no JSON: half a character, a number beyond 64 bits."""
    if b"\\u0000" not in msgspec.json.encode(value):
        return value
    return msgspec.convert(_without_nul(msgspec.to_builtins(value)), type(value), strict=False)


def _without_nul(value: object) -> object:
    if isinstance(value, str):
        return value.replace("\x00", "")
    if isinstance(value, dict):
        return {_without_nul(key): _without_nul(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nul(item) for item in value]
    return value


def _check(news: News) -> None:
    match news:
        case ChannelOrder():
            _check_order(news)
        case RefundNotice() | PaymentNotice():
            _amount("$.amount", news.amount)
            _currency("$.currency", news.currency)
            _time("$.at", news.at)
        case ShipmentNotice():
            _time("$.at", news.at)
            _shipment("$.shipment", news.shipment)
        case Cancellation():
            _time("$.at", news.at)
            _units("$.lines", news.lines)
        case ReturnNotice():
            _check_return(news)
        case ParcelScan():
            _time("$.at", news.at)
        case _:
            pass


def _check_order(order: ChannelOrder) -> None:
    if not order.external_id or len(order.external_id) > ID_LENGTH:
        raise BadPayload("$.id", f"an order needs an id of 1 to {ID_LENGTH} characters")
    if not order.lines or len(order.lines) > MOST_LINES:
        raise BadPayload("$.lines", f"an order has 1 to {MOST_LINES} lines, this one {len(order.lines)}")
    for name in ("placed_at", "revised_at", "cancelled_at"):
        _time(f"$.{name}", getattr(order, name))
    _currency("$.currency", order.currency)
    if order.shop_currency:
        _currency("$.shop_currency", order.shop_currency)
    _amount("$.total", order.total)
    _proportion("$.shop_total", order.shop_total)
    _proportion("$.tax_total", order.tax_total)
    for index, line in enumerate(order.lines):
        _check_line(f"$.lines[{index}]", line)
    for index, charge in enumerate(order.charges):
        _proportion(f"$.charges[{index}].amount", charge.amount, charge.discount, charge.tax)
    for index, payment in enumerate(order.payments):
        _amount(f"$.payments[{index}].amount", payment.amount)
    for index, shipment in enumerate(order.shipments):
        _shipment(f"$.shipments[{index}]", shipment)
    _unlike("$.lines", (line.external_id for line in order.lines))
    _unlike("$.payments", (payment.external_id for payment in order.payments))


def _check_return(told: ReturnNotice) -> None:
    if not told.external_id or len(told.external_id) > ID_LENGTH:
        raise BadPayload("$.id", f"a return needs an id of 1 to {ID_LENGTH} characters")
    if len(told.lines) > MOST_LINES:
        raise BadPayload("$.lines", f"a return has at most {MOST_LINES} lines, this one {len(told.lines)}")
    _time("$.at", told.at)
    _time("$.requested_at", told.requested_at)
    for index, line in enumerate(told.lines):
        _units(f"$.lines[{index}].quantity", {line.line_id: line.quantity})
        _units(f"$.lines[{index}].received", {line.line_id: line.received})


def _check_line(path: str, line: ChannelLine) -> None:
    if not line.external_id:
        raise BadPayload(f"{path}.id", "the line has no id")
    for name in ("quantity", "cancelled", "fulfilled"):
        value = getattr(line, name)
        if not 0 <= value <= MOST_UNITS:
            raise BadPayload(f"{path}.{name}", f"{_brief(value)} is no number of units")
    if not 0 <= line.grams <= MOST_GRAMS:
        raise BadPayload(f"{path}.grams", f"{_brief(line.grams)} is no weight")
    for name in ("unit_price", "discount", "tax"):
        _proportion(f"{path}.{name}", getattr(line, name))


def _unlike(path: str, ids: Iterable[str]) -> None:
    seen: set[str] = set()
    for index, name in enumerate(ids):
        if name[:ID_LENGTH] in seen:
            raise BadPayload(f"{path}[{index}].id", f"{name[:ID_LENGTH]!r} is told twice")
        seen.add(name[:ID_LENGTH])


def _shipment(path: str, shipment: ForeignShipment) -> None:
    _time(f"{path}.shipped_at", shipment.shipped_at)
    _units(f"{path}.lines", shipment.lines)


def _units(path: str, lines: Mapping[str, int]) -> None:
    for units in lines.values():
        if not 0 <= units <= MOST_UNITS:
            raise BadPayload(path, f"{_brief(units)} is no number of units")


def _amount(path: str, amount: int) -> None:
    if not 0 <= amount <= MAX_MINOR:
        raise BadPayload(path, f"{_brief(amount)} is no amount")


def _proportion(path: str, *amounts: int) -> None:
    """Parts of a sum may be negative."""
    for amount in amounts:
        if abs(amount) > MAX_MINOR:
            raise BadPayload(path, f"{_brief(amount)} is out of all proportion")


def _currency(path: str, code: str) -> None:
    try:
        exponent(code)
    except ValueError as error:
        raise BadPayload(path, str(error)[:200]) from None


def _time(path: str, at: datetime | None) -> None:
    if at is None:
        return
    if at.tzinfo is None:
        raise BadPayload(path, "the time has no zone")
    if at.year in {1, 9999}:
        try:
            at.astimezone(UTC)
        except OverflowError:
            raise BadPayload(path, f"{at.isoformat()} is outside of the years 1 to 9999") from None


def _brief(number: int) -> str:
    """A number for people; Python refuses to write out thousands of digits."""
    return str(number) if abs(number) < 10**20 else f"a number of {number.bit_length()} bits"
