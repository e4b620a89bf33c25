"""Verify: does the store keep its invariants?"""

from __future__ import annotations

from hub.store import invariants
from hub.store.database import Database
from hub.store.invariant import Checked, Violation

__all__ = ["Checked", "Violation", "verify_store"]


async def verify_store(database: Database) -> Checked:
    """`{"checked": {check: rows looked at}, "violations": […]}`, each violation naming up to twenty of its rows.

    Safe on a database at work: it sees one moment, takes no lock that anybody waits for, and changes nothing.
    """
    return await invariants.check(database)
