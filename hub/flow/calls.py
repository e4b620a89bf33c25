"""One leased message of the outbox, and what its call came to."""

from __future__ import annotations

from dataclasses import dataclass, field

from hub.contract import Answer
from hub.domain.order import Value
from hub.domain.outgoing import Kind, Receipt
from hub.domain.sanity import without_nul
from hub.errors import CrossdockError, Reconnect, Reject, Retry, Unknown
from hub.flow import senders
from hub.store.database import Row


@dataclass(slots=True)
class Result:
    """What one call came to; nothing at all when the lane was stopped before it began."""

    receipt: Receipt | None = None
    error: CrossdockError | None = None


@dataclass(slots=True)
class Call:
    """One leased message."""

    id: int
    kind: Kind
    payload: Value
    attempts: int
    unsure: bool
    subject: str
    subject_id: int | None
    result: Result = field(default_factory=Result)

    @property
    def key(self) -> str:
        """The idempotency key of every call for this message."""
        return f"crossdock-{self.id}"


def of(row: Row) -> Call:
    """A claimed row."""
    kind = Kind(row["kind"])
    payload = senders.payload(kind, row["payload"])
    return Call(row["id"], kind, payload, row["attempts"], row["unsure"], row["subject"], row["subject_id"])


def storable(result: Result) -> Result:
    """A receipt that cannot be kept must not stop the lane. Raises ValueError and OverflowError."""
    return result if result.receipt is None else Result(receipt=without_nul(result.receipt))


def result_of(answer: Answer) -> Result:
    """What one of many pushed at once came to."""
    if answer.receipt is not None:
        return Result(receipt=answer.receipt)
    if answer.failure == "retry":
        return Result(error=Retry(answer.why, answer.after))
    failures: dict[str, type[CrossdockError]] = {"reject": Reject, "reconnect": Reconnect}
    return Result(error=failures.get(answer.failure, Unknown)(answer.why))
