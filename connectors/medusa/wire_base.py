"""What every shape of Medusa's is made of."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, TypeAlias

from msgspec import Meta, Struct

Id: TypeAlias = Annotated[str, Meta(min_length=1, max_length=128)]
Time: TypeAlias = Annotated[datetime, Meta(tz=True)]
Count: TypeAlias = Annotated[int, Meta(ge=0, le=1_000_000)]


class Wire(Struct, frozen=True, kw_only=True):
    """Base of what Medusa sends."""
