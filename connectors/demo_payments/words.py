"""The provider's words and ours."""

from __future__ import annotations

from collections.abc import Mapping

from hub.domain.order import PaymentStatus

STATUS: Mapping[str, PaymentStatus] = {
    "pending": PaymentStatus.PENDING,
    "requires_action": PaymentStatus.PENDING,
    "authorized": PaymentStatus.AUTHORIZED,
    "partially_captured": PaymentStatus.CAPTURED,
    "captured": PaymentStatus.CAPTURED,
    "failed": PaymentStatus.FAILED,
    "voided": PaymentStatus.VOIDED,
    "expired": PaymentStatus.EXPIRED,
}
"""Status of a payment → what it means; for a partial capture the amount says how much."""
