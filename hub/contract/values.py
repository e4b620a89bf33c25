"""What passes between the hub and a connector: declarations, accounts, deliveries, pages, answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from hub.domain.order import Value
from hub.domain.outgoing import Kind, Receipt

# ---------------------------------------------------------------- what a connector declares


@dataclass(frozen=True, slots=True)
class Credential:
    """One field that connecting an account asks for. Secret ones are kept encrypted and never shown again."""

    name: str
    title: str
    secret: bool = True
    required: bool = True
    help: str = ""


@dataclass(frozen=True, slots=True)
class About:
    """What a connector declares about itself and its system.

    `poll_every`: how often orders are pulled, None for systems that are not polled. `overlap`: how far each poll
    reaches back behind its cursor, longer than the source's own lag. `rate`: calls a second per account that the
    outbox keeps to. `at_once`: kinds of message the system takes many of in one call → how many. `repeatable`: kinds
    whose calls carry a key that the system honours, so that repeating after a lost answer is safe. `production`:
    False for demo connectors, which a production setting refuses to open. `max_body`: largest webhook body in bytes.
    `credentials_last`: how long credentials are good for before a person has to make new ones. `forget_after`: how long
    after its delivery an order may keep whom it went to, where the channel's rules set an end. `listens`: is told what
    happens to every order of its merchant, whatever channel it came by.
    """

    name: str
    title: str
    credentials: tuple[Credential, ...] = ()
    poll_every: timedelta | None = None
    overlap: timedelta = timedelta(minutes=5)
    rate: float = 10.0
    at_once: Mapping[Kind, int] = field(default_factory=dict)
    repeatable: frozenset[Kind] = frozenset()
    production: bool = True
    max_body: int = 10 * 1024 * 1024
    credentials_last: timedelta | None = None
    forget_after: timedelta | None = None
    listens: bool = False


class Secrets(dict[str, str]):
    """Opened credentials by name. Never shows its values, whatever prints it."""

    def __repr__(self) -> str:
        return f"Secrets({', '.join(sorted(self))})"

    __str__ = __repr__


class Keeper(Protocol):
    """Where an account's credentials are kept, for those that a connector replaces by using them."""

    async def renew(self, fetch: Callable[[Mapping[str, str]], Awaitable[Mapping[str, str]]]) -> None:
        """Calls `fetch` with the secrets as they are stored now, and stores at once what it returns: fields that have
        new values. Nobody else renews this account's meanwhile, on any host. What a merchant gave while `fetch` was
        at work is newer and stays. Raises what `fetch` raises, `Retry` while another process renews."""
        ...


@dataclass(frozen=True, slots=True)
class Account:
    """One connected account of one merchant, credentials opened. `settings` are the fields that are not secret.
    `keeper`: None where nothing is stored, as in most tests."""

    id: int
    merchant_id: int
    connector: str
    name: str
    secrets: Secrets
    settings: Mapping[str, str] = field(default_factory=dict)
    keeper: Keeper | None = field(default=None, compare=False, repr=False)

    @property
    def base_url(self) -> str:
        """Where the system is, without a trailing slash; empty when the connector's own default applies."""
        return self.settings.get("base_url", "").rstrip("/")


# ---------------------------------------------------------------- the wire


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer, whole. `headers` has lower-case names."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Http(Protocol):
    """The only way out for a connector: size, time and address limits are kept behind it."""

    async def call(  # noqa: PLR0913 - the parts of a request, named by the caller
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        effect: bool = False,
        timeout: float = 15.0,
    ) -> Reply:
        """The answer, whatever its status. A network failure raises `Retry`, or `Unknown` when `effect` is set and
        the request may have reached the other side."""
        ...


@dataclass(frozen=True, slots=True)
class Greeting:
    """A request at an account's door before anything is verified. `url` is the door's public address, `headers` has
    lower-case names."""

    method: str
    url: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


class Delivery(Value, frozen=True):
    """One verified message from outside. `id` makes it unique for its account; `body` is kept verbatim."""

    id: str
    topic: str
    body: bytes
    occurred_at: datetime | None = None


class Cursor(Value, frozen=True):
    """Where a pull has got to. `at`: everything up to here is in; `token`: the source's own page mark, if any."""

    at: datetime | None = None
    token: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a pull. `cursor` is kept only after the page's deliveries are; `more` asks for the next page now."""

    deliveries: tuple[Delivery, ...]
    cursor: Cursor
    more: bool


class Product(Value, frozen=True):
    """A thing for sale at a channel. `price` is in minor units of `currency`; `brand` and `tags` where the catalogue
    tells them (None: it tells no tags)."""

    listing_id: str
    sku: str
    title: str
    gtin: str = ""
    grams: int = 0
    price: int = 0
    currency: str = ""
    brand: str = ""
    tags: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class ProductPage:
    """One page of products; an empty `next` ends the list."""

    products: tuple[Product, ...]
    next: str = ""


@dataclass(frozen=True, slots=True)
class WebhookState:
    """What the channel sends us now: topics that are `missing`, and those that point at an address not ours."""

    missing: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()

    @property
    def healthy(self) -> bool:
        return not self.missing and not self.elsewhere


class Quota(Value, frozen=True):
    """How much may still be asked of a system: `left` of `of`, counted in `unit` (in words: "calls a day").
    `resets_at`: when all of it is there again, None where that is not told or it refills all the time."""

    left: int
    of: int
    unit: str
    resets_at: datetime | None = None


class Answer(Value, frozen=True):
    """One of many answers to a call that carried many messages: a receipt, or a failure by name and reason."""

    receipt: Receipt | None = None
    failure: str = ""
    """`retry`, `reject`, `reconnect` or `unknown`; empty with a receipt."""
    why: str = ""
    after: float | None = None
