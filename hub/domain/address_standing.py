"""What may be done about where an order goes, and by whom."""

from __future__ import annotations

from enum import StrEnum

from hub.domain.order import Value

OVER = frozenset({"cancelled", "rejected"})


class Standing(StrEnum):
    """What may be done about where an order goes."""

    HELD = "held"
    """It waits for its address: the customer may correct it."""
    BY_PERSON = "by_person"
    """It waits for its address, and the country is missing, or is the trouble: that decides prices and law."""
    OPEN = "open"
    """It does not wait for its address, and nothing of it is labeled: a person may change it."""
    LABELED = "labeled"
    """A label with the address has been bought."""
    LEFT = "left"
    """Goods have left, or all is done."""
    OVER = "over"
    """Cancelled or rejected."""


class Progress(Value, frozen=True):
    """How far an order is. `left`: units have been shipped, or it is done. `held`: an address hold is open, which is
    `correctable` where it offers another address for an address that is wrong; `abroad`: the country is the trouble."""

    phase: str
    left: bool
    labeled: bool
    held: bool
    correctable: bool = False
    abroad: bool = False


def standing(order: Progress) -> Standing:
    """Holds before labels: what waits has gone nowhere."""
    if order.phase in OVER:
        return Standing.OVER
    if order.left:
        return Standing.LEFT
    if not order.held:
        return Standing.LABELED if order.labeled else Standing.OPEN
    return Standing.HELD if order.correctable and not order.abroad else Standing.BY_PERSON
