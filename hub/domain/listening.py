"""Who hears of every order of a merchant, whatever channel it came by: copies of what its own channel is told."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from hub.domain.outcome import Message
from hub.domain.outgoing import CancellationRequest, RefundRequest, ReturnUpdate, Shipment, StatusUpdate


class Listeners(Struct, frozen=True):
    """`accounts`: merchant → accounts that listen; `names`: what accounts are called."""

    accounts: Mapping[int, tuple[int, ...]] = {}
    names: Mapping[int, str] = {}

    def of(self, merchant_id: int) -> tuple[int, ...]:
        """The merchant's accounts that listen."""
        return self.accounts.get(merchant_id, ())


NOBODY = Listeners()


def tellings(message: Message, order: tuple[int, str], listeners: Listeners, taken: bool) -> tuple[Message, ...]:
    """`message` itself where its account has `taken` to it, and a copy for each that listens. `order`: its merchant and
    its number."""
    own = (message,) if taken else ()
    return (*own, *(_copy(message, order[1], listeners, account) for account in listeners.of(order[0])))


def _copy(message: Message, number: str, listeners: Listeners, account_id: int) -> Message:
    """The same news for another account. The object stays the second part of the intent: its news leave in order."""
    payload = message.payload
    if isinstance(payload, Shipment | StatusUpdate | CancellationRequest | RefundRequest | ReturnUpdate):
        payload = replace(payload, order_number=number, channel=listeners.names.get(message.account_id, ""))
    return replace(message, intent=f"{message.intent}:{account_id}", account_id=account_id, payload=payload)
