"""What no channel's word may do to our tables: a last look at news before it is written."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from hub.domain.money import MAX_MINOR
from hub.domain.order import ChannelOrder, News
from hub.errors import BadPayload

MOST_LINES = 1000
MOST_UNITS = 1_000_000

N = TypeVar("N", bound=News)


def sane(news: N) -> N:
    """`news` without NUL characters, which PostgreSQL cannot keep. Raises `BadPayload` for an order that contradicts
    itself: a line told twice, negative or absurd counts and amounts, nothing ordered."""
    raw = msgspec.json.encode(news)
    if b"\\u0000" in raw:
        builtins = _without_nul(msgspec.to_builtins(news))
        news = msgspec.convert(builtins, type(news), strict=False)
    if isinstance(news, ChannelOrder):
        _check(news)
    return news


def _without_nul(value: object) -> object:
    if isinstance(value, str):
        return value.replace("\x00", "")
    if isinstance(value, dict):
        return {_without_nul(key): _without_nul(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nul(item) for item in value]
    return value


def _check(order: ChannelOrder) -> None:
    if not order.external_id or len(order.external_id) > 128:
        raise BadPayload("$.id", "an order needs an id of 1 to 128 characters")
    if not order.lines or len(order.lines) > MOST_LINES:
        raise BadPayload("$.lines", f"an order has 1 to {MOST_LINES} lines, this one {len(order.lines)}")
    if order.total < 0 or max(order.total, abs(order.shop_total), abs(order.tax_total)) > MAX_MINOR:
        raise BadPayload("$.total", f"{order.total} is no total")
    seen: set[str] = set()
    for index, line in enumerate(order.lines):
        path = f"$.lines[{index}]"
        if line.external_id in seen or not line.external_id:
            raise BadPayload(f"{path}.id", f"line {line.external_id!r} is told twice or has no id")
        seen.add(line.external_id)
        if not 0 <= line.quantity <= MOST_UNITS or not 0 <= line.cancelled or not 0 <= line.fulfilled:
            raise BadPayload(f"{path}.quantity", f"{line.quantity} is no quantity")
        if max(abs(line.unit_price), abs(line.discount), abs(line.tax)) > MAX_MINOR:
            raise BadPayload(f"{path}.unit_price", "out of all proportion")
    payments = [payment.external_id for payment in order.payments]
    if len(set(payments)) != len(payments) or any(not 0 <= p.amount <= MAX_MINOR for p in order.payments):
        raise BadPayload("$.payments", "a payment is told twice, or its amount is impossible")
