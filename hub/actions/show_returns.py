"""The returns of one order as they are shown, in three statements."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping

from hub.actions.order_view import ReturnedView, ReturnFaultView, ReturnView, view
from hub.store.database import Row, Tx


async def show_returns(tx: Tx, order_id: int) -> tuple[ReturnView, ...]:
    """The returns of an order, the one asked for first at the top."""
    rows = await tx.fetch("SELECT * FROM returns WHERE order_id = $1 ORDER BY requested_at, id", order_id)
    if not rows:
        return ()
    titles = dict(await tx.fetch("SELECT external_id, title FROM order_lines WHERE order_id = $1", order_id))
    lines: dict[int, list[ReturnedView]] = defaultdict(list)
    for line in await tx.fetch(
        """SELECT w.*, w.order_line_id AS line_id, l.title FROM return_lines w JOIN order_lines l
           ON l.id = w.order_line_id WHERE w.return_id = ANY($1::bigint[]) ORDER BY l.position, w.id""",
        [row["id"] for row in rows],
    ):
        lines[line["return_id"]].append(view(ReturnedView, line))
    return tuple(_return(row, tuple(lines[row["id"]]), titles) for row in rows)


def _return(row: Row, lines: tuple[ReturnedView, ...], titles: Mapping[str, str]) -> ReturnView:
    details = json.loads(row["details"])
    told = details.get("told", {})
    faults = tuple(
        ReturnFaultView(
            line_id=each["line_id"], title=titles.get(each["line_id"], ""),
            told=each["told"], possible=each["possible"],
        )
        for each in details.get("faults", ())
    )  # fmt: skip
    return view(ReturnView, row, {
        "word": told.get("word", ""), "unknown": told.get("unknown", False), "carrier": told.get("carrier", ""),
        "lines": lines, "faults": faults,
    })  # fmt: skip
