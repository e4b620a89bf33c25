"""How many units Amazon may sell: set on the listing, read back from it.

A level is absolute, so setting it twice does no harm; Amazon takes a while to show what it accepted. What its own
warehouses hold is Amazon's to count: only the seller's channel, DEFAULT, is set and read. A listing that Amazon ships
would become one that the seller must ship if a level were set on it, so each is looked at first.
Source: listingsItems_2021-08-01.json; the attribute fulfillment_availability of the product type definitions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from connectors.amazon.client import Call, Client
from connectors.amazon.reading import LISTINGS, listings
from connectors.amazon.wire_calls import ItemPage, ListedItem, Submission
from hub.domain.outgoing import Receipt, StockLevel
from hub.errors import Reject

OURS = "DEFAULT"
AT_ONCE = int(LISTINGS)


async def push_stock(client: Client, level: StockLevel) -> Receipt:
    """Sets the level of the listing. Raises `Reject` for one that Amazon does not know, ships itself, or finds fault
    with."""
    item = await client.find(_listing(client, level), ListedItem)
    if item is None:
        raise Reject(f"Amazon has no listing of SKU {sku_of(level)!r}")
    if by_amazon(item):
        raise Reject(f"Amazon ships {sku_of(level)!r} from its own warehouses, and counts it: nothing was set")
    value = [{"fulfillment_channel_code": OURS, "quantity": level.available}]
    # "replace" would take away the seller's handling time and restock date, which stand in the same attribute.
    patch = {"op": "merge", "path": "/attributes/fulfillment_availability", "value": value}
    # The product type "PRODUCT" stands for all of them, where only what is sold and for how much is changed.
    body = {"productType": "PRODUCT", "patches": [patch]}
    query = {"marketplaceIds": client.settings.marketplaces}
    call = Call("patchListingsItem", "PATCH", listings(client, sku_of(level)), query, body)
    answer = await client.change(call, Submission)
    if answer.status != "ACCEPTED":
        said = "; ".join(issue.message or issue.code or "" for issue in answer.issues or ())
        raise Reject(f"Amazon does not take the level of {sku_of(level)!r}: {answer.status} {said[:300]}".rstrip())
    return Receipt(external_id=answer.submission_id, details={"sku": sku_of(level)})


async def find_stock(client: Client, level: StockLevel) -> Receipt | None:
    """A receipt when the listing's level is already the one to set, whoever set it; else None."""
    item = await client.find(_listing(client, level), ListedItem)
    same = item is not None and offered(item) == level.available
    return Receipt(details={"sku": sku_of(level)}) if same else None


async def read_stock(client: Client, listing_ids: Sequence[str]) -> Mapping[str, int]:
    """Units on offer by seller SKU; those that Amazon does not know, or ships itself, are left out."""
    found: dict[str, int] = {}
    listing_ids = [sku for sku in listing_ids if sku and "," not in sku]  # Amazon's lists are parted by commas
    for start in range(0, len(listing_ids), AT_ONCE):
        query = {
            "marketplaceIds": client.settings.marketplaces,
            "identifiersType": "SKU",
            "identifiers": tuple(listing_ids[start : start + AT_ONCE]),
            "includedData": "fulfillmentAvailability",
            "pageSize": LISTINGS,
        }
        page = await client.ask(Call("searchListingsItems", "GET", listings(client), query), ItemPage)
        found |= {item.sku: units for item in page.items if (units := offered(item)) is not None}
    return found


def by_amazon(item: ListedItem) -> bool:
    """Whether only Amazon's warehouses ship it."""
    channels = {it.fulfillment_channel_code for it in item.fulfillment_availability or ()}
    return bool(channels) and OURS not in channels


def offered(item: ListedItem) -> int | None:
    """Units that the seller offers; None where Amazon ships the item, or tells nothing."""
    for availability in item.fulfillment_availability or ():
        if availability.fulfillment_channel_code == OURS:
            return availability.quantity
    return None


def sku_of(level: StockLevel) -> str:
    """The seller's SKU: listings are known by it."""
    return level.listing_id or level.sku


def _listing(client: Client, level: StockLevel) -> Call:
    query = {"marketplaceIds": client.settings.marketplaces, "includedData": "fulfillmentAvailability"}
    return Call("getListingsItem", "GET", listings(client, sku_of(level)), query)
