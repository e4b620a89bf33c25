"""Returns of Medusa's order → the hub's notices. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.medusa import wire, words
from connectors.medusa.wire_returns import ReturnItem
from hub.domain.order import ReturnedLine, ReturnNotice


def return_notices(order: wire.Order) -> Iterator[ReturnNotice]:
    """One for each return, as it now stands. One that somebody is still putting together (`open`) is none yet."""
    for given in sorted(order.returns or (), key=lambda each: each.id):
        if given.status == words.RETURN_DRAFT:
            continue
        yield ReturnNotice(
            order_id=order.id,
            external_id=given.id,
            at=given.updated_at or order.updated_at,
            status=words.RETURN.get(given.status),
            word=given.status,
            number=str(given.display_id) if given.display_id is not None else "",
            lines=tuple(returned_line(item) for item in given.items or ()),
            requested_at=given.requested_at or given.created_at,
        )


def returned_line(item: ReturnItem) -> ReturnedLine:
    """Units of one line."""
    return ReturnedLine(
        line_id=item.item_id,
        quantity=item.quantity,
        received=item.received_quantity or 0,
        reason=(item.reason.value if item.reason else None) or "",
    )
