"""Returns of an order: asked for with it, each told as it stands, and told again when it moves."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.medusa import MedusaChannel, words
from hub.contract import Cursor
from hub.domain.order import ChannelOrder, ReturnedLine, ReturnNotice, ReturnStatus
from tests.connectors.medusa.documents import item, order
from tests.connectors.medusa.server import MedusaDouble


def a_return(number: int, status: str, at: str, *items: dict[str, Any]) -> dict[str, Any]:
    """A return as the admin API shows it."""
    return {
        "id": f"return_{number}", "display_id": number, "status": status, "created_at": "2026-11-22T10:00:00.000Z",
        "requested_at": "2026-11-22T10:30:00.000Z", "updated_at": at, "items": list(items),
    }  # fmt: skip


def back(line: str, units: int, received: int = 0, reason: str | None = None) -> dict[str, Any]:
    """Units of a line in a return."""
    return {
        "id": f"retitem_{line}", "item_id": f"ordli_{line}", "quantity": units, "received_quantity": received,
        "damaged_quantity": 0, "reason_id": reason and "rr_1", "reason": reason and {"id": "rr_1", "value": reason},
    }  # fmt: skip


async def told(channel: MedusaChannel, order_id: str) -> tuple[str, list[ReturnNotice]]:
    """The id of the order's delivery by polling, and its returns."""
    page = await channel.pull_orders(Cursor())
    (delivery,) = [each for each in page.deliveries if order_id in each.id]
    first, *others = channel.read(delivery)
    assert isinstance(first, ChannelOrder)
    return delivery.id, [each for each in others if isinstance(each, ReturnNotice)]


async def test_returns_come_with_their_order_and_again_when_they_move(
    channel: MedusaChannel, double: MedusaDouble
) -> None:
    document = order(9, [item("91", 5, 3), item("92", 5, 1)], "2026-11-22T09:00:00.000Z")
    made = double.shop.add(document)
    document["returns"] = [
        a_return(2, "open", "2026-11-22T10:00:00.000Z", back("92", 1)),
        a_return(1, "requested", "2026-11-22T10:30:00.000Z", back("91", 2, 0, "too-small"), back("92", 1)),
    ]
    first, (asked,) = await told(channel, made)
    assert (asked.external_id, asked.number, asked.status) == ("return_1", "1", ReturnStatus.REQUESTED)
    assert asked.lines == (
        ReturnedLine(line_id="ordli_91", quantity=2, reason="too-small"), ReturnedLine(line_id="ordli_92", quantity=1),
    )  # fmt: skip
    assert asked.at.isoformat() == asked.requested_at.isoformat() == "2026-11-22T10:30:00+00:00"  # type: ignore[union-attr]

    document["returns"][1] = a_return(
        1, "partially_received", "2026-11-23T10:00:00.000Z", back("91", 2, 1, "too-small"), back("92", 1)
    )
    second, (partly,) = await told(channel, made)
    assert second != first, "the return moved, and its order did not"
    assert (partly.status, partly.word) == (ReturnStatus.IN_TRANSIT, "partially_received")
    assert [line.received for line in partly.lines] == [1, 0] and partly.at > asked.at


@pytest.mark.parametrize("word", ["open", "requested", "received", "partially_received", "canceled"])
def test_every_standing_of_a_return_is_known(word: str) -> None:
    """ReturnStatus of Medusa's order module, and `open` for one that is being put together."""
    assert word == words.RETURN_DRAFT or word in words.RETURN
