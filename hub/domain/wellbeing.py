"""How a connected account is doing: signs, each with what heals it, and the worst of them in one word.

A sign is a key with parameters; `hub.actions.account_words` has the sentences. Times that a sign is about stand in
`at`, so that whoever shows it says them in the reader's own words.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from hub.domain.lifecycle import Custody
from hub.domain.outgoing import Kind
from hub.domain.signs import Condition, Facts, Heal, Left, Level, Sign, Subscriptions, Trouble, Unsent

REMIND = timedelta(days=30)
"""How long before credentials end a person is asked to make new ones."""

LATE_TIMES, LATE_LEAST = 3, timedelta(minutes=15)
"""Polling has stopped when the last one is so many intervals ago, and at least so long."""

UNCHECKED = timedelta(hours=3)
"""Subscriptions are looked at and put right every hour; after so long nobody does."""

SCARCE = 20
"""A quota of which less than a twentieth is left is worth a look."""

LEFT_HERE = frozenset(Custody) - {Custody.PACKED, Custody.MANIFESTED, Custody.CANCELLED}
"""Custody of parcels that went out, as far as we know."""

UNDER_WAY = timedelta(days=60)
"""No parcel is under way for longer, scanned or not: so long carriers are asked about those that were handed over."""

PASSING = frozenset({"retry", "unknown"})
"""Failures that are tried again by themselves."""


def condition(facts: Facts, now: datetime) -> Condition:
    """What is seen of an account, the worst first in `level`."""
    signs = tuple(_signs(facts, now))
    levels = {sign.level for sign in signs}
    worst = next((level for level in (Level.BROKEN, Level.NEEDS_YOU) if level in levels), Level.WELL)
    return Condition(level=worst, signs=signs)


def stuck(message: Unsent, now: datetime) -> bool:
    """Whether a message that did not get through waits for somebody.

    A shipment that a channel refuses because it had cancelled the order does not: the hold of that order tells of it. A
    label that its carrier does not take back was used, and will be refused for ever: it waits only while its parcel,
    cancelled here, is on its way and may be called back. Once that has arrived, its goods have been returned, it was
    handed over after all, or must have ended somewhere (`UNDER_WAY`), the order tells what there is to do.
    """
    if not message.refused:
        return True
    if message.kind == Kind.PUSH_SHIPMENT:
        return not message.cancelled_there
    if message.kind == Kind.VOID_LABEL:
        ended = message.since is not None and now - message.since > UNDER_WAY
        return not (message.custody in LEFT_HERE or message.arrived or message.returned or ended)
    return True


def lag(facts: Facts, now: datetime) -> timedelta | None:
    """How old what we know of the channel may be: since the last whole poll, or since where an unfinished one has
    come to. None where nothing is polled, or nothing was yet."""
    if facts.every is None:
        return None
    known = facts.reached or facts.polled_at
    return None if known is None else max(timedelta(), now - known)


def _sign(name: str, level: Level, at: datetime | None = None, heal: Heal = Heal.NOTHING, **params: object) -> Sign:
    """`name`: what the sign is of, and the key of its words."""
    what, _, key = name.partition(".")
    return Sign(what=what, key=key, level=level, params=params, at=at, heal=heal)


def _signs(facts: Facts, now: datetime) -> Iterator[Sign]:
    if facts.unopened:
        yield _sign("connection.unopened", Level.BROKEN, heal=Heal.CONNECT_AGAIN, why=facts.unopened)
    if facts.state != "active":
        yield _sign(f"connection.{facts.state}", Level.BROKEN, heal=Heal.CONNECT_AGAIN, why=facts.why)
    if facts.every is not None:
        yield _polls(facts, facts.every, now)
    if facts.hears:
        yield _sign("heard.heard" if facts.heard_at else "heard.never_heard", Level.WELL, facts.heard_at)
    if facts.state == "active" and facts.subscribes:
        yield _webhooks(facts, now)
    elif facts.state == "active" and facts.hears:
        yield _sign("webhooks.managed_there", Level.WELL)
    if facts.quota is not None:
        yield _quota(facts.quota, now)
    if facts.secret:
        yield _credentials(facts, now)
    yield _count(facts.dead, "dead", Heal.RESEND_DEAD)
    yield _count(facts.set_aside, "set_aside", Heal.LOOK_AT_SET_ASIDE)
    yield from (_trouble(it) for it in facts.troubles if it.concern not in SPOKEN and not _is_past(it, facts))


SPOKEN = frozenset({"poll", "webhooks"})
"""Concerns that have a sign of their own."""

ASKED = "check"
"""The concern of asking a channel who we are: nobody does it again by itself."""


def _is_past(trouble: Trouble, facts: Facts) -> bool:
    """Whether another sign tells it already, or a poll since then has shown that it passed."""
    if trouble.code == "reconnect":
        return True
    polled = facts.polled_at is not None and trouble.at is not None and facts.polled_at > trouble.at
    return trouble.concern == ASKED and trouble.code in PASSING and polled


def _of(facts: Facts, concern: str) -> Trouble | None:
    return next((it for it in facts.troubles if it.concern == concern), None)


def _polls(facts: Facts, every: timedelta, now: datetime) -> Sign:
    if facts.state != "active":
        return _sign("poll.paused", Level.WATCH, facts.polled_at)
    trouble = _of(facts, "poll")
    stopped = now - (facts.polled_at or facts.created_at) > max(LATE_LEAST, LATE_TIMES * every)
    pace = int(every.total_seconds())
    if trouble is not None:
        return _failing(facts, trouble, stopped, now)
    if facts.reached is not None:
        return _sign("poll.reading", Level.WATCH, facts.reached)
    if stopped:
        key = "polls_stopped" if facts.polled_at else "never_polled"
        return _sign(f"poll.{key}", Level.BROKEN, facts.polled_at, Heal.START_SCHEDULER)
    if facts.polled_at is None:
        return _sign("poll.not_yet_polled", Level.WATCH, heal=Heal.POLL_NOW, every=pace)
    return _sign("poll.polled", Level.WELL, facts.polled_at, Heal.POLL_NOW, every=pace)


def _failing(facts: Facts, trouble: Trouble, stopped: bool, now: datetime) -> Sign:
    """A channel that told us to wait is not broken, however long that is."""
    passing = trouble.code in PASSING
    if passing and trouble.until is not None and trouble.until > now:
        return _sign("poll.told_to_wait", Level.WATCH, trouble.until, why=trouble.why)
    if passing and not stopped:
        return _sign("poll.poll_failed", Level.WATCH, trouble.at, Heal.POLL_NOW, why=trouble.why)
    heal = Heal.POLL_NOW if passing else Heal.TEST
    return _sign("poll.poll_broken", Level.BROKEN, facts.polled_at, heal, why=trouble.why)


def _webhooks(facts: Facts, now: datetime) -> Sign:
    """Where orders are polled besides, nothing is lost without webhooks, it only takes longer: what the next hourly
    repairs may well put right needs nobody yet."""
    polled = facts.every is not None
    if not facts.reachable:
        level = Level.WATCH if polled else Level.BROKEN
        return _sign("webhooks.unreachable", level, heal=Heal.SET_PUBLIC_URL)
    trouble, level = _of(facts, "webhooks"), Level.NEEDS_YOU if polled else Level.BROKEN
    whole_at = facts.subscriptions.whole_at if facts.subscriptions is not None else None
    heals = polled and now - (whole_at or facts.created_at) <= UNCHECKED
    if trouble is not None:
        passing = heals and trouble.code in PASSING
        key, level = ("webhooks_tried", Level.WATCH) if passing else ("webhooks_failed", level)
        return _sign(f"webhooks.{key}", level, trouble.at, Heal.REPAIR_WEBHOOKS, why=trouble.why)
    if facts.subscriptions is None:
        return _sign("webhooks.never_checked", Level.WATCH, heal=Heal.REPAIR_WEBHOOKS)
    return _subscribed(facts.subscriptions, Level.WATCH if heals else level, now)


def _subscribed(seen: Subscriptions, level: Level, now: datetime) -> Sign:
    topics = [*seen.missing, *seen.elsewhere]
    if topics:
        return _sign("webhooks.missing", level, seen.at, Heal.REPAIR_WEBHOOKS, topics=topics)
    if now - seen.at > UNCHECKED:
        return _sign("webhooks.unchecked", level, seen.at, Heal.REPAIR_WEBHOOKS)
    if seen.repaired_at is not None and now - seen.repaired_at < timedelta(days=1):
        again = list(seen.repaired)
        return _sign("webhooks.repaired", Level.WELL, seen.repaired_at, topics=again, missed=seen.missed)
    return _sign("webhooks.subscribed", Level.WELL, seen.at)


def _quota(quota: Left, now: datetime) -> Sign:
    """What resets is full again after that, whatever was last told."""
    left = quota.of if quota.resets_at is not None and quota.resets_at <= now else quota.left
    key, level, at = "left", Level.WELL, quota.at
    if left * SCARCE < quota.of:
        key, level = "scarce", Level.WATCH
        if quota.resets_at is not None:
            key, at = "scarce_until", quota.resets_at
    return _sign(f"quota.{key}", level, at, left=left, of=quota.of, unit=quota.unit)


def _credentials(facts: Facts, now: datetime) -> Sign:
    end = facts.credentials_end
    if end is None:
        return _sign("credentials.renewed" if facts.renews else "credentials.given", Level.WELL, facts.credentials_at)
    if end - now > REMIND:
        return _sign("credentials.good_until", Level.WELL, end)
    return _sign(
        "credentials.ended" if now >= end else "credentials.end_soon", Level.NEEDS_YOU, end, Heal.CONNECT_AGAIN
    )


def _count(count: int, what: str, heal: Heal) -> Sign:
    if not count:
        return _sign(f"{what}.no_{what}", Level.WELL)
    return _sign(f"{what}.{what}", Level.NEEDS_YOU, heal=heal, count=count)


def _trouble(trouble: Trouble) -> Sign:
    passing = trouble.code in PASSING and trouble.concern != ASKED
    key, level = ("passing_trouble", Level.WATCH) if passing else ("trouble", Level.NEEDS_YOU)
    heal = Heal.NOTHING if passing else Heal.TEST
    return _sign(f"{trouble.concern}.{key}", level, trouble.at, heal, concern=trouble.concern, why=trouble.why)
