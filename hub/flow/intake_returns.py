"""Returns as channels tell of them: one row for each, whatever the order and the number of its news.

What of a return can be is reckoned anew over all returns of an order whenever one of them, or the order itself, is told
of: no line gives back more than was shipped of it. Nothing is put on a shelf here, whatever a channel says it received.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from hub.domain.lifecycle import Inbox as State
from hub.domain.order import ReturnNotice
from hub.domain.outcome import Event
from hub.domain.returning import Allotted, Standing, allot, merged, reason_of
from hub.errors import Conflict
from hub.flow.intake_amend import keep
from hub.flow.intake_common import Intake, Present
from hub.flow.loading import grouped
from hub.flow.return_news import Name, Turn, tell
from hub.store import sets
from hub.store.database import Row
from hub.store.return_facts import COUNTED

Told = Sequence[tuple[Row, Any]]

OF_ORDERS = "SELECT * FROM returns WHERE order_id = ANY($1::bigint[]) AND account_id IS NOT NULL ORDER BY id"
OF_OTHERS = """SELECT r.account_id, r.external_id, r.order_id FROM returns r
    JOIN unnest($1::bigint[], $2::bigint[], $3::text[]) AS w(merchant_id, account_id, external_id)
        USING (merchant_id, account_id, external_id)"""
LINES = """SELECT id, order_id, external_id, sku, listing_id, shipped FROM order_lines
    WHERE order_id = ANY($1::bigint[]) ORDER BY id"""
KNOWN_LINES = "SELECT id, return_id, order_line_id FROM return_lines WHERE return_id = ANY($1::bigint[])"
DROP_LINES = "DELETE FROM return_lines WHERE id = ANY($1::bigint[])"
WRITE = """ON CONFLICT (merchant_id, account_id, external_id) DO UPDATE SET
        number = excluded.number, state = excluded.state, reason = excluded.reason,
        requested_at = excluded.requested_at, tracking_number = excluded.tracking_number, details = excluded.details
    WHERE returns.order_id = excluded.order_id"""
WRITE_LINES = """ON CONFLICT (merchant_id, return_id, order_line_id) DO UPDATE SET
        quantity = excluded.quantity, received = excluded.received"""
COUNT = f"""UPDATE order_lines l SET return_requested = c.requested, received_back = c.received
    FROM ({COUNTED} WHERE l.order_id = ANY($1::bigint[]) GROUP BY l.id) c
    WHERE l.id = c.line_id AND (l.return_requested, l.received_back) <> (c.requested, c.received)"""  # noqa: S608 our own text


class _Details(msgspec.Struct, frozen=True):
    """The column `details` of a return that was told."""

    told: Standing
    faults: tuple[Any, ...] = ()


_details = msgspec.json.Decoder(_Details)


@dataclass(slots=True)
class _Return:
    """One return in this batch. `stored`: what the table has, empty for a new one; `turns`: states it came to."""

    id: int
    present: Present
    standing: Standing | None
    stored: Mapping[str, Any] = field(default_factory=dict)
    faults: tuple[Any, ...] = ()
    turns: list[Turn] = field(default_factory=list)


async def take(intake: Intake, told: Told) -> None:
    """Takes in what is told of returns, and reckons anew those of orders whose lines may have changed."""
    here = await _here(intake, told)
    ids = sorted({present.id for present, _, _ in here} | intake.amended)
    if not ids:
        return
    book = await _known(intake, ids)
    for present, row, news in sorted(here, key=lambda item: item[2].at):
        _hear(intake, book, present, (row["account_id"], news))
    if book:
        await _settle(intake, book)


async def _here(intake: Intake, told: Told) -> list[tuple[Present, Row, ReturnNotice]]:
    """Returns of orders that are here. One that was told of another order is set aside."""
    if not told:
        return []
    names = sorted({(row["merchant_id"], row["account_id"], news.external_id) for row, news in told})
    rows = await intake.tx.fetch(OF_OTHERS, *map(list, zip(*names, strict=True)))
    homes: dict[Name, int] = {(row["account_id"], row["external_id"]): row["order_id"] for row in rows}
    found = []
    for row, news in told:
        present = intake.orders.get((row["account_id"], news.order_id))
        if present is None:
            intake.finish(row, State.WAITING, about=news.order_id[:128])
        elif homes.setdefault((row["account_id"], news.external_id), present.id) != present.id:
            intake.finish(row, State.SET_ASIDE, error=f"the return {news.external_id!r} is of another order")
        else:
            intake.finish(row, State.DONE, about=news.order_id[:128])
            found.append((present, row, news))
    return found


async def _known(intake: Intake, ids: Sequence[int]) -> dict[Name, _Return]:
    presents = {present.id: present for present in intake.orders.values()}
    book = {}
    for row in await intake.tx.fetch(OF_ORDERS, ids):
        details = _details.decode(row["details"])
        name = (row["account_id"], row["external_id"])
        book[name] = _Return(row["id"], presents[row["order_id"]], details.told, dict(row), details.faults)
    return book


def _hear(intake: Intake, book: dict[Name, _Return], present: Present, said: tuple[int, ReturnNotice]) -> None:
    """One word on one return: its event, where it changes something."""
    account_id, news = said
    known = book.setdefault((account_id, news.external_id), _Return(intake.batch.ids.next(), present, None))
    before, after = known.standing, merged(known.standing, news)
    known.standing = after
    turned = before is None or after.state != before.state
    if before is None or turned:
        kind = f"return_{after.state}"
    elif _shown(before) != _shown(after):
        kind = "return_changed"
    else:
        return
    details = {"return": after.number or news.external_id} | _shown(after)
    intake.event(present, Event(kind, details, "channel", f"account:{account_id}", news.at))
    keep(intake, present)
    if turned:
        name = (account_id, news.external_id)
        known.turns.append(Turn(known.id, name, present, present.version, after, news.at))


def _shown(standing: Standing) -> dict[str, object]:
    """What people are told of a return; empty parts are left out."""
    parts: dict[str, object] = {
        "units": sum(line.quantity for line in standing.lines), "reason": reason_of(standing),
        "tracking_number": standing.tracking_number, "word": standing.word,
    }  # fmt: skip
    return {name: value for name, value in parts.items() if value}


# ---------------------------------------------------------------- what of it can be


async def _settle(intake: Intake, book: Mapping[Name, _Return]) -> None:
    """Writes the returns with those of their units that can be, and what lines count of them."""
    orders: dict[int, dict[str, tuple[Name, _Return]]] = {}
    for name, each in book.items():
        orders.setdefault(each.present.id, {})[name[1]] = (name, each)
    lines = grouped(await intake.tx.fetch(LINES, sorted(orders)), "order_id")
    rows: list[dict[str, Any]] = []
    children: list[dict[str, Any]] = []
    for order_id, returns in orders.items():
        ids = {line["external_id"]: line["id"] for line in lines.get(order_id, ())}
        shipped = {line["external_id"]: line["shipped"] for line in lines.get(order_id, ())}
        listings = {line["external_id"]: line["listing_id"] for line in lines.get(order_id, ())}
        standings = {key: each.standing for key, (_, each) in returns.items() if each.standing is not None}
        for key, allotted in allot(shipped, standings, listings).items():
            name, each = returns[key]
            _doubt(intake, each, allotted)
            rows.append(_row(name, each, allotted))
            children += _children(intake, each, allotted, ids)
        tell(intake, [turn for _, each in returns.values() for turn in each.turns], lines.get(order_id, ()), standings)
    if await sets.insert(intake.tx, "returns", rows, WRITE) != len(rows):
        raise Conflict("a return was told of two orders at once")
    await _write_lines(intake, [row["id"] for row in rows], children)
    await intake.tx.execute(COUNT, sorted(orders))


def _doubt(intake: Intake, each: _Return, allotted: Allotted) -> None:
    """Units that cannot come back are said on the timeline, whenever what is wrong with them changes."""
    faults = msgspec.to_builtins(allotted.faults)
    if faults and faults != list(each.faults):
        assert each.standing is not None
        details = {"return": each.standing.number or each.stored.get("external_id", ""), "lines": faults}
        intake.event(each.present, Event("return_in_doubt", details))
        keep(intake, each.present)


def _row(name: Name, each: _Return, allotted: Allotted) -> dict[str, Any]:
    standing = each.standing
    assert standing is not None
    return {
        "id": each.id, "merchant_id": each.present.row["merchant_id"], "order_id": each.present.id,
        "account_id": name[0], "external_id": name[1], "number": (standing.number or name[1])[:80],
        "state": standing.state, "reason": reason_of(standing)[:64], "requested_by": "channel",
        "requested_at": standing.began, "due_at": None, "tracking_number": standing.tracking_number[:64],
        "details": {"told": standing, "faults": allotted.faults},
    }  # fmt: skip


def _children(
    intake: Intake, each: _Return, allotted: Allotted, line_ids: Mapping[str, int]
) -> Iterable[dict[str, Any]]:
    for share in allotted.shares:
        yield {
            "id": intake.batch.ids.next(), "merchant_id": each.present.row["merchant_id"], "return_id": each.id,
            "order_line_id": line_ids[share.line_id], "quantity": share.quantity, "received": share.received,
        }  # fmt: skip


async def _write_lines(intake: Intake, return_ids: Sequence[int], children: Sequence[dict[str, Any]]) -> None:
    wanted = {(child["return_id"], child["order_line_id"]) for child in children}
    there = await intake.tx.fetch(KNOWN_LINES, return_ids)
    gone = [row["id"] for row in there if (row["return_id"], row["order_line_id"]) not in wanted]
    if gone:
        await intake.tx.execute(DROP_LINES, gone)
    await sets.insert(intake.tx, "return_lines", children, WRITE_LINES)
