"""Reading is careful: whatever stands in a payload, it is understood exactly or refused as `BadPayload`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from hub.contract import Http
from hub.domain.order import News, Value
from hub.errors import BadPayload
from tests.connectors.checks.common import Fixture, attempt, demand, fixtures, meeting, receive
from tests.connectors.harness import Harness

REPLACEMENTS: tuple[object, ...] = (None, [], {}, "x", True)
"""What every field of every fixture is replaced by, one at a time."""

HOSTILE: Mapping[str, bytes] = {
    "nothing": b"",
    "not JSON": b"order=1&total=2",
    "cut off": b'{"id": "1", "lines": [',
    "a list": b"[]",
    "null": b"null",
    "a byte order mark": b"\xef\xbb\xbf{}",
    "broken UTF-8": b'{"id": "\xff\xfe"}',
    "a lone surrogate": rb'{"id": "\ud800"}',
    "NaN": b'{"id": NaN, "total": Infinity}',
    "depth": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "deep lists": b"[" * 100_000,
    "5,000 digits": b'{"id": ' + b"9" * 5000 + b"}",
    "a huge exponent": b'{"id": 1e400, "total": 1e-400}',
}


async def check_fixtures_read_as_expected(harness: Harness, http: Http) -> None:
    """Each fixture is there for a reason and says what reading it gives."""
    async with meeting(harness, http) as (_, channel):
        seen = 0
        for fixture in fixtures(harness):
            seen += 1
            demand(fixture.expect is not None, f"{fixture.name} does not say what to expect")
            compare(fixture, read(channel, fixture.topic, fixture.body, fixture.name))
        demand(seen, f"there are no fixtures in {harness.fixtures}, though the connector reads deliveries")


def read(channel: Any, topic: str, body: bytes, what: str) -> object:
    """The news in `body`, or the BadPayload that refused it; anything else fails the check."""
    got = attempt(what, lambda: channel.read(receive(channel, topic, body)))
    if isinstance(got, BadPayload):
        return got
    demand(isinstance(got, tuple), f"{what}: reading gave {got!r}, neither a tuple of news nor BadPayload")
    assert isinstance(got, tuple)
    for news in got:
        demand(isinstance(news, Value), f"{what}: {news!r} is no news")
        well_formed(news, what)
    return got


def well_formed(news: Any, what: str) -> None:
    """Nothing slipped through that the types do not allow, such as a null in the place of a text."""
    try:
        msgspec.convert(msgspec.to_builtins(news, builtin_types=(), str_keys=False), type(news), strict=True)
        msgspec.json.encode(news)
    except (msgspec.MsgspecError, TypeError, ValueError, UnicodeEncodeError) as error:
        raise AssertionError(f"{what}: the reading is not a well-formed {type(news).__name__}: {error}") from error


def compare(fixture: Fixture, got: object) -> None:
    """`expect` is {"bad": path}, or one or a list of {"news": type, field: value …}; fields not named are free."""
    expect = fixture.expect
    if isinstance(expect, dict) and "bad" in expect:
        demand(isinstance(got, BadPayload), f"{fixture.name}: read as {got!r}, though it must be refused")
        assert isinstance(got, BadPayload)
        demand(got.path == expect["bad"], f"{fixture.name}: refused at {got.path}, expected at {expect['bad']}")
        return
    demand(isinstance(got, tuple), f"{fixture.name}: {got}")
    assert isinstance(got, tuple)
    wanted = expect if isinstance(expect, list) else [expect]
    demand(len(got) == len(wanted), f"{fixture.name}: {len(got)} news, expected {len(wanted)}: {got!r}")
    for news, want in zip(got, wanted, strict=True):
        compare_news(fixture.name, news, want)


def compare_news(name: str, news: News, want: Mapping[str, Any]) -> None:
    """One piece of news against what the fixture wants of it."""
    kind = type(news).__name__
    demand(want.get("news", kind) == kind, f"{name}: read as {kind}, expected {want.get('news')}")
    told = {**defaults(news), **msgspec.to_builtins(news)}
    for field, value in want.items():
        if field != "news":
            demand(field in told, f"{name}: {kind} has no field {field}")
            differences = list(differ(value, told[field], f"{kind}.{field}"))
            demand(not differences, f"{name}: " + "; ".join(differences))


def defaults(news: Any) -> dict[str, Any]:
    """All fields, those too that JSON leaves out."""
    return {name: msgspec.to_builtins(getattr(news, name)) for name in news.__struct_fields__}


def differ(want: object, got: object, path: str) -> Iterator[str]:
    """Where `got` is not what is wanted; in objects only the named fields count, False and 0 are not the same."""
    if isinstance(want, dict) and isinstance(got, dict):
        for name, value in want.items():
            # JSON leaves defaults out; a fixture may name them.
            missing = name not in got and value in (None, "", 0, False, [], {})
            if not missing:
                yield from differ(value, got.get(name), f"{path}.{name}")
    elif isinstance(want, list) and isinstance(got, Sequence) and not isinstance(got, str):
        if len(want) != len(got):
            yield f"{path} has {len(got)} items, expected {len(want)}"
        for place, (one, other) in enumerate(zip(want, got, strict=False)):
            yield from differ(one, other, f"{path}[{place}]")
    elif want != got or type(want) is not type(got):
        yield f"{path} is {got!r}, expected {want!r}"


async def check_reading_is_pure(harness: Harness, http: Http) -> None:
    """The same delivery reads the same each time, whichever channel object reads it, without a call."""
    async with meeting(harness, http) as (double, channel):
        for fixture in fixtures(harness):
            delivery = receive(channel, fixture.topic, fixture.body)
            again = harness.connector.open(harness.account(double.url), http)
            readings = [attempt(fixture.name, it.read, delivery) for it in (channel, channel, again)]
            texts = {str(it) if isinstance(it, Exception) else repr(it) for it in readings}
            demand(len(texts) == 1, f"{fixture.name} reads differently from one time to the next: {texts}")
        demand(not double.seen, f"reading called the other side: {double.seen}")


async def check_wrong_fields_are_bad_payload(harness: Harness, http: Http) -> None:
    """Each field of each fixture missing, or replaced by something else: BadPayload or a reading, never a crash."""
    async with meeting(harness, http) as (_, channel):
        for fixture in fixtures(harness):
            for path, body in mutations(fixture.value):
                read(channel, fixture.topic, msgspec.json.encode(body), f"{fixture.name} with {path}")


async def check_hostile_bodies_are_bad_payload(harness: Harness, http: Http) -> None:
    """Bodies that are made to hurt."""
    async with meeting(harness, http) as (_, channel):
        for topic in dict.fromkeys(fixture.topic for fixture in fixtures(harness)):
            for what, body in HOSTILE.items():
                read(channel, topic, body, f"{topic} with {what}")


def mutations(body: object) -> Iterator[tuple[str, object]]:
    """(what was done, the body while it is done), for every place in the body; it is put right again afterwards."""
    root: dict[str | int, Any] = {"$": body}
    for path in list(places(body, ("$",))):
        holder: Any = root
        for step in path[:-1]:
            holder = holder[step]
        last = path[-1]
        name = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)[1:]
        kept = holder[last]
        for value in REPLACEMENTS:
            holder[last] = value
            yield f"{name} = {value!r}", root["$"]
        if len(path) > 1 and isinstance(holder, dict):
            del holder[last]
            yield f"{name} missing", root["$"]
        holder[last] = kept


Path = tuple[str | int, ...]


def places(value: object, path: Path) -> Iterator[Path]:
    """Where something stands in a JSON value, itself included."""
    yield path
    if isinstance(value, dict):
        for name, item in value.items():
            yield from places(item, (*path, name))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from places(item, (*path, number))
