"""Own site: orders that a merchant gives the hub directly: by its API, from a till, the phone desk, by signed posts.

There is no system on the other side to be asked: nothing is polled and nothing is pushed. Who wants to hear what became
of an order connects `hooks`.

__init__.py   what the connector declares
hearing.py    proving a post: Standard Webhooks 1.0
wire.py       the shape of an order, which is the hub's own
mapper.py     pure: that shape → the hub's order
"""

from __future__ import annotations

from collections.abc import Mapping

from connectors.own_site import hearing, mapper
from hub.contract import About, Account, Channel, Credential, Delivery, HearsWebhooks, Http, ReadsPlacedOrders
from hub.domain.order import News

ABOUT = About(
    name="own_site",
    title="Own site, till, phone desk",
    credentials=(
        Credential(
            "webhook_secret",
            "Signing secret of posts",
            required=False,
            help="only for a site that posts signed orders: whsec_ and base64, or any long text",
        ),
    ),
)


class OwnSite:
    """The connector, as `connectors.CONNECTORS` lists it."""

    about = ABOUT

    def open(self, account: Account, http: Http) -> OwnSiteChannel:
        """The account; `http` is of no use to it."""
        return OwnSiteChannel(account)


class OwnSiteChannel(Channel, HearsWebhooks, ReadsPlacedOrders):
    """Where one merchant's own orders come in."""

    placed_topic = mapper.ORDER

    def __init__(self, account: Account) -> None:
        self.account = account

    async def check(self) -> str:
        return self.account.name

    def verify(self, headers: Mapping[str, str], body: bytes) -> Delivery:
        return hearing.verify(headers, body, self._secret)

    def read(self, delivery: Delivery) -> tuple[News, ...]:
        return mapper.news(delivery)

    def sign(self, topic: str, body: bytes) -> Mapping[str, str]:
        return hearing.sign(body, self._secret)

    @property
    def _secret(self) -> str:
        return self.account.secrets.get("webhook_secret", "")
