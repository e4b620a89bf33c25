"""Who bought, and where it goes. Pure."""

from __future__ import annotations

import re

from connectors.woocommerce import wire
from connectors.woocommerce.lines import text
from connectors.woocommerce.regions import region
from hub.domain.order import Address, Buyer


def buyer(order: wire.Order) -> Buyer:
    """Who bought; a guest has no id."""
    who = order.billing or wire.Address()
    return Buyer(
        external_id=str(order.customer_id) if order.customer_id else "",
        name=_name(who),
        email=(who.email or "").strip(),
        phone=text(who.phone),
        ip=order.customer_ip_address or "",
    )


def address(given: wire.Address | None, fallback: wire.Address | None = None) -> Address | None:
    """An address, None for one without a word in it. The phone of `fallback` serves where it has none of its own."""
    if given is None or not any((given.address_1, given.city, given.postcode, given.country, given.state)):
        return None
    code = (given.country or "").strip().upper()
    return Address(
        name=_name(given),
        company=text(given.company),
        line1=text(given.address_1),
        line2=text(given.address_2),
        city=text(given.city),
        region=region(code, text(given.state)),
        postcode=text(given.postcode),
        country=code if re.fullmatch("[A-Z]{2}", code) else "",
        phone=text(given.phone) or (text(fallback.phone) if fallback else ""),
    )


def _name(who: wire.Address) -> str:
    return " ".join(filter(None, (text(who.first_name), text(who.last_name))))
