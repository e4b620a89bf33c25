"""Merchants' own rules of review, each in its newest version."""

from __future__ import annotations

from functools import lru_cache

from hub.domain.fraud_reading import read, shipped
from hub.domain.fraud_rules import RuleSet
from hub.domain.validation import Policy
from hub.store.database import Tx

NEWEST = """SELECT DISTINCT ON (merchant_id) merchant_id, version, text FROM review_rules
    ORDER BY merchant_id, version DESC"""

DEFAULT = Policy(0, shipped())
"""What a merchant without rules of its own goes by."""


@lru_cache(maxsize=1024)
def _read(text: str) -> RuleSet:
    return read(text)


async def read_policies(tx: Tx) -> dict[int, Policy]:
    """Merchant → its rules. A version was checked when it was kept, so each can be read."""
    return {row["merchant_id"]: Policy(row["version"], _read(row["text"])) for row in await tx.fetch(NEWEST)}
