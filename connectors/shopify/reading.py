"""Pulling orders and products, page by page to the end."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from hashlib import sha256
from typing import Any

import msgspec

from connectors.shopify import answers, wire_returns, words
from connectors.shopify.client import Client, Denied, TooCostly
from connectors.shopify.graphql_mapper import number
from connectors.shopify.graphql_wire import Nodes, PageInfo
from connectors.wire import amount, instant
from hub.contract import Cursor, Delivery, Page, Product, ProductPage
from hub.errors import BadPayload, Retry

POLLED = "poll/order"
"""Topic of a pulled order."""

SIZES = (50, 25, 10, 5, 2, 1)
"""Orders a page, tried in turn while Shopify finds a page too costly: what fits depends on the shop's plan."""


async def pull_orders(client: Client, cursor: Cursor) -> Page:
    """One page of orders changed since `cursor.at`, oldest first, each complete with the lists inside it.

    The question stays the same from page to page, as its cursors demand; `at` moves on with the last page.
    """
    query = f"updated_at:>='{_moment(cursor.at)}'" if cursor.at else None
    page = await _order_page(client, query, cursor.token or None)
    deliveries = [await _delivery(client, node) for node in page.nodes]
    end = page.page_info.end_cursor
    if page.page_info.has_next_page and end and end != cursor.token:
        return Page(tuple(deliveries), Cursor(at=cursor.at, token=end), more=True)
    seen = [cursor.at, *(delivery.occurred_at for delivery in deliveries)]
    return Page(tuple(deliveries), Cursor(at=max(filter(None, seen), default=None)), more=False)


async def _order_page(client: Client, query: str | None, after: str | None) -> Nodes[dict[str, Any]]:
    for size in SIZES:
        try:
            data = await client.ask(
                "orders.Orders", dict[str, Nodes[dict[str, Any]]], first=size, after=after, query=query
            )
        except TooCostly:
            if size == SIZES[-1]:
                raise
            continue
        return data["orders"]
    raise AssertionError("SIZES is not empty")


async def _delivery(client: Client, node: dict[str, Any]) -> Delivery:
    """One pulled order. A node of an unexpected shape goes on as it is: reading it will set it aside, and only it."""
    with suppress(KeyError, TypeError, msgspec.ValidationError):
        for part in (node, *node["fulfillments"], *node["refunds"]):
            await _complete(client, part)
    mark = await _add_returns(client, node)
    updated = str(node.get("updated_at"))
    changed: datetime | None = None
    with suppress(BadPayload):
        changed = instant(updated, "$.updated_at")
    external_id = number(str(node.get("id")))
    return Delivery(
        id=f"{POLLED}:{external_id}:{updated}{mark}", topic=POLLED, body=msgspec.json.encode(node), occurred_at=changed
    )


async def _add_returns(client: Client, node: dict[str, Any]) -> str:
    """Puts its returns into an order that has some; gives what tells this state of them from others, since an order may
    stay as it was while they move on. An app without the scope for them goes without."""
    if "id" not in node or node.get("return_status") in (None, words.NO_RETURN):
        return ""
    found: list[dict[str, Any]] = []
    after: str | None = None
    with suppress(Denied):
        while True:
            order = await client.find("returns.Returns", wire_returns.Returns, id=node["id"], after=after)
            page = order.returns if order is not None else Nodes([], PageInfo(has_next_page=False))
            for back in page.nodes:
                await _complete(client, back, "returns.ReturnLines")
            found += page.nodes
            if not page.page_info.has_next_page:
                break
            after = page.page_info.end_cursor
    node["returns"] = found
    return f":{sha256(msgspec.json.encode(found)).hexdigest()[:16]}"


async def _complete(client: Client, part: dict[str, Any], operation: str = "orders.Rest") -> None:
    """Appends the further pages of the list `lines` of an order, a fulfillment, a refund or, by its own operation, a
    return."""
    page = msgspec.convert(part["lines"], Nodes[dict[str, Any]])
    nodes = list(page.nodes)
    while page.page_info.has_next_page:
        more = await client.find(operation, answers.Part, id=part["id"], after=page.page_info.end_cursor)
        if more is None:
            raise Retry(f"{part['id']} went away while it was read")
        page = more.lines
        nodes.extend(page.nodes)
    part["lines"] = {"nodes": nodes, "pageInfo": {"hasNextPage": False, "endCursor": None}}


async def list_products(client: Client, after: str) -> ProductPage:
    """One page of variants. Prices are in the shop's own currency."""
    data = await client.ask("products.Products", answers.Products, after=after or None)
    page = data.product_variants
    products = tuple(_product(variant, data.shop.currency_code) for variant in page.nodes)
    return ProductPage(products, (page.page_info.end_cursor or "") if page.page_info.has_next_page else "")


def _product(variant: answers.Variant, currency: str) -> Product:
    return Product(
        listing_id=number(variant.id),
        sku=(variant.sku or "").strip(),
        title=variant.display_name,
        gtin=(variant.barcode or "").strip(),
        grams=_grams(variant.inventory_item.measurement),
        price=amount(str(variant.price), currency, "$.price"),
        currency=currency,
        brand=variant.product.vendor.strip() if variant.product else "",
        tags=variant.product.tags if variant.product else None,
    )


def _grams(measurement: answers.Measurement | None) -> int:
    weight = measurement.weight if measurement else None
    if weight is None or weight.unit not in words.GRAMS:
        return 0
    return int((weight.value * Decimal(words.GRAMS[weight.unit])).quantize(Decimal(1), ROUND_HALF_UP))


def _moment(at: datetime) -> str:
    """Whole seconds in UTC, rounded down, so that nothing of that second is left out."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
