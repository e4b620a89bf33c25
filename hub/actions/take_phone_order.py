"""Take an order over the phone: what an agent has written down becomes an order of the account `Phone desk`.

Everything that is wrong is told at once, by the field it stands in. The money is noted as pending, so the order waits
under its payment hold until somebody has seen it, or lets it go on account.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from msgspec import Struct

from hub.actions import import_orders_values as values
from hub.actions.own_accounts import DESK, provided_account
from hub.actions.place_order import Keeps, Placed, Placing, place_order
from hub.actions.services import Services
from hub.domain import address, money
from hub.domain.order import Address
from hub.domain.placed_order import (
    PlacedAddress,
    PlacedBuyer,
    PlacedCharge,
    PlacedLine,
    PlacedOrder,
    PlacedPayment,
)
from hub.errors import BadPayload
from hub.store import audit

PATIENCE = 10.0
"""Seconds that a caller on the line waits for the order's number; nearly always it is there within one."""

MOST_LINES = 30
PAYMENTS = ("invoice", "transfer")
"""How the customer will pay; either way the money is not there yet."""


class DraftLine(Struct, frozen=True):
    """One thing, as it is written down."""

    sku: str
    title: str
    quantity: str = "1"
    price: str = ""


class Draft(Struct, frozen=True, kw_only=True):
    """An order while it is written down. `key` makes it one order however often it is sent; `anyway`: the customer
    insists on the address."""

    key: str
    currency: str
    lines: tuple[DraftLine, ...] = ()
    email: str = ""
    ship_to: Address = Address()
    payment: str = PAYMENTS[0]
    shipping: str = ""
    note: str = ""
    anyway: bool = False


class Checked(Struct, frozen=True):
    """A draft, looked through. `faults`: field → what is wrong with it; `order` is there when nothing is. `address`:
    only the address is wrong, which may be taken anyway. `total` in minor units, as far as it can be told."""

    faults: Mapping[str, str]
    order: PlacedOrder | None
    total: int
    address: bool


def check_draft(draft: Draft) -> Checked:
    """What is wrong with a draft, by field: `price_2`, `postcode`, `email` …"""
    faults: dict[str, str] = {}
    currency = _currency(draft, faults)
    lines = tuple(_line(draft, i, currency, faults) for i in range(len(draft.lines)))
    shipping = _amount(draft.shipping, currency, "shipping", faults) if draft.shipping else 0
    if not lines:
        faults["q"] = "add what is ordered"
    if draft.payment not in PAYMENTS:
        faults["payment"] = "says how it will be paid"
    _contact(draft, faults)
    wrong = {fault.field: address.WHY[fault.why] for fault in address.faults(draft.ship_to)}
    total = sum(int(line.unit_price) * line.quantity for line in lines) + shipping
    only_address = bool(wrong) and not faults
    if wrong and not draft.anyway:
        faults |= wrong
    return Checked(faults, None if faults else _order(draft, lines, shipping), total, only_address)


async def take_phone_order(
    services: Services, inbox: Keeps, agent: tuple[int, str], draft: Draft, order: PlacedOrder
) -> Placed:
    """Returns after the commit. `agent`: merchant and actor. Raises `BadPayload`, `KeyReused` for a form that was sent
    with other words already, `Retry` when it cannot be stored now."""
    merchant_id, actor = agent
    own = await provided_account(services, merchant_id, DESK, actor)
    placing = Placing(body=msgspec.json.encode(order), key=draft.key, patience=PATIENCE)
    placed = await place_order(services, inbox, own, placing)
    entry = audit.Entry(
        merchant_id=merchant_id, at=services.clock.now(), actor=actor, action="take_phone_order",
        subject=f"order:{placed.id or placed.number}", details={"number": placed.number},
    )  # fmt: skip
    async with services.database.transaction() as tx:
        await audit.append(tx, services.ids, entry)
    return placed


def _order(draft: Draft, lines: tuple[PlacedLine, ...], shipping: int) -> PlacedOrder:
    ship_to = draft.ship_to
    return PlacedOrder(
        currency=draft.currency.upper(),
        lines=lines,
        tax_included=True,
        charges=(PlacedCharge(amount=shipping, kind="shipping", title="Shipping"),) if shipping else (),
        buyer=PlacedBuyer(name=ship_to.name or ship_to.company, email=draft.email, phone=ship_to.phone),
        ship_to=PlacedAddress(**msgspec.structs.asdict(ship_to)),
        payments=(PlacedPayment(status="pending", gateway=draft.payment),),
        source="phone",
        note=draft.note,
    )


def _currency(draft: Draft, faults: dict[str, str]) -> str:
    try:
        money.exponent(draft.currency.upper())
    except ValueError:
        faults["currency"] = "is no currency"
        return "EUR"
    return draft.currency.upper()


def _line(draft: Draft, i: int, currency: str, faults: dict[str, str]) -> PlacedLine:
    line, units = draft.lines[i], 1
    try:
        units = values.count(line.quantity)
        if not 1 <= units <= 1_000_000:
            raise ValueError
    except ValueError:
        faults[f"quantity_{i}"] = "is a whole number of 1 or more"
        units = 1
    price = _amount(line.price, currency, f"price_{i}", faults)
    return PlacedLine(quantity=units, unit_price=price, sku=line.sku, title=line.title)


def _amount(text: str, currency: str, field: str, faults: dict[str, str]) -> int:
    try:
        found = values.amount(text, currency, values.Ways())
        if found < 0:
            raise ValueError
    except ValueError:
        faults[field] = f"is an amount such as {money.major(1250, currency)}"
        return 0
    return found


def _contact(draft: Draft, faults: dict[str, str]) -> None:
    phone = draft.ship_to.phone
    if not draft.email and not phone:
        faults["email"] = "or a phone number is needed"
    if draft.email and not address.email_ok(draft.email):
        faults["email"] = "is no e-mail address"
    if phone and not address.phone_ok(phone, draft.ship_to.country):
        faults["phone"] = "cannot be dialled"


__all__ = ["BadPayload", "Checked", "Draft", "DraftLine", "check_draft", "take_phone_order"]
