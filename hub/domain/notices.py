"""What customers hear unasked, one message per fact: confirmed, held for something only they can say, shipped, out for
delivery, delivered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from msgspec import convert

from hub.domain.address import written
from hub.domain.holds import protocol_of
from hub.domain.order import Address
from hub.domain.outcome import Contact, HoldNeed, Message, OrderRow, ParcelRow, WorkRow
from hub.domain.outgoing import Kind, Notice


@dataclass(frozen=True, slots=True)
class _News:
    """What happened to an order. `subject`, order or parcel, makes it one fact; `params` go into the text."""

    what: str
    order_id: int
    subject: int
    params: dict[str, str]
    mark: str = ""
    """Tells this time from another; empty for what happens once."""
    buttons: tuple[tuple[str, str], ...] = ()


def confirmed(order: OrderRow, contacts: tuple[Contact, ...], promised_at: datetime | None) -> tuple[Message, ...]:
    """The order is accepted and on its way to a shelf."""
    params = {"number": order.number, "promised": _day(promised_at), "token": order.tracking_token}
    news = _News("confirmed", order.id, order.id, params)
    return tuple(_notice(contact, news) for contact in contacts)


def about_parcel(what: str, work: WorkRow, parcel: ParcelRow, contacts: tuple[Contact, ...]) -> tuple[Message, ...]:
    """`what` happened to a parcel: shipped, out_for_delivery, delivered, exception."""
    params = {
        "number": work.order_number,
        "carrier": parcel.carrier,
        "tracking_number": parcel.tracking_number,
        "tracking_url": parcel.tracking_url,
        "promised": _day(work.promised_at),
        "token": work.tracking_token,
    }
    news = _News(what, work.order_id, parcel.id, params)
    return tuple(_notice(contact, news) for contact in contacts)


BUTTONS: dict[str, tuple[tuple[str, str], ...]] = {
    "correct_address": (("do:change_address:{number}", "flow.change_address"), ("do:talk", "button.talk")),
    "pay_again": (("do:talk", "button.talk"),),
}
"""What is asked of a customer → how a chat is begun that answers it, for this order."""

LONGEST_NUMBER = 40
"""Characters of an order's number that a button carries; what Telegram's hold is 64 bytes."""


def asked(order: OrderRow, need: HoldNeed, contacts: tuple[Contact, ...]) -> tuple[Message, ...]:
    """What the protocol of a hold asks the customer; nothing for a hold that asks others. Told once for each time a
    hold opens or comes to ask something else: the version of the order tells these apart."""
    what = protocol_of(need).asks.get("customer")
    if what is None:
        return ()
    news = _News(
        what, order.id, order.id, question(order, need.detail), f":{order.version}", _buttons(what, order.number)
    )
    return tuple(_notice(contact, news) for contact in contacts)


def _buttons(what: str, number: str) -> tuple[tuple[str, str], ...]:
    """Of a number that is too long the chat asks."""
    plain = number.lstrip("#") if len(number.encode()) <= LONGEST_NUMBER else ""
    return tuple((value.format(number=plain).rstrip(":"), label) for value, label in BUTTONS.get(what, ()))


def question(order: OrderRow, detail: Mapping[str, object]) -> dict[str, str]:
    """What goes into the words of a question: all that the customer is told of a hold with this detail."""
    params = {"number": order.number, "address": written(order.ship_to) if order.ship_to else ""}
    suggestion, due = detail.get("suggestion"), detail.get("due")
    if isinstance(suggestion, Mapping):
        params["suggestion"] = written(convert(suggestion, Address))
    if isinstance(due, int):
        params["due"] = f"{due} {order.currency}"
    return params


def _notice(contact: Contact, news: _News) -> Message:
    return Message(
        kind=Kind.NOTIFY,
        intent=f"notify:{news.subject}:{news.what}{news.mark}:{contact.account_id}:{contact.conversation_id}",
        account_id=contact.account_id,
        key=contact.conversation_id or news.order_id,
        payload=Notice(
            conversation_id=contact.conversation_id,
            address=contact.address,
            locale=contact.locale,
            text=f"notice.{news.what}",
            params=news.params,
            buttons=news.buttons if contact.conversation_id else (),
            edit_key=f"parcel:{news.subject}" if news.subject != news.order_id else "",
        ),
    )


def _day(at: datetime | None) -> str:
    return at.date().isoformat() if at else ""
