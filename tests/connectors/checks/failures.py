"""Failures are named by what to do next, whatever was asked when they happened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hub.contract import Http
from hub.errors import CrossdockError, Reconnect, Reject, Retry, Unknown
from tests.connectors.checks.common import Operation, demand, meeting, operations, outcome
from tests.connectors.harness import Harness
from tests.support.ports import nobody_listens

HTML = b"<!doctype html><html><head><title>Just a moment...</title></head><body>Please wait</body></html>"
WAIT = 37


@dataclass(frozen=True, slots=True)
class Fault:
    """An answer of the other side, and what it means for reading and for pushing."""

    name: str
    status: int
    reading: tuple[type[CrossdockError], ...]
    pushing: tuple[type[CrossdockError], ...]
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b'{"error": "no"}'


FAULTS: Sequence[Fault] = (
    Fault("401", 401, (Reconnect,), (Reconnect,)),
    Fault("429", 429, (Retry,), (Retry,)),
    Fault("429 with Retry-After", 429, (Retry,), (Retry,), {"Retry-After": str(WAIT)}),
    Fault("500", 500, (Retry,), (Retry, Unknown)),
    Fault("500 in HTML", 500, (Retry,), (Retry, Unknown), {"Content-Type": "text/html"}, HTML),
    Fault("502", 502, (Retry,), (Retry, Unknown)),
    Fault("503", 503, (Retry,), (Retry, Unknown)),
    Fault("503 with Retry-After", 503, (Retry,), (Retry, Unknown), {"Retry-After": str(WAIT)}),
    Fault("200 in HTML", 200, (Retry,), (Retry, Unknown), {"Content-Type": "text/html"}, HTML),
)


async def check_failures_are_named(harness: Harness, http: Http) -> None:
    """401 asks for a new connection; 429, 5xx and an HTML page with 200 for patience, as long as they say."""
    for name in await _names(harness, http):
        for fault in FAULTS:
            async with meeting(harness, http) as (double, channel):
                operation = _find(operations(channel, harness), name)
                double.fail(fault.status, headers=fault.headers, body=fault.body, times=9)
                got = await outcome(f"{name} on {fault.name}", operation.call())
                _judge(operation, fault, got)


def _judge(operation: Operation, fault: Fault, got: object) -> None:
    wanted = fault.reading if operation.kind is None else fault.pushing
    names = " or ".join(it.__name__ for it in wanted)
    demand(isinstance(got, wanted), f"{operation.name}: {fault.name} means {names}, but it gave {got!r}")
    if "Retry-After" in fault.headers and isinstance(got, Retry):
        demand(got.after == WAIT, f"{operation.name}: {fault.name} says {WAIT} s, but it waits {got.after}")


async def _names(harness: Harness, http: Http) -> list[str]:
    async with meeting(harness, http) as (_, channel):
        return [operation.name for operation in operations(channel, harness)]


def _find(found: Sequence[Operation], name: str) -> Operation:
    return next(operation for operation in found if operation.name == name)


async def check_nobody_is_called(harness: Harness, http: Http) -> None:
    """A connector without another side does everything it can do without a call."""
    async with meeting(harness, http) as (double, channel):
        found = operations(channel, harness)
        for operation in found:
            got = await outcome(operation.name, operation.call())
            demand(not isinstance(got, CrossdockError), f"{operation.name} failed without anybody to fail: {got!r}")
        demand(all(operation.kind is None for operation in found), "it sends something, to nobody")
        demand(not double.seen, f"it calls nobody, says the harness, but called {double.seen[:1]}")


async def check_a_refused_connection_is_retry(harness: Harness, http: Http) -> None:
    """Nobody listens: nothing was sent, so even a push may simply be tried again."""
    with nobody_listens() as port:
        channel = harness.connector.open(harness.account(f"http://127.0.0.1:{port}"), http)
        for operation in operations(channel, harness):
            got = await outcome(f"{operation.name} on a refused connection", operation.call())
            demand(isinstance(got, Retry), f"{operation.name}: a refused connection means Retry, but it gave {got!r}")


async def check_a_lost_answer_to_a_question_is_retry(harness: Harness, http: Http) -> None:
    """Asking changes nothing, so a question without an answer is asked again."""
    for name in await _names(harness, http):
        async with meeting(harness, http) as (double, channel):
            operation = _find(operations(channel, harness), name)
            if operation.kind is None:
                double.drop_replies(9)
                got = await outcome(f"{name} without an answer", operation.call())
                demand(isinstance(got, Retry), f"{name}: a lost answer to a question means Retry, but it gave {got!r}")


async def check_a_refusal_is_reject(harness: Harness, http: Http) -> None:
    """What the other side finds wrong with a push stays wrong: it is not repeated."""
    for kind in harness.pushes:
        for status in (400, 409, 422):
            async with meeting(harness, http) as (double, channel):
                operation = _find(operations(channel, harness), kind.value)
                double.fail(status, body=b'{"error": "line item is already fulfilled"}', times=9)
                got = await outcome(f"{kind} refused", operation.call())
                demand(isinstance(got, Reject), f"{kind}: a {status} means Reject, but it gave {got!r}")


async def check_an_odd_answer_to_a_push_is_not_its_end(harness: Harness, http: Http) -> None:
    """A 200 that cannot be read may follow a push that took effect: it is looked up or repeated, not given up."""
    for kind in harness.pushes:
        for body in (b"", b"null", b"[]", b'{"ok": "perhaps"}', b'{"id": {}}', b"{"):
            async with meeting(harness, http) as (double, channel):
                operation = _find(operations(channel, harness), kind.value)
                double.fail(200, body=body, times=9)
                got = await outcome(f"{kind} answered {body!r}", operation.call())
                given_up = isinstance(got, CrossdockError) and not isinstance(got, Retry | Unknown)
                demand(not given_up, f"{kind}: after a 200 with {body!r} it gave up: {got!r}")
