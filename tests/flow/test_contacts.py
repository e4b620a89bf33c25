"""Where a customer hears what nobody asked for: in a chat that lasts, by e-mail, or both where a chat may be closed."""

from __future__ import annotations

import json

import pytest

from hub.domain.order import Buyer
from tests.flow.desk import Desk, an_order
from tests.support.world import MERCHANT

CHAT = """INSERT INTO conversations (id, merchant_id, account_id, transport, peer, customer_id, stack, slots, locale,
        due_at, created_at)
    SELECT $1, $2, $3, $4, 'peer-' || $3::bigint, customer_id, '[]', '{}', 'de', 'infinity', now()
    FROM orders WHERE id = $5"""


async def heard(desk: Desk, *transports: str) -> list[str]:
    """Where the confirmation of an order goes whose buyer chats on `transports`: account, address, language."""
    mail = await desk.world.account("email", "mail", {})
    await desk.tell(order := an_order(buyer=Buyer(email="erika@example.com", locale="en")))
    await desk.take_in()
    order_id = await desk.order_id(order.external_id)
    for account, transport in enumerate(transports, 77):
        number = desk.world.services.ids.next()
        await desk.world.database.plain.execute(CHAT, number, MERCHANT, account, transport, order_id)
    await desk.orders()
    found = []
    for row in await desk.messages("notify"):
        notice = json.loads(row["payload"])
        found.append(f"{'mail' if row['account_id'] == mail else 'chat'} {notice['address']} {notice['locale']}")
    return found


@pytest.mark.parametrize(
    ("transports", "places"),
    [
        (["telegram"], ["chat peer-77 de"]),
        (["webchat"], ["chat peer-77 de", "mail erika@example.com en"]),
        (["telegram", "webchat"], ["chat peer-78 de", "chat peer-77 de"]),
        (["webchat", "telegram"], ["chat peer-78 de"]),
        ([], ["mail erika@example.com en"]),
    ],
)
async def test_nobody_is_left_without_word(desk: Desk, transports: list[str], places: list[str]) -> None:
    """Oldest chat first. A web chat may be closed by now, so a chat that lasts is told as well."""
    assert await heard(desk, *transports) == places
