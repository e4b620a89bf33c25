"""Signing in to the console, and who a session belongs to afterwards."""

from __future__ import annotations

from datetime import timedelta

from msgspec.structs import replace

from hub.actions.create_user import clean_email
from hub.actions.passwords import PASSWORDS
from hub.actions.services import Services
from hub.domain.order import Value
from hub.errors import Forbidden, Invalid
from hub.store import audit
from hub.store.database import Row, Tx

TRIES = 5
LOCKED_FOR = timedelta(minutes=15)
REFUSED = "e-mail address or password is wrong, or there were too many tries; wait a quarter of an hour, then try again"
"""One answer for an unknown address, a wrong password and a locked account, so that none of them can be told apart."""


class _User(Value, frozen=True):
    id: int
    merchant_id: int
    email: str
    name: str
    role: str
    password: str


class SignedIn(Value, frozen=True):
    """A user with a session. `stamp` changes with the password, which ends every session made before."""

    user_id: int
    merchant_id: int
    email: str
    name: str
    role: str
    stamp: str


async def sign_in(services: Services, email: str, password: str) -> SignedIn:
    """The user. Raises `Forbidden`, after the same time and with the same words, for whatever is wrong.

    A try is counted before the password is looked at, so that many at once get no more tries than one after another.
    """
    user = await _take_a_try(services, email)
    if not await PASSWORDS.fits(user.password if user else None, password) or user is None:
        raise Forbidden(REFUSED)
    if PASSWORDS.is_old(user.password):
        user = replace(user, password=await PASSWORDS.hash(password))
    async with services.database.transaction() as tx:
        await tx.execute(
            "UPDATE users SET failures = 0, locked_until = NULL, password = $2 WHERE id = $1", user.id, user.password
        )
        await _note(services, tx, user, "sign_in")
    return _signed_in(services, user)


async def _take_a_try(services: Services, email: str) -> _User | None:
    """The user, when there is one who may try now; the last try locks, and signing in unlocks."""
    try:
        address = clean_email(email)
    except Invalid:
        return None
    now = services.clock.now()
    async with services.database.transaction() as tx:
        row = await tx.fetchrow("SELECT * FROM users WHERE email = $1 ORDER BY id LIMIT 1 FOR UPDATE", address)
        if row is None or (row["locked_until"] is not None and row["locked_until"] > now):
            return None
        tries = 1 if row["locked_until"] is not None else row["failures"] + 1
        until = now + LOCKED_FOR if tries >= TRIES else None
        await tx.execute("UPDATE users SET failures = $2, locked_until = $3 WHERE id = $1", row["id"], tries, until)
        if until is not None:
            await _note(services, tx, _user(row), "lock_user")
    return _user(row)


async def _note(services: Services, tx: Tx, user: _User, action: str) -> None:
    await audit.append(tx, services.ids, audit.Entry(
        merchant_id=user.merchant_id, at=services.clock.now(), actor=f"user:{user.id}", action=action,
        subject=f"user:{user.id}",
    ))  # fmt: skip


async def check_session(services: Services, user_id: int, stamp: str) -> SignedIn | None:
    """The user a session belongs to; None when the user is gone or has changed the password since."""
    row = await services.database.plain.fetchrow("SELECT * FROM users WHERE id = $1", user_id)
    if row is None:
        return None
    found = _signed_in(services, _user(row))
    return found if found.stamp == stamp else None


def _user(row: Row) -> _User:
    return _User(**{name: row[name] for name in _User.__struct_fields__})


def _signed_in(services: Services, user: _User) -> SignedIn:
    return SignedIn(
        user_id=user.id,
        merchant_id=user.merchant_id,
        email=user.email,
        name=user.name,
        role=user.role,
        stamp=services.vault.mac("session", user.id, user.password)[:32],
    )
