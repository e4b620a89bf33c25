"""What went wrong, as an HTTP answer: RFC 9457 problem details with a stable `code` and a `docs` link.

| failure | status | code |
|---|---|---|
| NotFound | 404 | not_found |
| Forbidden | 403 (401 where nobody is signed in) | forbidden, unauthorized |
| Conflict | 409 | conflict, key_reused |
| Invalid, BadPayload | 422 | invalid with `field`, bad_payload with `path` |
| Retry, store out of reach | 503 with Retry-After | retry, store_unavailable |
| Reconnect, Reject, Unknown | 502 | reconnect, rejected, unknown |
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import asyncpg
from aiohttp import web
from tortoise.exceptions import DBConnectionError

from hub.errors import (
    BadPayload,
    Conflict,
    CrossdockError,
    Forbidden,
    Invalid,
    NotFound,
    Reconnect,
    Reject,
    Retry,
    Unknown,
)

STORE_DOWN = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
    asyncpg.PostgresSystemError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    DBConnectionError,
)
"""What a database that is down, full, stopping or unreachable raises: nothing is lost by asking again later."""

STORE_RETRY_SECONDS = 5
DOCS = "/api/docs"

CODES: Mapping[str, str] = {
    "bad_request": "The request cannot be read.",
    "unauthorized": "There is no valid bearer token, or no valid signature, with the request.",
    "forbidden": "Who asks may not do this, or a signature is wrong.",
    "not_found": "There is no such thing, or it belongs to somebody else.",
    "method_not_allowed": "This address does not take this method; `Allow` names those it takes.",
    "key_reused": "This Idempotency-Key was sent with something else already.",
    "conflict": "The thing has moved on since it was read, or the step is not allowed from where it is.",
    "too_large": "The body is larger than is taken here.",
    "invalid": "An input needs correcting; `field` names it.",
    "bad_payload": "The body has the wrong shape; `path` says where.",
    "retry": "It may work later; `Retry-After` says when.",
    "store_unavailable": "The store cannot be reached now; nothing was taken, send it again.",
    "reconnect": "The account's credentials were refused: connect it again.",
    "rejected": "The other side refused, and would refuse again.",
    "unknown": "The answer of the other side was lost; it is looked up before anything is repeated.",
    "error": "Something went wrong here; the request id finds it in the log.",
}
"""Every code there is, in words; they do not change without a new major version."""

_STATUS: Mapping[type[CrossdockError], int] = {
    NotFound: 404,
    Forbidden: 403,
    Conflict: 409,
    Invalid: 422,
    BadPayload: 422,
    Retry: 503,
    Reconnect: 502,
    Reject: 502,
    Unknown: 502,
}
_OF_STATUS: Mapping[int, str] = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    408: "retry",
    413: "too_large",
    422: "invalid",
    503: "retry",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """A failure, ready to be told."""

    status: int
    code: str
    detail: str
    more: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The code in words."""
        return CODES[self.code]


class Unauthorized(Forbidden):
    """Nobody is signed in, or the token does not count."""

    code = "unauthorized"


def problem(error: BaseException) -> Problem:
    """What `error` means for whoever asked; details of our own mistakes stay in the log."""
    if isinstance(error, CrossdockError):
        return _ours(error)
    if isinstance(error, web.HTTPException):
        code = _OF_STATUS.get(error.status, "error" if error.status >= 500 else "bad_request")
        allow = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
        return Problem(error.status, code, error.text if error.status == 413 and error.text else CODES[code], {}, allow)
    if isinstance(error, STORE_DOWN):
        retry = {"Retry-After": str(STORE_RETRY_SECONDS)}
        return Problem(503, "store_unavailable", CODES["store_unavailable"], {}, retry)
    return Problem(500, "error", CODES["error"])


def _ours(error: CrossdockError) -> Problem:
    if isinstance(error, Unauthorized):
        return Problem(401, error.code, str(error), {}, {"WWW-Authenticate": 'Bearer realm="crossdock"'})
    status = next((status for kind, status in _STATUS.items() if isinstance(error, kind)), 500)
    if isinstance(error, Invalid):
        return Problem(status, error.code, error.why, {"field": error.field})
    if isinstance(error, BadPayload):
        return Problem(status, error.code, error.why, {"path": error.path})
    if isinstance(error, Retry):
        after = STORE_RETRY_SECONDS if error.after is None else max(1, math.ceil(error.after))
        return Problem(status, error.code, str(error), {}, {"Retry-After": str(after)})
    return Problem(status, error.code if error.code in CODES else "error", str(error))


def answer(told: Problem, base_url: str, request_id: str) -> web.Response:
    """The problem as `application/problem+json`."""
    docs = f"{base_url}{DOCS}#{told.code}"
    body = {
        "type": docs,
        "title": told.title,
        "status": told.status,
        "detail": told.detail,
        "code": told.code,
        "docs": docs,
        **told.more,
        **({"request_id": request_id} if request_id else {}),
    }
    return web.Response(
        status=told.status,
        body=json.dumps(body).encode(),
        content_type="application/problem+json",
        headers=told.headers,
    )
