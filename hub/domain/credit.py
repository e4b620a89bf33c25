"""Customers who pay later: what they may owe, what they owe, and what one order more makes of it."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from hub.domain.outcome import OrderRow

Key = tuple[int, str, str]
"""Merchant, e-mail address in lower case, currency."""


class Account(Struct, frozen=True):
    """Terms and what hangs on them: `owed` is the sum, in minor units, of orders that were accepted, whether shipped or
    not, and are not paid yet; `counted` are the orders in it."""

    limit: int
    days: int
    owed: int
    counted: frozenset[int] = frozenset()


def key(order: OrderRow) -> Key:
    """Whose account an order would go on."""
    return order.merchant_id, order.email.strip().lower(), order.currency


class Credit:
    """Accounts on terms as they stand while a batch is decided: an order that is accepted uses its part up."""

    def __init__(self, accounts: Iterable[tuple[Key, Account]] = ()) -> None:
        self._accounts = dict(accounts)
        self._taken: dict[Key, int] = {}

    def knows(self, order: OrderRow) -> bool:
        """Whether the buyer has an account in the order's currency."""
        return key(order) in self._accounts

    def over(self, order: OrderRow, due: int) -> dict[str, object]:
        """What a hold says when `due` more is too much; nothing when it is not."""
        account = self._accounts[key(order)]
        owed = self._owed(order, account)
        if owed + due <= account.limit:
            return {}
        return {"what": "credit", "owed": owed, "due": due, "limit": account.limit, "currency": order.currency}

    def take(self, order: OrderRow, due: int) -> dict[str, object]:
        """Puts the order on the account, and says so; nothing for an order that is paid or has no account."""
        account = self._accounts.get(key(order))
        if account is None or not due:
            return {}
        if order.id not in account.counted:
            self._taken[key(order)] = self._taken.get(key(order), 0) + due
        return {"terms": {"days": account.days, "due": due, "currency": order.currency}}

    def _owed(self, order: OrderRow, account: Account) -> int:
        return account.owed + self._taken.get(key(order), 0)
