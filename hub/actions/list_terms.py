"""Customers who pay later: what was agreed, what they owe, and which orders make it up."""

from __future__ import annotations

from datetime import datetime

from hub.actions import cursors
from hub.actions.order_view import View
from hub.domain.lifecycle import Lifecycle
from hub.domain.order import Value
from hub.errors import Invalid, NotFound
from hub.flow.credit_facts import COUNTED, PROMISED
from hub.store.database import Database, Row

# ruff: noqa: S608 - statements are put together from constants of our own code

MOST_OWING = 200
"""Orders of one account that are shown; the sum counts all."""

GONE = "EXISTS (SELECT 1 FROM order_lines l WHERE l.order_id = o.id AND l.shipped > 0)"
DUE = f"greatest(0, o.total - {PROMISED})"
COLUMNS = """t.email, t.currency, t.credit_limit, t.days, t.ended_at, c.owed, c.shipped, c.orders,
    (SELECT count(*) FROM holds h JOIN orders o ON o.id = h.order_id WHERE o.merchant_id + 0 = t.merchant_id
        AND o.email = t.email AND o.currency = t.currency AND o.state < 9 AND h.reason = 'credit'
        AND h.state IN ('open', 'escalated')) AS held"""
FROM = f"""FROM terms t CROSS JOIN LATERAL (
        SELECT coalesce(sum(due), 0)::bigint AS owed, coalesce(sum(due) FILTER (WHERE gone), 0)::bigint AS shipped,
            count(*) FILTER (WHERE due > 0) AS orders
        FROM (SELECT {DUE} AS due, {GONE} AS gone FROM orders o WHERE {COUNTED}) o) c"""
PAGE = f"""SELECT {COLUMNS} {FROM} WHERE t.merchant_id = $1 AND ($2 = '' OR t.email LIKE '%' || $2 || '%')
    AND (t.email, t.currency) > ($3, $4) ORDER BY t.email, t.currency LIMIT $5"""
ONE = f"SELECT {COLUMNS} {FROM} WHERE t.merchant_id = $1 AND t.email = $2 AND t.currency = $3"
OWING = f"""SELECT * FROM (SELECT o.id, o.number, o.placed_at, o.total, o.state, {DUE} AS due, {GONE} AS gone
    FROM terms t JOIN orders o ON {COUNTED} WHERE t.merchant_id = $1 AND t.email = $2 AND t.currency = $3) o
    WHERE due > 0 ORDER BY placed_at, id LIMIT {MOST_OWING}"""


class TermsView(View, frozen=True):
    """One account. `limit`, `owed` and `left` are minor units; `owed` is what was accepted and is neither paid nor
    promised by a payment, `shipped` the part of it that has left, wholly or in part; `held` orders wait for room.
    `left` is below 0 for an account that is overdrawn. `ended_at`: nothing more is sold on it."""

    email: str
    currency: str
    limit: int
    days: int
    owed: int
    shipped: int
    left: int
    orders: int
    held: int
    ended_at: datetime | None


class OwingView(View, frozen=True):
    """An order that counts towards the balance. `due` minor units of `total`; `shipped`: something of it has left."""

    order_id: str
    number: str
    placed_at: datetime
    total: int
    due: int
    shipped: bool
    lifecycle: str


class Balance(View, frozen=True):
    """An account with what its balance is made of, oldest first."""

    terms: TermsView
    orders: tuple[OwingView, ...]


class TermsPage(View, frozen=True):
    """One page; an empty `next` ends the list."""

    terms: tuple[TermsView, ...]
    next: str


class TermsQuery(Value, frozen=True):
    """Which accounts: `search` is a part of the e-mail address; `after` is the `next` of the page before."""

    search: str = ""
    after: str = ""
    limit: int = 50


async def list_terms(database: Database, merchant_id: int, query: TermsQuery) -> TermsPage:
    """Accounts by e-mail address, ended ones among them while something is owed or waits. Raises `Invalid` for a
    foreign page mark or a silly limit."""
    limit = cursors.page_size(query.limit)
    mail, _, currency = query.after.replace("\0", "").rpartition("|")
    if query.after and not mail:
        raise Invalid("after", "is not a mark of a page; leave it out to begin anew")
    search = (
        query.search.strip().lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_").replace("\0", "")
    )
    rows = await database.plain.fetch(PAGE, merchant_id, search, mail, currency, limit + 1)
    page = rows[:limit]
    more = f"{page[-1]['email']}|{page[-1]['currency']}" if len(rows) > limit else ""
    return TermsPage(terms=tuple(map(_view, page)), next=more)


async def show_terms(database: Database, merchant_id: int, of: tuple[str, str]) -> Balance:
    """One account and what counts towards its balance. Raises `NotFound` where there are no such terms."""
    row = await database.plain.fetchrow(ONE, merchant_id, *of)
    if row is None:
        raise NotFound(f"{of[0]} has no terms in {of[1]}; `terms list` shows who has")
    owing = await database.plain.fetch(OWING, merchant_id, *of)
    return Balance(terms=_view(row), orders=tuple(map(_owing, owing)))


def _view(row: Row) -> TermsView:
    limit = row["credit_limit"] if row["ended_at"] is None else 0
    return TermsView(
        email=row["email"], currency=row["currency"], limit=limit, days=row["days"], owed=row["owed"],
        shipped=row["shipped"], left=limit - row["owed"], orders=row["orders"], held=row["held"],
        ended_at=row["ended_at"],
    )  # fmt: skip


def _owing(row: Row) -> OwingView:
    return OwingView(
        order_id=str(row["id"]), number=row["number"], placed_at=row["placed_at"], total=row["total"], due=row["due"],
        shipped=row["gone"], lifecycle=Lifecycle(row["state"]).name.lower(),
    )  # fmt: skip
