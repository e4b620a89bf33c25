"""Shapes of everything else that is said to Amazon and by it: confirmations, feeds, listings, sellers.

Sources: ordersV0.json (confirmShipment), feeds_2021-06-30.json, listingsItems_2021-08-01.json and sellers.json of
amzn/selling-partner-api-models.
"""

from __future__ import annotations

from connectors.amazon.wire import Pagination
from connectors.amazon.wire_items import Money, Wire

# ---------------------------------------------------------------- confirmShipment


class ConfirmedItem(Wire, frozen=True, omit_defaults=True):
    """Units of an item in the package."""

    order_item_id: str
    quantity: int
    transparency_codes: tuple[str, ...] = ()


class PackageDetail(Wire, frozen=True, omit_defaults=True):
    """A package that left. `package_reference_id` is ours, digits in a string; `carrier_name` goes with "Other"."""

    package_reference_id: str
    carrier_code: str
    tracking_number: str
    ship_date: str
    order_items: tuple[ConfirmedItem, ...]
    carrier_name: str = ""
    shipping_method: str = ""
    ship_from_supply_source_id: str = ""


class Confirmation(Wire, frozen=True):
    """Body of confirmShipment."""

    marketplace_id: str
    package_detail: PackageDetail


# ---------------------------------------------------------------- feeds


class FeedDocument(Wire, frozen=True):
    """Where a document is, or goes; the address is good for five minutes."""

    feed_document_id: str
    url: str
    compression_algorithm: str | None = None


class FeedMade(Wire, frozen=True):
    """The answer to createFeed."""

    feed_id: str


class Feed(Wire, frozen=True):
    """How far a feed is: IN_QUEUE, IN_PROGRESS, DONE, CANCELLED, FATAL."""

    feed_id: str
    processing_status: str
    created_time: str = ""
    result_feed_document_id: str | None = None


class FeedPage(Wire, frozen=True):
    """The answer to getFeeds."""

    feeds: list[Feed]
    next_token: str | None = None


# ---------------------------------------------------------------- listings


class Summary(Wire, frozen=True):
    """A listing in one marketplace."""

    marketplace_id: str
    asin: str | None = None
    product_type: str | None = None
    item_name: str | None = None


class Offer(Wire, frozen=True):
    """What it costs in one marketplace."""

    marketplace_id: str
    offer_type: str
    price: Money


class Availability(Wire, frozen=True):
    """Units on offer; DEFAULT is what the seller ships, all else Amazon's warehouses."""

    fulfillment_channel_code: str
    quantity: int | None = None


class ListedItem(Wire, frozen=True):
    """A listing, by the seller's own SKU."""

    sku: str
    summaries: list[Summary] | None = None
    offers: list[Offer] | None = None
    fulfillment_availability: list[Availability] | None = None


class ItemPage(Wire, frozen=True):
    """A page of listings."""

    items: list[ListedItem]
    pagination: Pagination | None = None


class Issue(Wire, frozen=True):
    """What Amazon finds about a submission."""

    code: str | None = None
    message: str | None = None
    severity: str | None = None


class Submission(Wire, frozen=True):
    """The answer to a patch: ACCEPTED or INVALID."""

    sku: str
    status: str
    submission_id: str
    issues: list[Issue] | None = None


# ---------------------------------------------------------------- sellers


class Marketplace(Wire, frozen=True):
    """One of Amazon's shops."""

    id: str
    country_code: str


class Participation(Wire, frozen=True):
    """Whether the seller sells there."""

    is_participating: bool


class MarketplaceParticipation(Wire, frozen=True):
    """One marketplace of the seller."""

    marketplace: Marketplace
    participation: Participation
    store_name: str


class Participations(Wire, frozen=True):
    """The answer to getMarketplaceParticipations."""

    payload: list[MarketplaceParticipation]
