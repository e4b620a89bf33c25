"""eBay's order → the hub's, with the refunds it tells of. Pure; functions are named by what they return."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from connectors.ebay import order_wire as wire
from connectors.ebay import words
from connectors.ebay.notices import cancel_reason, refund_notices, shipments, units
from connectors.ebay.parties import address, buyer, reference, service, ship_to
from connectors.ebay.purse import Purse, Sums, line_costs, sums
from connectors.wire import decode, instant
from hub.domain import money
from hub.domain.order import ChannelLine, ChannelOrder, ChannelPayment, Charge, ForeignShipment, News


def news(body: bytes) -> tuple[News, ...]:
    """The order, then each refund that has gone through. Raises `BadPayload`."""
    order = decode(body, wire.Order)
    purse = Purse.of(order)
    return (channel_order(order, purse), *refund_notices(order, purse))


def channel_order(order: wire.Order, purse: Purse) -> ChannelOrder:
    """The order as eBay tells it at `lastModifiedDate`. `total` leaves out tax that eBay collects and remits."""
    counted = sums(order, purse)
    standing = words.PAYMENTS.get(order.order_payment_status)
    parcels = shipments(order)
    home = order.buyer.buyer_registration_address
    return ChannelOrder(
        external_id=order.order_id,
        number=order.order_id,
        placed_at=instant(order.creation_date, "$.creationDate"),
        revised_at=instant(order.last_modified_date, "$.lastModifiedDate"),
        currency=purse.currency,
        total=counted.total,
        shop_currency=purse.shop_currency,
        shop_total=shop_total(order, purse, counted),
        tax_total=sum(counted.taxes),
        lines=lines(order, purse, counted, parcels),
        charges=charges(order, counted),
        buyer=buyer(order),
        ship_to=ship_to(order),
        bill_to=address(home),
        payments=payments(order, purse, counted.total),
        paid=bool(standing and standing.paid),
        pending=held_back(order, parcels),
        shipments=parcels,
        cancelled_at=instant(order.cancel_status.cancelled_date or order.last_modified_date, "$.cancelStatus")
        if order.cancel_status.cancel_state == words.CANCELED
        else None,
        cancel_reason=cancel_reason(order),
        words=raw_words(order, counted, purse),
        unknown_words=unknown_words(order),
        note=order.buyer_checkout_notes,
    )


def shop_total(order: wire.Order, purse: Purse, counted: Sums) -> int:
    """The total in the currency that eBay converts to; the same as `total` where it does not."""
    if purse.shop_currency == purse.currency:
        return counted.total
    return Purse(purse.shop_currency, purse.shop_currency).amount(order.pricing_summary.total, "$.pricingSummary.total")


def held_back(order: wire.Order, parcels: tuple[ForeignShipment, ...]) -> bool:
    """Whether eBay does not let the order go: its payment is pending, a cancellation is being asked for, or all of the
    money went back while units are left that could still be shipped."""
    standing = words.PAYMENTS.get(order.order_payment_status)
    if order.cancel_status.cancel_state == words.ASKED or (standing and standing.pending):
        return True
    if order.order_payment_status != "FULLY_REFUNDED" or order.cancel_status.cancel_state == words.CANCELED:
        return False
    gone = units(parcels)
    return any(line.quantity > gone[line.line_item_id] for line in order.line_items)


# ---------------------------------------------------------------- lines, charges, payments


def lines(
    order: wire.Order, purse: Purse, counted: Sums, parcels: tuple[ForeignShipment, ...]
) -> tuple[ChannelLine, ...]:
    """The goods. A cost that its units do not divide becomes a price rounded up and a discount of the difference."""
    gone, costs = units(parcels), line_costs(order, purse)
    ships = all(
        words.SHIPPED_BY_US.get(it.fulfillment_instructions_type, True) for it in order.fulfillment_start_instructions
    )
    made = []
    for i, line in enumerate(order.line_items):
        price = -(-costs[i] // line.quantity)
        made.append(
            ChannelLine(
                external_id=line.line_item_id,
                title=line.title,
                quantity=line.quantity,
                unit_price=price,
                sku=line.sku.strip(),
                listing_id=listing_id(line),
                discount=counted.discounts[i] + price * line.quantity - costs[i],
                tax=counted.taxes[i],
                fulfilled=min(gone[line.line_item_id], line.quantity),
                requires_shipping=ships,
            )
        )
    return tuple(made)


def listing_id(line: wire.Line) -> str:
    """What stock is kept of: eBay's SKU, by which its Inventory API knows things; else item and variation."""
    item = ":".join(part for part in (line.legacy_item_id, line.legacy_variation_id) if part)
    return line.sku.strip() or f"item:{item}"


