"""Where customers hear from us: the chat they are proven in, else the e-mail of their order.

A web chat ends with its page, so who chats there is written to as well.
"""

from __future__ import annotations

from collections.abc import Sequence

from hub.domain.outcome import Contact, OrderRow, WorkRow
from hub.flow.stage import Desk

CONVERSATIONS = """
    SELECT DISTINCT ON (customer_id) id, customer_id, account_id, peer, locale, transport
    FROM conversations WHERE customer_id = ANY($1::bigint[]) ORDER BY customer_id, id DESC"""

EMAIL = "email"
"""Name of the transport that reaches people who never chatted."""

PASSING = frozenset({"webchat"})
"""Transports that reach a person only while they look."""


async def of(desk: Desk, rows: Sequence[OrderRow | WorkRow]) -> dict[int, tuple[Contact, ...]]:
    """Contacts by order id; one statement. A customer's latest chat that lasts wins over e-mail."""
    known = await desk.directory.known(desk.tx)
    customers = [row.customer_id for row in rows if row.customer_id is not None]
    chats = {row["customer_id"]: row for row in await desk.tx.fetch(CONVERSATIONS, customers)} if customers else {}
    found: dict[int, tuple[Contact, ...]] = {}
    for row in rows:
        order_id = row.id if isinstance(row, OrderRow) else row.order_id
        locale = row.buyer.locale if isinstance(row, OrderRow) else row.locale
        chat = chats.get(row.customer_id)
        mail = known.by_connector(row.merchant_id, EMAIL)
        places: tuple[Contact, ...] = ()
        if chat is not None:
            places = (Contact(chat["account_id"], chat["peer"], chat["id"], chat["locale"] or locale),)
        if row.email and mail is not None and (chat is None or chat["transport"] in PASSING):
            places += (Contact(mail, row.email, 0, locale),)
        found[order_id] = places
    return found
