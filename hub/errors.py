"""The tree of failures, each named by what to do next.

CrossdockError
├── Retry         it may work later: wait `after` seconds, then do the same again
├── Reconnect     credentials no longer work: ask the merchant to connect the account again
├── Reject        it will never work as asked: say why, do not repeat
├── Unknown       the call may have happened: look it up by our reference before repeating it
├── BadPayload    what the other side sent has the wrong shape: `path` says where, `why` says what
├── NotFound      no such thing for this merchant
├── Forbidden     who asks may not: a bad signature, a wrong role, another merchant
├── Conflict      the thing has moved on since it was read, or the step is not allowed from where it is
└── Invalid       a person's input needs correcting: `field` says which
"""

from __future__ import annotations


def storable(text: str) -> str:
    """`text` as PostgreSQL can keep it: without NUL, "?" for half a character."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


class CrossdockError(Exception):
    """Base of every failure that Crossdock raises on purpose; `str()` is fit to be shown to a person, and to be kept:
    what a channel said in it is without NUL and without halves of characters."""

    code = "error"

    def __init__(self, why: object = "") -> None:
        super().__init__(storable(str(why)))


class Retry(CrossdockError):
    """It may work later. `after` is in seconds; None leaves the wait to the ladder of the outbox."""

    code = "retry"

    def __init__(self, why: str, after: float | None = None) -> None:
        super().__init__(why)
        self.after = after


class Reconnect(CrossdockError):
    """The account's credentials were refused: nothing works until the merchant connects it again."""

    code = "reconnect"


class Reject(CrossdockError):
    """The other side refused, and would refuse the same request for ever."""

    code = "rejected"


class Unknown(CrossdockError):
    """The answer was lost after the request left: it may have taken effect."""

    code = "unknown"


class BadPayload(CrossdockError):
    """A message from outside has the wrong shape. `path` is a JSON path such as `$.line_items[0].price`."""

    code = "bad_payload"

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"{path}: {why}")
        self.path = path
        self.why = why


class NotFound(CrossdockError):
    """There is no such thing, or it belongs to somebody else: the two look the same from outside."""

    code = "not_found"


class Forbidden(CrossdockError):
    """The caller may not do this."""

    code = "forbidden"


class Conflict(CrossdockError):
    """The step is not allowed from the state the thing is in, or somebody else moved it first."""

    code = "conflict"


class Invalid(CrossdockError):
    """A person or program asked for something that cannot be read. `field` names the input to correct."""

    code = "invalid"

    def __init__(self, field: str, why: str) -> None:
        super().__init__(f"{field}: {why}")
        self.field = field
        self.why = why
