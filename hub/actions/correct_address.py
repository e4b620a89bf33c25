"""A customer corrects where an order goes: the release of its hold as an agent does it, in the caller's transaction.

Whose order it is has been proven before; everything else is checked here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from msgspec import json as msgjson

from hub.actions.release_hold import HOLD, Release, audited, lock, release_within
from hub.domain.address_correcting import COUNTRY, Checks, wrongs
from hub.domain.address_standing import Progress, Standing, standing
from hub.domain.fraud_reading import read
from hub.domain.fraud_rules import AddressRules
from hub.domain.lifecycle import phase
from hub.domain.order import Address, Value
from hub.errors import Conflict, Invalid, NotFound
from hub.flow.batch import Batch
from hub.flow.policies import DEFAULT
from hub.ports import Ids
from hub.store import audit
from hub.store.database import Row, Tx, announce
from hub.store.order_facts import FACTS, UNITS, phase_facts

FIND = f"""SELECT o.id, o.number, o.state, o.ship_to, h.id AS hold_id, h.detail, h.resolutions, {FACTS},
        EXISTS (SELECT 1 FROM parcels p WHERE p.order_id = o.id AND p.custody <> 'cancelled'
                AND p.label IN ('buying', 'bought', 'unknown')) AS labeled
    FROM orders o {UNITS}
    LEFT JOIN holds h ON h.order_id = o.id AND h.reason = 'address' AND h.state IN ('open', 'escalated')
    WHERE o.merchant_id = $1 AND o.id = ANY($2::bigint[])
    ORDER BY h.id IS NULL, o.state >= 9, o.id DESC LIMIT 1"""  # noqa: S608 our own text
RULES = "SELECT text FROM review_rules WHERE merchant_id = $1 ORDER BY version DESC LIMIT 1"


class Destination(Value, frozen=True):
    """Where an order goes, and how that stands. `suggestion` and `hold_id` (0 for none) are of an open address hold."""

    order_id: int
    number: str
    phase: str
    standing: Standing
    checks: Checks
    address: Address | None = None
    hold_id: int = 0
    suggestion: Address | None = None


class Correction(Value, frozen=True):
    """`address` instead of `seen`, which the customer was shown with the hold. `note` goes to the audit trail."""

    merchant_id: int
    hold_id: int
    seen: Address
    address: Address
    actor: str
    note: str = ""


async def find_destination(tx: Tx, merchant_id: int, order_ids: Sequence[int]) -> Destination | None:
    """Of these orders the one that waits for its address, else the newest under way, else the newest."""
    row = await tx.fetchrow(FIND, merchant_id, list(order_ids))
    return None if row is None else _destination(row, _rules(await tx.fetchval(RULES, merchant_id)))


async def correct_address(tx: Tx, ids: Ids, now: datetime, asked: Correction) -> None:
    """Gives the order the address and lets it go on. Raises `NotFound` for another merchant's hold, `Conflict` when it
    is closed, or the order goes elsewhere meanwhile, `Invalid` for an address that review would hold again."""
    who = asked.merchant_id
    hold = await tx.fetchrow(HOLD, who, asked.hold_id)
    if hold is None:
        raise NotFound(f"no hold {asked.hold_id}")
    await lock(tx, hold)
    found = await find_destination(tx, who, [hold["order_id"]])
    if found is None or found.standing is not Standing.HELD or found.hold_id != asked.hold_id:
        raise Conflict("this order does not wait for its address any more")
    if found.address != asked.seen:
        raise Conflict("the address of this order was changed meanwhile")
    _check(found, asked.address)
    suggested = asked.address == found.suggestion
    release = Release(
        merchant_id=who,
        hold_id=asked.hold_id,
        resolution="use_suggestion" if suggested else "use_address",
        actor=asked.actor,
        address=asked.address,
        note=asked.note,
    )
    batch = Batch(ids, now)
    await release_within(tx, batch, release)
    await batch.flush(tx)
    await audit.append(tx, ids, audited(hold, release, now))
    await announce(tx, "orders", "fulfillments")


def _check(found: Destination, address: Address) -> None:
    """Raises `Invalid` for another country, and for what is still wrong."""
    assert found.address is not None, "a held order has an address"
    if address.country != found.address.country:
        raise Invalid("address", "goes to another country: a person decides about that")
    wrong = wrongs(address, found.checks)
    if wrong:
        raise Invalid("address", ", ".join(f"{it.part}: {it.why}" for it in wrong))


def _destination(row: Row, rules: AddressRules) -> Destination:
    address = msgjson.decode(row["ship_to"], type=Address | None) if row["ship_to"] else None
    detail: dict[str, Any] = msgjson.decode(row["detail"]) if row["detail"] else {}
    no_po_box = "po_box_refused" in detail.get("faults", ())
    checks = Checks(house_numbers=rules.house_numbers, no_po_box=no_po_box)
    suggestion = detail.get("suggestion")
    progress = _progress(row, detail, address, checks)
    return Destination(
        order_id=row["id"],
        number=row["number"].lstrip("#"),
        phase=progress.phase,
        standing=standing(progress),
        checks=checks,
        address=address,
        hold_id=row["hold_id"] or 0,
        suggestion=msgjson.decode(msgjson.encode(suggestion), type=Address) if suggestion else None,
    )


def _progress(row: Row, detail: dict[str, Any], address: Address | None, checks: Checks) -> Progress:
    held = row["hold_id"] is not None
    return Progress(
        phase=phase(phase_facts(row)),
        left=bool(row["shipped"]) or row["state"] >= 9,
        labeled=row["labeled"],
        held=held,
        correctable=held and detail.get("what") == "address" and "use_address" in msgjson.decode(row["resolutions"]),
        abroad=address is None or any(wrong.part == COUNTRY for wrong in wrongs(address, checks)),
    )


@lru_cache(maxsize=256)
def _read(text: str) -> AddressRules:
    return read(text).address


def _rules(text: str | None) -> AddressRules:
    """What the merchant's newest rules of review want of addresses."""
    return _read(text) if text else DEFAULT.rules.address
