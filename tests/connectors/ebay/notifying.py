"""eBay's side of the Notification API: signed notifications, public keys, challenges, destinations, subscriptions."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import aiohttp
from aiohttp import web
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.connectors.ebay.state import Node, Refused, State, stamp

KID = "9936261a-0000-4621-a0f1-96ccb428af49"
HAPPENED = datetime(2024, 10, 1, 9, 0, tzinfo=UTC)

_KEY = ec.generate_private_key(ec.SECP256R1())


class Notifying:
    """Half of the double. `keys`: digest by key id; `other_keys`: whole answers by key id."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.key, self.keys = _KEY, {KID: "SHA1"}
        self.other_keys: dict[str, Node] = {}
        self.asked_keys: list[str] = []

    def notification(self, topic: str, data: Node, kid: str = KID) -> tuple[dict[str, str], bytes]:
        """A notification with the header eBay would send, signed by eBay's rule and not by the connector."""
        told = {
            "metadata": {"topic": topic, "schemaVersion": "1.0", "deprecated": False},
            "notification": {
                "notificationId": str(uuid.uuid4()), "eventDate": stamp(HAPPENED), "publishDate": stamp(HAPPENED),
                "publishAttemptCount": 1, "data": data,
            },
        }  # fmt: skip
        body = json.dumps(told, separators=(",", ":")).encode()
        return self.sign(body, kid), body

    def sign(self, body: bytes, kid: str = KID) -> dict[str, str]:
        """The header over these bytes."""
        mark = base64.b64encode(self.key.sign(body, ec.ECDSA(hashes.SHA1()))).decode()
        head = json.dumps({"alg": "ecdsa", "kid": kid, "signature": mark, "digest": "SHA1"})
        return {"x-ebay-signature": base64.b64encode(head.encode()).decode()}

    async def public_key(self, request: web.Request) -> Node:
        kid = request.match_info["kid"]
        self.asked_keys.append(kid)
        if kid in self.other_keys:
            return self.other_keys[kid]
        if kid not in self.keys:
            raise Refused(404, 195001, "The specified key id is invalid.")
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        pem = self.key.public_key().public_bytes(serialization.Encoding.PEM, form).decode().replace("\n", "")
        return {"key": pem, "algorithm": "ECDSA", "digest": self.keys[kid]}

    async def make_destination(self, request: web.Request) -> web.Response:
        told = await request.json()
        await self._prove(told)
        if any(it["deliveryConfig"]["endpoint"] == told["deliveryConfig"]["endpoint"] for it in self._destinations()):
            raise Refused(409, 195021, "Destination exists for this endpoint")
        made = str(uuid.uuid4())
        self.state.destinations[made] = told | {"destinationId": made}
        location = f"https://api.ebay.com/commerce/notification/v1/destination/{made}"
        return web.Response(status=201, headers={"Location": location})

    async def move_destination(self, request: web.Request) -> web.Response:
        told = await request.json()
        await self._prove(told)
        self.state.destinations[request.match_info["id"]] |= told
        return web.Response(status=204)

    def _destinations(self) -> list[Node]:
        return list(self.state.destinations.values())

    async def _prove(self, told: Node) -> None:
        """Asks the endpoint for the answer to a challenge, as eBay does."""
        if not self.state.alert_email:
            raise Refused(409, 195003, "Please provide configurations required for notifications. Refer to /config")
        endpoint, token = told["deliveryConfig"]["endpoint"], told["deliveryConfig"]["verificationToken"]
        if not re.fullmatch(r"[0-9A-Za-z_-]{32,80}", token):
            raise Refused(400, 195019, "Invalid or missing verification token for this endpoint.")
        code = uuid.uuid4().hex
        async with aiohttp.ClientSession() as session, session.get(endpoint, params={"challenge_code": code}) as reply:
            answer = (await reply.json())["challengeResponse"] if reply.status == 200 else ""
        if answer != hashlib.sha256(f"{code}{token}{endpoint}".encode()).hexdigest():
            raise Refused(409, 195020, "Challenge verification failed for requested endpoint")

    async def subscribe(self, request: web.Request) -> web.Response:
        told, name = await request.json(), request.match_info.get("id", "")
        if told["destinationId"] not in self.state.destinations:
            raise Refused(400, 195007, "Invalid or missing destination id.")
        if not name and any(it["topicId"] == told["topicId"] for it in self.state.subscriptions.values()):
            raise Refused(409, 195012, "Subscription already exists")
        made = name or str(uuid.uuid4())
        self.state.subscriptions[made] = self.state.subscriptions.get(made, {}) | told | {"subscriptionId": made}
        return web.Response(status=204 if name else 201)


def listed(name: str, found: Sequence[Node], query: Mapping[str, str]) -> Node:
    """A page of the Notification API: two at a time, with a token for the next."""
    if not 10 <= int(query.get("limit", 20)) <= 100:
        raise Refused(400, 195004, "Invalid limit. Supported ranges 10 - 100.")
    start = int(query.get("continuation_token", 0))
    told: Node = {"total": len(found), name: list(found[start : start + 2])}
    if start + 2 < len(found):
        told["next"] = f"https://api.ebay.com/commerce/notification/v1/x?limit=100&continuation_token={start + 2}"
    return told
