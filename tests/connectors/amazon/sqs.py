"""The queue of the double: SQS over its JSON protocol, signatures checked by AWS's rules, not by the connector's code.

Sources: docs.aws.amazon.com/AWSSimpleQueueService, API reference; docs.aws.amazon.com/IAM, "Create a signed AWS API
request".
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from typing import Any

KEY_ID, KEY = "AKIAEXAMPLEEXAMPLE12", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
PATH = "/123456789012/orders"


class Refusal(Exception):
    """SQS refuses: a status and a type."""

    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.status, self.kind = status, kind


class Sqs:
    """One queue. A received message is hidden until `show` is called, deleted by its latest handle."""

    def __init__(self) -> None:
        self.messages: dict[str, str] = {}
        self.hidden: set[str] = set()
        self.received: dict[str, int] = {}
        self.handles: dict[str, str] = {}
        self.stubborn = False
        self.calls: list[str] = []

    def put(self, *bodies: object) -> None:
        """Messages, each once."""
        for body in bodies:
            text = body if isinstance(body, str) else json.dumps(body)
            self.messages[f"message-{len(self.received) + len(self.messages)}"] = text

    def show(self) -> None:
        """The time for which messages were hidden is over."""
        self.hidden.clear()

    def answer(self, url: str, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
        """One call."""
        verify(headers, body)
        asked = json.loads(body)
        if asked.get("QueueUrl") != url:
            raise Refusal(400, "com.amazonaws.sqs#QueueDoesNotExist", "The specified queue does not exist.")
        action = headers["x-amz-target"].removeprefix("AmazonSQS.")
        self.calls.append(action)
        return {"ReceiveMessage": self._receive, "DeleteMessageBatch": self._delete}[action](asked)

    def _receive(self, asked: dict[str, Any]) -> dict[str, Any]:
        most = asked.get("MaxNumberOfMessages", 1)
        if not 1 <= most <= 10:
            raise Refusal(400, "com.amazonaws.sqs#InvalidParameterValue", "MaxNumberOfMessages must be 1 to 10")
        some = [name for name in self.messages if name not in self.hidden][:most]
        told = []
        for name in some:
            self.hidden.add(name)
            self.received[name] = self.received.get(name, 0) + 1
            handle = f"{name}#{self.received[name]}"
            self.handles[name] = handle
            count = {"ApproximateReceiveCount": str(self.received[name])}
            attributes = count if "ApproximateReceiveCount" in asked.get("MessageSystemAttributeNames", ()) else {}
            told.append(
                {"MessageId": name, "ReceiptHandle": handle, "Body": self.messages[name], "Attributes": attributes}
            )
        return {"Messages": told} if told else {}

    def _delete(self, asked: dict[str, Any]) -> dict[str, Any]:
        if not 1 <= len(asked["Entries"]) <= 10:
            raise Refusal(400, "com.amazonaws.sqs#TooManyEntriesInBatchRequest", "1 to 10 entries")
        failed = []
        for entry in asked["Entries"]:
            name = entry["ReceiptHandle"].partition("#")[0]
            if self.stubborn:
                failed.append({"Id": entry["Id"], "Code": "InternalError", "SenderFault": False})
            elif self.handles.get(name) == entry["ReceiptHandle"]:
                self.messages.pop(name, None)
        return {"Failed": failed} if failed else {"Successful": [{"Id": it["Id"]} for it in asked["Entries"]]}


def verify(headers: Mapping[str, str], body: bytes) -> None:
    """Raises `Refusal` unless the request is signed with `KEY`."""
    shape = (
        r"AWS4-HMAC-SHA256 Credential=(\w+)/(\d{8})/([\w-]+)/sqs/aws4_request, SignedHeaders=([\w;-]+), Signature=(\w+)"
    )
    match = re.fullmatch(shape, headers.get("authorization", ""))
    if match is None or match[1] != KEY_ID:
        raise Refusal(403, "com.amazon.coral.service#UnrecognizedClientException", "The security token is invalid.")
    _, day, region, names, given = match.groups()
    if not {"host", "x-amz-date", "x-amz-target"} <= set(names.split(";")):
        raise Refusal(400, "com.amazon.coral.service#IncompleteSignature", "headers are not signed")
    canonical = "POST\n/\n\n" + "".join(f"{name}:{headers[name]}\n" for name in names.split(";"))
    canonical += f"\n{names}\n{hashlib.sha256(body).hexdigest()}"
    scope = f"{day}/{region}/sqs/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{headers['x-amz-date']}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = b"AWS4" + KEY.encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    if not hmac.compare_digest(hmac.new(key, text.encode(), hashlib.sha256).hexdigest(), given):
        raise Refusal(403, "com.amazon.coral.service#InvalidSignatureException", "The signature does not match.")
