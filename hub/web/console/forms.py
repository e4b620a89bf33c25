"""Numbers and lines as people type them into forms."""

from __future__ import annotations

from collections.abc import Mapping

from hub.errors import Invalid

PREFIX = "units:"


def whole(text: str, name: str = "units") -> int:
    """A whole number of 0 or more. Raises `Invalid` naming the field."""
    digits = text.strip()
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 9:
        raise Invalid(name, "is a whole number")
    return int(digits)


def units_by_sku(form: Mapping[str, str]) -> dict[str, int]:
    """SKU → units, of fields that are named `units:SKU`; empty ones are left out."""
    return {
        name.removeprefix(PREFIX): whole(value, name.removeprefix(PREFIX))
        for name, value in form.items()
        if name.startswith(PREFIX) and value.strip()
    }
