"""A labelled set of orders, made from a seed: honest buyers with everything that makes honest orders look odd, and
fraud in the five ways it comes.

Honest noise: presents to other people, emigrants with a foreign card, families and offices that order in a row,
shops that buy a lot at once, throw-away addresses of the careful, first orders of dear things, channels that warn of
nothing. Of the fraud, `takeover` is an old customer's account and looks like one: rules are not expected to see it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hub.domain.fraud import Purchase
from hub.domain.order import Address, RiskFact

START = datetime(2026, 9, 1, tzinfo=UTC)
DAYS = 60
RATE = 0.03
"""Of all orders, how many are fraud."""

CURRENCY = {"DE": "EUR", "FR": "EUR", "AT": "EUR", "NL": "EUR", "GB": "GBP", "US": "USD", "SE": "SEK", "JP": "JPY"}
UNIT = {"SEK": 11, "JPY": 160}
FAR = ("US", "SG", "AU", "TH", "ZA", "BR")
THROWN = ("mailinator.com", "yopmail.com", "trashmail.de", "fresh-inbox.example")


@dataclass(frozen=True, slots=True)
class Labelled:
    """An order and what it is: `kind` is one of the ways below, `fraud` whether it is one."""

    bought: Purchase
    kind: str
    fraud: bool


class Maker:
    """Makes orders; all chance comes from `rng`."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._made = 0
        self._known = [self._person() for _ in range(3000)]

    def _person(self) -> dict[str, object]:
        rng, number = self._rng, self._rng.randrange(10**9)
        country = rng.choices(list(CURRENCY), (40, 12, 6, 8, 12, 15, 5, 2))[0]
        home = Address(
            name=f"P{number}", line1=f"Road {number % 997} {number % 180}", city="C", country=country,
            postcode=f"{number % 90000 + 10000}",
        )  # fmt: skip
        return {
            "email": f"p{number}@mail.example", "phone": f"+49{number:09}", "ip": self._ip(), "home": home,
            "card": f"card:{number % 10000:04}",
        }  # fmt: skip

    def _ip(self) -> str:
        return ".".join(str(self._rng.randrange(1, 255)) for _ in range(4))

    def _order(self, who: dict[str, object], at: datetime, **given: object) -> Purchase:
        home = who["home"]
        assert isinstance(home, Address)
        currency = str(given.pop("currency", CURRENCY.get(home.country, "USD")))
        euros = float(str(given.pop("euros", min(900.0, self._rng.lognormvariate(3.9, 0.8)))))
        digits = 1 if currency == "JPY" else 100
        self._made += 1
        fields: dict[str, object] = {
            "id": self._made, "placed_at": at, "currency": currency,
            "total": round(euros * UNIT.get(currency, 1) * digits), "email": who["email"], "phone": who["phone"],
            "ip": who["ip"], "cards": (who["card"],), "ship_to": home, "bill_to": home, **given,
        }  # fmt: skip
        return Purchase(**fields)  # type: ignore[arg-type]

    # ------------------------------------------------------------ honest

    def regular(self, at: datetime) -> Iterator[Purchase]:
        """Somebody known or new; now and then with something that looks odd."""
        rng = self._rng
        who = rng.choice(self._known) if rng.random() < 0.6 else self._person()
        odd: dict[str, object] = {}
        if rng.random() < 0.06:
            odd["ship_to"] = self._person()["home"]
        if rng.random() < 0.008:
            odd["email"] = f"x{rng.randrange(10**6)}@{rng.choice(THROWN)}"
        if rng.random() < 0.02:
            odd["risks"] = (RiskFact(source="channel", level="medium"),)
        if rng.random() < 0.001:
            odd["risks"] = (RiskFact(source="channel", level="high"),)
        if rng.random() < 0.015:
            odd["euros"] = rng.uniform(500, 1500)
        yield self._order(who, at, **odd)

    def emigrant(self, at: datetime) -> Iterator[Purchase]:
        """Lives far from where the card was issued, and buys something dear at times."""
        who = self._person()
        abroad = Address(name="A", line1="Old Road 1", city="C", country=self._rng.choice(FAR), postcode="10000")
        yield self._order(who, at, bill_to=abroad, euros=self._rng.uniform(20, 700))

    def family(self, at: datetime) -> Iterator[Purchase]:
        """Several people of one house or office within the hour, from one IP address."""
        one = self._person()
        for number in range(self._rng.randint(2, 5)):
            who = {**self._person(), "home": one["home"], "ip": one["ip"]}
            yield self._order(who, at + timedelta(minutes=number * self._rng.uniform(2, 25)))

    def shop(self, at: datetime) -> Iterator[Purchase]:
        """A business customer that orders for its own customers, one after the other."""
        who = self._rng.choice(self._known[:40])
        for number in range(self._rng.randint(2, 6)):
            yield self._order(who, at + timedelta(minutes=number * 6), ship_to=self._person()["home"])

    # ------------------------------------------------------------ fraud

    def testing(self, at: datetime) -> Iterator[Purchase]:
        """Stolen cards are tried with small orders, many from one machine."""
        who, fresh = self._person(), self._rng.random() < 0.5
        for number in range(self._rng.randint(5, 12)):
            email = f"t{self._rng.randrange(10**9)}@mail.example" if fresh else who["email"]
            card = f"card:{self._rng.randrange(10**4):04}"
            yield self._order(
                {**who, "email": email, "card": card},
                at + timedelta(minutes=number * 2),
                euros=self._rng.uniform(1, 25),
            )

    def stolen(self, at: datetime) -> Iterator[Purchase]:
        """Something dear, billed to the victim, sent elsewhere, by nobody known."""
        rng, who = self._rng, self._person()
        drop = Address(name="D", line1="Depot 9", city="C", country=rng.choice((*FAR, "DE", "GB")), postcode="99999")
        email = f"s{rng.randrange(10**6)}@{rng.choice(THROWN)}" if rng.random() < 0.6 else who["email"]
        level = rng.choices(("", "medium", "high"), (45, 35, 20))[0]
        risks = (RiskFact(source="channel", level=level),) if level else ()
        yield self._order(who, at, ship_to=drop, email=email, risks=risks, euros=rng.uniform(400, 2500))

    def ring(self, at: datetime) -> Iterator[Purchase]:
        """Many names and cards, one address where the goods are collected."""
        drop = Address(name="R", line1=f"Unit {self._rng.randrange(10**6)}", city="C", country="GB", postcode="E1 1AA")
        for number in range(self._rng.randint(4, 9)):
            who = self._person()
            yield self._order(who, at + timedelta(minutes=number * 20), ship_to=drop, euros=self._rng.uniform(250, 900))

    def warned(self, at: datetime) -> Iterator[Purchase]:
        """What the channel has seen through already."""
        yield self._order(self._person(), at, risks=(RiskFact(source="channel", level="high"),))

    def takeover(self, at: datetime) -> Iterator[Purchase]:
        """An old customer's account in other hands: looks like the customer."""
        yield self._order(self._rng.choice(self._known), at, ip=self._ip(), euros=self._rng.uniform(100, 600))


HONEST = (("regular", 93), ("emigrant", 2), ("family", 3), ("shop", 2))
FRAUD = (("testing", 12), ("stolen", 45), ("ring", 13), ("warned", 15), ("takeover", 15))


def labelled(orders: int, seed: int) -> list[Labelled]:
    """`orders` orders of sixty days in the order in which they were placed; the same seed makes the same."""
    rng = random.Random(seed)
    maker, found = Maker(rng), list[Labelled]()
    for kinds, wanted, fraud in ((FRAUD, round(orders * RATE), True), (HONEST, orders, False)):
        while len(found) < wanted:
            kind = rng.choices([name for name, _ in kinds], [weight for _, weight in kinds])[0]
            make: Callable[[datetime], Iterator[Purchase]] = getattr(maker, kind)
            at = START + timedelta(days=rng.uniform(0, DAYS))
            found += (Labelled(bought, kind, fraud) for bought in make(at))
    return sorted(found[:orders], key=lambda it: (it.bought.placed_at, it.bought.id))
