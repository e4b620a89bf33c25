"""What customers hear unasked, one message per fact: confirmed, shipped, out for delivery, delivered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hub.domain.outcome import Contact, Message, OrderRow, ParcelRow, WorkRow
from hub.domain.outgoing import Kind, Notice


@dataclass(frozen=True, slots=True)
class _News:
    """What happened to an order. `subject`, order or parcel, makes it one fact; `params` go into the text."""

    what: str
    order_id: int
    subject: int
    params: dict[str, str]


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


def _notice(contact: Contact, news: _News) -> Message:
    return Message(
        kind=Kind.NOTIFY,
        intent=f"notify:{news.subject}:{news.what}:{contact.account_id}:{contact.conversation_id}",
        account_id=contact.account_id,
        key=contact.conversation_id or news.order_id,
        payload=Notice(
            conversation_id=contact.conversation_id,
            address=contact.address,
            locale=contact.locale,
            text=f"notice.{news.what}",
            params=news.params,
            edit_key=f"parcel:{news.subject}" if news.what != "confirmed" else "",
        ),
    )


def _day(at: datetime | None) -> str:
    return at.date().isoformat() if at else ""
