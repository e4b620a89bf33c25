"""Money that went back to buyers: a transaction of the Finances API → a refund notice. Pure.

A transaction says what the seller lost: the buyer's money, less fees that Amazon gives back, plus those it keeps. Only
what the buyer got counts here, part by part, and a part that nobody knows is not guessed at. Each transaction is a
refund of its own. One that was deferred shows twice, once as such and once as released, each naming the other: both are
the refund that was deferred.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

from connectors.amazon import words
from connectors.amazon.wire_finances import Part, Transaction, TransactionHead
from connectors.wire import decode, instant
from hub.contract import Delivery
from hub.domain import money
from hub.domain.order import RefundNotice
from hub.errors import BadPayload

REFUND = "refund"
"""Topic of a delivery that is one transaction, verbatim."""

LONGEST = 64


def delivery_of(body: bytes, marketplaces: Sequence[str]) -> Delivery | None:
    """A transaction as a delivery, under the same id whichever way it came; None for one that is no refund, or of a
    marketplace that is not ours. One whose head cannot be read goes on: reading it sets it aside, and only it."""
    try:
        head = decode(body, TransactionHead)
        if head.transaction_type.casefold() not in words.GIVEN_BACK or _elsewhere(head, marketplaces):
            return None
        posted = instant(head.posted_date, "$.postedDate")
    except BadPayload:
        return Delivery(id=f"{REFUND}:{hashlib.sha256(body).hexdigest()}", topic=REFUND, body=body)
    return Delivery(id=f"{REFUND}:{refund_id(head)}", topic=REFUND, body=body, occurred_at=posted)


def refund_id(head: TransactionHead) -> str:
    """Which refund a transaction is: the deferred one that it releases, or itself."""
    name = head.related("DEFERRED_TRANSACTION_ID") or head.transaction_id
    return name if len(name) <= LONGEST else hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()


def refund_notice(told: Transaction) -> RefundNotice | None:
    """What a refund says; None for one that moved fees only. Raises `BadPayload`."""
    order_id = told.related("ORDER_ID")
    if not order_id:
        raise BadPayload("$.relatedIdentifiers", "no ORDER_ID says whose money it was")
    amount, currency = given_back(told)
    if amount < 0:
        raise BadPayload("$.items", f"the buyer was charged {money.major(-amount, currency)} {currency}")
    if not amount:
        return None
    goods = dict.fromkeys(c.sku for item in told.items or () for c in item.contexts or () if c.sku)
    return RefundNotice(
        order_id=order_id,
        external_id=refund_id(told),
        at=instant(told.posted_date, "$.postedDate"),
        amount=amount,
        currency=currency,
        reason=": ".join(filter(None, (told.description or told.transaction_type, ", ".join(goods)))),
    )


def given_back(told: Transaction) -> tuple[int, str]:
    """(what the buyer got in minor units, currency). Raises `BadPayload` where no breakdown says so, or it names parts
    that are unknown, or several currencies."""
    items = told.items or ()
    whole = bool(items) and all(item.breakdowns for item in items)
    lists = [(f"$.items[{i}]", item.breakdowns or ()) for i, item in enumerate(items)] if whole else []
    lists = lists or [("$", told.breakdowns or ())]
    if not any(parts for _, parts in lists):
        raise BadPayload("$.items", "no breakdown says what of it the buyer got")
    amount, currency = 0, ""
    for path, parts in lists:
        for part in _buyers(parts, path):
            value, currency = _minor(part, currency, path)
            amount -= value
    return amount, currency


def _buyers(parts: Sequence[Part], path: str) -> Iterator[Part]:
    """The parts that are the buyer's money, each once: groups are opened, fees are not."""
    left = list(parts)
    while left:
        part = left.pop()
        name = part.breakdown_type.replace(" ", "").casefold()
        if words.SELLERS_MONEY.fullmatch(name):
            continue
        if name in words.BUYERS_MONEY:
            yield part
        elif part.breakdowns:
            left += part.breakdowns
        elif name in words.BUYERS_GROUPS:
            yield part
        elif part.breakdown_amount is not None and part.breakdown_amount.currency_amount:
            raise BadPayload(f"{path}.breakdowns", f"{part.breakdown_type[:60]!r}: is it the buyer's money, or a fee?")


def _minor(part: Part, currency: str, path: str) -> tuple[int, str]:
    cash = part.breakdown_amount
    if cash is None:
        raise BadPayload(f"{path}.breakdowns", f"{part.breakdown_type[:60]!r} has no amount")
    if currency and cash.currency_code != currency:
        raise BadPayload(f"{path}.breakdowns", f"it is in {currency} and in {cash.currency_code[:10]!r}")
    try:
        return money.minor(cash.currency_amount, cash.currency_code), cash.currency_code
    except ValueError as error:
        raise BadPayload(f"{path}.breakdowns", f"{part.breakdown_type[:60]!r}: {error}") from None


def _elsewhere(head: TransactionHead, marketplaces: Sequence[str]) -> bool:
    """Whether it happened in one of Amazon's shops that the account is not about. Orders that a US seller ships are
    told of other "marketplaces" than that of the shop, so only those that are known count."""
    place = (head.marketplace_details.marketplace_id if head.marketplace_details else None) or ""
    return place in words.CURRENCIES and place not in marketplaces
