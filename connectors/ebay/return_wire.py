"""Returns as the Post-Order API 2 gives them: Search Returns, Get Return. Times stand in an object of their own.

A return is of one line, which it names by listing and transaction. The lines of sell_fulfillment have no transaction
among their fields, so those of the order are put beside the return. A shape names only what we use.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Raw

from connectors.ebay.order_wire import Id, Wire


class Moment(Wire, frozen=True):
    """A time, ISO 8601 in UTC."""

    value: str = ""


class ReturnedItem(Wire, frozen=True):
    """Which line comes back, and how many units of it."""

    item_id: str = ""
    transaction_id: str = ""
    return_quantity: Annotated[int, Meta(ge=0, le=1_000_000)] = 1


class Creation(Wire, frozen=True):
    """What the buyer said when the return was opened."""

    creation_date: Moment
    item: ReturnedItem = ReturnedItem()
    reason: str = ""


class Summary(Wire, frozen=True):
    """A return as the search lists it. `state` is how far it is; `status` says beside that whether it was escalated."""

    return_id: Id
    order_id: Id
    creation_info: Creation
    state: str = ""
    status: str = ""


class Head(Wire, frozen=True):
    """As much of one as a page needs to tell it apart and to know its time."""

    return_id: Id
    order_id: str = ""
    creation_info: Creation | None = None


class Pagination(Wire, frozen=True):
    """`total_entries` counts all that match; None where eBay does not say."""

    total_entries: Annotated[int, Meta(ge=0)] | None = None


class ReturnPage(Wire, frozen=True):
    """One page of returns, verbatim. eBay promises neither part where nothing matches."""

    members: tuple[Raw, ...] = ()
    pagination_output: Pagination = Pagination()


class Step(Wire, frozen=True):
    """Something that was done about a return, and the state it came to by that."""

    to_state: str = ""
    creation_date: Moment | None = None


class Tracking(Wire, frozen=True):
    """One parcel on its way back."""

    tracking_number: str = ""
    carrier_used: str = ""
    carrier_name: str = ""


class Shipment(Wire, frozen=True):
    """What travels back to the seller."""

    shipment_tracking: Tracking | None = None
    all_shipment_trackings: tuple[Tracking, ...] = ()


class Closing(Wire, frozen=True):
    """Why a return is closed; the second is the buyer's own reason where the buyer did it."""

    return_close_reason: str = ""
    buyer_close_reason: str = ""


class Detail(Wire, frozen=True):
    """What only Get Return tells. It is kept in this shape: names and addresses stay at eBay."""

    close_info: Closing | None = None
    response_history: tuple[Step, ...] = ()
    return_shipment_info: Shipment | None = None


class DetailAnswer(Wire, frozen=True):
    """Get Return with fieldgroups=FULL, the detail verbatim."""

    detail: Raw = Raw(b"{}")


class OrderLine(Wire, frozen=True):
    """A line of the order, by its own name and by that of its listing."""

    line_item_id: Id
    legacy_item_id: str = ""


class OrderLines(Wire, frozen=True):
    """The lines of one order."""

    order_id: Id
    line_items: tuple[OrderLine, ...] = ()


class Orders(Wire, frozen=True):
    """getOrders with orderIds."""

    orders: tuple[OrderLines, ...] = ()


class Told(Wire, frozen=True):
    """A delivery of ours: the return as the search gave it, its detail, and its order's lines, where they were to be
    had."""

    summary: Summary
    detail: Detail = Detail()
    order_lines: tuple[OrderLine, ...] = ()
