"""A person who may sign in to the console."""

from __future__ import annotations

from email_validator import EmailNotValidError, validate_email

from hub.actions.passwords import PASSWORDS
from hub.actions.services import Services
from hub.domain.order import Value
from hub.errors import Conflict, Invalid
from hub.store import audit

ROLES = ("merchant", "agent")


class NewUser(Value, frozen=True):
    """`role` is merchant (everything) or agent (orders and conversations). The password never shows itself."""

    merchant_id: int
    email: str
    role: str
    password: str
    name: str = ""

    def __repr__(self) -> str:
        return f"NewUser({self.email!r}, {self.role!r})"


async def create_user(services: Services, new: NewUser, actor: str) -> int:
    """The id of the new user. Raises `Invalid` for a wrong address, role or password; `Conflict` for an address in use.

    An address signs in to one merchant only, so it must be new among all of them.
    """
    email = clean_email(new.email)
    if new.role not in ROLES:
        raise Invalid("role", f"is {' or '.join(ROLES)}")
    kept = await PASSWORDS.hash(new.password)
    user_id, now = services.ids.next(), services.clock.now()
    async with services.database.transaction() as tx:
        await tx.execute("SELECT pg_advisory_xact_lock(hashtextextended('crossdock:user:' || $1, 0))", email)
        if await tx.fetchval("SELECT 1 FROM users WHERE email = $1", email):
            raise Conflict(f"{email} can already sign in; choose another address")
        await tx.execute(
            """INSERT INTO users (id, merchant_id, email, name, role, password, created_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7)""",
            user_id, new.merchant_id, email, new.name.replace("\0", "")[:200], new.role, kept, now,
        )  # fmt: skip
        await audit.append(tx, services.ids, audit.Entry(
            merchant_id=new.merchant_id, at=now, actor=actor, action="create_user", subject=f"user:{user_id}",
            details={"role": new.role},
        ))  # fmt: skip
    return user_id


def clean_email(email: str) -> str:
    """The address in the form it is kept and looked up by. Raises `Invalid` for what is no address."""
    try:
        return validate_email(email.strip(), check_deliverability=False).normalized.lower()
    except EmailNotValidError as error:
        raise Invalid("email", str(error)) from None
