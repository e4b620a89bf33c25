"""Pulling loses nothing: pages to the end, ties in one second, and a failure is a failure, never an empty page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hub.contract import Cursor, Delivery, Http, ListsProducts, Page
from hub.domain.order import ChannelOrder
from hub.errors import CrossdockError, Retry
from tests.connectors.checks.common import attempt, demand, meeting, outcome
from tests.connectors.harness import Double, Harness

MANY = 240
"""Orders to seed: more than two pages of any system met so far."""

PAGES = 300
"""A pull that needs more pages for that has lost its way."""

NOT_PAGES = (
    b"",
    b"null",
    b"true",
    b'"busy"',
    b'{"message": "try again later"}',
    b"<html><body>Maintenance</body></html>",
)
"""Bodies of a 200 that are no page of orders, and must never pass for an empty one."""


async def page_at(channel: Any, cursor: Cursor) -> Page:
    """One page, which must not fail."""
    page = await outcome("pull_orders", channel.pull_orders(cursor))
    demand(isinstance(page, Page), f"pull_orders gave {page!r} on a system that works")
    assert isinstance(page, Page)
    return page


async def pull_all(harness: Harness, http: Http, double: Double, cursor: Cursor) -> tuple[list[Page], Cursor]:
    """Every page from `cursor` on, each by a channel opened anew, as after a restart."""
    pages: list[Page] = []
    while True:
        page = await page_at(harness.connector.open(harness.account(double.url), http), cursor)
        pages.append(page)
        stuck = page.more and page.cursor == cursor
        demand(
            not stuck and len(pages) < PAGES, f"the pull does not come to an end: {len(pages)} pages, now at {cursor}"
        )
        cursor = page.cursor
        if not page.more:
            return pages, cursor


def order_ids(channel: Any, deliveries: Sequence[Delivery]) -> set[str]:
    """The external ids of the orders in these deliveries."""
    found: set[str] = set()
    for delivery in deliveries:
        news = attempt(f"read of pulled {delivery.id}", channel.read, delivery)
        demand(isinstance(news, tuple), f"a pulled order could not be read: {news!r}")
        assert isinstance(news, tuple)
        found |= {it.external_id for it in news if isinstance(it, ChannelOrder)}
    return found


def demand_all(channel: Any, pages: Sequence[Page], seeded: Sequence[str], when: str) -> None:
    """Every seeded order is in the pages."""
    missing = set(seeded) - order_ids(channel, [delivery for page in pages for delivery in page.deliveries])
    demand(not missing, f"{when}: {len(missing)} of {len(seeded)} orders never came, such as {sorted(missing)[:3]}")


async def check_pages_to_the_end(harness: Harness, http: Http) -> None:
    """Every order comes, those that changed in the same second too, over several pages."""
    async with meeting(harness, http) as (double, channel):
        seeded = double.seed_orders(MANY)
        demand(len(set(seeded)) == MANY, f"the double seeded {len(set(seeded))} orders instead of {MANY}")
        pages, _ = await pull_all(harness, http, double, Cursor())
        demand_all(channel, pages, seeded, "from the first page to the last")
        demand(len(pages) > 1, f"{MANY} orders came on one page: the double should answer in smaller ones")


async def check_every_page_boundary_holds(harness: Harness, http: Http) -> None:
    """However many orders there are, none falls between two pages, or between one pull and the next."""
    async with meeting(harness, http) as (double, channel):
        seeded: list[str] = []
        cursor, pages = Cursor(), []
        for count in (1, 2, 3, 50, 1, 60, 7):
            seeded += double.seed_orders(count)
            more, cursor = await pull_all(harness, http, double, cursor)
            pages += more
            demand_all(channel, pages, seeded, f"after {len(seeded)} orders over several pulls")


async def check_nothing_new_ends_the_pull(harness: Harness, http: Http) -> None:
    """A pull that has come to the end stays there, and its cursor does not go back."""
    async with meeting(harness, http) as (double, _):
        double.seed_orders(5)
        _, cursor = await pull_all(harness, http, double, Cursor())
        _, later = await pull_all(harness, http, double, cursor)
        before, after = cursor.at, later.at
        demand(before is None or (after is not None and after >= before), f"the cursor went back: {before} to {after}")


async def check_a_pulled_order_twice_is_one(harness: Harness, http: Http) -> None:
    """The same cursor gives the same deliveries under the same ids, and reading them is reading orders."""
    async with meeting(harness, http) as (double, channel):
        double.seed_orders(20)
        first, again = await page_at(channel, Cursor()), await page_at(channel, Cursor())
        ids, twice = [it.id for it in first.deliveries], [it.id for it in again.deliveries]
        demand(ids == twice, f"the same page came under other ids: {ids[:3]}, then {twice[:3]}")
        demand(len(set(ids)) == len(ids), "two deliveries of one page share an id")
        demand(all(ids), "a pulled delivery has no id")


async def check_a_failed_page_loses_nothing(harness: Harness, http: Http) -> None:
    """Each page fails once before it comes; the same cursor then gives what it would have given."""
    async with meeting(harness, http) as (double, channel):
        seeded = double.seed_orders(MANY)
        cursor, pages, more = Cursor(), [], True
        while more:
            double.fail(500)
            failed = await outcome("pull_orders", channel.pull_orders(cursor))
            demand(isinstance(failed, Retry), f"page {len(pages) + 1} failed at the other side, yet gave {failed!r}")
            page = await page_at(channel, cursor)
            pages.append(page)
            demand(len(pages) < PAGES, "the pull does not come to an end")
            cursor, more = page.cursor, page.more
        demand_all(channel, pages, seeded, "with every page failing once")


async def check_an_error_is_no_empty_page(harness: Harness, http: Http) -> None:
    """Whatever the other side answers instead of a page of orders, it is a failure."""
    for status in (400, 401, 403, 404, 410, 422, 429, 500, 502, 503, 504, 302):
        await _demand_failure(harness, http, status, b"")
    for body in NOT_PAGES:
        await _demand_failure(harness, http, 200, body)


async def _demand_failure(harness: Harness, http: Http, status: int, body: bytes) -> None:
    async with meeting(harness, http) as (double, channel):
        double.seed_orders(3)
        double.fail(status, body=body, times=9)
        got = await outcome("pull_orders", channel.pull_orders(Cursor()))
        demand(isinstance(got, CrossdockError), f"an answer of {status} with {body!r} passed for the page {got!r}")


async def check_products_to_the_end(harness: Harness, http: Http) -> None:
    """The list of products ends, and names no listing twice."""
    async with meeting(harness, http) as (_, channel):
        assert isinstance(channel, ListsProducts)
        after, listings = "", []
        for _ in range(PAGES):
            page = await outcome("list_products", channel.list_products(after))
            demand(not isinstance(page, CrossdockError), f"list_products gave {page!r} on a system that works")
            listings += [product.listing_id for product in page.products]  # type: ignore[attr-defined]
            after = page.next  # type: ignore[attr-defined]
            if not after:
                break
        demand(not after, "the list of products does not come to an end")
        demand(len(set(listings)) == len(listings), "the list of products repeats itself")
