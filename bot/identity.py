"""Who may see what: a chat is linked to a customer by a one-time code sent to the order's own e-mail, never otherwise.

Codes have six digits, are kept as keyed hashes, and end after 5 tries or 10 minutes. An order that does not exist gets
the same answer after the same work as one that does; codes are limited per chat, per order and per address.
"""

from __future__ import annotations

import hmac
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.entities import CODE_DIGITS
from bot.scene import Scene, Statements
from bot.state import Json
from bot.transports.email import SEALED
from hub.actions.send_notices import send_notices
from hub.actions.track_orders import FoundOrder, find_orders
from hub.domain.outcome import Message
from hub.domain.outgoing import Kind, Notice
from hub.errors import Conflict
from hub.ports import Ids

TRIES = 5
VALID = timedelta(minutes=10)
WINDOW = timedelta(hours=1)
MOST_IN_WINDOW = 5
"""Codes per chat, per order and per address within `WINDOW`."""

_OWN = """SELECT o.id FROM orders o
    JOIN customers c ON c.merchant_id = o.merchant_id
        AND (c.id = o.customer_id OR (o.customer_id IS NULL AND c.email = lower(o.email) AND c.email <> ''))
    JOIN identities i ON i.merchant_id = o.merchant_id AND i.customer_id = c.id
    WHERE o.merchant_id = $1 AND o.id = ANY($2::bigint[]) AND i.transport = $3 AND i.peer = $4"""

_PROVEN = f"{_OWN} AND i.verified_at > $5"

_ADDRESSES = """SELECT lower(address) AS address, order_id FROM login_codes
    WHERE merchant_id = $1 AND created_at > $2 AND (order_id = ANY($3::bigint[]) OR address = ANY($4::text[]))"""

_ADD = """INSERT INTO login_codes
        (id, merchant_id, conversation_id, order_id, address, code_hash, tries, created_at, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $8)"""

_TRY = f"""UPDATE login_codes SET tries = tries + 1
    WHERE merchant_id = $1 AND conversation_id = $2 AND used_at IS NULL AND expires_at > $3 AND tries < {TRIES}
    RETURNING id, order_id, code_hash"""  # noqa: S608 our own text

_CUSTOMER = """SELECT coalesce(o.customer_id, (SELECT c.id FROM customers c
        WHERE c.merchant_id = o.merchant_id AND c.email = lower(o.email) AND c.email <> '')) AS id,
        lower(o.email) AS email, coalesce(o.buyer->>'name', '') AS name
    FROM orders o WHERE o.merchant_id = $1 AND o.id = $2"""

_ADD_CUSTOMER = """INSERT INTO customers (id, merchant_id, name, email, phone, locale, created_at)
    VALUES ($1, $2, $3, $4, '', '', $5)
    ON CONFLICT (merchant_id, email) DO UPDATE SET name = customers.name RETURNING id"""

_LINK = """INSERT INTO identities (id, merchant_id, customer_id, transport, peer, level, verified_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (merchant_id, transport, peer, customer_id) DO UPDATE
    SET level = excluded.level, verified_at = excluded.verified_at"""


_BELONGS = "UPDATE conversations SET customer_id = $2 WHERE id = $1"


FRESH = timedelta(minutes=30)
"""How long a proof is good enough to change where goods go."""


async def may_change(scene: Scene, number: str) -> bool:
    """Whether the chat has proven just lately to be the customer of an order of that number."""
    own = await own_orders(scene, number)
    rows = await scene.tx.fetch(_PROVEN, scene.merchant_id, own, scene.transport, scene.peer, scene.now - FRESH)
    return bool(rows)


async def may_see(scene: Scene, number: str) -> bool:
    """Whether the chat is proven to be the customer of an order of that number."""
    return bool(await own_orders(scene, number))


async def own_orders(scene: Scene, number: str) -> list[int]:
    """Ids of the orders of that number that the chat may see."""
    found = await find_orders(scene.tx, scene.merchant_id, number)
    ids = [order.id for order in found]
    rows = await scene.tx.fetch(_OWN, scene.merchant_id, ids, scene.transport, scene.peer)
    return sorted({row["id"] for row in rows})


