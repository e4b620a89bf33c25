"""Where customers hear from us: the chat they are proven in, else the e-mail of their order.

A web chat ends with its page, so who chats there is written to as well.
"""

from __future__ import annotations

from collections.abc import Sequence

from hub.domain.outcome import Contact, OrderRow, WorkRow
from hub.flow.stage import Desk
from hub.store.database import Row

CONVERSATIONS = """
    SELECT DISTINCT ON (customer_id, passing) id, customer_id, account_id, peer, locale, passing
    FROM conversations, LATERAL (SELECT transport = ANY($2::text[]) AS passing) AS t
    WHERE customer_id = ANY($1::bigint[]) ORDER BY customer_id, passing, id DESC"""
"""The latest chat that lasts, and the latest that passes, of each customer."""

EMAIL = "email"
"""Name of the transport that reaches people who never chatted."""

PASSING = frozenset({"webchat"})
"""Transports that reach a person only while they look."""


async def of(desk: Desk, rows: Sequence[OrderRow | WorkRow]) -> dict[int, tuple[Contact, ...]]:
    """Contacts by order id; one statement. A customer's latest chat that lasts wins over e-mail; a passing one is told
    besides while it is the latest."""
    known = await desk.directory.known(desk.tx)
    customers = [row.customer_id for row in rows if row.customer_id is not None]
    fetched = await desk.tx.fetch(CONVERSATIONS, customers, sorted(PASSING)) if customers else ()
    chats = {(row["customer_id"], row["passing"]): row for row in fetched}
    found: dict[int, tuple[Contact, ...]] = {}
    for row in rows:
        order_id = row.id if isinstance(row, OrderRow) else row.order_id
        locale = row.buyer.locale if isinstance(row, OrderRow) else row.locale
        lasting, passing = (chats.get((row.customer_id, kind)) for kind in (False, True))
        if lasting is not None and passing is not None and passing["id"] < lasting["id"]:
            passing = None
        mail = known.by_connector(row.merchant_id, EMAIL)
        places = [_chat(chat, locale) for chat in (passing, lasting) if chat is not None]
        if row.email and mail is not None and lasting is None:
            places.append(Contact(mail, row.email, 0, locale))
        found[order_id] = tuple(places)
    return found


def _chat(chat: Row, locale: str) -> Contact:
    return Contact(chat["account_id"], chat["peer"], chat["id"], chat["locale"] or locale)
