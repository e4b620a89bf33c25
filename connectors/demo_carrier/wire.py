"""The carrier's shapes, as its API documents them: what we read, and below it what we send.

Amounts are decimal strings in major units of the `currency` beside them; times are RFC 3339 with an offset; weights are
in grams, lengths in millimetres.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, TypeAlias

from msgspec import Meta, Raw, Struct

Id: TypeAlias = Annotated[str, Meta(min_length=1, max_length=100)]
Time: TypeAlias = Annotated[datetime, Meta(tz=True)]
Days: TypeAlias = Annotated[int, Meta(ge=0, le=365)]

# ---------------------------------------------------------------- what we read


class Shipper(Struct, frozen=True):
    """Who the token belongs to."""

    name: str


class Rate(Struct, frozen=True):
    """What one service would cost; `days` in business days."""

    service: str
    title: str
    amount: str
    currency: str
    days: Days = 0


class Rates(Struct, frozen=True):
    """Answer of `POST /rates`."""

    rates: tuple[Rate, ...]


class Bought(Struct, frozen=True):
    """A label. `status` is bought or voided."""

    id: Id
    reference: str
    service: str
    tracking_number: Id
    amount: str
    currency: str
    status: str = "bought"
    tracking_url: str = ""
    document_url: str = ""


class Labels(Struct, frozen=True):
    """Answer of `GET /labels?reference=…`, newest last."""

    labels: tuple[Bought, ...]


class Part(Struct, frozen=True):
    """One answer of a batch."""

    status: int
    body: Raw


class Batch(Struct, frozen=True):
    """Answers of a batch, in the order of its calls."""

    answers: tuple[Part, ...]


class Done(Struct, frozen=True):
    """The carrier's answer to a void or a manifest."""

    id: Id
    status: str = ""


class Scan(Struct, frozen=True):
    """One scan of one parcel; `id` is unique for the parcel, `code` one of `words.SCANS`."""

    id: Id
    tracking_number: Id
    code: str
    at: Time
    place: str = ""


class Scans(Struct, frozen=True):
    """Body of the webhook parcel.scanned, of any number of parcels; and one parcel of `GET /tracking`."""

    scans: tuple[Scan, ...]


class Tracked(Struct, frozen=True):
    """Answer of `GET /tracking`: each parcel verbatim; numbers that the carrier does not know are left out."""

    parcels: tuple[Raw, ...]


class ParcelHead(Struct, frozen=True):
    """As much of a tracked parcel as tells it from others."""

    tracking_number: Id


# ---------------------------------------------------------------- what we send


class Address(Struct, frozen=True):
    """A postal address; `country` is ISO 3166-1 alpha-2."""

    name: str
    company: str
    street: str
    extra: str
    city: str
    region: str
    postcode: str
    country: str
    phone: str


class Parcel(Struct, frozen=True):
    """`POST /labels`; also `POST /rates`, where the service does not matter."""

    reference: str
    order: str
    service: str
    sender: Address
    recipient: Address
    weight_grams: int
    length_mm: int = 0
    width_mm: int = 0
    height_mm: int = 0
    value: str = ""
    currency: str = ""


class KeyedParcel(Struct, frozen=True):
    """One entry of `POST /batch`. A repeat under the same key buys nothing."""

    key: str
    body: Parcel


class Manifest(Struct, frozen=True):
    """`POST /manifests`: the labels handed over together."""

    labels: tuple[str, ...]
