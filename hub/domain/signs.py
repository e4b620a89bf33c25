"""What is known of a connected account, and what is said of it: the types of `hub.domain.wellbeing`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from hub.domain.order import Value


class Level(StrEnum):
    """What a sign asks for: nothing, an eye on it, a person, a person at once."""

    WELL = "well"
    WATCH = "watch"
    NEEDS_YOU = "needs_you"
    BROKEN = "broken"


class Heal(StrEnum):
    """What a person can do about a sign."""

    NOTHING = ""
    CONNECT_AGAIN = "connect_again"
    REPAIR_WEBHOOKS = "repair_webhooks"
    POLL_NOW = "poll_now"
    RESEND_DEAD = "resend_dead"
    LOOK_AT_SET_ASIDE = "look_at_set_aside"
    TEST = "test"
    SET_PUBLIC_URL = "set_public_url"
    START_SCHEDULER = "start_scheduler"


class Trouble(Value, frozen=True):
    """The last failure of one concern (`poll`, `webhooks`, `tracking`, …): `code` is that of `hub.errors`; `until`: how
    long the channel asked us to wait."""

    concern: str
    code: str
    why: str
    at: datetime | None = None
    until: datetime | None = None


class Subscriptions(Value, frozen=True):
    """What the channel tells us of, as it was last seen at `at`; nothing was missing last at `whole_at`."""

    at: datetime
    missing: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()
    repaired: tuple[str, ...] = ()
    repaired_at: datetime | None = None
    missed: int = 0
    whole_at: datetime | None = None


class Left(Value, frozen=True):
    """What is left of a quota, as told at `at`."""

    left: int
    of: int
    unit: str
    at: datetime
    resets_at: datetime | None = None


class Unsent(Value, frozen=True):
    """A message that did not get through: refused, or given up after many tries. `cancelled_there`: it is of an order
    that its channel has cancelled. About a parcel's label: the parcel's `custody` (empty for others), whether the
    carrier's own scans say that it has `arrived` at its buyer or is back, whether a return of its order is done,
    and `since` when it was to be voided."""

    kind: str
    refused: bool
    cancelled_there: bool = False
    custody: str = ""
    arrived: bool = False
    returned: bool = False
    since: datetime | None = None


class Facts(Value, frozen=True):
    """Everything an account's condition follows from. `state` is active, reconnect or closed; `reached`: up to where an
    unfinished long pull has come; `unopened`: why the account cannot even be opened; `secret`: whether there are
    credentials at all."""

    state: str
    created_at: datetime
    credentials_at: datetime
    why: str = ""
    unopened: str = ""
    every: timedelta | None = None
    polled_at: datetime | None = None
    reached: datetime | None = None
    hears: bool = False
    heard_at: datetime | None = None
    subscribes: bool = False
    reachable: bool = True
    subscriptions: Subscriptions | None = None
    quota: Left | None = None
    credentials_last: timedelta | None = None
    renews: bool = False
    secret: bool = True
    dead: int = 0
    set_aside: int = 0
    troubles: tuple[Trouble, ...] = ()

    @property
    def credentials_end(self) -> datetime | None:
        """When a person will have to make new credentials, as far as the channel sets an end."""
        return self.credentials_at + self.credentials_last if self.credentials_last is not None else None


class Sign(Value, frozen=True, omit_defaults=False):
    """One thing about an account. `what` names its place (poll, heard, …), `key` what is said of it."""

    what: str
    key: str
    level: Level
    params: Mapping[str, object] = {}
    at: datetime | None = None
    heal: Heal = Heal.NOTHING


class Condition(Value, frozen=True, omit_defaults=False):
    """All signs; `level` is `well`, `needs_you` or `broken`: what passes by itself leaves an account well."""

    level: Level
    signs: tuple[Sign, ...]
