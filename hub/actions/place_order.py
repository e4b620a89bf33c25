"""Place an order: the hub's own JSON, checked to the last field, joins the inbox where every channel's orders end too.

The answer comes after the commit, so nothing is lost; the idempotency key is the delivery's id, so nothing is taken
twice, whoever repeats it and whichever host it reaches.
"""

from __future__ import annotations

import asyncio
import hashlib
from typing import Protocol

import msgspec
from msgspec import Struct

from hub.actions.order_view import View
from hub.actions.own_accounts import OwnAccount
from hub.actions.services import Services
from hub.contract import Account, Delivery
from hub.domain.lifecycle import Inbox as State
from hub.domain.order import ChannelOrder
from hub.domain.placed_order import PlacedOrder
from hub.domain.placed_order_reading import require_sums
from hub.domain.sanity import sane
from hub.errors import BadPayload, Conflict, Invalid

PATIENCE = 1.0
"""Seconds that an answer waits for the order to be taken in, so that it can name its id."""

LOOKS = (0.01, 0.02, 0.04, 0.08, 0.1)
"""Seconds between looks; the last stays."""

LONGEST_KEY = 255

STORED = "SELECT body FROM inbox WHERE merchant_id = $1 AND account_id = $2 AND delivery_id = $3"
TAKEN = """SELECT i.state, o.id FROM inbox i LEFT JOIN orders o
        ON o.merchant_id = i.merchant_id AND o.account_id = i.account_id AND o.external_id = $4
    WHERE i.merchant_id = $1 AND i.account_id = $2 AND i.delivery_id = $3"""


class KeyReused(Conflict):
    """The idempotency key stands for another order already."""

    code = "key_reused"


class Keeps(Protocol):
    """The inbox (`hub.flow.inbox.Inbox`), or what stands before it."""

    async def keep(self, account: Account, delivery: Delivery) -> bool: ...


class Placing(Struct, frozen=True, kw_only=True):
    """An order as it came: `body` is JSON of `PlacedOrder`, `key` the idempotency key, which may be empty where the
    order has an id of its own. `patience`: seconds to wait for its id."""

    body: bytes
    key: str = ""
    patience: float = PATIENCE


class Placed(View, frozen=True):
    """An order that is safe. `state` is `taken_in`, with its `id`, or `kept`: it will have one in a moment; `number`
    finds it."""

    id: str
    external_id: str
    number: str
    account: str
    state: str


class _Named(Struct):
    id: str = ""


async def place_order(services: Services, inbox: Keeps, own: OwnAccount, placing: Placing) -> Placed:
    """Returns after the commit. Raises `BadPayload` with the path of what is wrong, `Invalid` for a key that is missing
    or none, `KeyReused`, and `Retry` when it cannot be stored now."""
    delivery = _delivery(services, own, placing)
    order = read_placed(own, delivery)
    # Only now: what is wrong with the order is worth more to know than that its key is missing.
    if not placing.key and not msgspec.json.decode(placing.body, type=_Named).id.strip():
        raise Invalid("Idempotency-Key", "send one, or give the order an id: else a repeat would be a second order")
    if not await inbox.keep(own.account, delivery):
        await _require_same(services, own.account, delivery)
    order_id = await _order_id(services, own.account, (delivery.id, order.external_id), placing.patience)
    return Placed(
        id=str(order_id or ""),
        external_id=order.external_id,
        number=order.number,
        account=own.account.name,
        state="taken_in" if order_id else "kept",
    )


def read_placed(own: OwnAccount, delivery: Delivery) -> ChannelOrder:
    """What intake will read, held to what only whoever sends it can still correct. Raises `BadPayload`."""
    (news,) = own.reads.read(delivery)
    if not isinstance(news, ChannelOrder):
        raise BadPayload("$", "is no order")
    order = sane(news)
    require_sums(order)
    return order


def _delivery(services: Services, own: OwnAccount, placing: Placing) -> Delivery:
    if placing.key:
        if len(placing.key) > LONGEST_KEY or not (placing.key.isascii() and placing.key.isprintable()):
            raise Invalid("Idempotency-Key", f"is 1 to {LONGEST_KEY} printable ASCII characters")
        mark = f"key:{hashlib.sha256(placing.key.encode()).hexdigest()[:40]}"
    else:
        mark = f"body:{hashlib.sha256(placing.body).hexdigest()[:40]}"
    return Delivery(mark, own.reads.placed_topic, placing.body, services.clock.now())


async def _require_same(services: Services, account: Account, delivery: Delivery) -> None:
    """Raises `KeyReused` unless what is kept under the delivery's id says the same, however it is written."""
    stored = await services.database.plain.fetchval(STORED, account.merchant_id, account.id, delivery.id)
    if stored is None or bytes(stored) == delivery.body:
        return
    reused = KeyReused("this Idempotency-Key was sent with another order; every order needs a key of its own")
    try:
        before = msgspec.json.decode(bytes(stored), type=PlacedOrder)
    except msgspec.MsgspecError:  # whoever it was about has been forgotten meanwhile
        raise reused from None
    if before != msgspec.json.decode(delivery.body, type=PlacedOrder):
        raise reused


async def _order_id(services: Services, account: Account, told: tuple[str, str], patience: float) -> int | None:
    """The order's id as soon as the delivery is taken in; None when that takes longer than `patience`. `told`: the
    delivery's id and the order's own."""
    loop = asyncio.get_running_loop()
    deadline, waits = loop.time() + patience, iter(LOOKS)
    pause = next(waits)
    while True:
        row = await services.database.plain.fetchrow(TAKEN, account.merchant_id, account.id, *told)
        if row is not None and row["state"] != State.PENDING:
            return int(row["id"]) if row["id"] is not None else None
        if loop.time() + pause > deadline:
            return None
        await asyncio.sleep(pause)
        pause = next(waits, pause)
