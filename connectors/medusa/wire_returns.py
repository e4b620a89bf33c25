"""Medusa's returns, as an order shows them. Source: Admin API reference, AdminReturn and AdminReturnItem."""

from __future__ import annotations

from connectors.medusa.wire_base import Count, Id, Time, Wire


class ReturnReason(Wire, frozen=True):
    """Why goods come back; `value` is its short name."""

    value: str | None = None


class ReturnItem(Wire, frozen=True):
    """Units of a line that come back; `received_quantity` counts damaged ones too."""

    item_id: Id
    quantity: Count
    received_quantity: Count | None = None
    reason: ReturnReason | None = None


class Return(Wire, frozen=True):
    """Goods that come back. `items` come only when they are asked for."""

    id: Id
    status: str
    display_id: int | None = None
    created_at: Time | None = None
    updated_at: Time | None = None
    requested_at: Time | None = None
    items: list[ReturnItem] | None = None
