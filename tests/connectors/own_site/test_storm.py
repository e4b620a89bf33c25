"""A storm: a site repeats what was not acknowledged, shuffled and several times over; what is heard is what it has."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.http import AioHttp
from hub.domain.order import ChannelOrder
from hub.errors import BadPayload, Forbidden
from hub.flow.intake_orders import rank
from tests.connectors.checks.common import lowered
from tests.connectors.own_site.harness import HARNESS

START = datetime(2026, 11, 22, 9, tzinfo=UTC)


def versions(site: random.Random, number: int) -> list[dict[str, Any]]:
    """An order as the site has it after each change, at most four of them; some are equal in time."""
    body: dict[str, Any] = {
        "id": f"web-{number}", "currency": site.choice(["EUR", "JPY", "BHD"]), "placed_at": START.isoformat(),
        "lines": [{"sku": f"S{line}", "quantity": site.randint(1, 9), "unit_price": site.randint(0, 10**6)}
                  for line in range(site.randint(1, 4))],
    }  # fmt: skip
    made = []
    for step in range(site.randint(1, 4)):
        at = START + timedelta(seconds=site.choice([step, step, max(0, step - 1)]))
        body = {**body, "revised_at": at.isoformat(), "note": f"version {step}", "paid": step > 1}
        made.append(body)
    return made


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_after_a_storm_the_orders_are_the_sites(seed: int, http: AioHttp) -> None:
    site = random.Random(seed)
    channel = HARNESS.connector.open(HARNESS.account(""), http)
    said = {number: versions(site, number) for number in range(60)}
    posts = [json.dumps(body).encode() for bodies in said.values() for body in bodies]
    queue = [post for post in posts for _ in range(site.randint(1, 5))]
    site.shuffle(queue)
    kept: dict[str, ChannelOrder] = {}
    missed: list[bytes] = []
    for post in queue:
        headers = lowered(channel.sign("order", post))
        if site.random() < 0.1:  # lost on the way: the site has no answer, and sends it again later
            missed.append(post)
            continue
        if site.random() < 0.1:
            with pytest.raises(Forbidden):
                channel.verify(headers, post[:-1] + b" }")
        _keep(channel, kept, channel.verify(headers, post))
    for post in missed:
        _keep(channel, kept, channel.verify(lowered(channel.sign("order", post)), post))
    assert len(kept) == len(set(posts))
    newest: dict[str, ChannelOrder] = {}
    for order in kept.values():
        before = newest.get(order.external_id)
        newest[order.external_id] = order if before is None else max(before, order, key=rank)
    assert set(newest) == {f"web-{number}" for number in said}
    for number, bodies in said.items():
        latest = max(body["revised_at"] for body in bodies)
        assert newest[f"web-{number}"].revised_at.isoformat() == latest


def _keep(channel: Any, kept: dict[str, ChannelOrder], delivery: Any) -> None:
    """What the inbox does: the first of an id stays, and reads the same whenever it comes."""
    (order,) = channel.read(delivery)
    before = kept.setdefault(delivery.id, order)
    assert before.total == order.total


async def test_an_outage_page_is_no_order(http: AioHttp) -> None:
    channel = HARNESS.connector.open(HARNESS.account(""), http)
    page = b"<html><body>502 Bad Gateway</body></html>"
    with pytest.raises(BadPayload):
        channel.read(channel.verify(lowered(channel.sign("order", page)), page))
