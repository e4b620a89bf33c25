"""What lets the hub hand over orders that it took itself: from its API, the phone desk, a file."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from hub.contract.capabilities import Reads


@runtime_checkable
class ReadsPlacedOrders(Reads, Protocol):
    """Orders in the hub's own JSON (`hub.domain.placed_order.PlacedOrder`) may be kept as deliveries of this account:
    `read` of a delivery with `placed_topic` gives one `ChannelOrder`, dated and named by the delivery where its body
    does not say."""

    placed_topic: str
