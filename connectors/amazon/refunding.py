"""Giving money back through Amazon: a feed of order adjustments, whose report decides what became of each.

Amazon has no field that a feed could be found by afterwards: our reference goes along as MerchantAdjustmentItemID,
which it does not use. So what went into a feed is kept; where createFeed gave no answer, the feeds that Amazon lists
tell whether one was made; and after a restart, the transactions of the order. A refund is sent again only when Amazon
shows no feed that could have been it, or one so old that its refunds would show.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from connectors.amazon import adjusting, envelope, feeding, refunds, transactions, wire
from connectors.amazon.adjusting import Adjustment
from connectors.amazon.client import Client
from connectors.amazon.feeding import Book, Sent, Trial
from connectors.amazon.shipping import find_order
from connectors.amazon.wire_calls import Feed
from connectors.amazon.wire_finances import Transaction
from connectors.wire import decode, instant
from hub.contract import Answer
from hub.domain.outgoing import Receipt, RefundRequest
from hub.errors import BadPayload, Reject, Retry, Unknown

AT_ONCE = 20
"""Refunds in one feed: each order is looked at first, and 30 may be at once."""

SKEW = timedelta(minutes=10)
"""How far our clock and Amazon's may differ."""

SETTLES = timedelta(minutes=2)
"""How long after a call without an answer it may still take effect."""

HOURS = 6 * 3600.0
"""Seconds until a refund that nobody can tell of is asked for again."""


async def push_refund(client: Client, book: Book, request: RefundRequest, key: str) -> Receipt:
    """Gives money back. Raises `Reject` for what Amazon refuses, or would: it says what to do; `Unknown` until the
    report is there."""
    (told,) = await push_many(client, book, [request], [key])
    if told.receipt is None:
        raise (Reject if told.failure == "reject" else Unknown)(told.why)
    return told.receipt


async def push_many(client: Client, book: Book, requests: Sequence[RefundRequest], keys: Sequence[str]) -> list[Answer]:
    """An answer for each refund; those that can be expressed go as one feed."""
    if not client.settings.seller_id:
        raise Reject("a refund is sent with the merchant token: set the account's seller_id")
    orders = {name: await find_order(client, name) for name in dict.fromkeys(it.order_id for it in requests)}
    made = [_made(orders[request.order_id], request) for request in requests]
    good = {key: it for key, it in zip(keys, made, strict=True) if isinstance(it, Adjustment)}
    answers = {key: it for key, it in zip(keys, made, strict=True) if isinstance(it, Answer)}
    if good:
        answers |= await _sent(client, book, good)
    return [answers[key] for key in keys]


async def _sent(client: Client, book: Book, good: Mapping[str, Adjustment]) -> dict[str, Answer]:
    """By key, what became of refunds that went as one feed."""
    document = envelope.adjustments(client.settings.seller_id, list(good.values()))
    try:
        feed_id = await feeding.send(client, book, envelope.ADJUSTMENT, document, list(good))
    except Unknown as error:
        return dict.fromkeys(good, Answer(failure="unknown", why=str(error)))
    report = await feeding.wait(client, book, feed_id)
    places = {key: Sent(feed_id, number) for number, key in enumerate(good, 1)}
    return {key: feeding.answer(report, sent, receipt(sent)) for key, sent in places.items()}


def _made(order: wire.Order | None, request: RefundRequest) -> Adjustment | Answer:
    try:
        if order is None:
            raise Reject(f"Amazon has no order {request.order_id[:40]!r}")
        return adjusting.adjustment(order, request)
    except Reject as refusal:
        return Answer(failure="reject", why=str(refusal))


def receipt(sent: Sent) -> Receipt:
    """The feed, and the message's number in it: Amazon names the refund itself only days later."""
    return Receipt(external_id=f"{sent.feed_id}:{sent.number}", details={"feed": sent.feed_id})


# ---------------------------------------------------------------- what became of it


async def find_refund(client: Client, book: Book, request: RefundRequest, key: str) -> Receipt | None:
    """The receipt of a refund that was made; None when it was not. Raises `Reject` for one that Amazon refused, `Retry`
    while that cannot be told."""
    if key not in book.sent:
        now, trial = datetime.now(UTC), book.trying.get(key)
        feeds = [it for it in await _unaccounted(client, book, trial) if it.processing_status != "CANCELLED"]
        if not feeds and trial is not None and now - trial.at < SETTLES:
            raise Retry("createFeed gave no answer, and may yet take effect", feeding.LATER)
        if not feeds:
            return None
        if trial is None or len(feeds) > 1 or len(book.lost(envelope.ADJUSTMENT)) > 1:
            return await _by_transactions(client, request, feeds, trial, now)
        book.adopt(feeds[0].feed_id, trial)
    return await feeding.look_up(client, book, key, receipt(book.sent[key]))


async def _unaccounted(client: Client, book: Book, trial: Trial | None) -> list[Feed]:
    """Feeds of refunds that we have no record of, out of those that Amazon keeps (90 days) or made around the trial."""
    known = {sent.feed_id for sent in book.sent.values()}
    feeds = await feeding.listed(client, envelope.ADJUSTMENT, trial.at - SKEW if trial else None)
    unknown = [it for it in feeds if it.feed_id not in known]
    return [it for it in unknown if trial is None or _made_at(it) <= trial.at + SKEW]


async def _by_transactions(
    client: Client, request: RefundRequest, feeds: Sequence[Feed], trial: Trial | None, now: datetime
) -> Receipt | None:
    """What the order's own transactions tell: a refund of this amount, made since it was tried."""
    since = trial.at - SKEW if trial else None
    try:
        found = await transactions.of_order(client, request.order_id)
    except Reject as error:  # the role is missing: only a person can tell
        raise Retry(f"a feed may have given it back; look at the order in Seller Central ({error})", HOURS) from None
    for delivery in found:
        if since is not None and (delivery.occurred_at is None or delivery.occurred_at < since):
            continue
        name = _same(delivery.body, request)
        if name:
            return Receipt(external_id=name, details={"transaction": name})
    if any(now - _made_at(feed) < transactions.LATE for feed in feeds):
        raise Retry("a feed may have given it back, and refunds show days later: look at it in Seller Central", HOURS)
    return None


def _same(body: bytes, request: RefundRequest) -> str:
    """The name of a refund that is the one asked for; empty for any other."""
    try:
        told = decode(body, Transaction)
        same = refunds.given_back(told) == (request.amount, request.currency)
    except BadPayload:
        return ""
    return refunds.refund_id(told) if same else ""


def _made_at(feed: Feed) -> datetime:
    try:
        return instant(feed.created_time, "$.createdTime")
    except BadPayload as error:
        raise Retry(f"getFeeds: {error}") from None
