"""What the provider knows: payments, and what was captured, voided and given back of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any

from connectors.playing.manners import Effects, Refused
from hub.domain.money import minor
from hub.domain.outgoing import Kind

Document = dict[str, Any]
Tell = Callable[[str, "Payment"], None]

STATUSES = frozenset({"pending", "authorized", "captured", "failed", "voided", "expired"})


@dataclass(slots=True)
class Payment:
    """One payment; amounts in minor units of `currency`."""

    id: str
    status: str
    amount: int
    currency: str
    captured: int = 0
    refunded: int = 0


class Till:
    """All payments. `tell(topic, payment)` is called for what webhooks should say."""

    def __init__(self, tell: Tell) -> None:
        self.payments: dict[str, Payment] = {}
        self.effects = Effects()
        self.operations: dict[str, list[Document]] = {}
        self._tell = tell

    def authorize(self, given: Iterable[Document]) -> int:
        """Registers payments that buyers made at a store, or what became of pending ones; gives how many.

        Each has id, status, currency, and `amount` as a decimal string in major units. Raises `Refused`.
        """
        count = 0
        for count, told in enumerate(given, 1):  # noqa: B007 - the last count is the answer
            status, currency = str(told.get("status", "authorized")), str(told["currency"])
            if status not in STATUSES:
                raise Refused(422, f"{status} is no status of a payment")
            try:
                amount = minor(str(told["amount"]), currency)
            except ValueError as error:
                raise Refused(422, str(error)) from None
            taken = amount if status == "captured" else 0
            self.payments[str(told["id"])] = Payment(str(told["id"]), status, amount, currency, captured=taken)
        return count

    def make(self, word: str, mark: str, key: str, asked: Document) -> Document:
        """Captures, voids or refunds, once for each key. Raises `Refused`."""
        if word not in MOVES:
            raise Refused(404, f"there is no {word}")
        kind, act = MOVES[word]

        def once() -> Document:
            payment = self.find(mark)
            act(self, payment, asked)
            operation = {"id": f"{word}_{mark}_{len(self.effects.done) + 1}", "kind": word, "payment_id": mark}
            operation["status"] = payment.status
            self.operations.setdefault(str(asked.get("reference", "")), []).append(operation)
            return operation

        return self.effects.once(kind, key, {"payment_id": mark, **asked}, once)

    def find(self, mark: str) -> Payment:
        """A payment by its id. Raises `Refused`."""
        if mark not in self.payments:
            raise Refused(404, f"no payment {mark}")
        return self.payments[mark]

    def happen(self, mark: str, status: str) -> Payment:
        """Something befalls a payment that nobody asked for: it fails, expires, is captured elsewhere."""
        payment = self.find(mark)
        if status not in STATUSES:
            raise Refused(422, f"{status} is no status of a payment")
        payment.status = status
        payment.captured = payment.amount if status == "captured" else payment.captured
        self._tell(f"payment.{status}", payment)
        return payment

    def capture(self, payment: Payment, asked: Document) -> None:
        """Takes what was authorized, or a part of it."""
        amount = amount_of(payment, asked)
        if payment.status not in ("authorized", "partially_captured"):
            raise Refused(409, f"{payment.id} is {payment.status}")
        if payment.captured + amount > payment.amount:
            raise Refused(422, f"{payment.amount - payment.captured} of {payment.id} can still be captured")
        payment.captured += amount
        payment.status = "captured" if payment.captured == payment.amount else "partially_captured"
        self._tell("payment.captured", payment)

    def void(self, payment: Payment, asked: Document) -> None:
        """Lets go of what was authorized, as long as nothing was taken."""
        if payment.status not in ("authorized", "pending"):
            raise Refused(409, f"{payment.id} is {payment.status}")
        payment.status = "voided"
        self._tell("payment.voided", payment)

    def refund(self, payment: Payment, asked: Document) -> None:
        """Gives money back, never more than was taken."""
        amount = amount_of(payment, asked)
        if payment.refunded + amount > payment.captured:
            raise Refused(422, f"{payment.captured - payment.refunded} of {payment.id} can still be refunded")
        payment.refunded += amount
        self._tell("payment.refunded", payment)


MOVES: dict[str, tuple[Kind, Callable[[Till, Payment, Document], None]]] = {
    "capture": (Kind.CAPTURE_PAYMENT, Till.capture),
    "void": (Kind.VOID_PAYMENT, Till.void),
    "refund": (Kind.REFUND_PAYMENT, Till.refund),
}
"""Last part of the path → what is recorded, and how."""


def amount_of(payment: Payment, asked: Document) -> int:
    """The amount asked for, in the payment's own currency. Raises `Refused`."""
    amount, currency = asked.get("amount"), asked.get("currency")
    if currency != payment.currency:
        raise Refused(422, f"{payment.id} is in {payment.currency}")
    if not isinstance(amount, int) or amount <= 0:
        raise Refused(422, "amount must be a positive number of minor units")
    return amount


def document(payment: Payment) -> Document:
    """A payment as the API shows it."""
    return asdict(payment)
