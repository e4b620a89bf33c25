"""Reseal secrets: what older keys had closed is closed with the newest one, so that they can be retired."""

from __future__ import annotations

from msgspec import Struct

from hub.actions.services import Services


class Resealed(Struct, frozen=True):
    """Accounts whose credentials were closed anew."""

    accounts: int


async def reseal_secrets(services: Services) -> Resealed:
    """Goes over every account. Raises `Reconnect` naming the accounts whose key is missing; all others are done."""
    return Resealed(await services.accounts.reseal())
