"""Asking for the report of returns, after each pull of orders: ask for one, wait for it, read it, four times a day.

Amazon itself remembers how far a report is: where this process does not know, because it is new or an answer was lost,
it looks for the newest one in Amazon's own list and goes on with it, so there is never more than one under way. A
report reaches 59 days back (Amazon takes 60 at most), so each holds all that the one before it held: one that fails,
or is read twice, or was read and not kept, loses nothing. Source: reports_2021-06-30.json; developer-docs.amazon.com/
sp-api, "Report type values" and "Returns reports attributes".
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from connectors.amazon import feeding, returns
from connectors.amazon.client import Call, Client, Denied
from connectors.amazon.reading import iso, segment
from connectors.amazon.wire_reports import Report, ReportDocument, ReportMade, ReportPage
from connectors.wire import instant
from hub.contract import Cursor, Delivery, Page
from hub.errors import BadPayload, Reject, Retry

ROOT = "/reports/2021-06-30"
TYPE = "GET_FLAT_FILE_RETURNS_DATA_BY_RETURN_DATE"
MARK, PARTED = "returns", "|"
"""A page mark of ours: the word, and up to where orders are in."""

SPAN = timedelta(days=59)
ENOUGH = timedelta(days=50)
"""How far back somebody else's report must reach to serve for ours."""

EVERY = timedelta(hours=6)
"""From one report to the next; also after one that Amazon cancelled, which it does where there is nothing to tell."""
AFTER_FATAL = timedelta(hours=1)
LOST = timedelta(days=1)
"""A report that is still not done after this will not be waited for."""

LOOK, AGAIN, DENIED = 240.0, 900.0, 3600.0
"""Seconds until a report is asked for again: while it is under way, after a failure, without the role."""


@dataclass(slots=True)
class Watch:
    """When to look again, by the loop's clock; the report under way, and the last that was read. Forgotten with this
    process, and found again at Amazon."""

    next: float = -math.inf
    open: str = ""
    read: str = ""


def follows(mark: str) -> bool:
    """Whether a page mark belongs to the report of returns."""
    return mark.startswith(f"{MARK}{PARTED}")


def then(page: Page, cursor: Cursor, watch: Watch, now: float) -> Page:
    """The last page of a pull, with a look at the report of returns to follow where it is time."""
    if page.more or page.cursor.at is None or now < watch.next:
        return page
    mark = f"{MARK}{PARTED}{page.cursor.at.isoformat()}"
    return Page(page.deliveries, Cursor(at=cursor.at, token=mark), more=True)


async def pull(client: Client, watch: Watch, cursor: Cursor, now: float) -> Page:
    """One step of the report, and the returns of one that is done; the cursor moves to where orders reached. A failure
    is raised once and the step then left out for a while: it must not hold up orders."""
    try:
        reached = datetime.fromisoformat(cursor.token.partition(PARTED)[2])
    except ValueError:
        raise Reject("getReports: the page mark cannot be read") from None
    found: tuple[Delivery, ...] = ()
    if now >= watch.next:
        try:
            found = await _step(client, watch, reached, now)
        except Denied:
            watch.next = now + DENIED
        except Retry as error:
            watch.next = now + max(AGAIN, error.after or 0.0)
            raise
        except Reject:
            watch.next = now + EVERY.total_seconds()
            raise
    return Page(found, Cursor(at=reached), more=False)


async def role_missing(client: Client, now: datetime) -> str:
    """Why returns that buyers open stay unseen; empty when they do not, or nobody can say now."""
    try:
        await _listed(client, now)
    except Denied as error:
        return str(error)
    except (Reject, Retry):
        return ""
    return ""


async def _step(client: Client, watch: Watch, reached: datetime, now: float) -> tuple[Delivery, ...]:
    report = await _known(client, watch, reached)
    if report is None:
        return await _ask(client, watch, reached, now)
    made = _instant(report.created_time)
    if report.processing_status in ("IN_QUEUE", "IN_PROGRESS") and made + LOST > reached:
        watch.open, watch.next = report.report_id, now + LOOK
        return ()
    watch.open = ""
    if report.processing_status == "DONE" and report.report_id != watch.read:
        found = await _read(client, report)
        watch.read = report.report_id
        watch.next = now + max(LOOK, (made + EVERY - reached).total_seconds())
        return found
    pause = AFTER_FATAL if report.processing_status == "FATAL" else EVERY
    if made + pause <= reached:
        return await _ask(client, watch, reached, now)
    watch.next = now + (made + pause - reached).total_seconds()
    return ()


async def _known(client: Client, watch: Watch, reached: datetime) -> Report | None:
    """The report under way, or else the newest that Amazon has."""
    if watch.open:
        call = Call("getReport", "GET", f"{ROOT}/reports/{segment(watch.open)}")
        found = await client.find(call, Report)
        if found is not None:
            return found
    listed = [report for report in await _listed(client, reached) if _serves(client, report)]
    return max(listed, key=lambda report: (_instant(report.created_time), report.report_id), default=None)


async def _listed(client: Client, reached: datetime) -> list[Report]:
    query = {"reportTypes": TYPE, "pageSize": "100", "createdSince": iso(reached - LOST)}
    return (await client.ask(Call("getReports", "GET", f"{ROOT}/reports", query), ReportPage)).reports


def _serves(client: Client, report: Report) -> bool:
    """Whether it is as good as one of ours: a merchant may ask for reports of a few days besides."""
    if not report.data_start_time:
        return True
    far = _instant(report.data_start_time) + ENOUGH <= _instant(report.created_time)
    return far and (report.marketplace_ids is None or set(client.settings.marketplaces) <= set(report.marketplace_ids))


async def _ask(client: Client, watch: Watch, reached: datetime, now: float) -> tuple[Delivery, ...]:
    """Asks for a new report. An answer that is lost is no harm: the report is found in the list."""
    body = {
        "reportType": TYPE,
        "marketplaceIds": client.settings.marketplaces[:25],
        "dataStartTime": iso(reached - SPAN),
        "dataEndTime": iso(reached),
    }
    made = await client.ask(Call("createReport", "POST", f"{ROOT}/reports", body=body), ReportMade)
    watch.open, watch.next = made.report_id, now + LOOK
    return ()


async def _read(client: Client, report: Report) -> tuple[Delivery, ...]:
    if not report.report_document_id:
        return ()
    call = Call("getReportDocument", "GET", f"{ROOT}/documents/{segment(report.report_document_id)}")
    place = await client.ask(call, ReportDocument)
    content = await client.download(place.url)
    try:
        whole = feeding.unzipped(content) if place.compression_algorithm == "GZIP" else content
    except BadPayload as error:
        raise Retry(f"the report {report.report_id}: {error}") from None
    return returns.deliveries(report.report_id, report.created_time, whole)


def _instant(text: str) -> datetime:
    try:
        return instant(text, "$.createdTime")
    except BadPayload as error:
        raise Retry(f"getReports: {error}") from None
