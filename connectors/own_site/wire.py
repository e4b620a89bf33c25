"""The shape of an order: the hub's own, so that its API, a till and a signed post say the same thing the same way.

Source: `hub.domain.placed_order`, which /api/openapi.json describes as `PlacedOrder`.
"""

from __future__ import annotations

from hub.domain.placed_order import PlacedOrder as Order

__all__ = ["Order"]
