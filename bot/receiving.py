"""The door for what people say: finds or begins the conversation, and keeps the event in the hub's inbox.

`Receiver` stands in front of `hub.flow.inbox.Inbox` wherever deliveries are kept; what is no chat goes through.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

import structlog

from bot.identity import Proof, link
from bot.scene import Store
from bot.transports.port import Incoming
from bot.transports.telegram import read_update
from bot.transports.webchat import read_event
from hub.contract import Account, Delivery
from hub.domain.lifecycle import FOREVER
from hub.errors import BadPayload
from hub.ports import Clock, Ids

log = structlog.get_logger()

READERS: Mapping[str, Callable[[bytes], Incoming | None]] = {"telegram": read_update, "webchat": read_event}
"""Transport → what a delivery of it says."""

_FIND = "SELECT id FROM conversations WHERE merchant_id = $1 AND account_id = $2 AND peer = $3"

_BEGIN = """INSERT INTO conversations (id, merchant_id, account_id, transport, peer, control, version, stack, slots,
        locale, due_at, created_at)
    VALUES ($1, $2, $3, $4, $5, 'bot', 0, '[]', '{}', $6, $7, $8)
    ON CONFLICT (merchant_id, account_id, peer) DO NOTHING"""


class Keeps(Protocol):
    """The hub's inbox."""

    async def keep(self, account: Account, delivery: Delivery, subject_id: int | None = None) -> bool: ...


class Receiver:
    """Keeps deliveries; those of a chat with their conversation."""

    def __init__(self, store: Store, inbox: Keeps, ids: Ids, clock: Clock) -> None:
        self._store = store
        self._inbox = inbox
        self._ids = ids
        self._clock = clock

    async def keep(self, account: Account, delivery: Delivery) -> bool:
        """Returns after the commit; False when it was there already. Raises `Retry` when it cannot be stored now.

        What cannot be read, or says nothing of interest, is kept like any delivery and begins no conversation.
        """
        try:
            incoming = READERS[account.connector](delivery.body) if account.connector in READERS else None
        except BadPayload as error:
            log.warning("a chat event cannot be read", account=account.id, delivery=delivery.id, why=str(error))
            incoming = None
        if incoming is None:
            return await self._inbox.keep(account, delivery)
        conversation = await self.conversation(account, incoming.peer, incoming.locale)
        return await self._inbox.keep(account, delivery, conversation)

    async def conversation(self, account: Account, peer: str, locale: str = "") -> int:
        """The id of the conversation with `peer`, begun if need be."""
        who = (account.merchant_id, account.id, peer)
        found: int | None = await self._store.plain.fetchval(_FIND, *who)
        if found is None:
            tongue = locale or account.settings.get("locale", "")
            await self._store.plain.execute(
                _BEGIN, self._ids.next(), account.merchant_id, account.id, account.connector, peer, tongue[:16],
                FOREVER, self._clock.now(),
            )  # fmt: skip
            found = await self._store.plain.fetchval(_FIND, *who)
        assert found is not None, "conversations are not deleted while they are begun"
        return found

    async def vouch(self, account: Account, conversation_id: int, peer: str, customer_id: int) -> None:
        """The merchant's own site says who a visitor is, by a token it signed."""
        proof = Proof(account.merchant_id, conversation_id, account.connector, peer, customer_id, "token")
        async with self._store.transaction() as tx:
            if not await link(tx, self._ids, self._clock.now(), proof):
                log.warning("a chat token names an unknown customer", account=account.id, customer=customer_id)