def charges(order: wire.Order, counted: Sums) -> tuple[Charge, ...]:
    """Delivery, fees and adjustments of the whole order."""
    code = service(order)
    made = [
        Charge(
            kind="shipping",
            title=code or "Shipping",
            amount=counted.delivery,
            discount=counted.delivery_discount,
            code=code,
        )
    ]
    made += [Charge(kind="fee", title="Fee", amount=counted.fee)] if counted.fee else []
    made += [Charge(kind="adjustment", title="Adjustment", amount=counted.adjustment)] if counted.adjustment else []
    return tuple(made)


def payments(order: wire.Order, purse: Purse, total: int) -> tuple[ChannelPayment, ...]:
    """What the buyer paid to eBay. eBay tells of each payment only what is left for the seller after fees, so the
    total is shared out in proportion."""
    told = order.payment_summary.payments
    if not told:
        return ()
    if len(told) == 1:
        shares = [total]
    else:
        weights = [
            purse.amount(payment.amount, f"$.paymentSummary.payments[{i}].amount") for i, payment in enumerate(told)
        ]
        shares = money.split(total, [max(0, weight) for weight in weights])
    seen: Counter[str] = Counter()
    made = []
    for payment, share in zip(told, shares, strict=True):
        name = payment.payment_reference_id or order.order_id
        seen[name] += 1
        made.append(
            ChannelPayment(
                external_id=name if seen[name] == 1 else f"{name}:{seen[name]}",
                status=words.PAYMENT.get(payment.payment_status, words.PAYMENT["PENDING"]),
                amount=share,
                gateway=payment.payment_method,
            )
        )
    return tuple(made)


# ---------------------------------------------------------------- words


def raw_words(order: wire.Order, counted: Sums, purse: Purse) -> dict[str, str]:
    """eBay's own words, and what labels and customs need to know beyond them."""
    due = order.payment_summary.total_due_seller
    final = next((it.final_destination_address for it in order.fulfillment_start_instructions), None)
    told = {
        "payment": order.order_payment_status,
        "fulfillment": order.order_fulfillment_status,
        "cancel": order.cancel_status.cancel_state,
        "instructions": ",".join(it.fulfillment_instructions_type for it in order.fulfillment_start_instructions),
        "marketplace": order.line_items[0].purchase_marketplace_id,
        "sales_record": order.sales_record_reference,
        "shipping_reference": reference(order),
        "final_country": final.country_code if final else "",
        "due_to_seller": f"{due.value} {due.currency}" if due else "",
        "collected_tax": f"{money.major(counted.collected, purse.currency)} {purse.currency}"
        if counted.collected
        else "",
        "tax_reference": next(_tax_references(order), ""),
    }
    return {name: word for name, word in told.items() if word}


def _tax_references(order: wire.Order) -> Iterator[str]:
    for line in order.line_items:
        for tax in line.ebay_collect_and_remit_taxes:
            if tax.ebay_reference and tax.ebay_reference.value:
                yield f"{tax.ebay_reference.name} {tax.ebay_reference.value}".strip()


def unknown_words(order: wire.Order) -> tuple[str, ...]:
    """Words that stand in none of our tables, each once."""
    told = [
        *((it.line_item_fulfillment_status, words.FULFILLMENT) for it in order.line_items),
        *((it.payment_status, words.PAYMENT) for it in order.payment_summary.payments),
        *((it.refund_status or words.GIVEN_BACK, words.REFUND) for it in order.payment_summary.refunds),
        *((it.fulfillment_instructions_type, words.SHIPPED_BY_US) for it in order.fulfillment_start_instructions),
        (order.order_payment_status, words.PAYMENTS),
        (order.order_fulfillment_status, words.FULFILLMENT),
        (order.cancel_status.cancel_state, words.CANCEL),
    ]
    return tuple(dict.fromkeys(word for word, known in told if word not in known))
