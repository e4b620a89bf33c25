"""The only I/O of this connector: one signed post, and what its answer means.

Standard Webhooks 1.0: 2xx is success, everything else is tried again over days, by the ladder of the outbox, under the
same `webhook-id`. Where the receiver says that it will never take this (400, 409, 422) it is not repeated; where it
refuses us altogether (401, 403, 410 Gone) nothing more is sent until a person has looked.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import urlsplit

import msgspec

from connectors.hooks import mapper, wire
from connectors.hooks.words import chosen
from connectors.http import retry_after, words
from connectors.signing import webhook_headers, webhook_keys
from hub.contract import Account, Http, Reply
from hub.domain.outgoing import Receipt
from hub.errors import Forbidden, Reconnect, Reject, Retry

REFUSED = frozenset({400, 409, 422})
UNWANTED: Mapping[int, str] = {
    401: "the receiver does not accept our signature: compare the secret",
    403: "the receiver does not let us in: compare the secret, and who may call it",
    410: "the receiver wants no more events: remove the account, or give it another address",
}


class Client:
    """One address that is told."""

    def __init__(self, account: Account, http: Http) -> None:
        self._http = http
        self._name = account.name
        self._url = account.settings.get("base_url", "")
        self._secret = account.secrets.get("secret", "")
        self._chosen = chosen(account.settings.get("events", ""))

    async def tell(self, event: wire.Event, key: str) -> Receipt:
        """Posts an event once. `key` is the message's id, the same for every try. An event that the account did not
        ask for is not sent. Raises `Retry`, `Reject`, `Reconnect`, and `Unknown` for a lost answer."""
        if event.type not in self._chosen:
            return Receipt(details={"not_sent": f"{event.type} is none of the events it wants"})
        reply = await self._post(event, key, effect=True)
        _judge(reply, event.type)
        return Receipt(external_id=key, details={"status": str(reply.status)})

    async def ping(self, now: datetime) -> str:
        """Posts a ping; gives the receiver's host. Raises as `tell`, but nothing is `Unknown`: it changes nothing."""
        mark = f"ping_{int(now.timestamp() * 1000)}"
        _judge(await self._post(mapper.ping(self._name, now), mark, effect=False), "ping")
        return urlsplit(self._url).hostname or self._name

    async def _post(self, event: wire.Event, mark: str, *, effect: bool) -> Reply:
        body = msgspec.json.encode(event)
        try:
            keys = webhook_keys(self._secret)
        except Forbidden as error:
            raise Reconnect(str(error)) from None
        signed = webhook_headers(keys, mark, datetime.now(UTC), body)
        headers = {"Content-Type": "application/json", **signed}
        return await self._http.call("POST", self._url, headers=headers, body=body, effect=effect)


def _judge(reply: Reply, what: str) -> None:
    """What to do after an answer. A page in HTML is no receiver of hooks: a parked domain, a login, an outage."""
    why = f"{what}: {reply.status} {words(reply.body)}".rstrip()
    if 200 <= reply.status < 300:
        if reply.body[:64].lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<":
            raise Retry(f"{what}: answered {reply.status} with an HTML page", retry_after(reply))
        return
    if reply.status in UNWANTED:
        raise Reconnect(f"{why}; {UNWANTED[reply.status]}")
    if reply.status in REFUSED:
        raise Reject(why)
    if 300 <= reply.status < 400:
        raise Retry(f"{why} (it points elsewhere: correct the address)")
    raise Retry(why, retry_after(reply))
