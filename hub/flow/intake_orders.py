"""Orders as channels tell them: new ones are written whole, newer revisions amend, older ones are recorded and change
nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hub.domain.lifecycle import Inbox as State
from hub.domain.lifecycle import Lifecycle
from hub.domain.order import (
    Cancellation,
    ChannelOrder,
    News,
    ParcelScan,
    PaymentNotice,
    RefundNotice,
    ReturnNotice,
    ShipmentNotice,
)
from hub.domain.outcome import Event
from hub.flow import intake_amend, intake_rows
from hub.flow.intake_common import Intake, OrderKey, Present
from hub.flow.intake_rows import digest
from hub.store import sets, whole_orders
from hub.store.database import Row

LOCK_KEYS = "SELECT pg_advisory_xact_lock(hashtextextended(k, 0)) FROM unnest($1::text[]) AS k"
FIND = """SELECT o.id FROM orders o JOIN unnest($1::bigint[], $2::bigint[], $3::text[]) AS w(merchant_id, account_id,
    external_id) USING (merchant_id, account_id, external_id)"""
FIND_PAID = """SELECT DISTINCT p.order_id AS id FROM payments p JOIN unnest($1::bigint[], $2::text[])
    AS w(merchant_id, external_id) USING (merchant_id, external_id)"""
FIND_TRACKED = """SELECT DISTINCT p.fulfillment_id AS id FROM parcels p JOIN unnest($1::bigint[], $2::text[])
    AS w(merchant_id, tracking_number) USING (merchant_id, tracking_number) WHERE p.tracking_number <> ''"""
WAKE_WAITING = f"""UPDATE inbox i SET state = {int(State.PENDING)}, due_at = $4
    FROM unnest($1::bigint[], $2::bigint[], $3::text[]) AS w(merchant_id, account_id, about)
    WHERE i.merchant_id = w.merchant_id AND i.account_id = w.account_id AND i.about = w.about
      AND i.state = {int(State.WAITING)}"""  # noqa: S608 - constants only
CUSTOMERS = """INSERT INTO customers (id, merchant_id, name, email, phone, locale, created_at)
    SELECT id, merchant_id, name, email, phone, locale, created_at
    FROM json_populate_recordset(NULL::customers, $1::json) ORDER BY merchant_id, email
    ON CONFLICT (merchant_id, email) DO UPDATE SET name = coalesce(nullif(excluded.name, ''), customers.name)
    RETURNING id, merchant_id, email"""


def about(news: News) -> str:
    """The channel's id of the order that `news` speaks of; empty when it speaks of none."""
    if isinstance(news, ChannelOrder):
        return news.external_id
    told = Cancellation | RefundNotice | ShipmentNotice | ReturnNotice
    return news.order_id if isinstance(news, told) else ""


async def lock(intake: Intake, spoken: Sequence[tuple[Row, News]]) -> None:
    """Takes every order that is spoken of for this transaction: by name first, so that two workers that both make it
    take turns; then fulfillment orders before orders, the order of locks everywhere."""
    keys = sorted({(row["merchant_id"], row["account_id"], key) for row, news in spoken if (key := about(news))})
    await intake.tx.fetch(LOCK_KEYS, [f"{account}:{key}" for _, account, key in keys])
    paid = {(row["merchant_id"], news.payment_id) for row, news in spoken if isinstance(news, PaymentNotice)}
    tracked = {(row["merchant_id"], news.tracking_number) for row, news in spoken if isinstance(news, ParcelScan)}
    ids = [*await _find(intake, FIND, keys), *await _find(intake, FIND_PAID, sorted(paid))]
    works = await _find(intake, FIND_TRACKED, sorted(tracked))
    _, orders = await whole_orders.hold(intake.tx, ids, works)
    for row in orders:
        present = Present(row, row["version"], Lifecycle(row["state"]))
        intake.orders[row["account_id"], row["external_id"]] = present


async def _find(intake: Intake, sql: str, wanted: Sequence[tuple[Any, ...]]) -> list[int]:
    """Ids of what is named by tuples, one array for each of their places."""
    return [row["id"] for row in await intake.tx.fetch(sql, *map(list, zip(*wanted, strict=True)))] if wanted else []


def rank(order: ChannelOrder) -> tuple[Any, ...]:
    """Which of two revisions is the later one.

    Content decides where their times are equal, so that any order of arrival ends the same.
    """
    return (order.revised_at, order.cancelled_at is not None, order.paid, not order.pending, digest(order))


async def take(intake: Intake, told: Sequence[tuple[Row, Any]]) -> None:
    """Writes what the batch says of orders: the newest revision of each, the others recorded."""
    groups: dict[OrderKey, list[tuple[Row, ChannelOrder]]] = {}
    for row, order in told:
        intake.finish(row, State.DONE, about=order.external_id[:128])
        groups.setdefault((row["account_id"], order.external_id), []).append((row, order))
    fresh: list[tuple[Row, ChannelOrder]] = []
    amended: list[tuple[Present, ChannelOrder]] = []
    for key, revisions in groups.items():
        row, newest = max(revisions, key=lambda revision: rank(revision[1])) if len(revisions) > 1 else revisions[0]
        present = intake.orders.get(key)
        if present is None:
            fresh.append((row, newest))
        elif _later(present, newest):
            amended.append((present, newest))
        elif present.row["digest"] != digest(newest):
            revised = newest.revised_at.isoformat()
            intake.event(present, Event("stale_revision", {"topic": row["topic"], "revised_at": revised}))
            intake_amend.keep(intake, present)
    buyers = [(row["merchant_id"], order) for row, order in fresh]
    buyers += [(present.row["merchant_id"], order) for present, order in amended]
    customers = await _customers(intake, buyers)
    await _insert(intake, fresh, customers)
    await intake_amend.amend(intake, amended, customers)


def _later(present: Present, order: ChannelOrder) -> bool:
    """Whether `order` is news against what is stored."""
    row = present.row
    if order.revised_at != row["revised_at"]:
        return bool(order.revised_at > row["revised_at"])
    stored = (row["cancelled_at"] is not None, row["paid"], not row["pending"], row["digest"])
    return rank(order)[1:] > stored


async def _insert(
    intake: Intake, fresh: Sequence[tuple[Row, ChannelOrder]], customers: Mapping[tuple[int, str], int]
) -> None:
    if not fresh:
        return
    writer = intake_rows.Writer(intake, customers)
    for row, order in fresh:
        intake.orders[row["account_id"], order.external_id] = writer.order(row, order)
    await writer.write()
    keys = [(row["merchant_id"], row["account_id"], order.external_id[:128]) for row, order in fresh]
    woken = await intake.tx.execute(WAKE_WAITING, *map(list, zip(*keys, strict=True)), intake.now)
    if woken:
        intake.announced.add("inbox")


async def _customers(intake: Intake, told: Sequence[tuple[int, ChannelOrder]]) -> dict[tuple[int, str], int]:
    """Ids of the buyers that told an e-mail address, by (merchant, address)."""
    people: dict[tuple[int, str], dict[str, Any]] = {}
    for merchant_id, order in told:
        email = order.buyer.email.strip().lower()[:320]
        if email:
            people[merchant_id, email] = {
                "id": intake.batch.ids.next(), "merchant_id": merchant_id, "name": order.buyer.name[:200],
                "email": email, "phone": order.buyer.phone[:32], "locale": order.buyer.locale[:16],
                "created_at": intake.now,
            }  # fmt: skip
    if not people:
        return {}
    rows = await intake.tx.fetch(CUSTOMERS, sets.text(list(people.values())))
    return {(row["merchant_id"], row["email"]): row["id"] for row in rows}
