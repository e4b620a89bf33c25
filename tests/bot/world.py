"""One merchant with accounts, orders and conversations on a real database."""

from __future__ import annotations

import asyncio
import base64
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import msgspec

import bot
from bot.conversation import Conversations
from bot.receiving import Receiver
from bot.transcript import Transcript
from bot.transports import mailbox
from bot.transports.port import Incoming
from connectors.http import AioHttp
from hub.accounts import Accounts, Tools
from hub.actions.services import Services
from hub.contract import Account, Delivery, Notifies
from hub.domain.lifecycle import FOREVER, Lifecycle, Work
from hub.domain.outgoing import Notice
from hub.flow.inbox import Inbox
from hub.flow.outbox import Lane
from hub.ports import ManualClock, Ports, SystemRng
from hub.settings import Settings
from hub.store import sets
from hub.store.database import Database
from hub.store.nodes import Node
from hub.vault import Vault
from tests.support.clock import Ahead

MAIL = "anna@example.org"


async def until(condition: Callable[[], bool | Awaitable[bool]], seconds: float = 20.0) -> None:
    """Waits for a condition; fails when it has not come true in time."""
    async with asyncio.timeout(seconds):
        while True:
            true = condition()
            if true if isinstance(true, bool) else await true:
                return
            await asyncio.sleep(0.01)


