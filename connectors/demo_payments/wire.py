"""The provider's shapes, as its API documents them: what we read, and below it what we send.

Amounts are integers in minor units of the `currency` beside them; times are RFC 3339 with an offset.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, TypeAlias

from msgspec import Meta, Struct

Id: TypeAlias = Annotated[str, Meta(min_length=1, max_length=100)]
Time: TypeAlias = Annotated[datetime, Meta(tz=True)]
Minor: TypeAlias = Annotated[int, Meta(ge=0, le=2**53)]

# ---------------------------------------------------------------- what we read


class Merchant(Struct, frozen=True):
    """Who the key belongs to."""

    name: str


class Payment(Struct, frozen=True):
    """A payment as it stands. `captured` is what was taken so far, `amount` what was authorized."""

    id: Id
    status: str
    amount: Minor
    currency: str
    captured: Minor = 0
    refunded: Minor = 0


class Event(Struct, frozen=True):
    """Body of every webhook: the payment after what happened."""

    id: Id
    at: Time
    payment: Payment


class Operation(Struct, frozen=True):
    """A capture, void or refund that was made. `kind` is one of these words."""

    id: Id
    kind: str
    payment_id: str
    status: str = ""


class Operations(Struct, frozen=True):
    """Answer of `GET /operations?reference=…`."""

    operations: tuple[Operation, ...]


# ---------------------------------------------------------------- what we send


class Move(Struct, frozen=True):
    """`POST /payments/{id}/capture`, `…/void` and `…/refund`."""

    reference: str
    amount: int
    currency: str