async def send_code(scene: Scene, number: str) -> Json:
    """Sends a code to each order of that number, within the limits; `limited` says that this chat has had too many.

    Raises `Conflict` when the merchant has no e-mail account to send from.
    """
    answer = {"limited": False, "minutes": int(VALID.total_seconds() // 60)}
    had = await scene.tx.fetchval(
        "SELECT count(DISTINCT created_at) FROM login_codes WHERE conversation_id = $1 AND created_at > $2",
        scene.conversation_id, scene.now - WINDOW,
    )  # fmt: skip
    if had >= MOST_IN_WINDOW:
        return {**answer, "limited": True}
    account = await _email_account(scene)
    orders = [order for order in await find_orders(scene.tx, scene.merchant_id, number) if order.email]
    allowed = await _within_limits(scene, orders)
    codes = [await _keep_code(scene, order, account) for order in allowed or (None,)]
    messages = [message for message in codes if message is not None]
    await send_notices(scene.tx, scene.tools.ids, scene.now, scene.merchant_id, messages)
    return answer


async def check_code(scene: Scene, number: str, code: str) -> bool:
    """Whether `code` is right, and order `number` is the customer's whom the chat belongs to from now on. Every call
    counts as a try."""
    rows = await scene.tx.fetch(_TRY, scene.merchant_id, scene.conversation_id, scene.now)
    given = _hash(scene, code)
    right = [row for row in rows if hmac.compare_digest(row["code_hash"], given)]
    for row in right:
        if row["order_id"] is not None:
            await scene.tx.execute("UPDATE login_codes SET used_at = $2 WHERE id = $1", row["id"], scene.now)
            await _prove(scene, row["order_id"])
    return bool(right) and await may_see(scene, number)


@dataclass(frozen=True, slots=True)
class Proof:
    """That a peer is a customer. `level` says how it was proven: code, link or token."""

    merchant_id: int
    conversation_id: int
    transport: str
    peer: str
    customer_id: int
    level: str


async def link(tx: Statements, ids: Ids, at: datetime, proof: Proof) -> bool:
    """Ties a chat to a customer; False when the merchant has no such customer."""
    who = (proof.merchant_id, proof.customer_id)
    if not await tx.fetchval("SELECT 1 FROM customers WHERE merchant_id = $1 AND id = $2", *who):
        return False
    await tx.execute(_LINK, ids.next(), *who, proof.transport, proof.peer, proof.level, at)
    await tx.execute(_BELONGS, proof.conversation_id, proof.customer_id)
    return True


async def _prove(scene: Scene, order_id: int) -> None:
    order = await scene.tx.fetchrow(_CUSTOMER, scene.merchant_id, order_id)
    if order is None:
        return
    customer: int = order["id"] or await scene.tx.fetchval(
        _ADD_CUSTOMER, scene.tools.ids.next(), scene.merchant_id, order["name"][:200], order["email"], scene.now
    )
    proof = Proof(scene.merchant_id, scene.conversation_id, scene.transport, scene.peer, customer, "code")
    await link(scene.tx, scene.tools.ids, scene.now, proof)


async def _email_account(scene: Scene) -> int:
    found: int | None = await scene.tx.fetchval(
        "SELECT min(id) FROM accounts WHERE merchant_id = $1 AND connector = 'email' AND state <> 'removed'",
        scene.merchant_id,
    )
    if found is None:
        raise Conflict("no e-mail account is connected: `python main.py channel add email --name …`")
    return found


async def _within_limits(scene: Scene, orders: Sequence[FoundOrder]) -> list[FoundOrder]:
    """Orders that may get another code. Locked by address, so that many chats at once do not get around it."""
    addresses = sorted({order.email.lower() for order in orders})
    for address in addresses:
        await scene.tx.execute("SELECT pg_advisory_xact_lock(hashtext($1))", f"code:{scene.merchant_id}:{address}")
    ids = [order.id for order in orders]
    rows = await scene.tx.fetch(_ADDRESSES, scene.merchant_id, scene.now - WINDOW, ids, addresses)

    per_order = Counter(row["order_id"] for row in rows)
    per_address = Counter(row["address"] for row in rows)
    return [order for order in orders if max(per_order[order.id], per_address[order.email.lower()]) < MOST_IN_WINDOW]


async def _keep_code(scene: Scene, order: FoundOrder | None, account: int) -> Message | None:
    """Keeps a code's hash, and returns the mail with the code; for no order at all, the same work and no mail."""
    code = scene.tools.rng.digits(CODE_DIGITS)
    code_id, address = scene.tools.ids.next(), order.email.lower() if order else ""
    sealed = SEALED + scene.tools.vault.close(code, scene.merchant_id, address)
    await scene.tx.execute(
        _ADD, code_id, scene.merchant_id, scene.conversation_id, order.id if order else None, address,
        _hash(scene, code), scene.now, scene.now + VALID,
    )  # fmt: skip
    if order is None:
        return None
    params = {"code": sealed, "minutes": str(int(VALID.total_seconds() // 60)), "number": order.number.lstrip("#")}
    return Message(
        kind=Kind.NOTIFY,
        intent=f"code:{code_id}",
        account_id=account,
        key=scene.conversation_id,
        payload=Notice(conversation_id=0, address=address, text="identify.mail", params=params, locale=scene.locale),
    )


def _hash(scene: Scene, code: str) -> str:
    return scene.tools.vault.mac("login", scene.merchant_id, scene.conversation_id, code)
