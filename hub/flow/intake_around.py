"""What amendments read of the orders they touch, and what they ask of it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from hub.domain.address_told import KEPT_AS, Told, told
from hub.domain.order import Address, ChannelOrder
from hub.flow.intake_common import Present
from hub.flow.loading import grouped
from hub.store.database import Row, Tx

LINES = "SELECT * FROM order_lines WHERE order_id = ANY($1::bigint[]) ORDER BY order_id, position"
PAYMENTS = "SELECT * FROM payments WHERE order_id = ANY($1::bigint[])"
TRACKING = "SELECT order_id, tracking_number FROM parcels WHERE order_id = ANY($1::bigint[]) AND tracking_number <> ''"
WORKS = "SELECT id, order_id, state FROM fulfillment_orders WHERE order_id = ANY($1::bigint[])"
REPLACED = f"""SELECT order_id, detail->'{KEPT_AS}' AS address FROM holds
    WHERE order_id = ANY($1::bigint[]) AND state = 'released' AND detail ? '{KEPT_AS}'"""  # noqa: S608 our own text
FORGET_REPLACED = f"""UPDATE holds SET detail = detail - '{KEPT_AS}'
    WHERE order_id = ANY($1::bigint[]) AND detail ? '{KEPT_AS}'"""  # noqa: S608 our own text

_address = msgspec.json.Decoder(Address | None)


class Around:
    """Lines, payments, parcels and fulfillment orders: four statements a batch. One more when a channel tells another
    address than ours, and one more when it has really changed one that was corrected."""

    def __init__(self) -> None:
        self.lines: dict[int, list[Row]] = {}
        self.payments: dict[int, list[Row]] = {}
        self.tracking: dict[int, frozenset[str]] = {}
        self.works: dict[int, list[Row]] = {}
        self._replaced: dict[int, list[Address | None]] = {}
        self._over: list[int] = []

    @classmethod
    async def load(cls, tx: Tx, amended: Sequence[tuple[Present, ChannelOrder]]) -> Around:
        """Reads around orders, each with the revision that is to be taken in."""
        around, ids = cls(), [present.id for present, _ in amended]
        around.lines = grouped(await tx.fetch(LINES, ids), "order_id")
        around.payments = grouped(await tx.fetch(PAYMENTS, ids), "order_id")
        numbers = grouped(await tx.fetch(TRACKING, ids), "order_id")
        around.tracking = {key: frozenset(row["tracking_number"] for row in rows) for key, rows in numbers.items()}
        around.works = grouped(await tx.fetch(WORKS, ids), "order_id")
        elsewhere = [present.id for present, order in amended if order.ship_to != goes_to(present)]
        if elsewhere:
            replaced = grouped(await tx.fetch(REPLACED, elsewhere), "order_id")
            around._replaced = {
                key: [_address.decode(row["address"]) for row in rows] for key, rows in replaced.items()
            }
        return around

    def moved(self, present: Present, order: ChannelOrder) -> bool:
        """Whether the channel wants the order elsewhere; what was decided about its address before is over then."""
        replaced = self._replaced.get(present.id, [])
        changed = told(order.ship_to, goes_to(present), replaced) is Told.CHANGED
        if changed and replaced:
            self._over.append(present.id)
        return changed

    async def write(self, tx: Tx) -> None:
        """Forgets decisions that are over."""
        if self._over:
            await tx.execute(FORGET_REPLACED, self._over)


def goes_to(present: Present) -> Address | None:
    """Where an order goes as it is stored."""
    return _address.decode(present.row["ship_to"]) if present.row["ship_to"] else None
