"""Telling Etsy what was shipped, once: each submission of a tracking number e-mails the buyer.

So the receipt is looked at first, also on the very first try, and a number that is there already is not sent again.
Source: the contract `etsy_3.0.0.json`, createReceiptShipment.
"""

from __future__ import annotations

from connectors.etsy import wire, words
from connectors.etsy.amounts import minor
from connectors.etsy.client import Client
from hub.domain.outgoing import Receipt, Shipment
from hub.errors import BadPayload, Reject, Unknown

TRACKED_ABOVE = 10
"""Dollars of an order within the United States above which Etsy wants a carrier and a number."""


async def push_shipment(client: Client, shop_id: str, shipment: Shipment) -> Receipt:
    """Submits the tracking number. The receipt then counts as shipped, whichever of its goods were in the parcel.

    Raises `Reject` for a canceled receipt, and where Etsy demands a number that the parcel has not.
    """
    path = f"/shops/{shop_id}/receipts/{_number(shipment.order_id)}"
    receipt = await client.get("look at the receipt", path, wire.Receipt)
    if known := _known(receipt, shipment):
        return known
    _check(receipt, shipment)
    form = {"send_bcc": "false"}
    if shipment.tracking_number:
        form |= {"tracking_code": shipment.tracking_number, "carrier_name": words.carrier(shipment.carrier)}
    after = await client.send("submit tracking", "POST", f"{path}/tracking", wire.Receipt, **form)
    made = _known(after, shipment) or _new(receipt, after)
    if made is None:
        raise Unknown("submit tracking: Etsy's answer does not show the number that was submitted")
    return made


async def find_shipment(client: Client, shop_id: str, shipment: Shipment) -> Receipt | None:
    """The receipt of a submission whose answer was lost; None when Etsy never got it."""
    path = f"/shops/{shop_id}/receipts/{_number(shipment.order_id)}"
    return _known(await client.get("look at the receipt", path, wire.Receipt), shipment)


def _known(receipt: wire.Receipt, shipment: Shipment) -> Receipt | None:
    """What Etsy has of the shipment. One without a number can only be told by the receipt being shipped."""
    for one in receipt.shipments or ():
        if shipment.tracking_number and _plain(one.tracking_code) == _plain(shipment.tracking_number):
            details = {"carrier_name": one.carrier_name or "", "tracking_code": one.tracking_code or ""}
            return Receipt(external_id=str(one.receipt_shipping_id or ""), details=details)
    if not shipment.tracking_number and receipt.is_shipped:
        return Receipt(external_id=str(receipt.receipt_id), details={"is_shipped": "true"})
    return None


def _new(before: wire.Receipt, after: wire.Receipt) -> Receipt | None:
    """The one number that came to the receipt by what was submitted, however Etsy writes it; None for none or several.
    Doubting it would mean to submit it again, and the buyer would get another letter each time."""
    known = {one.receipt_shipping_id for one in before.shipments or ()}
    fresh = [one for one in after.shipments or () if one.receipt_shipping_id not in known]
    if len(fresh) != 1 or fresh[0].receipt_shipping_id is None:
        return None
    details = {"carrier_name": fresh[0].carrier_name or "", "tracking_code": fresh[0].tracking_code or ""}
    return Receipt(external_id=str(fresh[0].receipt_shipping_id), details=details)


def _check(receipt: wire.Receipt, shipment: Shipment) -> None:
    standing = words.STATUS.get(words.folded(receipt.status), words.UNTOLD)
    if standing.cancelled:
        raise Reject("the receipt is canceled at Etsy: nothing of it may be shipped")
    if not shipment.tracking_number and _must_be_tracked(receipt):
        raise Reject("Etsy wants a tracking number and a carrier for orders to India, and within the US above $10")


def _must_be_tracked(receipt: wire.Receipt) -> bool:
    """Etsy judges "within the United States" by where the shop is, which the receipt does not tell: a shop elsewhere is
    let through by Etsy itself, so only dollars count here."""
    country, told = (receipt.country_iso or "").upper(), receipt.grandtotal
    if country == "IN":
        return True
    try:
        return country == "US" and told.currency_code == "USD" and minor(told, "USD", "$") > TRACKED_ABOVE * 100
    except BadPayload:
        return False


def _plain(code: str | None) -> str:
    """A tracking number without what people put between its characters, and Etsy may take out."""
    return "".join(letter for letter in code or "" if letter.isalnum()).casefold()


def _number(order_id: str) -> int:
    if not (order_id.isascii() and order_id.isdigit() and len(order_id) <= 19):
        raise Reject(f"{order_id[:100]!r} is no receipt of Etsy")
    return int(order_id)
