"""`replay`: recorded deliveries through the real door, signed as their channel signs them."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import aiohttp
from msgspec import Struct

from hub.actions.find_account import find_account
from hub.actions.services import Services
from hub.command.channels import MERCHANT
from hub.contract import HearsWebhooks, ReplaysRecordings
from hub.errors import Invalid, Reject

WAITING = "SELECT count(*) FROM inbox WHERE kind = 0 AND state = 0 AND due_at <= now()"
MOVING = """SELECT (SELECT count(*) FROM orders WHERE state < 9 AND due_at <= now())
    + (SELECT count(*) FROM fulfillment_orders WHERE state < 9 AND due_at <= now())
    + (SELECT count(*) FROM outbox WHERE state < 9 AND due_at <= now())"""
SETTLE_SECONDS = 60.0


class Replayed(Struct, frozen=True):
    """What became of one file."""

    file: str
    topic: str
    status: int
    said: str = ""


class Replays(Struct, frozen=True):
    """All files; `failed` when any was refused."""

    replayed: tuple[Replayed, ...]

    @property
    def failed(self) -> bool:
        return any(not 200 <= one.status < 300 for one in self.replayed)


async def replay(
    services: Services, files: Sequence[Path], account: str, how: tuple[str, str], *, settle: bool = False
) -> Replays:
    """Posts every file to the account's webhook address. `how`: topic (empty: what the file looks like) and address.

    With `settle` it also waits until the deliveries are taken in and nothing moves any more.
    """
    topic, address = how
    account_id = await find_account(services.database, MERCHANT, account)
    channel = await services.accounts.open(account_id)
    if not isinstance(channel, HearsWebhooks):
        raise Invalid("--account", f"{channel.account.connector} sends no webhooks")
    done = []
    async with aiohttp.ClientSession() as session:
        for file in files:
            url = f"{address.rstrip('/')}/webhooks/{account_id}"
            done.append(await _post(session, url, channel, (file, topic)))
    if settle:
        await at_rest(services)
    return Replays(tuple(done))


async def _post(session: aiohttp.ClientSession, url: str, channel: HearsWebhooks, what: tuple[Path, str]) -> Replayed:
    file, topic = what
    raw = await asyncio.to_thread(file.read_bytes)
    try:
        topic, body = channel.unwrap(raw, topic) if isinstance(channel, ReplaysRecordings) else (topic, raw)
    except Invalid as error:
        return Replayed(file.name, topic, 0, str(error))
    headers = {"Content-Type": "application/json", **channel.sign(topic, body)}
    try:
        async with session.post(url, data=io.BytesIO(body), headers=headers) as answer:
            return Replayed(file.name, topic, answer.status, (await answer.text())[:200])
    except aiohttp.ClientError as error:
        raise Reject(f"no server answers at {url}: {error}; start one with `python main.py serve`") from None


async def at_rest(services: Services, seconds: float = SETTLE_SECONDS) -> bool:
    """Waits until nothing is due any more, or `seconds` are over; returns whether it came to rest."""
    quiet, deadline = 0, asyncio.get_running_loop().time() + seconds
    while asyncio.get_running_loop().time() < deadline:
        busy: Any = await services.database.plain.fetchval(f"SELECT ({WAITING}) + ({MOVING})")
        quiet = quiet + 1 if not busy else 0
        if quiet == 3:
            return True
        await asyncio.sleep(0.1)
    return False
