"""What an OAuth connection ends in, whatever the channel. Who started it, and that the answer is for them, is proven by
the door (`hub.actions.connect_account`); that the answer comes from the channel, by each connector."""

from __future__ import annotations

from dataclasses import dataclass, field

from hub.contract import Secrets


@dataclass(frozen=True, slots=True)
class Grant:
    """What the channel gave: credentials by the names of `About.credentials`, and what they allow."""

    secrets: Secrets
    settings: dict[str, str] = field(default_factory=dict)
    scopes: tuple[str, ...] = ()
