"""What an account says of itself: which Amazon, whose shop, which marketplaces, and the queue of notifications."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from hub.contract import Account
from hub.errors import Invalid

ENDPOINTS = {
    "na": "https://sellingpartnerapi-na.amazon.com",
    "eu": "https://sellingpartnerapi-eu.amazon.com",
    "fe": "https://sellingpartnerapi-fe.amazon.com",
}
"""Region → where the Selling Partner API is. Source: developer-docs.amazon.com/sp-api, "SP-API endpoints"."""

LWA = "https://api.amazon.com/auth/o2/token"
"""Login with Amazon: one address for all regions, and for Amazon's own sandboxes."""

_AWS_HOST = re.compile(r"sqs\.([a-z0-9\-]+)\.amazonaws\.com")


@dataclass(frozen=True, slots=True)
class Queue:
    """An SQS queue, and the AWS key that may read it."""

    url: str
    key_id: str
    key: str = field(repr=False)

    @property
    def region(self) -> str:
        """The AWS region, by the host's name; us-east-1 for a queue that is none of Amazon's."""
        match = _AWS_HOST.fullmatch(urlsplit(self.url).hostname or "")
        return match[1] if match else "us-east-1"

    @property
    def arn(self) -> str:
        """The queue's Amazon Resource Name, which its address spells out."""
        owner, _, name = urlsplit(self.url).path.strip("/").partition("/")
        return f"arn:aws:sqs:{self.region}:{owner}:{name}"


@dataclass(frozen=True, slots=True)
class Settings:
    """One account's fields, checked. `seller_id` is empty and `queue` None where they were not given."""

    endpoint: str
    token_url: str
    client_id: str
    client_secret: str = field(repr=False)
    refresh_token: str = field(repr=False)
    marketplaces: tuple[str, ...]
    seller_id: str
    queue: Queue | None

    @classmethod
    def of(cls, account: Account) -> Settings:
        """Raises `Invalid` for a region that Amazon has not, no marketplace, or half a queue."""
        given, secrets = account.settings, account.secrets
        region = given.get("region", "").strip().lower()
        if region not in ENDPOINTS:
            raise Invalid(
                "region", f"{region[:20]!r} is none of na (Americas), eu (Europe, India, Gulf), fe (Far East)"
            )
        marketplaces = tuple(dict.fromkeys(filter(None, re.split(r"[,\s]+", given.get("marketplace_ids", "")))))
        if not marketplaces or len(marketplaces) > 50:
            raise Invalid("marketplace_ids", "name 1 to 50 marketplaces by their ids, parted by commas")
        return cls(
            endpoint=account.base_url or ENDPOINTS[region],
            token_url=_token_url(account.base_url),
            client_id=given.get("client_id", ""),
            client_secret=secrets.get("client_secret", ""),
            refresh_token=secrets.get("refresh_token", ""),
            marketplaces=marketplaces,
            seller_id=given.get("seller_id", "").strip(),
            queue=_queue(account),
        )


def _token_url(base_url: str) -> str:
    """Amazon's own, unless the account is pointed at a system of somebody else's that plays it."""
    host = urlsplit(base_url).hostname or ""
    return LWA if not host or host.endswith(".amazon.com") else f"{base_url}/auth/o2/token"


def _queue(account: Account) -> Queue | None:
    url = account.settings.get("queue_url", "").strip()
    key_id, key = (
        account.settings.get("aws_access_key_id", "").strip(),
        account.secrets.get("aws_secret_access_key", ""),
    )
    if not url:
        return None
    parts = urlsplit(url)
    if not parts.hostname or not re.fullmatch(r"/\w+/[\w\-.]+", parts.path):
        raise Invalid("queue_url", "is not the address of a queue: https://sqs.<region>.amazonaws.com/<owner>/<name>")
    if not key_id or not key:
        raise Invalid(
            "aws_access_key_id", "a queue needs aws_access_key_id and aws_secret_access_key of who may read it"
        )
    return Queue(url, key_id, key)
