"""Whether a channel that tells where an order goes has changed it, or only says again what somebody corrected here.

A channel does not learn of a correction: every later revision of the order, be it the echo of our own shipment, carries
its old address. So what a correction replaced is remembered in the detail of the hold that it released (`KEPT_AS`;
`hub.flow.erasing` clears it), and only an address that is neither that nor ours is a change. After a change the memory
is over: should the channel go back to an old address, it means it.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

from hub.domain.order import Address

KEPT_AS = "instead_of"
"""Under this name the detail of a released hold has the address (null for none) that was decided against."""


class Told(StrEnum):
    """What a channel's word on where an order goes is worth."""

    OURS = "ours"
    """It goes there already."""
    REPLACED = "replaced"
    """Somebody here decided against that address: the order stays as it is."""
    CHANGED = "changed"
    """The channel wants it elsewhere."""


def told(address: Address | None, ours: Address | None, replaced: Collection[Address | None]) -> Told:
    """What `address`, as a newer revision tells it, means for an order that goes to `ours`. `replaced`: every address
    that was decided against since the channel last changed it; None stands for an order without one."""
    if address == ours:
        return Told.OURS
    return Told.REPLACED if address in replaced else Told.CHANGED
