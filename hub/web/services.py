"""What the doors work with: what actions need, and besides it the inbox and the routes of others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from aiohttp import web

from hub.actions import services as actions
from hub.contract import Account, Delivery


class Keeps(Protocol):
    """The inbox, as the webhook door sees it (`hub.flow.inbox.Inbox`)."""

    async def keep(self, account: Account, delivery: Delivery) -> bool:
        """Returns after the commit; False when it was there already. Raises `Retry` when it cannot be stored now."""
        ...


@dataclass(frozen=True, slots=True)
class Services(actions.Services):
    """`extra_routes`: those of the bot (chat socket, Telegram), handed over by main.py, so that the doors never import
    it. `demo_merchant`: whose console is open on this machine when `settings.demo` is set."""

    inbox: Keeps
    extra_routes: Sequence[web.RouteDef] = ()
    demo_merchant: int = 1


SERVICES = web.AppKey("services", Services)
REQUEST_ID = web.RequestKey("request_id", str)


def services(request: web.Request) -> Services:
    """The services of the application that serves `request`."""
    return request.config_dict[SERVICES]
