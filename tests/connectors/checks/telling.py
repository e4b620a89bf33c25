"""What a channel tells of itself besides orders: nudges and quotas."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hub.contract import Delivery, Http, Quota
from tests.connectors.checks.common import attempt, demand, fixtures, meeting, outcome, receive
from tests.connectors.checks.payloads import HOSTILE
from tests.connectors.harness import Harness


async def check_nudges_name_accounts_and_never_raise(harness: Harness, http: Http) -> None:
    """A nudge is asked of every delivery that was kept, readable or not, after the sender was answered: it gives None,
    or plain fields that name an account, the same each time, and calls nobody."""
    plain = {field.name for field in harness.connector.about.credentials if not field.secret}
    async with meeting(harness, http) as (double, channel):
        for what, delivery in _deliveries(harness, channel):
            told = [attempt(f"nudge of {what}", channel.nudge, delivery) for _ in range(2)]
            demand(told[0] == told[1], f"nudge of {what} is different from one time to the next: {told}")
            demand(told[0] is None or isinstance(told[0], Mapping), f"nudge of {what} is {told[0]!r}")
            if isinstance(told[0], Mapping):
                strange = {name: text for name, text in told[0].items() if name not in plain or not text}
                demand(not strange, f"nudge of {what} names {strange}: no account can be found by that")
        demand(not double.seen, f"a nudge called the other side: {double.seen}")


def _deliveries(harness: Harness, channel: Any) -> Iterator[tuple[str, Delivery]]:
    topics = {"": b""}
    for fixture in fixtures(harness):
        topics[fixture.topic] = fixture.body
        yield fixture.name, receive(channel, fixture.topic, fixture.body)
    for topic in topics:
        for what, body in HOSTILE.items():
            yield f"{what} as {topic!r}", Delivery(id="d1", topic=topic, body=body)


async def check_a_quota_is_a_part_of_a_whole(harness: Harness, http: Http) -> None:
    """A quota may be unknown; one that is told after a call is between nothing and all of it, with words for what it
    counts."""
    async with meeting(harness, http) as (_, channel):
        for doing in ("before any call", "after one"):
            told = await outcome(f"quota {doing}", channel.quota())
            demand(told is None or isinstance(told, Quota), f"quota {doing} is {told!r}")
            if isinstance(told, Quota):
                demand(0 <= told.left <= told.of and told.of > 0, f"quota {doing}: {told.left} of {told.of}")
                demand(told.unit, f"quota {doing} does not say what it counts")
                demand(told.resets_at is None or told.resets_at.tzinfo, f"quota {doing} resets at a naive time")
            await channel.check()
