"""Marks of where a page ended: opaque to whoever carries them, checked when they come back."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime, timedelta

from hub.errors import Invalid

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOST = 200
"""Most rows a page may have."""


def encode(at: datetime, row_id: int) -> str:
    """The mark behind the row that has this time and id."""
    micros = (at - EPOCH) // timedelta(microseconds=1)
    return base64.urlsafe_b64encode(f"{micros}.{row_id}".encode()).decode().rstrip("=")


def decode(mark: str, field: str = "after") -> tuple[datetime, int]:
    """Time and id again. Raises `Invalid` for anything that `encode` did not make."""
    try:
        micros, _, row_id = base64.urlsafe_b64decode(mark + "=" * (-len(mark) % 4)).decode("ascii").partition(".")
        at, last = EPOCH + timedelta(microseconds=int(micros)), int(row_id)
    except (binascii.Error, ValueError, OverflowError):
        raise Invalid(field, "is not a page mark of ours; leave it out to start from the first page") from None
    if not 0 <= last < 2**63:
        raise Invalid(field, "is not a page mark of ours; leave it out to start from the first page")
    return at, last


def page_size(limit: int) -> int:
    """`limit` when it is fit for a page. Raises `Invalid` outside 1 … 200."""
    if not 1 <= limit <= MOST:
        raise Invalid("limit", f"is 1 to {MOST}")
    return limit
