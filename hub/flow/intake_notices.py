"""What channels, carriers and providers say besides orders.

Cancellations, refunds, shipments, scans, payments, farewells and erasures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from hub.domain.fitting import fitted
from hub.domain.lifecycle import Inbox as State
from hub.domain.lifecycle import Lifecycle, PaymentState
from hub.domain.listening import tellings
from hub.domain.order import RefundNotice
from hub.domain.outcome import Event, Message, Posting
from hub.domain.outgoing import Kind, RefundRequest
from hub.flow import cancelling, erasing
from hub.flow.batch import postings_rows
from hub.flow.intake_amend import keep, moved_payment
from hub.flow.intake_common import Intake, Present
from hub.flow.intake_rows import PAYMENT_STATES, received
from hub.flow.loading import grouped
from hub.store import sets
from hub.store.database import Row

Told = Sequence[tuple[Row, Any]]

RESPREAD = """
    UPDATE payments p SET refunded = d.refunded FROM (
        SELECT c.id, greatest(0, least(c.captured, r.total - (c.running - c.captured))) AS refunded
        FROM (SELECT id, order_id, captured, sum(captured) OVER (PARTITION BY order_id ORDER BY external_id) AS running
              FROM payments WHERE order_id = ANY($1::bigint[])) c
        JOIN (SELECT order_id, sum(amount) AS total FROM refunds
              WHERE order_id = ANY($1::bigint[]) AND state = 'succeeded' GROUP BY order_id) r USING (order_id)
    ) d WHERE p.id = d.id AND p.refunded <> d.refunded"""
LONGEST_KEY, LONGEST_POSTING = 128, 96
KNOWN_REFUNDS = "SELECT order_id, idempotency_key, amount FROM refunds WHERE order_id = ANY($1::bigint[])"
TRACKING = "SELECT order_id, tracking_number FROM parcels WHERE order_id = ANY($1::bigint[])"
PARCELS = """SELECT p.id, p.merchant_id, p.fulfillment_id, p.tracking_number FROM parcels p
    JOIN unnest($1::bigint[], $2::text[]) AS w(merchant_id, tracking_number) USING (merchant_id, tracking_number)
    WHERE p.tracking_number <> ''"""
PAYMENTS = """SELECT p.* FROM payments p JOIN unnest($1::bigint[], $2::text[]) AS w(merchant_id, external_id)
    USING (merchant_id, external_id) ORDER BY p.id FOR UPDATE OF p"""
MOVE_PAYMENTS = """UPDATE payments p SET state = d.state, captured = greatest(p.captured, d.captured)
    FROM json_to_recordset($1::json) AS d(id bigint, state text, captured bigint) WHERE p.id = d.id"""
CLOSE = """UPDATE accounts SET state = 'closed', health = jsonb_set(health, '{closed}', to_jsonb($2::text))
    WHERE id = ANY($1::bigint[])"""


def _present(intake: Intake, row: Row, order_id: str) -> Present | None:
    """The order that is spoken of; None, and the delivery waits for it, when it is not here yet."""
    present = intake.orders.get((row["account_id"], order_id))
    if present is None:
        intake.finish(row, State.WAITING, about=order_id[:128])
    else:
        intake.finish(row, State.DONE, about=order_id[:128])
    return present


async def cancellations(intake: Intake, told: Told) -> None:
    """Whole orders are cancelled; single units become a hold unless nothing is routed yet.

    The order's own newer revision then carries them.
    """
    for row, news in told:
        present = _present(intake, row, news.order_id)
        if present is None or present.state in {Lifecycle.CANCELLED, Lifecycle.REJECTED}:
            continue
        if news.lines:
            intake.event(present, Event("units_cancelled_at_channel", {"lines": news.lines}, actor="channel"))
            keep(intake, present)
        elif present.state is Lifecycle.COMPLETED:
            intake.event(present, Event("cancelled_too_late", {"reason": news.reason}, actor="channel"))
            keep(intake, present)
        else:
            why = news.reason or "cancelled at the channel"
            asked = cancelling.Asked(why, "channel", pushed=True, listeners=intake.known.listeners())
            target = cancelling.Target(present.row, present.version, present.state)
            present.state, present.version = await cancelling.cancel(intake.tx, intake.batch, target, asked)


async def refunds(intake: Intake, told: Told) -> None:
    """Money the channel gave back: one refund row per its id, booked once."""
    here = [(p, row, news) for row, news in told if (p := _present(intake, row, news.order_id)) is not None]
    if not here:
        return
    ids = [present.id for present, _, _ in here]
    known = {(r["order_id"], r["idempotency_key"]): r["amount"] for r in await intake.tx.fetch(KNOWN_REFUNDS, ids)}
    rows: list[dict[str, Any]] = []
    for present, row, news in here:
        whole = f"channel:{news.external_id}"
        key, cut = (present.id, fitted(whole, LONGEST_KEY)), (present.id, whole[:LONGEST_KEY])
        if key in known or known.get(cut) == news.amount or news.amount <= 0:  # long ones were only cut once
            continue
        known[key] = news.amount
        rows.append(_refund(intake, present, news, key[1]))
        _tell_listeners(intake, row, present, rows[-1])
        intake.event(present, Event("refunded", {"amount": news.amount, "currency": news.currency}, actor="channel"))
        keep(intake, present)
        intake.money.add(present.id)
    await sets.insert(intake.tx, "refunds", rows, "ON CONFLICT DO NOTHING")


async def respread(intake: Intake) -> None:
    """Says of each payment how much of it went back, from the refunds there are: the same whichever came first."""
    if intake.money:
        await intake.tx.execute(RESPREAD, sorted(intake.money))


def _tell_listeners(intake: Intake, row: Row, present: Present, refund: Mapping[str, Any]) -> None:
    """The channel that gave the money back knows; who hears of every order does not."""
    request = RefundRequest(
        reference=refund["idempotency_key"], order_id=present.row["external_id"], amount=refund["amount"],
        currency=refund["currency"], reason=refund["reason"], lines=refund["lines"],
    )  # fmt: skip
    push = Message(Kind.PUSH_REFUND, f"refund:{refund['id']}", row["account_id"], present.id, request)
    for message in tellings(push, (row["merchant_id"], present.row["number"]), intake.known.listeners(), taken=False):
        intake.batch.message(row["merchant_id"], message)


def _refund(intake: Intake, present: Present, news: RefundNotice, key: str) -> dict[str, Any]:
    merchant_id = present.row["merchant_id"]
    posting = fitted(f"refund:{key}", LONGEST_POSTING)
    entries = (
        Posting(present.id, posting, "refunds", news.currency, news.amount),
        Posting(present.id, posting, "cash", news.currency, -news.amount),
    )
    booked = postings_rows(intake.batch.ids, intake.now, merchant_id, entries)
    intake.batch.postings.extend(map(dict, booked))
    return {
        "id": intake.batch.ids.next(), "merchant_id": merchant_id, "order_id": present.id, "payment_id": None,
        "idempotency_key": key, "state": "succeeded", "currency": news.currency, "amount": news.amount,
        "reason": news.reason[:200], "lines": news.lines, "approved_by": "channel", "created_at": intake.now,
    }  # fmt: skip


NOT_YET = frozenset({"pending", "open"})
UNDONE = frozenset({"cancelled", "failed"})
"""Words of a shipment that is none: not yet, or no more."""


async def shipments(intake: Intake, told: Told) -> None:
    """Our own shipments come back as an echo; somebody else's are recorded; the order's next revision counts them. One
    that was taken back at the channel is told, ours too: a person looks whether the goods left."""
    here = [(p, row, news) for row, news in told if (p := _present(intake, row, news.order_id)) is not None]
    if not here:
        return
    rows = grouped(await intake.tx.fetch(TRACKING, [present.id for present, _, _ in here]), "order_id")
    for present, _row, news in here:
        ours = {row["tracking_number"] for row in rows.get(present.id, ())}
        number = news.shipment.tracking_number
        undone = news.status in UNDONE
        if news.status in NOT_YET or (number and number in ours and not undone):
            continue
        details: dict[str, object] = {"tracking_number": number, "carrier": news.shipment.carrier}
        kind = "shipment_undone" if undone else "shipped_elsewhere"
        intake.event(present, Event(kind, details, actor="channel", occurred_at=news.at))
        keep(intake, present)


async def scans(intake: Intake, told: Told) -> None:
    """Scans go to their parcels once each and wake the track stage. One for a parcel we do not know yet waits a while:
    carriers speak before our own label is committed."""
    if not told:
        return
    wanted = sorted({(row["merchant_id"], news.tracking_number) for row, news in told})
    parcels = {
        (parcel["merchant_id"], parcel["tracking_number"]): parcel
        for parcel in await intake.tx.fetch(PARCELS, *map(list, zip(*wanted, strict=True)))
    }
    rows: dict[tuple[int, str], dict[str, Any]] = {}
    for row, news in told:
        parcel = parcels.get((row["merchant_id"], news.tracking_number))
        if parcel is None:
            _wait_for_parcel(intake, row, news.tracking_number)
        else:
            rows[parcel["id"], news.external_id] = {
                "id": intake.batch.ids.next(), "merchant_id": row["merchant_id"], "parcel_id": parcel["id"],
                "external_id": news.external_id[:128], "status": news.status, "word": news.raw[:200],
                "place": news.place[:200], "at": news.at, "recorded_at": intake.now, "seen": False,
            }  # fmt: skip
    await sets.insert(intake.tx, "scans", list(rows.values()), "ON CONFLICT DO NOTHING")
    woken = sorted({parcel["fulfillment_id"] for parcel in parcels.values()})
    if woken:
        await intake.tx.execute(sets.WAKE_WORKS, woken, intake.now)
        intake.announced.add("fulfillments")


def _wait_for_parcel(intake: Intake, row: Row, tracking_number: str) -> None:
    attempts = row["attempts"] + 1
    why = f"no parcel has the tracking number {tracking_number[:64]!r}"
    if attempts > 6:
        intake.finish(row, State.SET_ASIDE, error=why)
    else:
        later = intake.now + timedelta(seconds=2 * 4**attempts)
        intake.finish(row, State.PENDING, error=why, due_at=later, attempts=attempts)


async def payments(intake: Intake, told: Told) -> None:
    """What a provider says of a payment: moved forward only, booked, and the order looked at again."""
    if not told:
        return
    wanted = sorted({(row["merchant_id"], news.payment_id) for row, news in told})
    found = {
        (payment["merchant_id"], payment["external_id"]): dict(payment)
        for payment in await intake.tx.fetch(PAYMENTS, *map(list, zip(*wanted, strict=True)))
    }
    for row, news in sorted(told, key=lambda item: item[1].at):
        payment = found.get((row["merchant_id"], news.payment_id))
        if payment is None:
            _wait_for_payment(intake, row, news.payment_id)
            continue
        state = moved_payment(PaymentState(payment["state"]), PAYMENT_STATES[news.status])
        captured = min(news.amount, payment["amount"]) if state is PaymentState.CAPTURED else payment["captured"]
        booked = received(payment["order_id"], payment["id"], payment["currency"], (payment["captured"], captured))
        rows = postings_rows(intake.batch.ids, intake.now, row["merchant_id"], booked)
        intake.batch.postings.extend(map(dict, rows))
        payment["state"], payment["captured"] = state, max(captured, payment["captured"])
        intake.batch.woken.add(payment["order_id"])
        intake.money.add(payment["order_id"])
    await sets.update(intake.tx, MOVE_PAYMENTS, [
        {"id": p["id"], "state": p["state"], "captured": p["captured"]} for p in found.values()
    ])  # fmt: skip


def _wait_for_payment(intake: Intake, row: Row, payment_id: str) -> None:
    attempts = row["attempts"] + 1
    why = f"no order has the payment {payment_id[:64]!r}"
    if attempts > 8:
        intake.finish(row, State.SET_ASIDE, error=why)
    else:
        intake.finish(
            row, State.PENDING, error=why, due_at=intake.now + timedelta(seconds=4**attempts), attempts=attempts
        )


async def closures(intake: Intake, told: Told) -> None:
    """The merchant removed us at the channel: nothing more is pulled or pushed there, its history stays."""
    if told:
        why = "removed at the channel; connect it again to go on"
        await intake.tx.execute(CLOSE, sorted({row["account_id"] for row, _ in told}), why)


async def erasures(intake: Intake, told: Told) -> None:
    """A person must be forgotten, or asks what is known: done or put on record in the same transaction."""
    for row, news in told:
        await erasing.erase(intake, row, news)
