"""The shape of an order: the hub's own, which the import makes of rows and columns.

Source: `hub.domain.placed_order`, which /api/openapi.json describes as `PlacedOrder`.
"""

from __future__ import annotations

from hub.domain.placed_order import PlacedOrder as Order

__all__ = ["Order"]
