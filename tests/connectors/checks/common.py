"""What the checks share: meeting a connector at its double, and turning whatever happens into a verdict."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from itertools import permutations
from pathlib import Path
from typing import Any

from hub.contract import (
    Account,
    Channel,
    Cursor,
    Delivery,
    HearsWebhooks,
    Http,
    ListsProducts,
    ManagesWebhooks,
    PullsOrders,
    QuotesRates,
    Secrets,
    TracksParcels,
)
from hub.domain.outgoing import Kind, LabelRequest
from hub.errors import CrossdockError
from tests.connectors.harness import Double, Harness

Check = Callable[[Harness, Http], Awaitable[None]]
"""One demand of the suite: raises AssertionError with the reason when the connector does not meet it."""


def demand(condition: object, why: str) -> None:
    """Fails the check with `why` unless `condition` holds."""
    if not condition:
        raise AssertionError(why)


async def outcome(doing: str, call: Awaitable[object]) -> object:
    """What `call` returned, or the failure of `hub.errors` it raised. Any other exception fails the check."""
    try:
        return await call
    except CrossdockError as failure:
        return failure
    except Exception as error:
        raise AssertionError(f"{doing} raised {error!r}, which is no failure of hub.errors") from error


def attempt(doing: str, call: Callable[..., object], *args: object) -> object:
    """The same for a call that does not wait."""
    try:
        return call(*args)
    except CrossdockError as failure:
        return failure
    except Exception as error:
        raise AssertionError(f"{doing} raised {error!r}, which is no failure of hub.errors") from error


@asynccontextmanager
async def meeting(harness: Harness, http: Http) -> AsyncIterator[tuple[Double, Any]]:
    """A fresh double, and the connector's channel opened on it."""
    async with harness.serve() as double:
        yield double, harness.connector.open(harness.account(double.url), http)


def stranger(account: Account) -> Account:
    """Another account of the same kind: same fields, other secrets."""
    return replace(
        account, id=account.id + 1, secrets=Secrets({name: f"other-{text}" for name, text in account.secrets.items()})
    )


def hidden(account: Account) -> set[str]:
    """Every spelling of the account's secrets that must never be seen."""
    plain = set(account.secrets.values())
    demand(all(len(text) >= 8 for text in plain), "the harness needs secrets of 8 characters or more, to search for")
    pairs = {base64.b64encode(f"{one}:{other}".encode()).decode() for one, other in permutations(plain, 2)}
    alone = {base64.b64encode(f"{text}:".encode()).decode() for text in plain}
    return plain | pairs | alone


# ---------------------------------------------------------------- fixtures


@dataclass(frozen=True, slots=True)
class Fixture:
    """One recorded delivery. `expect` is what reading it must give, None when the file does not say."""

    name: str
    topic: str
    body: bytes
    value: object
    expect: object


def fixtures(harness: Harness) -> Iterator[Fixture]:
    """The fixtures of a connector, in the order of their names."""
    for file in sorted(Path(harness.fixtures).glob("*.json")):
        kept = json.loads(file.read_text(encoding="utf-8"))
        yield Fixture(file.stem, kept["topic"], encode(kept["body"]), kept["body"], kept.get("expect"))


def encode(value: object) -> bytes:
    """`value` as the body of a delivery."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def receive(channel: Any, topic: str, body: bytes) -> Delivery:
    """`body` as a delivery: through signature and door where the connector hears webhooks."""
    if not isinstance(channel, HearsWebhooks):
        return Delivery(id="fixture", topic=topic, body=body)
    return channel.verify(lowered(channel.sign(topic, body)), body)


def lowered(headers: Any) -> dict[str, str]:
    """Headers with lower-case names, as the door hands them over."""
    return {name.lower(): value for name, value in headers.items()}


# ---------------------------------------------------------------- what a channel can be asked


@dataclass(frozen=True, slots=True)
class Operation:
    """One call to the other side. `kind` is set when it has an effect there."""

    name: str
    call: Callable[[], Awaitable[object]]
    kind: Kind | None = None


def push(channel: Any, harness: Harness, kind: Kind, key: str) -> Awaitable[object]:
    """Sends the harness's payload of `kind`; the method of a kind has its name."""
    method = getattr(channel, kind.value, None)
    demand(method, f"the harness has a payload for {kind}, but the channel has no {kind.value}()")
    return method(harness.pushes[kind], key)  # type: ignore[misc,no-any-return]


def operations(channel: Channel, harness: Harness) -> list[Operation]:
    """Everything the channel can be asked over the wire."""
    found = [Operation("check", channel.check)]
    if isinstance(channel, PullsOrders):
        found.append(Operation("pull_orders", lambda: channel.pull_orders(Cursor())))
    if isinstance(channel, ListsProducts):
        found.append(Operation("list_products", lambda: channel.list_products("")))
    if isinstance(channel, TracksParcels):
        found.append(Operation("track_parcels", lambda: channel.track_parcels(["1Z999AA10123456784"])))
    if isinstance(channel, ManagesWebhooks):
        found.append(Operation("check_webhooks", lambda: channel.check_webhooks("https://hub.example/webhooks/1")))
    wanted = harness.pushes.get(Kind.BUY_LABEL)
    if isinstance(channel, QuotesRates) and isinstance(wanted, LabelRequest):
        found.append(Operation("quote_rates", lambda: channel.quote_rates(wanted)))
    for kind in harness.pushes:
        found.append(Operation(kind.value, lambda kind=kind: push(channel, harness, kind, f"suite-{kind}"), kind))
    return found
