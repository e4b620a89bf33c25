"""The queue that Amazon puts notifications in: an SQS queue of the merchant's, over its JSON protocol.

A message that was received stays in the queue, hidden for a while, until it is deleted by its receipt handle; the
handle of the last receiving counts. Source: docs.aws.amazon.com/AWSSimpleQueueService, API reference.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TypeVar
from urllib.parse import urlsplit

import msgspec

from connectors.amazon.settings import Queue
from connectors.amazon.sigv4 import Signer
from connectors.amazon.wire_notices import Deleted, Message, Received
from connectors.http import expect, words
from connectors.wire import decode
from hub.contract import Http
from hub.errors import BadPayload, Reject, Retry

T = TypeVar("T")

MOST = 10
"""Messages that SQS hands out, or deletes, in one call."""

HIDDEN_SECONDS = 300
"""How long a received message is hidden; longer than keeping it takes."""

WAIT_SECONDS = 2
"""How long SQS looks for messages on all of its servers before it says that there are none."""

BUSY = ("RequestThrottled", "ThrottlingException", "KmsThrottled", "OverLimit")


class QueueReader:
    """Reads one queue. Its refusals are `Reject`, never `Reconnect`: orders still come by polling."""

    def __init__(self, http: Http, queue: Queue) -> None:
        self._http = http
        self._queue = queue
        parts = urlsplit(queue.url)
        self._url = f"{parts.scheme}://{parts.netloc}/"
        self._signer = Signer(queue.key_id, queue.key, queue.region, "sqs")

    async def receive(self) -> Sequence[Message]:
        """Up to ten messages, hidden from others meanwhile."""
        wanted = {
            "MaxNumberOfMessages": MOST,
            "VisibilityTimeout": HIDDEN_SECONDS,
            "WaitTimeSeconds": WAIT_SECONDS,
            "MessageSystemAttributeNames": ["ApproximateReceiveCount"],
        }
        return (await self._call("ReceiveMessage", wanted, Received)).messages

    async def delete(self, handles: Sequence[str]) -> None:
        """Removes messages by receipt handle. Raises `Retry` when some would not go: they come again."""
        for start in range(0, len(handles), MOST):
            some = handles[start : start + MOST]
            entries = [{"Id": str(number), "ReceiptHandle": handle} for number, handle in enumerate(some)]
            answer = await self._call("DeleteMessageBatch", {"Entries": entries}, Deleted)
            if answer.failed:
                raise Retry(f"the queue keeps {len(answer.failed)} messages: {answer.failed[0].code[:100]}")

    async def _call(self, action: str, wanted: dict[str, object], kind: type[T]) -> T:
        body = msgspec.json.encode({"QueueUrl": self._queue.url, **wanted})
        given = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": f"AmazonSQS.{action}"}
        # A signature counts for minutes around its time, so it is the wall clock that is asked here.
        headers = self._signer.headers("POST", self._url, given, body, datetime.now(UTC))
        reply = await self._http.call("POST", self._url, headers=headers, body=body, timeout=30.0)
        if reply.status in (400, 403) and any(code.encode() in reply.body for code in BUSY):
            raise Retry(f"{action}: {words(reply.body)}")
        if reply.status in (400, 401, 403):
            raise Reject(f"the queue refuses us ({action}): {reply.status} {words(reply.body)}")
        try:
            return decode(expect(reply, action), kind)
        except BadPayload as error:
            raise Retry(f"{action}: {error}") from None
