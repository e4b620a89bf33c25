"""A carrier that honours no keys: whoever repeats a purchase there buys twice. Only asking by our reference helps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import count
from uuid import uuid4

from connectors.demo_carrier import ABOUT, DemoCarrier, DemoCarrierChannel
from hub.contract import Account, Answer, Connector, Http
from hub.domain.order import Value
from hub.domain.outgoing import Kind, Label, LabelRequest, Receipt


class ForgetfulChannel(DemoCarrierChannel):
    """The demo carrier, asked with a new key each time, as if it knew none."""

    async def buy_label(self, request: LabelRequest, key: str) -> Receipt:
        return await super().buy_label(request, uuid4().hex)

    async def void_label(self, label: Label, key: str) -> Receipt:
        return await super().void_label(label, uuid4().hex)

    async def push_at_once(self, kind: Kind, payloads: Sequence[Value], keys: Sequence[str]) -> Sequence[Answer]:
        mark, numbers = uuid4().hex, count()
        return await super().push_at_once(kind, payloads, [f"{mark}-{next(numbers)}" for _ in keys])


class Forgetful(DemoCarrier):
    """Declares what is true of it: nothing may simply be repeated."""

    about = replace(ABOUT, name="forgetful_carrier", repeatable=frozenset())

    def open(self, account: Account, http: Http) -> ForgetfulChannel:
        return ForgetfulChannel(account, http)


FORGETFUL: dict[str, Connector] = {"forgetful_carrier": Forgetful()}
