"""The store's words and ours. A word that stands in no table is kept raw and reported; it never becomes a guess.

Stores name their own statuses, so the tables hold every language met so far; look words up with `find`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from hub.domain.order import PaymentStatus, ReturnStatus

T = TypeVar("T")


class Standing(StrEnum):
    """What an order's status word says of it."""

    PENDING = "pending"
    OPEN = "open"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"


ORDER: Mapping[str, Standing] = {
    "pending": Standing.PENDING,
    "awaiting payment": Standing.PENDING,
    "zahlung ausstehend": Standing.PENDING,
    "入金待ち": Standing.PENDING,
    "بانتظار الدفع": Standing.PENDING,
    "open": Standing.OPEN,
    "processing": Standing.OPEN,
    "in bearbeitung": Standing.OPEN,
    "受付済み": Standing.OPEN,
    "قيد المعالجة": Standing.OPEN,
    "shipped": Standing.SHIPPED,
    "versendet": Standing.SHIPPED,
    "発送済み": Standing.SHIPPED,
    "تم الشحن": Standing.SHIPPED,
    "delivered": Standing.DELIVERED,
    "zugestellt": Standing.DELIVERED,
    "配達完了": Standing.DELIVERED,
    "تم التسليم": Standing.DELIVERED,
    "cancelled": Standing.CANCELLED,
    "storniert": Standing.CANCELLED,
    "キャンセル": Standing.CANCELLED,
    "ملغي": Standing.CANCELLED,
}
"""Words for a whole order."""

PAYMENT: Mapping[str, PaymentStatus] = {
    "pending": PaymentStatus.PENDING,
    "offen": PaymentStatus.PENDING,
    "未払い": PaymentStatus.PENDING,
    "غير مدفوع": PaymentStatus.PENDING,
    "authorized": PaymentStatus.AUTHORIZED,
    "autorisiert": PaymentStatus.AUTHORIZED,
    "与信済み": PaymentStatus.AUTHORIZED,
    "مصرح به": PaymentStatus.AUTHORIZED,
    "paid": PaymentStatus.CAPTURED,
    "bezahlt": PaymentStatus.CAPTURED,
    "支払い済み": PaymentStatus.CAPTURED,
    "مدفوع": PaymentStatus.CAPTURED,
    "failed": PaymentStatus.FAILED,
    "fehlgeschlagen": PaymentStatus.FAILED,
    "voided": PaymentStatus.VOIDED,
    "expired": PaymentStatus.EXPIRED,
}
"""Words for a payment, and for an order's payments taken together."""

RETURN: Mapping[str, ReturnStatus] = {
    "requested": ReturnStatus.REQUESTED,
    "angefragt": ReturnStatus.REQUESTED,
    "返品申請": ReturnStatus.REQUESTED,
    "طلب إرجاع": ReturnStatus.REQUESTED,
    "approved": ReturnStatus.APPROVED,
    "genehmigt": ReturnStatus.APPROVED,
    "返品承認": ReturnStatus.APPROVED,
    "تمت الموافقة": ReturnStatus.APPROVED,
    "in transit": ReturnStatus.IN_TRANSIT,
    "unterwegs": ReturnStatus.IN_TRANSIT,
    "返送中": ReturnStatus.IN_TRANSIT,
    "قيد الإرجاع": ReturnStatus.IN_TRANSIT,
    "received": ReturnStatus.RECEIVED,
    "eingegangen": ReturnStatus.RECEIVED,
    "返品受領": ReturnStatus.RECEIVED,
    "تم الاستلام": ReturnStatus.RECEIVED,
    "closed": ReturnStatus.CLOSED,
    "abgeschlossen": ReturnStatus.CLOSED,
    "返品完了": ReturnStatus.CLOSED,
    "مغلق": ReturnStatus.CLOSED,
    "declined": ReturnStatus.DECLINED,
    "abgelehnt": ReturnStatus.DECLINED,
    "返品拒否": ReturnStatus.DECLINED,
    "مرفوض": ReturnStatus.DECLINED,
    "cancelled": ReturnStatus.CANCELLED,
    "storniert": ReturnStatus.CANCELLED,
    "返品取消": ReturnStatus.CANCELLED,
    "ملغي": ReturnStatus.CANCELLED,
}
"""Words for a return."""

RISK: Mapping[str, str] = {"low": "low", "medium": "medium", "high": "high", "verdächtig": "high", "unauffällig": "low"}
"""Words for the store's own view of fraud."""


def find(table: Mapping[str, T], word: str) -> T | None:
    """The meaning of `word`, whatever its case; None for a word we do not know."""
    return table.get(word.strip().casefold())
