"""Bodies and ids of requests, read into shapes."""

from __future__ import annotations

from typing import TypeVar

import msgspec
from aiohttp import web

from hub.errors import BadPayload, NotFound

T = TypeVar("T")


async def read(request: web.Request, kind: type[T]) -> T:
    """The body as `kind`. Raises `BadPayload` with the path of what is wrong."""
    try:
        return msgspec.json.decode(await request.read(), type=kind)
    except msgspec.ValidationError as error:
        what, _, path = str(error).partition(" - at `")
        raise BadPayload(path.rstrip("`") or "$", what) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadPayload("$", f"this is no JSON: {error}") from None


def number(request: web.Request) -> int:
    """The id in the path. Raises `NotFound` for one that no row can have."""
    value = int(request.match_info["id"])
    if value >= 2**63:
        raise NotFound("there is no such thing")
    return value
