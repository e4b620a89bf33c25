"""How an account is doing follows from facts alone: each sign, what heals it, and the worst of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.actions import account_words
from hub.domain.outgoing import Kind
from hub.domain.signs import Facts, Heal, Left, Level, Sign, Subscriptions, Trouble, Unsent
from hub.domain.wellbeing import condition, lag, stuck

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def ago(**of: float) -> datetime:
    return NOW - timedelta(**of)


def facts(**more: Any) -> Facts:
    """A shop that is polled every five minutes, hears webhooks, and is well."""
    usual: dict[str, Any] = {
        "state": "active", "created_at": ago(days=90), "credentials_at": ago(days=90),
        "every": timedelta(minutes=5), "polled_at": ago(minutes=3), "hears": True, "heard_at": ago(minutes=1),
        "subscribes": True, "subscriptions": Subscriptions(at=ago(minutes=40)),
    }  # fmt: skip
    return Facts(**usual | more)


def of(what: str, **more: Any) -> Sign:
    """The one sign about `what`."""
    (sign,) = [sign for sign in condition(facts(**more), NOW).signs if sign.what == what]
    return sign


def told(sign: Sign) -> tuple[str, Level, Heal]:
    return sign.key, sign.level, sign.heal


def test_a_shop_that_is_well_says_so_everywhere() -> None:
    seen = condition(facts(), NOW)
    assert seen.level is Level.WELL
    assert {sign.what: sign.key for sign in seen.signs} == {
        "poll": "polled", "heard": "heard", "webhooks": "subscribed", "credentials": "given", "dead": "no_dead",
        "set_aside": "no_set_aside",
    }  # fmt: skip
    assert {sign.level for sign in seen.signs} == {Level.WELL}


# ---------------------------------------------------------------- messages that did not get through


@pytest.mark.parametrize("kind", list(Kind))
def test_what_was_given_up_is_stuck_whatever_became_of_its_order(kind: Kind) -> None:
    assert stuck(
        Unsent(kind=kind, refused=False, cancelled_there=True, custody="delivered", arrived=True, returned=True), NOW
    )


@pytest.mark.parametrize("kind", list(Kind))
def test_what_was_refused_is_stuck_when_nothing_speaks_for_the_contrary(kind: Kind) -> None:
    assert stuck(Unsent(kind=kind, refused=True), NOW)


def test_a_shipment_that_a_shop_refuses_because_it_had_cancelled_needs_nobody() -> None:
    assert not stuck(Unsent(kind=Kind.PUSH_SHIPMENT, refused=True, cancelled_there=True), NOW)
    assert stuck(Unsent(kind=Kind.PUSH_STATUS, refused=True, cancelled_there=True), NOW)


@pytest.mark.parametrize(
    ("more", "needed"),
    [
        ({"custody": "cancelled"}, True), ({"custody": "packed"}, True), ({"custody": "manifested"}, True),
        ({"custody": "handed_over"}, False), ({"custody": "delivered"}, False), ({"custody": "lost"}, False),
        ({"custody": "damaged"}, False), ({"custody": "returned_to_sender"}, False),
        ({"custody": "cancelled", "arrived": True}, False), ({"custody": "cancelled", "returned": True}, False),
    ],
)  # fmt: skip
def test_a_label_that_was_used_is_stuck_only_while_its_parcel_can_be_called_back(
    more: dict[str, Any], needed: bool
) -> None:
    assert stuck(Unsent(kind=Kind.VOID_LABEL, refused=True, **more), NOW) is needed
    assert stuck(Unsent(kind=Kind.BUY_LABEL, refused=True, **more), NOW), "of a label only its voiding"


def test_a_parcel_that_nobody_scans_is_called_back_within_weeks_or_never() -> None:
    def of_age(**age: float) -> Unsent:
        return Unsent(kind=Kind.VOID_LABEL, refused=True, custody="cancelled", since=ago(**age))

    assert stuck(of_age(days=59), NOW)
    assert not stuck(of_age(days=61), NOW)
    assert stuck(Unsent(kind=Kind.VOID_LABEL, refused=False, custody="cancelled", since=ago(days=61)), NOW)


# ---------------------------------------------------------------- the connection


def test_refused_credentials_and_a_closed_account_are_broken_until_it_is_connected_again() -> None:
    for state in ("reconnect", "closed"):
        sign = of("connection", state=state, why="the token was revoked")
        assert told(sign) == (state, Level.BROKEN, Heal.CONNECT_AGAIN)
        assert sign.params == {"why": "the token was revoked"}
        assert told(of("poll", state=state)) == ("paused", Level.WATCH, Heal.NOTHING)
        assert condition(facts(state=state), NOW).level is Level.BROKEN


def test_an_account_that_cannot_be_opened_is_broken() -> None:
    assert told(of("connection", unopened="no such key")) == ("unopened", Level.BROKEN, Heal.CONNECT_AGAIN)


# ---------------------------------------------------------------- polling


RETRY = Trouble(concern="poll", code="retry", why="503", at=ago(minutes=2))


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"polled_at": ago(minutes=14)}, ("polled", Level.WELL, Heal.POLL_NOW)),
        ({"polled_at": ago(minutes=16)}, ("polls_stopped", Level.BROKEN, Heal.START_SCHEDULER)),
        ({"polled_at": ago(minutes=16), "every": HOUR}, ("polled", Level.WELL, Heal.POLL_NOW)),
        ({"polled_at": ago(hours=4), "every": HOUR}, ("polls_stopped", Level.BROKEN, Heal.START_SCHEDULER)),
        ({"polled_at": None}, ("never_polled", Level.BROKEN, Heal.START_SCHEDULER)),
        ({"polled_at": None, "created_at": ago(minutes=2)}, ("not_yet_polled", Level.WATCH, Heal.POLL_NOW)),
        ({"reached": ago(days=3)}, ("reading", Level.WATCH, Heal.NOTHING)),
        ({"troubles": (RETRY,)}, ("poll_failed", Level.WATCH, Heal.POLL_NOW)),
        ({"troubles": (RETRY,), "polled_at": ago(hours=1)}, ("poll_broken", Level.BROKEN, Heal.POLL_NOW)),
        (
            {"troubles": (Trouble(concern="poll", code="rejected", why="no", at=NOW),)},
            ("poll_broken", Level.BROKEN, Heal.TEST),
        ),
    ],
)
def test_polling(more: dict[str, Any], expected: tuple[str, Level, Heal]) -> None:
    assert told(of("poll", **more)) == expected


def test_a_channel_that_told_us_to_wait_is_not_broken_however_long_that_is() -> None:
    wait = Trouble(concern="poll", code="retry", why="quota", at=ago(hours=5), until=NOW + HOUR)
    sign = of("poll", troubles=(wait,), polled_at=ago(hours=6))
    assert (*told(sign), sign.at) == ("told_to_wait", Level.WATCH, Heal.NOTHING, NOW + HOUR)
    over = Trouble(concern="poll", code="retry", why="quota", at=ago(hours=5), until=ago(hours=1))
    assert of("poll", troubles=(over,), polled_at=ago(hours=6)).key == "poll_broken"


def test_who_is_not_polled_has_no_sign_of_it() -> None:
    assert not [sign for sign in condition(facts(every=None), NOW).signs if sign.what == "poll"]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, timedelta(minutes=3)),
        ({"reached": ago(days=3)}, 3 * DAY),
        ({"polled_at": NOW + HOUR}, timedelta()),
        ({"polled_at": None}, None),
        ({"every": None}, None),
    ],
)
def test_lag_is_how_old_our_knowledge_may_be(more: dict[str, Any], expected: timedelta | None) -> None:
    assert lag(facts(**more), NOW) == expected


# ---------------------------------------------------------------- webhooks


FAILED = Trouble(concern="webhooks", code="retry", why="503", at=ago(minutes=2))
REFUSED = Trouble(concern="webhooks", code="rejected", why="no", at=ago(minutes=2))
WHOLE = Subscriptions(at=ago(minutes=40), whole_at=ago(minutes=40))


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"subscriptions": None}, ("never_checked", Level.WATCH, Heal.REPAIR_WEBHOOKS)),
        (
            {"subscriptions": Subscriptions(at=ago(minutes=1), missing=("orders/create",))},
            ("missing", Level.NEEDS_YOU, Heal.REPAIR_WEBHOOKS),
        ),
        (
            {"subscriptions": Subscriptions(at=ago(minutes=1), elsewhere=("orders/create",)), "every": None},
            ("missing", Level.BROKEN, Heal.REPAIR_WEBHOOKS),
        ),
        ({"subscriptions": Subscriptions(at=ago(hours=4))}, ("unchecked", Level.NEEDS_YOU, Heal.REPAIR_WEBHOOKS)),
        ({"troubles": (FAILED,)}, ("webhooks_failed", Level.NEEDS_YOU, Heal.REPAIR_WEBHOOKS)),
        ({"troubles": (FAILED,), "subscriptions": WHOLE}, ("webhooks_tried", Level.WATCH, Heal.REPAIR_WEBHOOKS)),
        (
            {"troubles": (FAILED,), "subscriptions": WHOLE, "every": None},
            ("webhooks_failed", Level.BROKEN, Heal.REPAIR_WEBHOOKS),
        ),
        (
            {"troubles": (FAILED,), "subscriptions": Subscriptions(at=ago(minutes=9), whole_at=ago(hours=4))},
            ("webhooks_failed", Level.NEEDS_YOU, Heal.REPAIR_WEBHOOKS),
        ),
        (
            {"troubles": (REFUSED,), "subscriptions": WHOLE},
            ("webhooks_failed", Level.NEEDS_YOU, Heal.REPAIR_WEBHOOKS),
        ),
        (
            {"subscriptions": Subscriptions(at=NOW, missing=("orders/create",)), "created_at": ago(minutes=1)},
            ("missing", Level.WATCH, Heal.REPAIR_WEBHOOKS),
        ),
        ({"reachable": False}, ("unreachable", Level.WATCH, Heal.SET_PUBLIC_URL)),
        ({"reachable": False, "every": None}, ("unreachable", Level.BROKEN, Heal.SET_PUBLIC_URL)),
        ({"subscribes": False}, ("managed_there", Level.WELL, Heal.NOTHING)),
    ],
)
def test_webhooks(more: dict[str, Any], expected: tuple[str, Level, Heal]) -> None:
    assert told(of("webhooks", **more)) == expected


def test_a_repair_is_told_for_a_day() -> None:
    for hours, key in ((23, "repaired"), (25, "subscribed")):
        seen = Subscriptions(at=ago(minutes=5), repaired=("orders/create",), repaired_at=ago(hours=hours), missed=3)
        assert of("webhooks", subscriptions=seen).key == key


def test_silence_is_no_alarm() -> None:
    """Some shops sell nothing for weeks: whether webhooks work is seen from the subscriptions, not from silence."""
    assert told(of("heard", heard_at=None)) == ("never_heard", Level.WELL, Heal.NOTHING)
    assert told(of("heard", heard_at=ago(days=60))) == ("heard", Level.WELL, Heal.NOTHING)


# ---------------------------------------------------------------- quota and credentials


@pytest.mark.parametrize(
    ("left", "resets_at", "key", "level"),
    [
        (500, None, "left", Level.WELL),
        (499, None, "scarce", Level.WATCH),
        (0, NOW + HOUR, "scarce_until", Level.WATCH),
        (0, ago(minutes=1), "left", Level.WELL),
    ],
)
def test_quota(left: int, resets_at: datetime | None, key: str, level: Level) -> None:
    quota = Left(left=left, of=10_000, unit="calls a day", at=ago(minutes=3), resets_at=resets_at)
    sign = of("quota", quota=quota)
    assert (sign.key, sign.level) == (key, level)
    assert condition(facts(quota=quota), NOW).level is Level.WELL, "it comes back by itself"


@pytest.mark.parametrize(
    ("given_at", "key", "level", "heal"),
    [
        (ago(days=149), "good_until", Level.WELL, Heal.NOTHING),
        (ago(days=150), "end_soon", Level.NEEDS_YOU, Heal.CONNECT_AGAIN),
        (ago(days=179), "end_soon", Level.NEEDS_YOU, Heal.CONNECT_AGAIN),
        (ago(days=180), "ended", Level.NEEDS_YOU, Heal.CONNECT_AGAIN),
    ],
)
def test_credentials_are_reminded_of_a_month_before_their_end(
    given_at: datetime, key: str, level: Level, heal: Heal
) -> None:
    sign = of("credentials", credentials_at=given_at, credentials_last=180 * DAY)
    assert told(sign) == (key, level, heal)
    assert sign.at == given_at + 180 * DAY


def test_credentials_without_an_end() -> None:
    assert told(of("credentials", renews=True)) == ("renewed", Level.WELL, Heal.NOTHING)
    assert not [sign for sign in condition(facts(secret=False), NOW).signs if sign.what == "credentials"]


# ---------------------------------------------------------------- what is stuck


def test_what_is_stuck_needs_a_person() -> None:
    assert told(of("dead", dead=2)) == ("dead", Level.NEEDS_YOU, Heal.RESEND_DEAD)
    assert told(of("set_aside", set_aside=1)) == ("set_aside", Level.NEEDS_YOU, Heal.LOOK_AT_SET_ASIDE)
    assert condition(facts(dead=1), NOW).level is Level.NEEDS_YOU


def test_other_failures_are_told_and_refused_credentials_only_once() -> None:
    for code, expected in {
        "retry": ("passing_trouble", Level.WATCH, Heal.NOTHING),
        "rejected": ("trouble", Level.NEEDS_YOU, Heal.TEST),
    }.items():
        assert told(of("tracking", troubles=(Trouble(concern="tracking", code=code, why="x"),))) == expected
    refused = Trouble(concern="tracking", code="reconnect", why="x")
    assert not [s for s in condition(facts(state="reconnect", troubles=(refused,)), NOW).signs if s.what == "tracking"]


def test_a_question_that_failed_is_asked_again_by_a_person_unless_a_poll_has_shown_that_it_passed() -> None:
    asked = Trouble(concern="check", code="retry", why="503", at=ago(minutes=5))
    assert told(of("check", troubles=(asked,), polled_at=None)) == ("trouble", Level.NEEDS_YOU, Heal.TEST)
    assert told(of("check", troubles=(asked,), polled_at=ago(minutes=6))) == ("trouble", Level.NEEDS_YOU, Heal.TEST)
    assert condition(facts(troubles=(asked,), polled_at=ago(minutes=4)), NOW).level is Level.WELL
    refused = Trouble(concern="check", code="rejected", why="no", at=ago(minutes=5))
    assert told(of("check", troubles=(refused,)))[:2] == ("trouble", Level.NEEDS_YOU)


# ---------------------------------------------------------------- words


times = st.none() | st.integers(-5_000, 5_000).map(lambda hours: NOW + hours * HOUR)
troubles = st.lists(
    st.builds(
        Trouble, concern=st.sampled_from(["poll", "webhooks", "tracking", "check"]),
        code=st.sampled_from(["retry", "rejected", "unknown", "bad_payload", "reconnect"]), why=st.text(max_size=9),
        at=times, until=times,
    ),
    max_size=3, unique_by=lambda trouble: trouble.concern,
)  # fmt: skip
seen = st.none() | st.builds(
    Subscriptions, at=times.filter(bool), missing=st.lists(st.text(max_size=5), max_size=2).map(tuple),
    repaired_at=times, missed=st.integers(0, 3),
)  # fmt: skip
quotas = st.none() | st.builds(
    Left, left=st.integers(0, 9), of=st.integers(1, 99), unit=st.just("calls"), at=times.filter(bool), resets_at=times
)
any_facts = st.builds(
    facts, state=st.sampled_from(["active", "reconnect", "closed"]), polled_at=times, reached=times, heard_at=times,
    hears=st.booleans(), subscribes=st.booleans(), reachable=st.booleans(), subscriptions=seen, quota=quotas,
    credentials_last=st.none() | st.just(180 * DAY), renews=st.booleans(), dead=st.integers(0, 2),
    set_aside=st.integers(0, 2), troubles=troubles.map(tuple), unopened=st.sampled_from(["", "no key"]),
)  # fmt: skip


@given(any_facts)
def test_every_sign_has_words_and_whatever_needs_a_person_says_what_to_do(given_facts: Facts) -> None:
    whole = condition(given_facts, NOW)
    for sign in whole.signs:
        assert sign.key in account_words.SAYS, sign.key
        assert account_words.says(sign)
        if sign.level in (Level.NEEDS_YOU, Level.BROKEN):
            assert account_words.command(sign.heal, 7), sign
    assert whole.level is not Level.WATCH
    worst = {sign.level for sign in whole.signs} & {Level.NEEDS_YOU, Level.BROKEN}
    assert (whole.level is Level.WELL) is not bool(worst)


def test_every_heal_can_be_done() -> None:
    assert set(account_words.COMMANDS) == set(Heal) - {Heal.NOTHING}
    assert set(account_words.BUTTONS) == set(Heal) - {Heal.NOTHING, Heal.SET_PUBLIC_URL, Heal.START_SCHEDULER}


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(60, "every minute"), (300, "every 5 minutes"), (3600, "every hour"), (90, "every 90 seconds")],
)
def test_paces_in_words(seconds: int, words: str) -> None:
    assert account_words.pace(seconds) == words
