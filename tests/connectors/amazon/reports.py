"""Reports of the double: the returns report, asked for, waited for, fetched. Written from reports_2021-06-30.json; the
columns are those of developer-docs.amazon.com/sp-api, "Returns reports attributes"."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from datetime import timedelta

from tests.connectors.amazon.books import FRANCE, GERMANY, Books, Node, Wrong, bad, iso, moment

TYPE = "GET_FLAT_FILE_RETURNS_DATA_BY_RETURN_DATE"
COLUMNS = (
    "Order ID", "Order date", "Return request date", "Return request status", "Amazon RMA ID", "Merchant RMA ID",
    "Label type", "Label cost", "Currency code", "Return carrier", "Tracking ID", "Label to be paid by",
    "A-to-Z Claim", "Is prime", "ASIN", "Merchant SKU", "Item Name", "Return quantity", "Return Reason", "In policy",
    "Return type", "Resolution", "Invoice number", "Return delivery date", "Order Amount", "Order quantity",
    "SafeT Action reason", "SafeT claim id", "SafeT claim state", "SafeT claim creation time",
    "SafeT claim reimbursement amount", "Refunded Amount",
)  # fmt: skip


class Reports:
    """The returns of one seller, row by row. `slow`: how many looks at a report still find it under way; `ends`: what
    the next ones come to, DONE once these are used up."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self.rows: list[dict[str, str]] = []
        self.header: tuple[str, ...] = COLUMNS
        self.extra: list[str] = []
        """Lines that are put in as they are."""
        self.slow = 0
        self.ends: list[str] = []
        self.gzip = False
        self.charset = "utf-8"
        self.made: dict[str, Node] = {}

    def back(self, order_id: str, **cells: str) -> dict[str, str]:
        """A row: one kettle of an order comes back under RMA DMr1, unless `cells` say otherwise (blanks are _)."""
        row = {
            "Order ID": order_id, "Return request date": "18-Nov-2026", "Return request status": "Approved",
            "Amazon RMA ID": "DMr1RRMA", "Merchant SKU": "KETTLE", "Item Name": 'Kettle "Größe 1"', "ASIN": "B00001",
            "Return quantity": "1", "Return Reason": "CR-DEFECTIVE",
        }  # fmt: skip
        self.rows.append(row | {name.replace("_", " "): cell for name, cell in cells.items()})
        return self.rows[-1]

    def create(self, body: Node) -> Node:
        """createReport."""
        start, end = (moment(body.get(name, ""), name) for name in ("dataStartTime", "dataEndTime"))
        markets = body.get("marketplaceIds") or []
        if body.get("reportType") != TYPE or not set(markets) <= {GERMANY, FRANCE} or not 1 <= len(markets) <= 25:
            raise bad("the report's type or marketplaces are wrong")
        if start is None or end is None or end > self._books.now or (end - start).days > 60:
            raise bad("a report of returns is of 60 days at most, up to now")
        yesterday = iso(self._books.now - timedelta(days=1))
        under_way = [it for it in self.made.values() if it["processingStatus"] in ("IN_QUEUE", "IN_PROGRESS")]
        if any(it["createdTime"] > yesterday for it in under_way):
            raise AssertionError("a second report, while one is under way")
        name = f"5{len(self.made):010d}"
        self.made[name] = {
            "reportId": name, "reportType": TYPE, "processingStatus": "IN_QUEUE", "createdTime": iso(self._books.now),
            "dataStartTime": body["dataStartTime"], "dataEndTime": body["dataEndTime"], "marketplaceIds": markets,
        }  # fmt: skip
        return {"reportId": name}

    def get(self, name: str) -> Node:
        """getReport."""
        if name not in self.made:
            raise Wrong(404, "NotFound", "no such report")
        report = self.made[name]
        if report["processingStatus"] in ("IN_QUEUE", "IN_PROGRESS"):
            if self.slow > 0:
                self.slow -= 1
                report["processingStatus"] = "IN_PROGRESS"
            else:
                report["processingStatus"] = self.ends.pop(0) if self.ends else "DONE"
        if report["processingStatus"] == "DONE":
            report["reportDocumentId"] = f"returns-{name}"
        return report

    def listed(self, query: Mapping[str, str]) -> Node:
        """getReports: each as far as it is."""
        if query.get("reportTypes") != TYPE or not 1 <= int(query.get("pageSize", "10")) <= 100:
            raise bad("reportTypes is required, pageSize must be between 1 and 100")
        since = query.get("createdSince", "")
        return {"reports": [self.get(name) for name, it in self.made.items() if it["createdTime"] >= since]}

    def document(self) -> bytes:
        """The report as it is fetched."""
        lines = ["\t".join(self.header)]
        lines += ["\t".join(row.get(name, "") for name in self.header) for row in self.rows]
        content = "\r\n".join([*lines, *self.extra, ""]).encode(self.charset)
        return gzip.compress(content) if self.gzip else content
