"""What the carrier knows: labels and parcels, and the journey that each will have."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from connectors.demo_carrier.server.rates import CURRENCY, Price, price
from connectors.playing.manners import Effects, Refused
from hub.domain.money import major
from hub.domain.outgoing import Kind

Document = dict[str, Any]


class Step(NamedTuple):
    """A scan to come: `day` counts from the purchase, and `told` too: when it is told, perhaps later."""

    day: float
    told: float
    code: str
    place: str


@dataclass(slots=True)
class Parcel:
    """A label and what has happened to its parcel."""

    label: Document
    asked: Document
    bought_at: datetime
    scans: list[Document] = field(default_factory=list)

    @property
    def number(self) -> str:
        """The tracking number."""
        return str(self.label["tracking_number"])


class Depot:
    """All parcels of the carrier. `bought` is called with each new one, to set it on its way.

    `seed` decides every journey, `first` is the first serial number.
    """

    def __init__(self, seed: int, first: int, now: Callable[[], datetime], bought: Callable[[Parcel], None]) -> None:
        self.parcels: dict[str, Parcel] = {}
        self.by_number: dict[str, Parcel] = {}
        self.by_reference: dict[str, list[Parcel]] = {}
        self.effects = Effects()
        self.url = ""
        self._seed = seed
        self._next = first
        self._now = now
        self._bought = bought

    def buy(self, key: str, asked: Document) -> Document:
        """A label, once for each key. Raises `Refused`."""
        return self.effects.once(Kind.BUY_LABEL, key, asked, lambda: self.add(asked))

    def add(self, asked: Document) -> Document:
        """A label, now."""
        offer = price(asked)
        serial, self._next = self._next, self._next + 1
        parcel = Parcel(self._label(serial, asked, offer), asked, self._now())
        self.parcels[parcel.label["id"]] = self.by_number[parcel.number] = parcel
        self.by_reference.setdefault(str(asked.get("reference", "")), []).append(parcel)
        self._bought(parcel)
        return parcel.label

    def _label(self, serial: int, asked: Document, offer: Price) -> Document:
        mark, number = f"lbl_{serial}", tracking_number(serial)
        return {
            "id": mark,
            "reference": asked.get("reference", ""),
            "service": offer.service,
            "tracking_number": number,
            "amount": major(offer.cents, CURRENCY),
            "currency": CURRENCY,
            "status": "bought",
            "tracking_url": f"{self.url}/track/{number}",
            "document_url": f"{self.url}/api/labels/{mark}/document",
        }

    def void(self, mark: str, key: str) -> Document:
        """Takes a label back, unless its parcel is on the way. Raises `Refused`."""
        return self.effects.once(Kind.VOID_LABEL, key, {"reference": mark}, lambda: self._void(mark))

    def _void(self, mark: str) -> Document:
        parcel = self.find(mark)
        if any(scan["code"] != "LBL" for scan in parcel.scans):
            raise Refused(409, f"{parcel.number} is on its way")
        # The label that was answered to the purchase stays as it was: a repeat must get the same answer.
        parcel.label = {**parcel.label, "status": "voided"}
        return {"id": mark, "status": "voided"}

    def close(self, marks: list[str], key: str) -> Document:
        """Closes a manifest over labels that are good. Raises `Refused`."""

        def act() -> Document:
            bad = [mark for mark in marks if self.find(mark).label["status"] != "bought"]
            if bad or not marks:
                raise Refused(422, f"not to be handed over: {', '.join(bad) or 'no labels'}")
            return {"id": f"man_{marks[0]}", "status": "closed"}

        return self.effects.once("close_manifest", key, {"labels": marks}, act)

    def find(self, mark: str) -> Parcel:
        """A parcel by its label's id. Raises `Refused`."""
        if mark not in self.parcels:
            raise Refused(404, f"no label {mark}")
        return self.parcels[mark]

    def journey(self, parcel: Parcel, troubled: float, late: float) -> list[Step]:
        """Every scan that the parcel will get, in the order of being told.

        `troubled` is the share of parcels that meet a closed door or the weather, `late` the share with a scan that is
        told late, and so out of order.
        """
        rng = random.Random(f"{self._seed}:{parcel.number}")  # noqa: S311 - a demo's roads, no secret
        steps = road(parcel, rng, troubled)
        told = [Step(step.day, step.day, step.code, step.place) for step in steps]
        if rng.random() < late:
            slow = rng.randrange(1, len(told) - 1)
            told[slow] = told[slow]._replace(told=told[slow].day + 1.2)
        return sorted(told, key=lambda step: step.told)


def road(parcel: Parcel, rng: random.Random, troubled: float) -> list[Step]:
    """What happens to a parcel, in order: it always arrives, at times after a closed door or bad weather."""
    start, end = str(parcel.asked["sender"].get("city", "")), str(parcel.asked["recipient"].get("city", ""))
    days = price(parcel.asked).days
    stops = [(0.0, "LBL", ""), (0.6, "ACC", start), (0.8, "DEP", start), (max(1.0, days - 0.5), "ARR", end)]
    trouble = rng.choice(("ATT", "WTH", "HLD")) if rng.random() < troubled else ""
    delay = 0.0
    if trouble in ("WTH", "HLD"):
        stops.append((days - 0.3 if days > 1 else 1.1, trouble, end))
        delay = 0.7
    stops.append((days + delay + 0.2, "OFD", end))
    if trouble == "ATT":
        stops += [(days + 0.4, "ATT", end), (days + 1.2, "OFD", end)]
        delay = 1.0
    stops.append((days + delay + 0.5, "DLV", end))
    return [Step(day, day, code, place) for day, code, place in sorted(stops, key=lambda stop: stop[0])]


def scan_of(parcel: Parcel, step: Step, day: timedelta) -> Document:
    """A step as a scan; its time is when it happened, on the real clock that `day` is measured by."""
    at = parcel.bought_at + step.day * day
    return {
        "id": f"{parcel.number}-{step.code}-{step.day:.1f}",
        "tracking_number": parcel.number,
        "code": step.code,
        "at": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "place": step.place,
    }


def tracking_number(serial: int) -> str:
    """DC, ten digits and a check digit (weights 3 and 1 from the right, as on a GTIN)."""
    digits = f"{serial:010}"
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return f"DC{digits}{-total % 10}"
