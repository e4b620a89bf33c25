"""What the idempotency key of a message tells: when the message was made. Pure.

A key is `crossdock-` and the message's id (`hub.flow.outbox.Call.key`), whose upper 41 bits are milliseconds since 2025
(`hub.ports.TimeOrderedIds`). For systems that have no keys of their own: what they did before can not be ours.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

PREFIX = "crossdock-"
EPOCH = datetime(2025, 1, 1, tzinfo=UTC)
LATEST = 2**63


def made_at(key: str) -> datetime | None:
    """When the message of `key` was made; None for what is no key of a message."""
    number = key.removeprefix(PREFIX)
    if number == key or not (number.isascii() and number.isdigit()) or len(number) > 19 or int(number) >= LATEST:
        return None
    return EPOCH + timedelta(milliseconds=int(number) >> 22)
