"""The returns that eBay holds for a seller, as the Post-Order API gives them: found by the day they were opened only,
in windows of 90 days at most and 18 months back, `offset` counting returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.connectors.ebay.state import Node, Refused, State, stamp


@dataclass(slots=True)
class Returns:
    """By return id: `summaries` is what a search lists, `details` what one return has beside. `down`: the status that
    searches are answered with; `counts`: whether they say how many returns match."""

    state: State
    summaries: dict[str, Node] = field(default_factory=dict)
    details: dict[str, Node] = field(default_factory=dict)
    down: int = 0
    counts: bool = True

    def open(
        self, order_id: str, at: datetime, *, line: int = 0, units: int = 1, reason: str = "DEFECTIVE_ITEM"
    ) -> str:
        """A buyer wants to give units of a line back."""
        name = str(5_300_000_000 + len(self.summaries) + 1)
        order = self.state.orders[order_id]
        item: Node = {
            "itemId": order["lineItems"][line]["legacyItemId"], "transactionId": f"22{name}", "returnQuantity": units,
            "itemTitle": order["lineItems"][line]["title"],
        }  # fmt: skip
        self.summaries[name] = {
            "returnId": name, "orderId": order_id, "buyerLoginName": order["buyer"]["username"],
            "sellerLoginName": "testseller", "currentType": "MONEY_BACK", "state": "RETURN_REQUESTED",
            "status": "RETURN_REQUESTED",
            "creationInfo": {
                "item": item, "type": "MONEY_BACK", "reason": reason, "reasonType": "SNAD",
                "comments": {"content": "It leaks"}, "creationDate": {"value": stamp(at)},
            },
        }  # fmt: skip
        self.details[name] = {
            "buyerAddress": {"name": "Ada Byron", "addressLine1": "Invalidenstraße 1"}, "responseHistory": [],
        }  # fmt: skip
        self.move(name, "RETURN_REQUESTED", at)
        return name

    def move(self, name: str, state: str, at: datetime, status: str = "") -> None:
        """The return comes to a state, and to a status of the same name where none is said."""
        before = self.summaries[name]["state"]
        self.summaries[name] |= {"state": state, "status": status or state}
        self.details[name]["responseHistory"].append(
            {"author": "BUYER", "fromState": before, "toState": state, "creationDate": {"value": stamp(at)}}
        )

    def ship(self, name: str, number: str, at: datetime) -> None:
        """The buyer sends the goods back."""
        self.move(name, "ITEM_SHIPPED", at)
        tracking = {"trackingNumber": number, "carrierUsed": "DHL", "carrierName": "DHL", "deliveryStatus": "CREATED"}
        self.details[name]["returnShipmentInfo"] = {"shipmentTracking": tracking, "allShipmentTrackings": [tracking]}

    def close(self, name: str, at: datetime, why: str, buyers: str = "UNKNOWN", status: str = "") -> None:
        """The return ends."""
        self.move(name, "CLOSED", at, status)
        self.details[name]["closeInfo"] = {"returnCloseReason": why, "buyerCloseReason": buyers}

    # ---------------------------------------------------------------- calls

    def search(self, query: Mapping[str, str], now: datetime) -> Node:
        """Search Returns. Raises `Refused`."""
        if self.down:
            raise Refused(self.down, 1500, "The service is not available.")
        limit, offset = int(query.get("limit", 25)), int(query.get("offset", 0))
        if not 1 <= limit <= 200 or offset < 0:
            raise Refused(400, 1616, "The pagination values are invalid.")
        begin = datetime.fromisoformat(query["creation_date_range_from"])
        end = datetime.fromisoformat(query["creation_date_range_to"])
        if begin >= end or end - begin > timedelta(days=90) or begin < now - timedelta(days=548):
            raise Refused(400, 1610, "The date range is invalid.")
        if query.get("sort") != "-FILING_DATE" or query.get("role", "SELLER") != "SELLER":
            raise Refused(400, 1612, "The sort value is invalid.")
        found = [it for it in self.summaries.values() if stamp(begin) <= opened(it) <= stamp(end)]
        found.sort(key=lambda it: (opened(it), it["returnId"]), reverse=True)
        pages: Node = {
            "offset": offset,
            "limit": limit,
            "totalEntries": len(found),
            "totalPages": -(-len(found) // limit),
        }
        return {"members": found[offset:][:limit]} | ({"paginationOutput": pages} if self.counts else {})

    def get(self, name: str, fieldgroups: str) -> Node:
        """Get Return. Raises `Refused`."""
        if name not in self.details:
            raise Refused(404, 1601, "The return request was not found.")
        return {"summary": self.summaries[name]} if fieldgroups == "SUMMARY" else {"detail": self.details[name]}


def opened(summary: Node) -> str:
    """When the return was opened, as eBay writes it."""
    at: Any = summary["creationInfo"]["creationDate"]["value"]
    return str(at)
