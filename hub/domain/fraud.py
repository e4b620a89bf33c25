"""How likely an order is fraud: points by rules, each with its reason. Pure; the rules are data (`fraud_rules`).

A velocity counts what came before the order, never what came after: of a run of orders the first ones pass, and an
order that is looked at again later gets the same points.
"""

from __future__ import annotations

import re
from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from hub.domain.order import Address, RiskFact, Value

if TYPE_CHECKING:
    from hub.domain.fraud_rules import RuleSet
    from hub.domain.outcome import OrderRow

Why = dict[str, object]


class Purchase(Value, frozen=True):
    """What the rules read of an order. `cards`: gateway and last four digits of each, since no channel tells more."""

    id: int
    placed_at: datetime
    currency: str
    total: int
    email: str = ""
    phone: str = ""
    ip: str = ""
    cards: tuple[str, ...] = ()
    ship_to: Address | None = None
    bill_to: Address | None = None
    risks: tuple[RiskFact, ...] = ()
    cancelled: bool = False


class Score(Value, frozen=True):
    """`points` of all rules together, never below 0; `rules`: each that applied, with its name, points and facts."""

    points: int
    rules: tuple[Why, ...]


def purchase(order: OrderRow) -> Purchase:
    """An order of the flow as rules read it."""
    ship_to = order.ship_to
    return Purchase(
        id=order.id,
        placed_at=order.placed_at,
        currency=order.currency,
        total=order.total,
        email=order.email,
        phone=order.buyer.phone or (ship_to.phone if ship_to else ""),
        ip=order.buyer.ip,
        cards=tuple(dict.fromkeys(f"{paid.gateway}:{paid.last4}" for paid in order.payments if paid.last4)),
        ship_to=ship_to,
        bill_to=order.bill_to,
        risks=order.risks,
    )


KEYS = ("email", "phone", "address", "card", "ip")
"""What a velocity may be of."""


def keys(bought: Purchase, kind: str) -> tuple[str, ...]:
    """What identifies a buyer in one respect, written alike however it was typed. None for what was not told."""
    match kind:
        case "email":
            found: tuple[str, ...] = (bought.email.strip().lower(),)
        case "phone":
            found = (digits(bought.phone),)
        case "address":
            found = (address_key(bought.ship_to),) if bought.ship_to else ()
        case "card":
            found = bought.cards
        case _:
            found = (bought.ip,)
    return tuple(key for key in found if key)


def digits(phone: str) -> str:
    """The last nine digits of a phone number: prefixes are written in many ways. Empty for fewer than six."""
    only = re.sub(r"\D", "", phone)
    return only[-9:] if len(only) >= 6 else ""


@lru_cache(maxsize=4096)
def address_key(address: Address) -> str:
    """Street, postcode and country without the ways they are written."""
    street = re.sub(r"[\W_]+", "", address.line1.casefold().replace("straße", "str").replace("street", "st"))
    return f"{street}|{re.sub(r'[^0-9A-Za-z]', '', address.postcode).upper()}|{address.country}" if street else ""


class Sightings:
    """Orders of one merchant by what identifies their buyers. Filled with `add`, in any order, each order once."""

    def __init__(self, kinds: Iterable[str] = KEYS) -> None:
        self._kinds = tuple(kinds)
        self._seen: dict[tuple[str, str], list[tuple[datetime, int]]] = {}
        self._first: dict[str, datetime] = {}
        self._cards: dict[int, tuple[str, ...]] = {}

    def add(self, bought: Purchase) -> None:
        """Counts an order from now on; one that is counted already changes nothing."""
        if bought.id in self._cards:
            return
        self._cards[bought.id] = bought.cards
        for kind in self._kinds:
            for key in keys(bought, kind):
                insort(self._seen.setdefault((kind, key), []), (bought.placed_at, bought.id))
        email = bought.email.strip().lower()
        if email and not bought.cancelled:
            self._first[email] = min(self._first.get(email, bought.placed_at), bought.placed_at)

    def before(self, bought: Purchase, kind: str, within: timedelta) -> int:
        """Other orders of the same buyer in this respect that were placed at most `within` before."""
        return max((len(run) for run in self._runs(bought, kind, within)), default=0)

    def cards(self, bought: Purchase, kind: str, within: timedelta) -> int:
        """Different cards of those orders and this one."""
        runs = self._runs(bought, kind, within)
        return max(
            (len({card for it in (*run, bought.id) for card in self._cards_of(it, bought)}) for run in runs), default=0
        )

    def _cards_of(self, order_id: int, bought: Purchase) -> tuple[str, ...]:
        return bought.cards if order_id == bought.id else self._cards[order_id]

    def _runs(self, bought: Purchase, kind: str, within: timedelta) -> Iterator[list[int]]:
        """Ids of those orders, for each way the buyer is known by."""
        for key in keys(bought, kind):
            times = self._seen.get((kind, key), [])
            until = bisect_left(times, (bought.placed_at, bought.id))
            yield [order_id for _, order_id in times[bisect_left(times, (bought.placed_at - within, 0)) : until]]

    def customer_since(self, bought: Purchase) -> datetime | None:
        """When this e-mail address first ordered before this order, cancelled orders aside."""
        first = self._first.get(bought.email.strip().lower())
        return first if first is not None and first < bought.placed_at else None


def score(bought: Purchase, rules: RuleSet, seen: Sightings) -> Score:
    """The points of an order. `seen` need not know the order itself."""
    found: list[Why] = []
    points = 0
    for rule in rules.rule:
        why = rule.applies(bought, seen)
        if why is not None:
            points += rule.weight
            found.append({"rule": rule.name, "points": rule.weight, **why})
    return Score(points=max(0, points), rules=tuple(found))


def detail(scored: Score, rules: RuleSet) -> Mapping[str, object]:
    """What a hold says of it: the score, from where on an order waits, and each rule's part."""
    return {"what": "fraud", "score": scored.points, "hold_at": rules.hold_at, "rules": list(scored.rules)}
