"""Switch on rules of review: they become the newest version of the merchant, and none before it is lost."""

from __future__ import annotations

from hub.actions.services import Services
from hub.domain import fraud_reading
from hub.domain.fraud_rules import RuleSet
from hub.errors import Invalid
from hub.store import audit
from hub.store.database import Tx

LONGEST = 200_000
"""Characters of a rule file."""

LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('review_rules:' || $1::text, 0))"
NEWEST = "SELECT version, text FROM review_rules WHERE merchant_id = $1 ORDER BY version DESC LIMIT 1"
ADD = """INSERT INTO review_rules (id, merchant_id, version, text, created_at, created_by)
    VALUES ($1, $2, $3, $4, $5, $6)"""


def checked(text: str) -> RuleSet:
    """The rules of a TOML text. Raises `Invalid` that says what is wrong, where, and what may be there."""
    if len(text) > LONGEST or "\0" in text:
        raise Invalid("rules", f"this is no rule file: at most {LONGEST} characters of text")
    return fraud_reading.read(text)


async def switch_rules(services: Services, merchant_id: int, text: str, actor: str) -> int:
    """The version that is in force from now on: a new one, or the newest when it says the same. Workers follow within
    seconds; orders that wait already are not judged again. Raises `Invalid` for rules that cannot be read."""
    rules = checked(text)
    async with services.database.transaction() as tx:
        await tx.execute(LOCK, str(merchant_id))
        newest = await tx.fetchrow(NEWEST, merchant_id)
        if newest is not None and newest["text"] == text:
            return int(newest["version"])
        version = (newest["version"] if newest else 0) + 1
        now = services.clock.now()
        await tx.execute(ADD, services.ids.next(), merchant_id, version, text, now, actor)
        await _record(services, tx, merchant_id, (version, rules.name, actor))
    return version


async def _record(services: Services, tx: Tx, merchant_id: int, made: tuple[int, str, str]) -> None:
    version, name, actor = made
    entry = audit.Entry(
        merchant_id=merchant_id,
        at=services.clock.now(),
        actor=actor,
        action="switch_rules",
        subject=f"review_rules:{version}",
        details={"name": name},
    )
    await audit.append(tx, services.ids, entry)
