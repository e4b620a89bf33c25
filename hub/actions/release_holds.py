"""Release many holds at once, each in its own transaction, with a result for every one."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from hub.actions.order_view import View
from hub.actions.release_hold import Release, release_hold
from hub.actions.services import Services
from hub.domain.holds import known_reason
from hub.domain.order import Value
from hub.errors import CrossdockError, Invalid

MOST = 1000
"""Holds of one request."""

FIND = """SELECT h.id, h.order_id, o.number, h.reason, h.resolutions FROM holds h JOIN orders o ON o.id = h.order_id
    WHERE h.merchant_id = $1 AND h.state IN ('open', 'escalated') AND o.state < 9
      AND ($2 = '' OR h.reason = $2) AND ($3::bigint[] = '{}' OR h.id = ANY($3::bigint[]))
    ORDER BY h.opened_at, h.id LIMIT $4"""


class Releases(Value, frozen=True):
    """Which holds, how, and who says so: those of `hold_ids`, or every open one of `reason`."""

    merchant_id: int
    resolution: str
    actor: str
    hold_ids: tuple[int, ...] = ()
    reason: str = ""
    note: str = ""
    dry_run: bool = False


class Released(View, frozen=True):
    """What became of one hold: `problem` is empty where it was released (or would be)."""

    hold_id: str
    order_id: str
    number: str
    reason: str
    problem: str


class ReleasedAll(View, frozen=True):
    """`released` of all `holds`; `more`: there were more than one request takes."""

    released: int
    holds: tuple[Released, ...]
    more: bool

    @property
    def failed(self) -> bool:
        """Whether one of them could not be released."""
        return self.released < len(self.holds)


async def release_holds(services: Services, asked: Releases) -> ReleasedAll:
    """Releases each; one that cannot be does not keep the others. Raises `Invalid` for a resolution that takes an
    address of its own, for an unknown reason, and where nothing says which holds are meant. Another merchant's holds
    are not found."""
    if not asked.hold_ids and not asked.reason:
        raise Invalid("reason", "say which holds: a reason, or their ids")
    if asked.resolution == "use_address":
        raise Invalid("resolution", "an address is for one order; release those one by one")
    reason = known_reason(asked.reason)
    rows = await services.database.plain.fetch(FIND, asked.merchant_id, reason, list(asked.hold_ids), MOST + 1)
    found = [
        Released(
            hold_id=str(row["id"]),
            order_id=str(row["order_id"]),
            number=row["number"],
            reason=row["reason"],
            problem=await _one(services, asked, row["id"], row["resolutions"]),
        )
        for row in rows[:MOST]
    ]
    found += _missing(asked.hold_ids, found)
    done = sum(not it.problem for it in found)
    return ReleasedAll(released=done, holds=tuple(found), more=len(rows) > MOST)


async def _one(services: Services, asked: Releases, hold_id: int, offered: str) -> str:
    """What went wrong, or nothing."""
    choices = msgspec.json.decode(offered, type=list[str])
    if asked.resolution not in choices:
        return f"{asked.resolution!r} is not offered; choose one of {', '.join(choices)}"
    if asked.dry_run:
        return ""
    release = Release(
        merchant_id=asked.merchant_id,
        hold_id=hold_id,
        resolution=asked.resolution,
        actor=asked.actor,
        note=asked.note,
    )
    try:
        await release_hold(services, release)
    except CrossdockError as error:
        return str(error)
    return ""


def _missing(wanted: Sequence[int], found: Sequence[Released]) -> list[Released]:
    known = {it.hold_id for it in found}
    return [
        Released(hold_id=str(it), order_id="", number="", reason="", problem="no such open hold")
        for it in dict.fromkeys(wanted)
        if str(it) not in known
    ]
