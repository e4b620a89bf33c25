"""Pushing does a thing once: the key goes along, a lost answer is looked up, and nothing is repeated blindly."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from hub.contract import Answer, Channel, Http, LooksUp, PushesAtOnce
from hub.domain.order import Value
from hub.domain.outgoing import Kind, Label, Receipt
from hub.errors import Retry, Unknown
from tests.connectors.checks.between import Between
from tests.connectors.checks.common import demand, meeting, outcome, push
from tests.connectors.harness import Double, Harness

KEY = "suite-7f3a9"
THINGS = ("order_id", "payment_id", "listing_id", "sku", "service")
"""Fields of a payload that name a thing the other side must know."""

LIMIT = 12
"""A push that takes more calls than this is not one push."""


@asynccontextmanager
async def behind(harness: Harness, http: Http) -> AsyncIterator[tuple[Double, Between, Any]]:
    """A fresh double, and the channel opened on it through a proxy that can lose answers."""
    async with harness.serve() as double, Between(double.url).serving() as between:
        yield double, between, harness.connector.open(harness.account(between.url), http)


def times(double: Double, kind: Kind) -> int:
    """How often a push of `kind` took effect at the other side."""
    return sum(done is kind or done == kind for done, _ in double.effects())


async def check_every_capability_is_tested(harness: Harness, http: Http) -> None:
    """The harness has a payload for every kind the channel takes, and what About says of kinds is so."""
    async with meeting(harness, http) as (_, channel):
        about, taken = harness.connector.about, {kind for kind in Kind if hasattr(channel, kind.value)}
        demand(taken == set(harness.pushes), f"the channel takes {sorted(taken)}, the harness {sorted(harness.pushes)}")
        demand(about.repeatable <= taken, f"About.repeatable names what is not taken: {about.repeatable - taken}")
        demand(set(about.at_once) <= taken, f"About.at_once names what is not taken: {set(about.at_once) - taken}")
        if about.at_once:
            demand(isinstance(channel, PushesAtOnce), "About.at_once needs push_at_once()")
        if taken - about.repeatable:
            demand(isinstance(channel, LooksUp), f"{sorted(taken - about.repeatable)} need LooksUp: they carry no key")


async def check_a_channel_is_what_it_says(harness: Harness, http: Http) -> None:
    """It opens on its own account, says who we are, and its name is that of its folder."""
    async with meeting(harness, http) as (double, channel):
        demand(isinstance(channel, Channel), f"{channel!r} is no Channel")
        demand(channel.account == harness.account(double.url), "the channel does not keep the account it was opened on")
        name = await outcome("check", channel.check())
        demand(isinstance(name, str) and name.strip(), f"check() gave {name!r} instead of the account's name")


async def check_pushes_carry_the_key(harness: Harness, http: Http) -> None:
    """What the other side sees names the key, or where it has no keys our reference, so that it can be asked for it."""
    for kind, payload in harness.pushes.items():
        async with meeting(harness, http) as (double, channel):
            got = await outcome(f"{kind}", push(channel, harness, kind, KEY))
            demand(isinstance(got, Receipt), f"{kind} gave {got!r} on a system that works")
            demand(times(double, kind) == 1, f"one {kind} took effect {times(double, kind)} times")
            if kind is Kind.BUY_LABEL:
                demand(isinstance(got.label, Label), "the receipt of a bought label carries no label")  # type: ignore[attr-defined]
            mark = KEY if kind in harness.connector.about.repeatable else getattr(payload, "reference", "") or KEY
            wire = b"\n".join(it.path.encode() + str(dict(it.headers)).encode() + it.body for it in double.seen)
            demand(mark.encode() in wire, f"no request of {kind} carries {mark!r}")


async def check_a_repeat_takes_effect_once(harness: Harness, http: Http) -> None:
    """Kinds that About calls repeatable can be repeated with their key: one effect, one receipt."""
    for kind in harness.connector.about.repeatable & harness.pushes.keys():
        async with meeting(harness, http) as (double, channel):
            first = await outcome(f"{kind}", push(channel, harness, kind, KEY))
            again = await outcome(f"{kind} repeated", push(channel, harness, kind, KEY))
            demand(isinstance(again, Receipt), f"{kind} repeated with its key gave {again!r}")
            demand(times(double, kind) == 1, f"{kind} sent twice with one key took effect {times(double, kind)} times")
            same = first.external_id == again.external_id  # type: ignore[attr-defined]
            demand(same, f"{kind}: two receipts for one effect: {first!r} and {again!r}")


async def check_a_lost_answer_is_not_repeated_blindly(harness: Harness, http: Http) -> None:
    """Whichever answer on the way is lost, with the connection or behind a 502: one effect at most; if there was one,
    it is Unknown until looked up."""
    for kind in harness.pushes:
        for status in (0, 502):
            number, calls = 1, 1
            while number <= calls:
                async with behind(harness, http) as (double, between, channel):
                    await outcome("check", channel.check())
                    before, between.status = between.passed, status
                    between.spoil = before + number
                    got = await outcome(f"{kind} with answer {number} lost", push(channel, harness, kind, KEY))
                    calls = max(calls, between.passed - before)
                    demand(calls <= LIMIT, f"one {kind} took {calls} calls")
                    between.spoil = 0  # a question that was asked again by itself counts above: spare the look-up
                    await _judge_lost(harness, double, channel, (kind, got))
                number += 1


async def _judge_lost(harness: Harness, double: Double, channel: Any, lost: tuple[Kind, object]) -> None:
    kind, got = lost
    done, repeatable = times(double, kind), kind in harness.connector.about.repeatable
    demand(done <= 1, f"{kind}: one lost answer, and it took effect {done} times")
    if done == 0:
        demand(
            isinstance(got, Retry | Unknown), f"{kind}: nothing happened and an answer was lost, but it gave {got!r}"
        )
        return
    fine = isinstance(got, Unknown | Receipt) or (repeatable and isinstance(got, Retry))
    demand(fine, f"{kind} took effect and its answer was lost: that is Unknown, but it gave {got!r}")
    if isinstance(channel, LooksUp):
        found = await outcome("look_up", channel.look_up(kind, harness.pushes[kind], KEY))
        demand(isinstance(found, Receipt), f"look_up does not find the {kind} that took effect: {found!r}")
    if repeatable:
        again = await outcome(f"{kind} repeated", push(channel, harness, kind, KEY))
        demand(isinstance(again, Receipt), f"{kind} repeated after a lost answer gave {again!r}")
        demand(times(double, kind) == 1, f"{kind} repeated with its key took effect twice")


async def check_look_up_knows_what_never_happened(harness: Harness, http: Http) -> None:
    """What the other side never saw is None, so that it is sent; a failure to ask is a failure."""
    async with meeting(harness, http) as (double, channel):
        assert isinstance(channel, LooksUp)
        for kind, payload in harness.pushes.items():
            never = await outcome("look_up", channel.look_up(kind, payload, "suite-never"))
            demand(never is None, f"look_up found a {kind} that was never sent: {never!r}")
            double.fail(500)
            failed = await outcome("look_up", channel.look_up(kind, payload, "suite-never"))
            demand(isinstance(failed, Retry), f"look_up took a failure for an answer: {failed!r}")
        demand(not double.effects(), f"look_up changed something: {double.effects()}")


async def check_many_at_once_answer_in_order(harness: Harness, http: Http) -> None:
    """One answer for each message, in their order; the one that is refused does not take the others with it."""
    for kind, most in harness.connector.about.at_once.items():
        async with meeting(harness, http) as (double, channel):
            payloads = several(harness.pushes[kind], min(most, 5))
            keys = [f"{KEY}-{number}" for number in range(len(payloads))]
            answers = await outcome("push_at_once", channel.push_at_once(kind, payloads, keys))
            right = isinstance(answers, Sequence) and len(answers) == len(payloads)
            demand(right, f"push_at_once of {len(payloads)} {kind} gave {answers!r}")
            assert isinstance(answers, Sequence)
            demand(all(isinstance(it, Answer) for it in answers), f"push_at_once gave {answers!r}, not all Answers")
            _judge_order(kind, answers)
            done = times(double, kind)
            demand(done == len(payloads) - 1, f"{len(payloads) - 1} good {kind} at once took effect {done} times")


def _judge_order(kind: Kind, answers: Sequence[Answer]) -> None:
    for place, answer in enumerate(answers):
        if place == 1:
            refused = answer.failure == "reject" and answer.receipt is None and answer.why
            demand(refused, f"the second {kind} names nothing known and must be refused with a reason: {answer!r}")
        else:
            fine = answer.receipt is not None and not answer.failure
            demand(fine, f"{kind} number {place + 1} of many is in order, but its answer is {answer!r}")


def several(payload: Value, count: int) -> list[Value]:
    """`count` payloads like `payload`, each its own; the second names a thing that does not exist."""
    made: list[Value] = []
    for number in range(count):
        changes: dict[str, Any] = {}
        if hasattr(payload, "reference"):
            changes["reference"] = f"{payload.reference}-{number}"
        if hasattr(payload, "version"):
            changes["version"] = payload.version + number
        if number == 1:
            changes |= {name: "no-such-thing" for name in THINGS if hasattr(payload, name)}
        made.append(msgspec.structs.replace(payload, **changes))
    return made
