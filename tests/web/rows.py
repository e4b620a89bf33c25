"""Rows written by hand in the real shape: what the flow leaves behind, without running it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hub.domain.lifecycle import FOREVER, Lifecycle, Outbox, Work
from hub.ports import TimeOrderedIds
from hub.store import sets
from hub.store.database import Database

START = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


@dataclass
class Shop:
    """One merchant with one account, and ways to put rows into its tables."""

    database: Database
    ids: TimeOrderedIds
    merchant_id: int
    account_id: int = 0
    made: int = 0
    events: dict[int, int] = field(default_factory=dict)

    async def put(self, table: str, **columns: object) -> int:
        """One row with the columns given and, where the table has them, an id and the merchant; returns its id."""
        row = {"id": self.ids.next(), "merchant_id": self.merchant_id, **columns}
        await sets.insert(self.database.plain, table, [row])
        return int(str(row["id"]))

    async def account(self, name: str = "Nordlicht", connector: str = "demo_store", **more: object) -> int:
        columns = {
            "connector": connector, "name": name, "state": "active", "settings": {"base_url": "http://127.0.0.1:1/x"},
            "secrets": {}, "cursor": {}, "health": {}, "created_at": START, **more,
        }  # fmt: skip
        made = await self.put("accounts", **columns)
        self.account_id = self.account_id or made
        return made

    async def order(self, number: str = "", state: Lifecycle = Lifecycle.RECEIVED, **more: object) -> int:
        self.made += 1
        at = START + timedelta(minutes=self.made)
        columns: dict[str, object] = {
            "account_id": self.account_id, "external_id": f"x-{self.made}", "number": number or f"N-{1000 + self.made}",
            "state": int(state), "version": 1, "due_at": FOREVER, "created_at": at, "placed_at": at, "revised_at": at,
            "currency": "EUR", "shop_currency": "EUR", "total": 4980, "tax_total": 795, "tax_included": True,
            "shop_total": 4980, "charges": [{"kind": "shipping", "title": "Standard shipping", "amount": 490}],
            "buyer": {"name": "Mara Lindqvist", "email": "mara@example.com", "phone": "+46 70 174 06 05"},
            "ship_to": {"name": "Mara Lindqvist", "line1": "Storgatan 12", "city": "Malmö", "postcode": "211 34",
                        "country": "SE"},
            "bill_to": None, "email": "mara@example.com", "paid": True, "words": {"status": "paid"},
            "unknown_words": [], "risks": [], "tracking_token": f"track-{self.merchant_id}-{self.made:04d}-token",
            **more,
        }  # fmt: skip
        return await self.put("orders", **columns)

    async def line(self, order_id: int, **more: object) -> int:
        columns: dict[str, object] = {
            "order_id": order_id, "external_id": f"l-{self.ids.next()}", "position": 1, "sku": "MUG-BLUE",
            "listing_id": "v-1", "title": "Enamel mug, blue", "unit_price": 2245, "tax": 717, "ordered": 2,
            **more,
        }  # fmt: skip
        return await self.put("order_lines", **columns)

    async def hold(self, order_id: int, reason: str = "address", **more: object) -> int:
        columns: dict[str, object] = {
            "order_id": order_id, "reason": reason, "state": "open", "owner": "merchant", "opened_at": START,
            "due_at": START + timedelta(days=1), "protocol": {},
            "detail": {"what": "address", "faults": ["postcode_missing", "city_missing"]},
            "resolutions": ["use_address", "accept", "cancel"], **more,
        }  # fmt: skip
        return await self.put("holds", **columns)

    async def work(self, order_id: int, state: Work = Work.OPEN, **more: object) -> int:
        columns: dict[str, object] = {
            "order_id": order_id, "account_id": self.account_id, "location_id": 0, "number": f"F-{self.ids.next()}",
            "state": int(state), "due_at": FOREVER, "created_at": START, "why": {}, **more,
        }  # fmt: skip
        return await self.put("fulfillment_orders", **columns)

    async def parcel(self, order_id: int, work_id: int, contents: Mapping[int, int], **more: object) -> int:
        columns: dict[str, object] = {
            "order_id": order_id, "fulfillment_id": work_id, "number": f"P-{self.ids.next()}", "label": "bought",
            "custody": "handed_over", "tracking": "in_transit", "carrier": "Demo Carrier", "service": "standard",
            "tracking_number": f"DC{self.ids.next()}", "tracking_url": "https://track.example.com/DC1",
            "label_id": "lbl-1", "label_cost": 520, "label_currency": "EUR", "weight_grams": 640,
            "contents": {str(line): units for line, units in contents.items()}, "created_at": START,
            "handed_over_at": START + timedelta(hours=5), **more,
        }  # fmt: skip
        return await self.put("parcels", **columns)

    async def scan(self, parcel_id: int, status: str, place: str, hours: float) -> int:
        at = START + timedelta(hours=hours)
        return await self.put(
            "scans", parcel_id=parcel_id, external_id=f"s-{self.ids.next()}", status=status, word=status.upper(),
            place=place, at=at, recorded_at=at, seen=True,
        )  # fmt: skip

    async def event(self, order_id: int, kind: str, details: Mapping[str, object], hours: float = 0.0) -> None:
        seq = self.events[order_id] = self.events.get(order_id, 0) + 1
        at = START + timedelta(hours=hours)
        await self.database.plain.execute(
            """INSERT INTO events (merchant_id, subject_id, seq, order_id, kind, actor, source, occurred_at,
                   recorded_at, details) VALUES ($1, $2, $3, $2, $4, $5, 'hub', $6, $6, $7)""",
            self.merchant_id, order_id, seq, kind, "carrier" if kind == "scanned" else "hub", at, json.dumps(details),
        )  # fmt: skip

    async def message(self, key: int, kind: str, state: Outbox = Outbox.SENT, **more: object) -> int:
        columns: dict[str, object] = {
            "account_id": self.account_id, "lane": f"account:{self.account_id}", "key": key, "kind": kind,
            "intent": f"{kind}:{self.ids.next()}", "payload": {}, "state": int(state), "attempts": 1, "due_at": START,
            "created_at": START, "sent_at": START if state is Outbox.SENT else None, **more,
        }  # fmt: skip
        return await self.put("outbox", **columns)

    async def payment(self, order_id: int, **more: object) -> int:
        columns: dict[str, object] = {
            "order_id": order_id, "account_id": None, "external_id": f"pay-{self.ids.next()}", "state": "captured",
            "gateway": "card", "last4": "4242", "currency": "EUR", "amount": 4980, "captured": 4980,
            "created_at": START, **more,
        }  # fmt: skip
        return await self.put("payments", **columns)

    async def delivery(self, error: str, **more: object) -> int:
        """A delivery that was set aside."""
        made = self.ids.next()
        await self.database.plain.execute(
            """INSERT INTO inbox (id, merchant_id, account_id, delivery_id, topic, body, received_at, state, due_at,
                   error) VALUES ($1, $2, $3, $4, $5, $6, $7, 10, $7, $8)""",
            made, self.merchant_id, self.account_id, f"d-{made}", more.get("topic", "orders/create"),
            more.get("body", b'{"id": 7, "total_price": "abc"}'), START, error,
        )  # fmt: skip
        return made
