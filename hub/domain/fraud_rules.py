"""Rules of review as data: what a merchant's TOML may say (`fraud_reading` reads it), and when each rule applies."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import cached_property
from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct

from hub.domain import money
from hub.domain.fraud import Purchase, Sightings, Why, digits
from hub.domain.fraud_default import DISPOSABLE, HOMES
from hub.domain.order import Address
from hub.domain.places import great_circle_km, where

Points = Annotated[int, Meta(ge=-100, le=100)]
Minutes = Annotated[int, Meta(ge=1, le=10_080)]


class _Rule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind"):
    """What every rule has; `applies` of each kind gives the facts that a person is shown, or None."""

    name: Annotated[str, Meta(min_length=1, max_length=100)]
    weight: Points


class Velocity(_Rule, frozen=True, tag="velocity"):
    """More than so many orders of one buyer within so many minutes, this one counted."""

    of: Literal["email", "phone", "address", "card", "ip"]
    within_minutes: Minutes
    more_than: Annotated[int, Meta(ge=1, le=1000)]

    def applies(self, bought: Purchase, seen: Sightings) -> Why | None:
        """The facts for which the rule counts here."""
        count = seen.before(bought, self.of, timedelta(minutes=self.within_minutes))
        if count < self.more_than:
            return None
        return {"why": "velocity", "of": self.of, "orders": count + 1, "minutes": self.within_minutes}


class ManyCards(_Rule, frozen=True, tag="many_cards"):
    """More than so many different cards in the orders of one buyer within so many minutes, this one's among them."""

    of: Literal["email", "phone", "address", "ip"]
    within_minutes: Minutes
    more_than: Annotated[int, Meta(ge=1, le=100)]

    def applies(self, bought: Purchase, seen: Sightings) -> Why | None:
        """The facts for which the rule counts here."""
        cards = seen.cards(bought, self.of, timedelta(minutes=self.within_minutes))
        if cards <= self.more_than:
            return None
        return {"why": "many_cards", "of": self.of, "cards": cards, "minutes": self.within_minutes}


class _Dear(_Rule, frozen=True):
    """`above`: currency → amount in major units. Orders in other currencies are let pass."""

    above: Annotated[dict[str, str | int], Meta(min_length=1)]

    def __post_init__(self) -> None:
        for currency, amount in self.above.items():
            money.minor(amount, currency)

    def is_above(self, currency: str, total: int) -> bool:
        """Whether `total` minor units are above the amount of their currency."""
        amount = self.above.get(currency)
        return amount is not None and total > money.minor(amount, currency)


class HighValue(_Dear, frozen=True, tag="high_value"):
    """A total above an amount."""

    def applies(self, bought: Purchase, seen: Sightings) -> Why | None:
        """The facts for which the rule counts here."""
        if not self.is_above(bought.currency, bought.total):
            return None
        return {"why": "high_value", "total": bought.total, "currency": bought.currency}


class FirstOrder(_Dear, frozen=True, tag="first_order"):
    """The first order of an e-mail address, with a total above an amount."""

    def applies(self, bought: Purchase, seen: Sightings) -> Why | None:
        """The facts for which the rule counts here."""
        if not self.is_above(bought.currency, bought.total) or seen.customer_since(bought) is not None:
            return None
        return {"why": "first_order", "total": bought.total, "currency": bought.currency}


class KnownCustomer(_Rule, frozen=True, tag="known_customer"):
    """The e-mail address ordered so many days ago already; its weight is normally negative."""

    days: Annotated[int, Meta(ge=1, le=3650)]

    def applies(self, bought: Purchase, seen: Sightings) -> Why | None:
        """The facts for which the rule counts here."""
        since = seen.customer_since(bought)
        if since is None or bought.placed_at - since < timedelta(days=self.days):
            return None
        return {"why": "known_customer", "since": since.date().isoformat()}


class Differ(_Rule, frozen=True, tag="differ"):
    """Billed to one country or postcode, sent to another."""

    by: Literal["country", "postcode"]

    def applies(self, bought: Purchase, seen: Sightings) -> Why | None:
        """The facts for which the rule counts here."""
        if bought.bill_to == bought.ship_to:
            return None
        billed, sent = _part(bought.bill_to, self.by), _part(bought.ship_to, self.by)
        if not billed or not sent or billed == sent:
            return None
        return {"why": "differ", "by": self.by, "billed": billed, "sent": sent}


class Distance(_Rule, frozen=True, tag="distance"):
    """Billing and shipping countries lie further apart, middle to middle."""

    over_km: Annotated[int, Meta(ge=1, le=20_000)]

    def applies(self, bought: Purchase, seen: Sightings) -> Why | None:
        """The facts for which the rule counts here."""
        if bought.bill_to == bought.ship_to:
            return None
        billed, sent = where(_part(bought.bill_to, "country")), where(_part(bought.ship_to, "country"))
        km = great_circle_km(billed, sent) if billed and sent else 0
        return {"why": "distance", "km": round(km / 100) * 100} if km > self.over_km else None


class DisposableMail(_Rule, frozen=True, tag="disposable_mail"):
    """The mail domain is one to throw away. `also` and `never` correct the list that comes with the product."""

    also: tuple[str, ...] = ()
    never: tuple[str, ...] = ()

    def applies(self, bought: Purchase, seen: Sightings) -> Why | None:
        """The facts for which the rule counts here."""
        domain = _domain(bought.email)
        thrown = (domain in DISPOSABLE or domain in self.also) and domain not in self.never
        return {"why": "disposable_mail", "domain": domain} if thrown else None


