"""The only way out: one shared HTTP client with address, size and time limits, and the meaning of an answer's status.

`AioHttp` keeps every connector from reaching into our own network (a merchant names the address of their store, so the
address is checked in the socket factory, after resolution: an IP literal never meets a resolver), from following
redirects, and from answers without end. `expect` turns an answer into its body or into a failure of `hub.errors`.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import ipaddress
import re
import socket
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from types import TracebackType

import aiohttp
import msgspec

from hub.contract import Reply
from hub.errors import CrossdockError, Reconnect, Reject, Retry, Unknown

MAX_REPLY = 10 * 1024 * 1024
"""Largest answer in bytes, after decompression."""

LONGEST_WAIT = 24 * 3600.0
"""A `Retry-After` beyond this many seconds is a mistake of the other side."""

_PRIVATE = "is not a public address (ALLOW_PRIVATE_HOSTS would permit it)"
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_HINTS = ("message", "error_description", "detail", "error", "errors", "title", "reason")
_SECRETS = re.compile(
    r"(?i)\b(bearer|basic)\s+\S+"
    r"|\b(\w*(?:token|secret|password|api_?key|signature))(\"?\s*[=:]\s*\"?)[^\s\",;&}]+"
    r"|\b(?=\w*\d)(?=\w*[a-z])[\w\-]{20,}"
)


class AioHttp:
    """`hub.contract.Http` over one connection pool; an async context manager, one per process.

    Without `allow_private_hosts` only https and only public addresses are called.
    """

    def __init__(self, *, allow_private_hosts: bool = False, max_reply: int = MAX_REPLY) -> None:
        self._private = allow_private_hosts
        self._max_reply = max_reply
        self._sessions: tuple[aiohttp.ClientSession, aiohttp.ClientSession] | None = None

    async def __aenter__(self) -> AioHttp:
        sockets = None if self._private else _public_socket
        pool = aiohttp.TCPConnector(limit=256, limit_per_host=64, socket_factory=sockets)
        self._sessions = (_session(pool), _session(pool))
        # aiohttp repeats PUT and DELETE by itself when a kept connection turns out closed; an effect must not be.
        self._sessions[True]._retry_connection = False
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._sessions is not None
        for session in self._sessions:
            await session.close()

    async def call(  # noqa: PLR0913 - the shape of the protocol
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        effect: bool = False,
        timeout: float = 15.0,
    ) -> Reply:
        """The answer, whatever its status; redirects are answers too. `timeout` in seconds, all in all.

        Raises `Reject` for an address that may not be called, `Retry` for a network failure, and `Unknown` instead when
        `effect` is set and the request may have reached the other side.
        """
        assert self._sessions is not None, "use `async with AioHttp() as http`"
        self._check_scheme(url)
        session = self._sessions[effect]
        limits = _limits(timeout)
        try:
            async with session.request(
                method, url, headers=headers, data=body, timeout=limits, allow_redirects=False
            ) as answer:
                content = await self._read(answer)
        except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError) as error:
            raise Reject(f"{url.partition('?')[0][:200]!r} is not an address that can be called") from error
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise _never_sent(error) from error
        except (aiohttp.ClientError, TimeoutError, asyncio.IncompleteReadError, _TooLarge) as error:
            raise _perhaps_sent(error, effect) from error
        return Reply(answer.status, {name.lower(): value for name, value in answer.headers.items()}, content)

    def _check_scheme(self, url: str) -> None:
        if url.startswith("https://") or (self._private and url.startswith("http://")):
            return
        raise Reject(f"{url.partition('?')[0][:200]!r} is not an https address")

    async def _read(self, answer: aiohttp.ClientResponse) -> bytes:
        chunks: list[bytes] = []
        size = 0
        while chunk := await answer.content.readany():
            size += len(chunk)
            if size > self._max_reply:
                raise _TooLarge(f"the answer is larger than {self._max_reply} bytes")
            chunks.append(chunk)
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)


class _TooLarge(Exception):
    """The other side sends more than we are willing to read."""


def _session(pool: aiohttp.TCPConnector) -> aiohttp.ClientSession:
    """No cookies: what one merchant's store sets must not travel with another's calls."""
    jar = aiohttp.DummyCookieJar()
    return aiohttp.ClientSession(connector=pool, cookie_jar=jar, headers={"User-Agent": "crossdock"})


@lru_cache(maxsize=64)
def _limits(timeout: float) -> aiohttp.ClientTimeout:
    """Connecting ends well before the whole: a timeout after that can only mean that the request was sent."""
    return aiohttp.ClientTimeout(total=timeout, connect=timeout * 2 / 3)


def _never_sent(error: Exception) -> CrossdockError:
    if _PRIVATE in str(error):
        return Reject(str(error))
    return Retry(f"could not connect: {_why(error)}")


def _perhaps_sent(error: Exception, effect: bool) -> CrossdockError:
    return Unknown(f"the answer was lost: {_why(error)}") if effect else Retry(f"no answer: {_why(error)}")


def _why(error: Exception) -> str:
    return str(error)[:200] or type(error).__name__


# ---------------------------------------------------------------- which addresses may be called


def _public_socket(info: tuple[object, ...]) -> socket.socket:
    """A socket for one resolved address. Raises OSError, which ends the attempt, for one that is not public."""
    family, kind, protocol, _, address = info
    host = str(address[0])  # type: ignore[index]
    if not is_public(host):
        raise PermissionError(errno.EACCES, f"{host} {_PRIVATE}")
    return socket.socket(family, kind, protocol)  # type: ignore[arg-type]


def is_public(host: str) -> bool:
    """Whether an IP address is one of the open internet; IPv4 addresses carried inside IPv6 ones are looked into."""
    ip = ipaddress.ip_address(host.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return ip.is_global and not ip.is_multicast


# ---------------------------------------------------------------- what an answer means


def expect(
    reply: Reply,
    doing: str,
    *,
    forbidden: type[CrossdockError] = Reconnect,
    broken: type[CrossdockError] = Retry,
    json: bool = True,
) -> bytes:
    """The body of a 2xx answer; any other raises what should be done next. `doing` begins the reason: "list orders".

    `forbidden`: what 403 means, `Reject` where a system uses it for missing permissions. `broken`: what 5xx means;
    `Unknown` suits effects on a system that has no idempotency keys. `json`: a 2xx that is not JSON is an outage page.
    """
    status = reply.status
    if 200 <= status < 300:
        if json and reply.body and not looks_like_json(reply.body):
            raise Retry(f"{doing}: answered {status} with something that is not JSON", retry_after(reply))
        return reply.body
    why = f"{doing}: {status} {words(reply.body)}".rstrip()
    if status == 401:
        raise Reconnect(why)
    if status == 403:
        raise forbidden(why)
    if status in (408, 425, 429) or status == 503:
        raise Retry(why, retry_after(reply))
    if status >= 500:
        raise broken(why)
    raise Reject(f"{why} (it points elsewhere: correct the address)" if status < 400 else why)


def looks_like_json(body: bytes) -> bool:
    """Whether `body` starts as a JSON object or list does; the rest is the decoder's work."""
    return body[:64].lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[")


def retry_after(reply: Reply) -> float | None:
    """Seconds to wait by the answer's `Retry-After` (seconds or an HTTP date), None when it does not say.

    A date is taken against the answer's own `Date`, so that a clock that is off does not matter.
    """
    text = reply.headers.get("retry-after", "").strip()
    try:
        seconds = float(text) if text[:1].isdigit() else _until(text, reply.headers.get("date"))
    except (ValueError, TypeError):
        return None
    return min(max(seconds, 0.0), LONGEST_WAIT)


def _until(text: str, date: str | None) -> float:
    then = parsedate_to_datetime(text)
    now = parsedate_to_datetime(date) if date else datetime.now(UTC)
    return (then.replace(tzinfo=then.tzinfo or UTC) - now.replace(tzinfo=now.tzinfo or UTC)).total_seconds()


def words(body: bytes, limit: int = 200) -> str:
    """The other side's own words for a refusal, on one line, shortened, with whatever looks like a secret hidden."""
    text = body[:20_000].decode("utf-8", "replace").strip()
    if text[:1] == "<":
        return "(an HTML page)"
    with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        text = "; ".join(_said(msgspec.json.decode(body))) or text
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    line = _SECRETS.sub(lambda m: f"{m[1]} …" if m[1] else f"{m[2]}{m[3]}…" if m[2] else "…", line)
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _said(value: object) -> Iterable[str]:
    """The human sentences in an error document, whichever of the usual shapes it has."""
    if isinstance(value, str):
        return (value,)
    if isinstance(value, list):
        return [said for item in value[:5] for said in _said(item)]
    if not isinstance(value, dict):
        return ()
    named = [value[hint] for hint in _HINTS if value.get(hint)]
    return [said for item in named[:2] for said in _said(item)] or [
        f"{field}: {said}" for field, item in list(value.items())[:5] for said in _said(item)
    ]
