"""Feeds: many messages in one document, which Amazon works off when it gets to it.

Create a document, upload it, create the feed, ask how far it is, read the report. Until the report is there nobody
knows what became of a message, so its answer is `Unknown`; looking it up then asks for the report again.
Source: feeds_2021-06-30.json and its use case guide.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from connectors.amazon import envelope
from connectors.amazon.client import Call, Client
from connectors.amazon.envelope import Report
from connectors.amazon.reading import iso, segment
from connectors.amazon.wire_calls import Feed, FeedDocument, FeedMade, FeedPage
from hub.contract import Answer
from hub.domain.outgoing import Receipt
from hub.errors import BadPayload, CrossdockError, Reconnect, Reject, Retry, Unknown

ROOT = "/feeds/2021-06-30"
XML = "text/xml; charset=UTF-8"
PATIENCE = (0.0, 2.0, 5.0, 10.0)
"""Seconds before each question how far a feed is; after the last one it is left for later."""

LATER = 60.0
"""Seconds until a feed that is still being processed is asked for again."""

MOST_KEPT = 20_000
MOST_PAGES = 50
MOST_REPORT = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Sent:
    """Where a message went: the feed, and its number in it."""

    feed_id: str
    number: int


@dataclass(frozen=True, slots=True)
class Trial:
    """A createFeed whose answer is not known: the document that it names, and what that carries, by its keys."""

    feed_type: str
    document_id: str
    keys: tuple[str, ...]
    at: datetime


class Book:
    """What one account's feeds carry, by idempotency key, and the reports there are. Kept by this process only: after a
    restart messages are looked up at their orders. `trying`: by key, feeds of which nobody knows whether they exist."""

    def __init__(self, patience: Sequence[float] = PATIENCE) -> None:
        self.patience = patience
        self.sent: dict[str, Sent] = {}
        self.trying: dict[str, Trial] = {}
        self.reports: dict[str, Report] = {}
        self.lock = asyncio.Lock()

    def note(self, feed_id: str, keys: Sequence[str]) -> None:
        """Remembers what went into a feed."""
        for number, key in enumerate(keys, 1):
            self.sent[key] = Sent(feed_id, number)
            self.trying.pop(key, None)
        while len(self.sent) > MOST_KEPT:
            gone = self.sent.pop(next(iter(self.sent)))
            self.reports.pop(gone.feed_id, None)

    def begin(self, trial: Trial) -> None:
        """Remembers what is about to be made a feed."""
        self.trying |= dict.fromkeys(trial.keys, trial)
        while len(self.trying) > MOST_KEPT:
            del self.trying[next(iter(self.trying))]

    def end(self, trial: Trial) -> None:
        """Nothing came of it, for certain."""
        for key in trial.keys:
            self.trying.pop(key, None)

    def lost(self, feed_type: str) -> set[str]:
        """The documents of a type of which nobody knows whether they became a feed."""
        return {trial.document_id for trial in self.trying.values() if trial.feed_type == feed_type}

    def adopt(self, feed_id: str, trial: Trial) -> None:
        """A feed turned out to be what was tried."""
        self.note(feed_id, trial.keys)


async def send(client: Client, book: Book, feed_type: str, document: bytes, keys: Sequence[str]) -> str:
    """Hands a document over and returns the feed's id. Until createFeed nothing has happened: `Retry` and `Reject` mean
    what they say; a lost answer to it is `Unknown`."""
    call = Call("createFeedDocument", "POST", f"{ROOT}/documents", body={"contentType": XML})
    place = await client.ask(call, FeedDocument)
    await client.upload(place.url, document, XML)
    body = {
        "feedType": feed_type,
        "marketplaceIds": client.settings.marketplaces[:10],
        "inputFeedDocumentId": place.feed_document_id,
    }
    trial = Trial(feed_type, place.feed_document_id, tuple(keys), datetime.now(UTC))
    book.begin(trial)
    try:
        made = await client.change(Call("createFeed", "POST", f"{ROOT}/feeds", body=body), FeedMade)
    except (Retry, Reject, Reconnect):
        book.end(trial)
        raise
    book.note(made.feed_id, keys)
    return made.feed_id


async def listed(client: Client, feed_type: str, since: datetime | None) -> list[Feed]:
    """The feeds of a type that Amazon knows, of the last 90 days unless told otherwise."""
    query = {"feedTypes": feed_type, "pageSize": "100"}
    query |= {"createdSince": iso(since)} if since else {}
    found: list[Feed] = []
    for _ in range(MOST_PAGES):
        page = await client.ask(Call("getFeeds", "GET", f"{ROOT}/feeds", query), FeedPage)
        found += page.feeds
        if not page.next_token:
            return found
        query = {"nextToken": page.next_token}  # the only parameter then
    raise Retry("getFeeds: its list does not end")


async def wait(client: Client, book: Book, feed_id: str) -> Report | None:
    """The report, asked for with patience; None while there is none, whatever keeps it away."""
    for pause in book.patience:
        await asyncio.sleep(pause)
        try:
            found = await ask(client, book, feed_id)
        except CrossdockError:
            return None  # the feed is on its way: what comes of it is asked later
        if found is not None:
            return found
    return None


async def ask(client: Client, book: Book, feed_id: str) -> Report | None:
    """The report of a feed, None while it is being processed. Asked for once, however many messages want to know."""
    async with book.lock:
        if feed_id not in book.reports:
            call = Call("getFeed", "GET", f"{ROOT}/feeds/{segment(feed_id)}")
            feed = await client.ask(call, Feed)
            if feed.processing_status in ("IN_QUEUE", "IN_PROGRESS"):
                return None
            book.reports[feed_id] = await _report(client, feed)
        return book.reports[feed_id]


async def _report(client: Client, feed: Feed) -> Report:
    if feed.processing_status == "CANCELLED":
        return Report(0, whole=f"feed {feed.feed_id} was cancelled before it began")
    if not feed.result_feed_document_id:
        raise Unknown(f"feed {feed.feed_id} ended {feed.processing_status} without a report: look at the orders")
    call = Call("getFeedDocument", "GET", f"{ROOT}/documents/{segment(feed.result_feed_document_id)}")
    place = await client.ask(call, FeedDocument)
    body = await client.download(place.url)
    try:
        return envelope.report(unzipped(body) if place.compression_algorithm == "GZIP" else body)
    except BadPayload as error:
        raise Retry(f"the report of feed {feed.feed_id}: {error}", LATER) from None


def unzipped(body: bytes) -> bytes:
    """Gzip's content, of a size that a report may have."""
    unzip = zlib.decompressobj(wbits=31)
    try:
        content = unzip.decompress(body, MOST_REPORT)
    except zlib.error as error:
        raise BadPayload("$", f"not gzip: {error}") from None
    if unzip.unconsumed_tail:
        raise BadPayload("$", f"it is larger than {MOST_REPORT} bytes")
    return content


def answer(report: Report | None, sent: Sent, receipt: Receipt) -> Answer:
    """What became of one message of a feed."""
    if report is None:
        return Answer(failure="unknown", why=f"feed {sent.feed_id} is still being processed")
    if why := report.refusal(sent.number):
        return Answer(failure="reject", why=why)
    if report.processed < sent.number:
        return Answer(failure="unknown", why=f"feed {sent.feed_id} ended before message {sent.number}")
    return Answer(receipt=receipt)


async def look_up(client: Client, book: Book, key: str, receipt: Receipt) -> Receipt | None:
    """What became of a message that went into a feed; None when it went into none, or nobody can tell from there.
    Raises `Retry` while the feed is being processed, `Reject` for what Amazon refused."""
    sent = book.sent.get(key)
    if sent is None:
        return None
    report = await ask(client, book, sent.feed_id)
    if report is None:
        raise Retry(f"feed {sent.feed_id} is still being processed", LATER)
    told = answer(report, sent, receipt)
    if told.failure == "reject":
        raise Reject(told.why)
    return told.receipt