class Blocklist(_Rule, frozen=True, tag="blocklist"):
    """One of the merchant's own values. Phones are compared by digits; the value itself is not repeated on the hold."""

    of: Literal["email", "domain", "phone", "ip", "card", "postcode", "country", "address", "name"]
    values: Annotated[tuple[str, ...], Meta(min_length=1)]

    def applies(self, bought: Purchase, seen: Sightings) -> Why | None:
        """The facts for which the rule counts here."""
        wanted = {_written(self.of, value) for value in self.values}
        return {"why": "blocklist", "of": self.of} if any(v in wanted for v in _values(self.of, bought)) else None


class ChannelRisk(_Rule, frozen=True, tag="channel_risk"):
    """The channel itself says so."""

    level: Literal["low", "medium", "high"]

    def applies(self, bought: Purchase, seen: Sightings) -> Why | None:
        """The facts for which the rule counts here."""
        told = next((risk for risk in bought.risks if risk.level == self.level), None)
        return {"why": "channel_risk", "level": told.level, "by": told.source, "told": told.why[:200]} if told else None


class CurrencyMismatch(_Rule, frozen=True, tag="currency_mismatch"):
    """Paid in money that is that of neither the billing nor the shipping country."""

    ignore: tuple[str, ...] = ()

    def applies(self, bought: Purchase, seen: Sightings) -> Why | None:
        """The facts for which the rule counts here."""
        homes = HOMES.get(bought.currency)
        countries = {_part(place, "country") for place in (bought.bill_to, bought.ship_to)} - {""}
        if homes is None or bought.currency in self.ignore or not countries or countries & homes:
            return None
        return {"why": "currency_mismatch", "currency": bought.currency, "countries": sorted(countries)}


Rule: TypeAlias = (
    Velocity
    | ManyCards
    | HighValue
    | FirstOrder
    | KnownCustomer
    | Differ
    | Distance
    | DisposableMail
    | Blocklist
    | ChannelRisk
    | CurrencyMismatch
)


class AddressRules(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What of an address is looked at beyond its country's own rules. Names of carriers are parts of account names."""

    embargoed: tuple[str, ...] = ()
    no_po_box: tuple[str, ...] = ()
    house_numbers: bool = True


Reason: TypeAlias = Literal[
    "payment", "fraud", "address", "credit", "mapping", "duplicate", "channel_pending", "customer", "manual"
]


class HoldRule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Another deadline or another end for a reason than the table of `hub.domain.holds` gives."""

    hours: Annotated[int, Meta(ge=1, le=2160)] | None = None
    owner: Literal["merchant", "agent", "customer"] | None = None
    then: Literal["escalate", "cancel", "accept"] | None = None


class RuleSet(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, dict=True):
    """All rules of review of one merchant, in the order in which they are told. `version` 0: shipped, never changed.

    What follows from the rules alone is asked for with every order, and so remembered (`dict`).
    """

    name: Annotated[str, Meta(min_length=1, max_length=100)]
    hold_at: Annotated[int, Meta(ge=1, le=1000)]
    rule: tuple[Rule, ...]
    address: AddressRules = AddressRules()
    holds: dict[Reason, HoldRule] = {}

    def __post_init__(self) -> None:
        names = [rule.name for rule in self.rule]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two rules are called {name!r}; give each a name of its own")

    def _velocities(self) -> Iterator[Velocity | ManyCards]:
        return (rule for rule in self.rule if isinstance(rule, Velocity | ManyCards))

    @cached_property
    def counted(self) -> frozenset[str]:
        """What velocities are of."""
        return frozenset(rule.of for rule in self._velocities())

    @cached_property
    def window(self) -> timedelta:
        """How far back velocities look."""
        return timedelta(minutes=max((rule.within_minutes for rule in self._velocities()), default=0))

    @cached_property
    def reads_cards(self) -> bool:
        """Whether any rule looks at cards."""
        return "card" in self.counted or any(
            isinstance(rule, ManyCards) or (isinstance(rule, Blocklist) and rule.of == "card") for rule in self.rule
        )

    def asks_history(self, currency: str, total: int) -> bool:
        """Whether it matters for an order of this total if its e-mail address ordered before."""
        return any(isinstance(rule, KnownCustomer) or rule.is_above(currency, total) for rule in self._of_history)

    @cached_property
    def _of_history(self) -> tuple[KnownCustomer | FirstOrder, ...]:
        return tuple(rule for rule in self.rule if isinstance(rule, KnownCustomer | FirstOrder))


def _part(place: Address | None, part: str) -> str:
    if place is None:
        return ""
    return place.country if part == "country" else place.postcode.replace(" ", "").upper()


def _domain(email: str) -> str:
    return email.rpartition("@")[2].strip().lower()


def _written(kind: str, value: str) -> str:
    return (digits(value) or value) if kind == "phone" else " ".join(value.casefold().split())


def _values(kind: str, bought: Purchase) -> list[str]:
    """What an order says in one respect, over both of its addresses, as `_written` writes it."""
    places = [place for place in (bought.ship_to, bought.bill_to) if place]
    found = {
        "email": [bought.email],
        "domain": [_domain(bought.email)],
        "phone": [bought.phone, *(place.phone for place in places)],
        "ip": [bought.ip],
        "card": list(bought.cards),
        "postcode": [place.postcode for place in places],
        "country": [place.country for place in places],
        "address": [place.line1 for place in places],
        "name": [place.name for place in places],
    }[kind]
    return [_written(kind, value) for value in found if value]


__all__ = ["AddressRules", "HoldRule", "Reason", "Rule", "RuleSet"]
