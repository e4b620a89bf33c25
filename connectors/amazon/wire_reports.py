"""Shapes of reports and of what one says of returns. Only what we read.

Sources: models/reports_2021-06-30.json of amzn/selling-partner-api-models, and developer-docs.amazon.com/sp-api,
"Returns reports attributes", for the columns of GET_FLAT_FILE_RETURNS_DATA_BY_RETURN_DATE.
"""

from __future__ import annotations

from msgspec import Struct

from connectors.amazon.wire_items import Id, Wire


class Report(Wire, frozen=True):
    """How far a report is: IN_QUEUE, IN_PROGRESS, DONE, CANCELLED, FATAL; and what it is about."""

    report_id: Id
    processing_status: str
    created_time: str
    marketplace_ids: list[str] | None = None
    data_start_time: str | None = None
    report_document_id: str | None = None


class ReportPage(Wire, frozen=True):
    """The answer to getReports."""

    reports: list[Report]
    next_token: str | None = None


class ReportMade(Wire, frozen=True):
    """The answer to createReport."""

    report_id: Id


class ReportDocument(Wire, frozen=True):
    """Where a report can be fetched for five minutes; `compression_algorithm` is GZIP or nothing."""

    url: str
    compression_algorithm: str | None = None


class ReturnRow(Struct, frozen=True, kw_only=True):
    """One row: units of one product in a return, cells as they stand in the report. `line` counts from its first."""

    line: int
    order_id: str = ""
    order_item_id: str = ""
    return_request_date: str = ""
    return_request_status: str = ""
    amazon_rma_id: str = ""
    merchant_rma_id: str = ""
    return_carrier: str = ""
    tracking_id: str = ""
    asin: str = ""
    merchant_sku: str = ""
    return_quantity: str = ""
    return_reason: str = ""
    return_delivery_date: str = ""
    fault: str = ""
    """Why the line could not be parted into cells."""


class Returned(Struct, frozen=True):
    """One delivery: the rows of a return, out of the report `report` of `created`."""

    report: str
    created: str
    rows: list[ReturnRow]
    missing: list[str] = []
    """Columns that the report should have and has not; then there are no rows."""
