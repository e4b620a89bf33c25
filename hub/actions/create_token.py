"""A bearer token for the API; only its SHA-256 is kept, so it is shown once."""

from __future__ import annotations

import hashlib
from datetime import timedelta

from hub.actions.services import Services
from hub.domain.order import Value
from hub.errors import Forbidden, Invalid
from hub.store import audit
from hub.store.database import Database

ROLES = ("merchant", "agent", "api")
PREFIX = "crossdock"
SEEN_EVERY = timedelta(minutes=1)
"""`used_at` is written at most so often."""


class NewToken(Value, frozen=True):
    """`name` says what it is for; `role` is merchant, agent or api."""

    merchant_id: int
    name: str
    role: str = "api"


class Bearer(Value, frozen=True):
    """Whom a token stands for."""

    token_id: int
    merchant_id: int
    role: str
    name: str


async def create_token(services: Services, new: NewToken, actor: str) -> str:
    """The token, to be shown once. Raises `Invalid` for an unknown role or an empty name."""
    if new.role not in ROLES:
        raise Invalid("role", f"is {', '.join(ROLES)}")
    name = new.name.replace("\0", "").strip()[:200]
    if not name:
        raise Invalid("name", "says what the token is for, such as 'till in the shop'")
    token = f"{PREFIX}_{new.merchant_id}_{services.rng.token(32)}"
    token_id, now = services.ids.next(), services.clock.now()
    async with services.database.transaction() as tx:
        await tx.execute(
            "INSERT INTO tokens (id, merchant_id, name, role, digest, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
            token_id, new.merchant_id, name, new.role, _digest(token), now,
        )  # fmt: skip
        await audit.append(tx, services.ids, audit.Entry(
            merchant_id=new.merchant_id, at=now, actor=actor, action="create_token", subject=f"token:{token_id}",
            details={"role": new.role, "name": name},
        ))  # fmt: skip
    return token


async def check_token(services: Services, token: str) -> Bearer:
    """Whom the token stands for. Raises `Forbidden` for one that is malformed, unknown or withdrawn."""
    prefix, _, rest = token.partition("_")
    merchant, _, secret = rest.partition("_")
    if prefix != PREFIX or not secret or not merchant.isdecimal() or len(merchant) > 19:
        raise Forbidden("this is not a token of ours; `python main.py token create` makes one")
    found = await _find(services.database, int(merchant), _digest(token))
    if found is None:
        raise Forbidden("this token is unknown or was withdrawn; `python main.py token create` makes one")
    now = services.clock.now()
    await services.database.plain.execute(
        "UPDATE tokens SET used_at = $2 WHERE id = $1 AND (used_at IS NULL OR used_at < $3)",
        found.token_id, now, now - SEEN_EVERY,
    )  # fmt: skip
    return found


async def _find(database: Database, merchant_id: int, digest: str) -> Bearer | None:
    if merchant_id >= 2**63:
        return None
    row = await database.plain.fetchrow(
        "SELECT id, merchant_id, role, name FROM tokens WHERE merchant_id = $1 AND digest = $2", merchant_id, digest
    )
    if row is None:
        return None
    return Bearer(token_id=row["id"], merchant_id=row["merchant_id"], role=row["role"], name=row["name"])


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
