"""Sends messages to people: queues them in the outbox, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from hub.domain.outcome import Message
from hub.flow.batch import Batch
from hub.ports import Ids
from hub.store.database import Tx


async def send_notices(tx: Tx, ids: Ids, at: datetime, merchant_id: int, messages: Sequence[Message]) -> None:
    """Queues `messages` of one merchant; an intent that was queued before is not queued again."""
    batch = Batch(ids, at)
    for message in messages:
        batch.message(merchant_id, message)
    await batch.flush(tx)
