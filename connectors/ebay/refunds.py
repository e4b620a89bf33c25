"""Giving money back. issueRefund has no key, and what it is told of ours (`comment`) eBay never gives back.

While this process lives it remembers what an order held before each refund, and whose each new one is. After a restart
one whose answer was lost is told by what getOrder says: made by issueRefund (only those have a `refundId`), as much as
was asked for, no older than the message, and none that the hub knows to be another message's: a second refund of the
same amount is not the first one. Where that fits several, or something that might be it and might not, nobody can tell,
and a person must. Sources: sell_fulfillment issueRefund, getOrder (paymentSummary.refunds).
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote
from weakref import WeakValueDictionary

from connectors.ebay import wire, words
from connectors.ebay.client import Client, done
from connectors.ebay.order_wire import Refund
from connectors.ebay.pulling import ORDERS
from connectors.ebay.purse import Purse
from connectors.ebay.undoing import standing
from connectors.wire import instant
from hub.domain import money
from hub.domain.outgoing import Receipt, RefundRequest
from hub.errors import BadPayload, Reject, Unknown

MOST = 1000
COMMENT = 100
"""Longest comment of a refund, in characters."""

PERSON = "see in Seller Hub whether this one is among them"
APART = timedelta(minutes=10)
"""How far eBay's clock and ours may be apart: a refund that is older than the message by more is not its."""

Named = tuple[str, Refund]
"""A refund by its name: its id, or where it has none eBay's reference."""


class Memory:
    """What this process knows of an account's refunds: those that an order had before one of ours was made, by our
    reference, and whose each one is."""

    def __init__(self) -> None:
        self._before: OrderedDict[str, frozenset[str]] = OrderedDict()
        self._owners: OrderedDict[str, str] = OrderedDict()
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def lock(self, order_id: str) -> asyncio.Lock:
        """An order's refunds are made one after another, or each might be taken for the other."""
        return self._locks.setdefault(order_id, asyncio.Lock())

    def remember(self, reference: str, refunds: frozenset[str]) -> None:
        """Keeps the first answer: a later try must not take the earlier one's refund for an old one."""
        self._before.setdefault(reference, refunds)
        while len(self._before) > MOST:
            self._before.popitem(last=False)

    def before(self, reference: str) -> frozenset[str] | None:
        """None for a refund that this process knows nothing of."""
        return self._before.get(reference)

    def own(self, name: str, reference: str) -> None:
        """The refund `name` is the one that `reference` wanted; empty where only that it is another's is known."""
        self._owners[name] = reference
        while len(self._owners) > MOST:
            self._owners.popitem(last=False)

    def free(self, name: str, reference: str) -> bool:
        """Whether the refund `name` may be that of `reference`, as far as this process knows."""
        return self._owners.get(name, reference) == reference


async def push_refund(client: Client, request: RefundRequest, memory: Memory) -> Receipt:
    """Gives money back on the order as a whole. Raises `Reject` for another currency than the order's."""
    lock = memory.lock(request.order_id)
    async with lock:
        order = await standing(client, request.order_id)
        if request.currency != _purse(order).currency:
            raise Reject(f"the order was paid in {_purse(order).currency}, not in {request.currency}")
        known = memory.before(request.reference)
        if known is not None:
            # An earlier try: eBay may have shown its refund only after it was looked for.
            there = _fresh(order, request, memory, known)
            if there is not None:
                return there
        memory.remember(request.reference, frozenset(name for name, _ in _refunds(order)))
        return await _issue(client, request, memory)


async def _issue(client: Client, request: RefundRequest, memory: Memory) -> Receipt:
    mark = f"[{request.reference}]"
    body = {
        "reasonForRefund": words.REFUND_REASON.get(request.reason.strip().casefold(), "OTHER_ADJUSTMENT"),
        "comment": f"{request.reason[: COMMENT - len(mark) - 1]} {mark}".strip()[:COMMENT],
        "orderLevelRefundAmount": {
            "value": money.major(request.amount, request.currency),
            "currency": request.currency,
        },
    }
    path = f"{ORDERS}/{quote(request.order_id, safe='')}/issue_refund"
    made = done(await client.send(path, body, request.reference, signed=True), "refund", wire.Refunded)
    if made.refund_status == "FAILED":
        raise Reject("eBay could not make the refund: see the order in Seller Hub")
    if not made.refund_id:
        raise Unknown("refund: eBay answered without naming it")
    memory.own(made.refund_id, request.reference)
    return Receipt(external_id=made.refund_id, details={"status": made.refund_status})