@dataclass
class World:
    """What a test works with. `say` puts an event through the real inbox and works it off."""

    services: Services
    inbox: Inbox
    receiver: Receiver
    transcript: Transcript
    conversations: Conversations
    merchant_id: int
    mailbox: Path
    chat: Account
    node: Node
    events: int = 0
    sent: list[str] = field(default_factory=list)

    @property
    def clock(self) -> ManualClock | Ahead:
        assert isinstance(self.services.clock, ManualClock | Ahead)
        return self.services.clock

    @property
    def database(self) -> Database:
        return self.services.database

    async def say(self, words: str = "", *, peer: str = "p1", button: str = "", event: str = "") -> list[str]:
        """Says something in the web chat; returns what the bot answers."""
        before = await self.lines(peer)
        await self.keep(words, peer=peer, button=button, event=event)
        await self.drain()
        return [line["text"] for line in (await self.lines(peer))[len(before) :] if line["direction"] == "out"]

    async def keep(self, words: str = "", *, peer: str = "p1", button: str = "", event: str = "") -> bool:
        """Puts an event into the inbox and leaves it there."""
        self.events += 1
        incoming = Incoming(peer=peer, at=self.clock.now(), text=words, button=button)
        delivery = Delivery(id=event or f"{peer}:{self.events}", topic="chat", body=msgspec.json.encode(incoming))
        return await self.receiver.keep(self.chat, delivery)

    async def drain(self) -> None:
        """Works off every event that is waiting."""
        while await self.conversations.work():
            self.clock.advance(timedelta(milliseconds=1))

    async def lines(self, peer: str = "p1") -> list[Any]:
        """The transcript of a peer's web chat."""
        return await self.database.plain.fetch(
            """SELECT m.* FROM chat_messages m JOIN conversations c ON c.id = m.conversation_id
               WHERE c.merchant_id = $1 AND c.peer = $2 ORDER BY m.id""",
            self.merchant_id, peer,
        )  # fmt: skip

    async def buttons(self, peer: str = "p1") -> dict[str, str]:
        """Label → value of the buttons under the latest message that has any."""
        for line in reversed(await self.lines(peer)):
            offered = json.loads(line["payload"]).get("buttons")
            if offered:
                return {label: value for value, label in offered}
        return {}

    async def post(self) -> None:
        """Sends everything that is due in this merchant's outbox."""
        rows = await self.database.plain.fetch("SELECT id FROM accounts WHERE merchant_id = $1", self.merchant_id)
        ports = Ports(self.services.clock, self.services.ids, self.services.rng)
        for row in rows:
            lane = Lane(self.database, self.services.accounts, ports, row["id"])
            while await lane.work():
                pass

    def mails(self) -> list[EmailMessage]:
        """Everything in the local mailbox, oldest first."""
        return list(mailbox.read(self.mailbox))

    async def code(self) -> str:
        """The code of the newest mail."""
        await self.post()
        found = re.search(r"\b(\d{6})\b", self.mails()[-1].get_content())
        assert found is not None
        return found[1]

    async def notify(self, account_id: int, notice: Notice, key: str) -> str:
        """Sends a notice as the outbox would; returns the transport's id."""
        channel = await self.services.accounts.open(account_id)
        assert isinstance(channel, Notifies)
        return (await channel.notify(notice, key)).external_id

    async def order(self, number: str = "1001", mail: str = MAIL, *, shipped: bool = True) -> int:
        """An order of two units, one parcel of which is under way; returns its id."""
        ids, now, tx = self.services.ids, self.clock.now(), self.database.plain
        order, customer = ids.next(), await self.customer(mail)
        base = {"merchant_id": self.merchant_id}
        await sets.insert(tx, "orders", [base | {
            "id": order, "account_id": 1, "external_id": f"x{order}", "number": number, "currency": "EUR",
            "state": int(Lifecycle.IN_PROGRESS if shipped else Lifecycle.RECEIVED), "version": 1, "due_at": FOREVER,
            "created_at": now, "placed_at": now, "revised_at": now, "digest": "", "shop_currency": "EUR",
            "tax_included": True, "total": 2000, "tax_total": 0, "shop_total": 2000, "charges": [], "note": "",
            "buyer": {"name": "Anna Berg", "email": mail}, "email": mail, "customer_id": customer, "paid": True,
            "pending": False, "test": False, "words": {}, "unknown_words": [], "risks": [], "cancel_reason": "",
            "promised_at": datetime(2026, 11, 24, 12, tzinfo=UTC), "tracking_token": f"t{order}",
        }])  # fmt: skip
        counters = dict.fromkeys(("reserved", "assigned", "picked", "packed", "shipped"), 0)
        if shipped:
            counters |= dict.fromkeys(("assigned", "picked", "packed", "shipped"), 2)
        await sets.insert(tx, "order_lines", [base | counters | {
            "id": ids.next(), "order_id": order, "external_id": "1", "position": 0, "title": "Mug", "unit_price": 1000,
            "ordered": 2, "cancelled": 0, "delivered": 0, "received_back": 0, "requires_shipping": True,
            "sku": "MUG", "listing_id": "", "discount": 0, "tax": 0, "paid": 0, "refunded": 0, "gift_card": False,
            "grams": 0, "return_requested": 0, "restocked": 0, "written_off": 0, "replaced": 0,
        }])  # fmt: skip
        if shipped:
            await self._ship(order, number)
        return order

    async def _ship(self, order: int, number: str) -> None:
        ids, now, tx, work = self.services.ids, self.clock.now(), self.database.plain, self.services.ids.next()
        base = {"merchant_id": self.merchant_id, "order_id": order, "created_at": now}
        await sets.insert(tx, "fulfillment_orders", [base | {
            "id": work, "account_id": 1, "location_id": 1, "number": f"{number}-1", "state": int(Work.DISPATCHED),
            "version": 1, "due_at": FOREVER, "service": "standard", "why": {}, "automatic": True, "partner_state": "",
            "problem": "",
        }])  # fmt: skip
        await sets.insert(tx, "parcels", [base | {
            "id": ids.next(), "fulfillment_id": work, "number": f"{number}-{work}", "label": "bought",
            "custody": "handed_over", "tracking": "in_transit", "carrier": "DHL",
            "tracked_at": datetime(2026, 11, 22, 8, tzinfo=UTC), "service": "standard",
            "tracking_number": f"JD{order % 10**9}", "tracking_url": "https://dhl.example/1",
            "label_id": "", "label_url": "", "label_cost": 0, "label_currency": "", "label_attempt": 1,
            "weight_grams": 500, "contents": {},
        }])  # fmt: skip

    async def customer(self, mail: str) -> int:
        found = await self.database.plain.fetchval(
            "SELECT id FROM customers WHERE merchant_id = $1 AND email = $2", self.merchant_id, mail
        )
        if found:
            return int(found)
        customer = self.services.ids.next()
        await sets.insert(self.database.plain, "customers", [{
            "id": customer, "merchant_id": self.merchant_id, "name": "Anna Berg", "email": mail, "phone": "",
            "locale": "", "created_at": self.clock.now(),
        }])  # fmt: skip
        return customer


@asynccontextmanager
async def world_of(database: Database, node: Node, clock: ManualClock, mailbox: Path) -> AsyncIterator[World]:
    vault = Vault([base64.b64encode(b"k" * 32).decode()])
    transcript = Transcript(database, vault, node.ids, clock)
    async with AioHttp(allow_private_hosts=True) as http, Inbox(database, node.ids, clock) as inbox:
        accounts = Accounts(database, Tools(bot.transports(transcript), http, vault), clock, node.ids)
        services = Services(
            database=database, accounts=accounts, settings=Settings.model_construct(), vault=vault, clock=clock,
            ids=node.ids, rng=SystemRng(),
        )  # fmt: skip
        merchant = node.ids.next()
        await accounts.add(merchant, "email", "mail", {"sender": "Mugs <shop@example.org>", "mailbox": str(mailbox)})
        chat = await accounts.add(merchant, "webchat", "chat", {"signing_key": "s" * 32, "locale": "en"})
        channel = await accounts.open(chat)
        receiver = Receiver(database, inbox, node.ids, clock)
        yield World(
            services, inbox, receiver, transcript, Conversations(services), merchant, mailbox, channel.account, node
        )
