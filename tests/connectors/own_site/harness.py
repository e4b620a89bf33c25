"""How the contract suite meets an own site: there is nobody on the other side to meet."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import cast

from connectors.own_site import OwnSite
from connectors.playing import manners
from hub.contract import Account, Connector, Secrets
from hub.domain.order import Value
from hub.domain.outgoing import Kind
from tests.connectors.harness import Double

SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"


class Nobody:
    """A server that is there to see that nobody calls it."""

    def __init__(self, url: str, mischief: manners.Mischief) -> None:
        self.url = url
        self.fail = mischief.fail
        self.drop_replies = mischief.drop_replies
        self.seen = mischief.seen

    def effects(self) -> list[tuple[Kind, str]]:
        return []


@asynccontextmanager
async def nobody() -> AsyncIterator[Nobody]:
    """A fresh one."""
    mischief = manners.Mischief(record=True)
    async with manners.listening(manners.application(mischief), "127.0.0.1", 0) as url:
        yield Nobody(url, mischief)


class OwnSiteHarness:
    """An account that takes signed posts."""

    calls_nobody = True

    def __init__(self) -> None:
        self.connector = cast(Connector, OwnSite())
        self.fixtures = Path(__file__).parent / "fixtures"
        self.pushes: Mapping[Kind, Value] = {}

    def serve(self) -> AbstractAsyncContextManager[Double]:
        """Nobody."""
        return cast(AbstractAsyncContextManager[Double], nobody())

    def account(self, url: str) -> Account:
        """An account with a secret."""
        return Account(
            id=71,
            merchant_id=7,
            connector="own_site",
            name="nordlicht.example",
            secrets=Secrets(webhook_secret=SECRET),
            settings={"base_url": url},
        )


HARNESS = OwnSiteHarness()
