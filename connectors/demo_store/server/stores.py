"""The demo stores: each with its own words, currency, tax and habits, as real channels have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

ENGLISH = {
    "pending": "awaiting payment",
    "open": "processing",
    "shipped": "shipped",
    "delivered": "delivered",
    "cancelled": "cancelled",
    "payment.pending": "pending",
    "payment.authorized": "authorized",
    "payment.captured": "paid",
    "return.requested": "requested",
    "return.approved": "approved",
    "return.in_transit": "in transit",
    "return.received": "received",
    "return.closed": "closed",
    "return.declined": "declined",
    "return.cancelled": "cancelled",
}
GERMAN = {
    "pending": "Zahlung ausstehend",
    "open": "in Bearbeitung",
    "shipped": "versendet",
    "delivered": "zugestellt",
    "cancelled": "storniert",
    "payment.pending": "offen",
    "payment.authorized": "autorisiert",
    "payment.captured": "bezahlt",
    "return.requested": "angefragt",
    "return.approved": "genehmigt",
    "return.in_transit": "unterwegs",
    "return.received": "eingegangen",
    "return.closed": "abgeschlossen",
    "return.declined": "abgelehnt",
    "return.cancelled": "storniert",
}
JAPANESE = {
    "pending": "入金待ち",
    "open": "受付済み",
    "shipped": "発送済み",
    "delivered": "配達完了",
    "cancelled": "キャンセル",
    "payment.pending": "未払い",
    "payment.authorized": "与信済み",
    "payment.captured": "支払い済み",
    "return.requested": "返品申請",
    "return.approved": "返品承認",
    "return.in_transit": "返送中",
    "return.received": "返品受領",
    "return.closed": "返品完了",
    "return.declined": "返品拒否",
    "return.cancelled": "返品取消",
}
ARABIC = {
    "pending": "بانتظار الدفع",
    "open": "قيد المعالجة",
    "shipped": "تم الشحن",
    "delivered": "تم التسليم",
    "cancelled": "ملغي",
    "payment.pending": "غير مدفوع",
    "payment.authorized": "مصرح به",
    "payment.captured": "مدفوع",
    "return.requested": "طلب إرجاع",
    "return.approved": "تمت الموافقة",
    "return.in_transit": "قيد الإرجاع",
    "return.received": "تم الاستلام",
    "return.closed": "مغلق",
    "return.declined": "مرفوض",
    "return.cancelled": "ملغي",
}


@dataclass(frozen=True, slots=True)
class Store:
    """One store's personality.

    `key` is its part of the address. `tax_permille` is on top of prices, or inside them with `tax_included`.
    `captures`: payments are taken with the order; else they are authorized, and captured by whoever ships.
    Habits: `updated_first` tells of a change before it tells of the order, `twice` sends every webhook twice,
    `pays_late` creates orders unpaid and sends order.paid after `later` seconds, `echoes` sends what we pushed back as
    webhooks. `rate`: API calls a second before 429.
    """

    key: str
    title: str
    currency: str
    countries: tuple[str, ...]
    words: Mapping[str, str] = field(default_factory=lambda: ENGLISH)
    tax_permille: int = 0
    tax_included: bool = False
    discounts: bool = False
    captures: bool = True
    updated_first: bool = False
    twice: bool = False
    pays_late: bool = False
    echoes: bool = False
    later: float = 1.0
    rate: int = 1000

    @property
    def token(self) -> str:
        """The bearer token that its API takes; a demo has no secrets."""
        return f"demo-token-{self.key}"

    @property
    def webhook_secret(self) -> str:
        """What its webhooks are signed with."""
        return f"demo-secret-{self.key}"


NORDLICHT = Store(
    "nordlicht", "Nordlicht", "EUR", ("DE", "AT", "FR"), words=GERMAN, tax_permille=190, tax_included=True
)
HARBOR = Store(
    "harbor",
    "Harbor Goods",
    "USD",
    ("US", "CA"),
    tax_permille=72,
    discounts=True,
    captures=False,
    echoes=True,
)
SAKURA = Store("sakura", "Sakura", "JPY", ("JP",), words=JAPANESE, tax_permille=100, tax_included=True)
AL_NOOR = Store("alnoor", "Al Noor", "KWD", ("KW",), words=ARABIC, captures=False)
BRIXTON = Store("brixton", "Brixton Books", "GBP", ("GB",), tax_permille=200, tax_included=True, updated_first=True)
POLDER = Store(
    "polder", "Polder", "EUR", ("NL", "GR", "BG"), tax_permille=210, tax_included=True, discounts=True, twice=True
)
FJORD = Store("fjord", "Fjord", "SEK", ("SE",), tax_permille=250, tax_included=True, pays_late=True)

STORES = (NORDLICHT, HARBOR, SAKURA, AL_NOOR, BRIXTON, POLDER, FJORD)
"""All of them; a demo with fewer takes the first ones."""
