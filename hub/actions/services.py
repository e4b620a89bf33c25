"""What actions work with. `main.py` makes one per process and hands it to the doors, the bot and the scheduler."""

from __future__ import annotations

from dataclasses import dataclass

from hub.accounts import Accounts
from hub.ports import Clock, Ids, Rng
from hub.settings import Settings
from hub.store.database import Database
from hub.vault import Vault


@dataclass(frozen=True, slots=True)
class Services:
    """The parts of one running process. An action takes what it needs from here and keeps nothing."""

    database: Database
    accounts: Accounts
    settings: Settings
    vault: Vault
    clock: Clock
    ids: Ids
    rng: Rng
