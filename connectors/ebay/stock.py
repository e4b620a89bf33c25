"""How many units eBay may sell: of the inventory item, and of every offer that is live, whose own number counts first.

Up to 25 SKUs a call. Levels are absolute, so one whose answer was lost is read back. Things that were listed outside of
the Inventory API are not known to it: eBay's bulkMigrateListing takes them over.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from connectors.ebay import wire
from connectors.ebay.client import Client, done
from hub.contract import Answer
from hub.domain.outgoing import Receipt, StockLevel
from hub.errors import CrossdockError, Reconnect, Reject, Retry, Unknown

BASE = "/sell/inventory/v1"
AT_ONCE = 25
CALLS = 6
"""Calls for offers that are on their way at a time."""

LASTS = 3600.0
MOST = 10_000


class OfferBook:
    """Live offers by SKU, kept for an hour by the connector: finding them costs a call each. That there are none is not
    kept: one that goes live meanwhile would go on selling by its own number."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[tuple[str, ...], float]] = OrderedDict()

    async def of(self, client: Client, sku: str) -> tuple[str, ...]:
        """Ids of the fixed-price offers of a SKU that are live."""
        now = asyncio.get_running_loop().time()
        offers, until = self._kept.get(sku, ((), 0.0))
        if until > now:
            return offers
        told = await client.find(f"{BASE}/offer", wire.Offers, {"sku": sku, "format": "FIXED_PRICE"})
        live = tuple(it.offer_id for it in told.offers if it.status == "PUBLISHED") if told else ()
        if not live:
            self.forget(sku)
            return live
        self._kept[sku] = live, now + LASTS
        while len(self._kept) > MOST:
            self._kept.popitem(last=False)
        return live

    def has(self, sku: str) -> bool:
        """Whether the answer is one of before."""
        return self._kept.get(sku, ((), 0.0))[1] > asyncio.get_running_loop().time()

    def forget(self, sku: str) -> None:
        """After an answer that shows that they are not what they were."""
        self._kept.pop(sku, None)


def sku_of(level: StockLevel) -> str:
    """What eBay knows it by: the listing's id is eBay's SKU."""
    return level.listing_id or level.sku


async def push_levels(
    client: Client, book: OfferBook, levels: Sequence[StockLevel], keys: Sequence[str]
) -> list[Answer]:
    """An answer for each level, in their order. No SKU goes twice in one call: eBay takes it once."""
    answers: dict[int, Answer] = {}
    waiting = list(range(len(levels)))
    while waiting:
        batch: dict[str, int] = {}
        for place in waiting:
            if len(batch) < AT_ONCE:
                batch.setdefault(sku_of(levels[place]), place)
        places = list(batch.values())
        answers |= await _call(client, book, [(place, levels[place]) for place in places], keys[places[0]])
        waiting = [place for place in waiting if place not in answers]
    return [answers[place] for place in range(len(levels))]


async def _call(client: Client, book: OfferBook, batch: list[tuple[int, StockLevel]], key: str) -> dict[int, Answer]:
    kept = {sku_of(level) for _, level in batch if book.has(sku_of(level))}
    try:
        offers = await _offers(client, book, [sku_of(level) for _, level in batch])
        requests = [_request(level, offers[sku_of(level)]) for _, level in batch]
        reply = await client.send(f"{BASE}/bulk_update_price_quantity", {"requests": requests}, key)
        told = done(reply, "set stock", wire.Answers).responses
    except CrossdockError as error:
        return dict.fromkeys((place for place, _ in batch), failed(error))
    return {place: _answer(book, level, told, old=sku_of(level) in kept) for place, level in batch}


async def _offers(client: Client, book: OfferBook, skus: Iterable[str]) -> dict[str, tuple[str, ...]]:
    gate = asyncio.Semaphore(CALLS)

    async def one(sku: str) -> tuple[str, tuple[str, ...]]:
        async with gate:
            return sku, await book.of(client, sku)

    return dict(await asyncio.gather(*(one(sku) for sku in skus)))


def _request(level: StockLevel, offers: Sequence[str]) -> dict[str, Any]:
    units = max(0, level.available)
    request: dict[str, Any] = {"sku": sku_of(level), "shipToLocationAvailability": {"quantity": units}}
    if offers:
        request["offers"] = [{"offerId": offer, "availableQuantity": units} for offer in offers]
    return request


def _answer(book: OfferBook, level: StockLevel, told: Sequence[wire.Answer], *, old: bool) -> Answer:
    """eBay answers for the item and for each of its offers. `old`: the offers were those of before, which may be gone:
    then the level is not refused yet."""
    sku = sku_of(level)
    mine = [answer for answer in told if answer.sku == sku]
    if not mine:
        return failed(Unknown(f"set stock: eBay did not answer for {sku!r}"))
    bad = next((answer for answer in mine if answer.status_code >= 300), None)
    if bad is None:
        return Answer(receipt=Receipt(external_id=sku))
    book.forget(sku)
    why = "; ".join(error.long_message or error.message for error in bad.errors)[:300] or f"status {bad.status_code}"
    error = f"eBay does not take the stock of {sku!r}: {why}"
    if old:
        return failed(Retry(error, 1.0))
    return failed(Retry(error) if bad.status_code >= 500 or bad.status_code == 429 else Reject(error))


def failed(error: CrossdockError) -> Answer:
    """A failure as an answer."""
    names = ((Retry, "retry"), (Reconnect, "reconnect"), (Reject, "reject"))
    name = next((name for kind, name in names if isinstance(error, kind)), "unknown")
    return Answer(failure=name, why=str(error), after=error.after if isinstance(error, Retry) else None)


def raised(answer: Answer) -> Receipt:
    """The receipt of an answer. Raises the failure it stands for."""
    if answer.receipt is not None:
        return answer.receipt
    if answer.failure == "retry":
        raise Retry(answer.why, answer.after)
    kinds: Mapping[str, type[CrossdockError]] = {"reject": Reject, "reconnect": Reconnect}
    raise kinds.get(answer.failure, Unknown)(answer.why)


async def read_stock(client: Client, skus: Sequence[str]) -> dict[str, int]:
    """Units on offer by SKU; those that eBay does not know are left out."""
    found: dict[str, int] = {}
    for start in range(0, len(skus), AT_ONCE):
        asked = {"requests": [{"sku": sku} for sku in dict.fromkeys(skus[start : start + AT_ONCE])]}
        told = await client.enquire(f"{BASE}/bulk_get_inventory_item", asked, wire.Answers)
        for answer in told.responses:
            if answer.status_code >= 500 or answer.status_code == 429:
                raise Retry(f"read stock: eBay cannot tell of {answer.sku!r} now")
            item = answer.inventory_item
            if answer.status_code < 300 and item and item.availability:
                level = item.availability.ship_to_location_availability
                found[answer.sku] = level.quantity if level else 0
    return found


async def find_level(client: Client, level: StockLevel) -> Receipt | None:
    """A receipt when eBay's level already is the one to set, whoever set it."""
    sku = sku_of(level)
    there = await read_stock(client, [sku])
    return Receipt(external_id=sku) if there.get(sku) == max(0, level.available) else None
