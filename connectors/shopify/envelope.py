"""What every answer of the Admin API 2026-04 is wrapped in: its errors, and what it cost."""

from __future__ import annotations

from typing import Generic, TypeVar

from msgspec import Struct

T = TypeVar("T")


class Answer(Struct, frozen=True, rename="camel"):
    """Base of the structs: camelCase on the wire."""


class Throttle(Answer, frozen=True):
    """The bucket of points of one app in one shop."""

    maximum_available: float
    currently_available: float
    restore_rate: float


class Cost(Answer, frozen=True):
    """What a call costs in points."""

    throttle_status: Throttle
    requested_query_cost: float = 0


class Extensions(Answer, frozen=True):
    """Beside the data."""

    cost: Cost | None = None


class ErrorCode(Answer, frozen=True):
    """THROTTLED, ACCESS_DENIED, MAX_COST_EXCEEDED and the like."""

    code: str = ""


class Error(Answer, frozen=True):
    """Why a document was not carried out."""

    message: str = ""
    extensions: ErrorCode | None = None


class Envelope(Answer, Generic[T], frozen=True):
    """Every answer. `errors` is a text where the call was not even understood."""

    data: T | None = None
    errors: list[Error] | str | None = None
    extensions: Extensions | None = None


class UserError(Answer, frozen=True):
    """Why a mutation was refused."""

    message: str
    code: str | None = None
