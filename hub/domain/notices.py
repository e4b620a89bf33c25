"""What customers hear unasked, one message per fact: confirmed, shipped, out for delivery, delivered."""

from __future__ import annotations

from datetime import datetime

from hub.domain.outcome import Contact, Message, OrderRow, ParcelRow, WorkRow
from hub.domain.outgoing import Kind, Notice


def confirmed(order: OrderRow, contacts: tuple[Contact, ...], promised_at: datetime | None) -> tuple[Message, ...]:
    """The order is accepted and on its way to a shelf."""
    params = {"number": order.number, "promised": promised_at.date().isoformat() if promised_at else ""}
    return tuple(_notice(c, order.id, "confirmed", order.tracking_token, params, f"{order.id}") for c in contacts)


def about_parcel(what: str, work: WorkRow, parcel: ParcelRow, contacts: tuple[Contact, ...]) -> tuple[Message, ...]:
    """`what` happened to a parcel: shipped, out_for_delivery, delivered, exception."""
    params = {
        "number": work.order_number,
        "carrier": parcel.carrier,
        "tracking_number": parcel.tracking_number,
        "tracking_url": parcel.tracking_url,
        "promised": work.promised_at.date().isoformat() if work.promised_at else "",
    }
    return tuple(_notice(c, work.order_id, what, work.tracking_token, params, f"{parcel.id}") for c in contacts)


def _notice(contact: Contact, order_id: int, what: str, token: str, params: dict[str, str], fact: str) -> Message:
    return Message(
        kind=Kind.NOTIFY,
        intent=f"notify:{fact}:{what}:{contact.account_id}:{contact.conversation_id}",
        account_id=contact.account_id,
        key=contact.conversation_id or order_id,
        payload=Notice(
            conversation_id=contact.conversation_id,
            address=contact.address,
            locale=contact.locale,
            text=f"notice.{what}",
            params={**params, "token": token},
            edit_key=f"parcel:{fact}" if what != "confirmed" else "",
        ),
    )