@dataclass(frozen=True, slots=True)
class Asked:
    """A refund whose answer was lost. `made_at`: when its message was made, None where nobody knows; `others`: refunds
    of the order, by name, that are known to be those of other messages."""

    request: RefundRequest
    made_at: datetime | None
    others: frozenset[str] = frozenset()


async def find_refund(client: Client, asked: Asked, memory: Memory) -> Receipt | None:
    """The receipt of a refund whose answer was lost; None when it was not made. Raises `Unknown` when nobody can tell
    whose a refund is."""
    request = asked.request
    async with memory.lock(request.order_id):
        order = await standing(client, request.order_id)
        for name in asked.others:
            memory.own(name, "")
        known = memory.before(request.reference)
        if known is not None:
            return _fresh(order, request, memory, known)
        return _found(order, asked, memory)


def _fresh(order: wire.Standing, request: RefundRequest, memory: Memory, known: frozenset[str]) -> Receipt | None:
    """The receipt of a refund that the order had not before and that is nobody else's; whatever its amount, since eBay
    may show what the seller gives back net of fees and tax, but one of as much comes first."""
    new = [it for it in _open(order, request, memory) if it[0] not in known]
    new.sort(key=lambda it: _amount(order, it[1]) != request.amount)
    return _receipt(new[0], request, memory) if new else None


def _found(order: wire.Standing, asked: Asked, memory: Memory) -> Receipt | None:
    """The same, by what eBay tells alone. More than was asked for is never ours; less may be, net of tax. Without the
    message's time an old refund could pass for this one, so nothing is sure."""
    request, made_at = asked.request, asked.made_at
    late = [it for it in _open(order, request, memory) if not _older(it[1], made_at)]
    sure = [it for it in late if it[1].refund_id and _amount(order, it[1]) == request.amount]
    if made_at is not None and len(sure) == 1:
        return _receipt(sure[0], request, memory)
    if len(sure) > 1:
        raise Unknown(f"the order has equal refunds ({_names(sure)}): {PERSON}")
    maybe = [it for it in late if (_amount(order, it[1]) or 0) <= request.amount]
    if maybe:
        raise Unknown(f"the order has refunds ({_names(maybe)}): {PERSON}")
    return None


def _open(order: wire.Standing, request: RefundRequest, memory: Memory) -> list[Named]:
    """Refunds that have not failed and may be this request's."""
    return [
        (name, refund)
        for name, refund in _refunds(order)
        if refund.refund_status != "FAILED" and memory.free(name, request.reference)
    ]


def _older(refund: Refund, made_at: datetime | None) -> bool:
    """Whether a refund was issued before the message was made; those that are under way have no date yet."""
    if made_at is None or not refund.refund_date:
        return False
    try:
        return instant(refund.refund_date, "$.refundDate") < made_at - APART
    except BadPayload:
        return False


def _amount(order: wire.Standing, refund: Refund) -> int | None:
    """In the order's currency; None where eBay does not tell it in that."""
    try:
        return abs(_purse(order).amount(refund.amount, "$.amount")) if refund.amount else None
    except BadPayload:
        return None


def _receipt(found: Named, request: RefundRequest, memory: Memory) -> Receipt:
    memory.own(found[0], request.reference)
    return Receipt(external_id=found[0], details={"status": found[1].refund_status})


def _names(refunds: Iterable[Named]) -> str:
    return ", ".join(name for name, _ in refunds)


def _purse(order: wire.Standing) -> Purse:
    total = order.pricing_summary.total
    return Purse(total.converted_from_currency or total.currency, total.currency)


def _refunds(order: wire.Standing) -> Iterator[Named]:
    """Every refund of the order as a whole."""
    for refund in order.payment_summary.refunds:
        yield refund.refund_id or refund.refund_reference_id, refund
