"""Who bought, and where the goods go. Pure."""

from __future__ import annotations

from connectors.ebay import order_wire as wire
from hub.domain.order import Address, Buyer


def buyer(order: wire.Order) -> Buyer:
    """The buyer; eBay tells e-mail and phone beside either address."""
    home = order.buyer.buyer_registration_address
    goal = _ship_to(order)
    contacts = [contact for contact in (goal, home) if contact is not None]
    phones = (contact.primary_phone.phone_number for contact in contacts if contact.primary_phone)
    return Buyer(
        external_id=order.buyer.username,
        name=next((contact.full_name for contact in (home, goal) if contact and contact.full_name), ""),
        email=next((contact.email for contact in contacts if contact.email), ""),
        phone=next((phone for phone in phones if phone), ""),
    )


def ship_to(order: wire.Order) -> Address | None:
    """Where the parcel goes: to the buyer, or to eBay's own warehouse with the reference that finds the buyer from
    there. eBay wants the reference right above the street."""
    found = address(_ship_to(order))
    mark = reference(order)
    if found is None or not mark or mark in f"{found.name} {found.company} {found.line1} {found.line2}":
        return found
    street = ", ".join(line for line in (found.line1, found.line2) if line)
    return Address(
        name=found.name,
        company=found.company,
        line1=f"Reference #{mark}",
        line2=street,
        city=found.city,
        region=found.region,
        postcode=found.postcode,
        country=found.country,
        phone=found.phone,
    )


def reference(order: wire.Order) -> str:
    """The Global Shipping Program's reference, empty where there is none."""
    step = _step(order)
    return step.ship_to_reference_id.strip().removeprefix("Reference").lstrip(" #") if step else ""


def address(contact: wire.Contact | None) -> Address | None:
    """A contact's address, None where eBay does not tell it (any more)."""
    if contact is None or contact.contact_address is None:
        return None
    where = contact.contact_address
    return Address(
        name=contact.full_name,
        company=contact.company_name,
        line1=where.address_line1,
        line2=where.address_line2,
        city=where.city,
        region=where.state_or_province or where.county,
        postcode=where.postal_code,
        country=where.country_code.upper(),
        phone=contact.primary_phone.phone_number if contact.primary_phone else "",
    )


def _step(order: wire.Order) -> wire.ShippingStep | None:
    """eBay gives one set of instructions, though in a list."""
    return next((it.shipping_step for it in order.fulfillment_start_instructions if it.shipping_step), None)


def service(order: wire.Order) -> str:
    """eBay's code of the shipping service that the buyer chose."""
    step = _step(order)
    return step.shipping_service_code if step else ""


def _ship_to(order: wire.Order) -> wire.Contact | None:
    step = _step(order)
    return step.ship_to if step else None
