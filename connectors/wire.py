"""Reading untrusted input: a typed struct or `BadPayload` with the path of what is wrong, and nothing in between."""

from __future__ import annotations

import re
from collections.abc import Hashable
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeVar, cast

import msgspec

from hub.domain import money
from hub.errors import BadPayload

T = TypeVar("T")

_PATH = re.compile(r"^(?P<why>.*?)(?: - at `(?P<path>[^`]*)`)?$", re.DOTALL)


@lru_cache(maxsize=256)
def _decoder(kind: Hashable) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(cast(type[Any], kind))


def decode(body: bytes, kind: type[T]) -> T:
    """`body` as JSON of shape `kind`. Raises `BadPayload` for all else, NaN, lone surrogates and depth included."""
    try:
        return cast(T, _decoder(cast(Hashable, kind)).decode(body))
    except msgspec.ValidationError as error:
        match = _PATH.match(str(error))
        raise BadPayload(match["path"] or "$" if match else "$", match["why"] if match else str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadPayload("$", f"not JSON: {error}") from None


def amount(text: str | None, currency: str, path: str) -> int:
    """A decimal string of major units as minor units; None counts as zero. Raises `BadPayload` naming `path`."""
    if text is None or text == "":
        return 0
    try:
        return money.minor(text, currency)
    except ValueError as error:
        raise BadPayload(path, str(error)) from None


def instant(text: str | None, path: str) -> datetime:
    """An ISO 8601 time that says its offset. Raises `BadPayload` for a naive or unreadable one."""
    try:
        at = datetime.fromisoformat(text or "")
    except ValueError:
        raise BadPayload(path, f"{text!r} is not a time") from None
    if at.tzinfo is None:
        raise BadPayload(path, f"{text!r} does not say its offset from UTC")
    return at
