"""One Etsy shop as the API shows it: receipts, listings, and what each call does to them.

Written from the contract `etsy_3.0.0.json` and from what sellers' integrations met: see the comments.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from hub.domain.outgoing import Kind

Node = dict[str, Any]

SHOP_ID, USER_ID = 27749334, 876152686
KNOWN_CARRIERS = frozenset({"usps", "ups", "fedex", "dhl", "dhl-germany", "royal-mail", "canada-post", "other"})
NOT_TAKEN = frozenset({"product_id", "is_deleted"}), frozenset({"offering_id", "is_deleted"}), frozenset({"scale_name"})
"""Fields that are told of products, offerings and property values, and refused when they are written."""


class Refused(Exception):
    """The API answers `status` with {"error": …}."""

    def __init__(self, status: int, error: str, description: str = "") -> None:
        super().__init__(error)
        self.status = status
        self.body = {"error": error} | ({"error_description": description} if description else {})


def money(amount: int, currency: str = "EUR", divisor: int = 100) -> Node:
    """An amount as Etsy writes it."""
    return {"amount": amount, "divisor": divisor, "currency_code": currency}


def receipt(number: int, at: int, **more: Any) -> Node:
    """A paid receipt of one tea cup for 12.00 EUR, in the shape of a real one."""
    line = {
        "transaction_id": number * 10, "title": "Tea cup", "quantity": 1, "listing_id": 7001, "product_id": 19000,
        "sku": "CUP", "price": money(1200), "shipping_cost": money(0), "is_digital": False, "shipped_timestamp": None,
        "variations": [], "product_data": [], "shop_coupon": 0, "buyer_coupon": 0, "transaction_type": "listing",
        "shipping_method": None, "shipping_upgrade": None, "paid_timestamp": at,
    }  # fmt: skip
    made = {
        "receipt_id": number, "receipt_type": 0, "seller_user_id": USER_ID, "buyer_user_id": 900 + number,
        "buyer_email": None, "name": "Ada Example", "first_line": "1 Example St", "second_line": None,
        "city": "Berlin", "state": None, "zip": "10115", "country_iso": "DE", "status": "Paid",
        "payment_method": "cc", "is_paid": True, "is_shipped": False, "create_timestamp": at, "created_timestamp": at,
        "update_timestamp": at, "updated_timestamp": at, "is_gift": False, "gift_message": "", "gift_sender": "",
        "message_from_buyer": None, "grandtotal": money(1200), "subtotal": money(1200), "total_price": money(1200),
        "total_shipping_cost": money(0), "total_tax_cost": money(0), "total_vat_cost": money(0),
        "discount_amt": money(0), "gift_wrap_price": money(0), "shipments": [], "transactions": [line], "refunds": [],
    }  # fmt: skip
    return made | more


def colored(*colors: tuple[int, str, int], price: Node | None = None) -> Node:
    """An inventory that varies by color: (value id, name, quantity) of each."""
    products = [
        {
            "product_id": 19000 + value, "sku": f"CUP-{name.upper()}", "is_deleted": False,
            "offerings": [{
                "offering_id": 21000 + value, "quantity": quantity, "is_enabled": True, "is_deleted": False,
                "price": price or money(1200),
            }],
            "property_values": [{
                "property_id": 200, "property_name": "Primary color", "scale_id": None, "scale_name": None,
                "value_ids": [value], "values": [name],
            }],
        }
        for value, name, quantity in colors
    ]  # fmt: skip
    return {"products": products, "price_on_property": [], "quantity_on_property": [200], "sku_on_property": [200]}


def plain(sku: str, quantity: int, price: Node | None = None) -> Node:
    """An inventory without variants."""
    inventory = colored((1, "x", quantity), price=price)
    inventory["products"][0] |= {"sku": sku, "property_values": []}
    return inventory | {"quantity_on_property": [], "sku_on_property": []}


@dataclass
class EtsyShop:
    """The shop. `now` in epoch seconds moves with each change; `emails`: (receipt, number) of each letter to buyers."""

    now: int = 1_795_000_000
    receipts: dict[int, Node] = field(default_factory=dict)
    listings: dict[int, Node] = field(default_factory=dict)
    emails: list[tuple[int, str]] = field(default_factory=list)
    effects: list[tuple[Kind, str]] = field(default_factory=list)
    inventories: list[Node] = field(default_factory=list)
    """Every inventory that was written, as it came."""
    _ids: Any = field(default_factory=lambda: count(500_000))

    # ---------------------------------------------------------------- for tests

    def add(self, made: Node) -> str:
        """Puts a receipt in; returns its id."""
        self.receipts[made["receipt_id"]] = made
        return str(made["receipt_id"])

    def change(self, number: int, **fields: Any) -> None:
        """Changes a receipt now."""
        self.now += 1
        self.receipts[number] |= fields | {"updated_timestamp": self.now, "update_timestamp": self.now}

    def list_(self, number: int, inventory: Node, **more: Any) -> None:
        """Puts a listing in."""
        self.listings[number] = {
            "listing_id": number, "title": f"Thing {number}", "state": "active", "listing_type": "physical",
            "quantity": 5, "price": money(1200), "skus": [], "item_weight": None, "item_weight_unit": None,
            "inventory": inventory,
        } | more  # fmt: skip

    def quantities(self, number: int) -> list[int]:
        """Units of each product of a listing."""
        return [one["offerings"][0]["quantity"] for one in self.listings[number]["inventory"]["products"]]

    # ---------------------------------------------------------------- receipts

    def page(self, asked: Mapping[str, str]) -> Node:
        """getShopReceipts: by default the 25 made last, newest first."""
        limit, offset = _number(asked, "limit", 25, 1, 100), _number(asked, "offset", 0, 0, 10**9)
        since = _number(asked, "min_last_modified", 946_684_800, 946_684_800, 10**10)
        names = {"created": "created_timestamp", "updated": "updated_timestamp", "receipt_id": "receipt_id"}
        key = names.get(asked.get("sort_on", "created"))
        order = asked.get("sort_order", "desc")
        if key is None or order not in ("asc", "ascending", "desc", "descending", "up", "down"):
            raise Refused(400, "Invalid value for sort_on or sort_order")
        found = [one for one in self.receipts.values() if one["updated_timestamp"] >= since]
        found.sort(key=lambda one: (one[key], one["receipt_id"]), reverse=order.startswith("d"))
        return {"count": len(found), "results": found[offset : offset + limit]}

    def one(self, number: int) -> Node:
        """getShopReceipt."""
        if number not in self.receipts:
            raise Refused(404, "Resource not found")
        return self.receipts[number]

    def track(self, number: int, form: Mapping[str, str], reference: str) -> Node:
        """createReceiptShipment: the buyer gets a letter each time, whatever was submitted before. The number is shown
        only with a carrier that Etsy knows (etsy/open-api issue 135)."""
        told, code, carrier = self.one(number), form.get("tracking_code", ""), form.get("carrier_name", "")
        if bool(code) != bool(carrier):
            raise Refused(400, "tracking_code and carrier_name go together")
        total = told["grandtotal"]
        dear = total["currency_code"] == "USD" and total["amount"] > 10 * total["divisor"]
        if not code and (told["country_iso"] == "IN" or (told["country_iso"] == "US" and dear)):
            raise Refused(400, "A tracking number is required")
        if told["status"].lower() == "canceled":
            raise Refused(409, "The receipt is canceled")
        shown = code if carrier in KNOWN_CARRIERS else ""
        made = {
            "receipt_shipping_id": next(self._ids), "shipment_notification_timestamp": self.now + 1,
            "carrier_name": carrier, "tracking_code": shown,
        }  # fmt: skip
        self.change(number, shipments=[*told["shipments"], made], is_shipped=True, status="Completed")
        self.emails.append((number, code))
        self.effects.append((Kind.PUSH_SHIPMENT, reference))
        return self.receipts[number]

    # ---------------------------------------------------------------- listings

    def listing(self, number: int) -> Node:
        """A listing that is there."""
        if number not in self.listings:
            raise Refused(404, "Resource not found")
        return self.listings[number]

    def listed(self, asked: Mapping[str, str]) -> Node:
        """getListingsByShop: active ones unless another state is asked for, without inventory unless that is too."""
        limit, offset = _number(asked, "limit", 25, 1, 100), _number(asked, "offset", 0, 0, 10**9)
        found = [one for one in self.listings.values() if one["state"] == asked.get("state", "active")]
        return {"count": len(found), "results": [_seen(one, asked) for one in found[offset : offset + limit]]}

    def batch(self, asked: Mapping[str, str]) -> Node:
        """getListingsByListingIds: those there are, in any state."""
        numbers = [int(text) for text in asked["listing_ids"].split(",")]
        if len(numbers) > 100:
            raise Refused(400, "Limit 100 ids maximum per query")
        found = [self.listings[number] for number in numbers if number in self.listings]
        return {"count": len(found), "results": [_seen(one, asked) for one in found]}

    def write(self, number: int, body: Node, reference: str) -> Node:
        """updateListingInventory: the whole of it or nothing; products get new ids (etsy/open-api issue 523)."""
        listing = self.listing(number)
        if not isinstance(body.get("products"), list) or not body["products"]:
            raise Refused(400, "Missing Input Parameter: [products]")
        for one in body["products"]:
            _check_product(one)
        if not any(one["offerings"][0]["quantity"] > 0 for one in body["products"]):
            raise Refused(400, "One offering must have quantity greater than 0")
        _check_pools(body)
        currency = listing["inventory"]["products"][0]["offerings"][0]["price"]["currency_code"]
        listing["inventory"] = {**body, "products": [self._product(one, currency) for one in body["products"]]}
        self.inventories.append(body)
        self.effects.append((Kind.PUSH_STOCK, reference))
        return dict(listing["inventory"])

    def move(self, number: int, form: Mapping[str, str], reference: str) -> Node:
        """updateListing, as far as the state goes."""
        if form.get("state") not in ("active", "inactive"):
            raise Refused(400, "Invalid value for state")
        listing = self.listing(number)
        listing["state"] = form["state"]
        self.effects.append((Kind.PUSH_STOCK, reference))
        return listing

    def _product(self, one: Node, currency: str) -> Node:
        offers = [
            offer | {"offering_id": next(self._ids), "is_deleted": False, "price": _price(offer["price"], currency)}
            for offer in one["offerings"]
        ]
        values = [value | {"scale_name": None} for value in one.get("property_values", [])]
        return {
            "product_id": next(self._ids), "sku": one.get("sku") or "", "is_deleted": False, "offerings": offers,
            "property_values": values,
        }  # fmt: skip


def _price(number: float, currency: str) -> Node:
    divisor = 1 if currency == "JPY" else 100
    return money(round(number * divisor), currency, divisor)


def _seen(listing: Node, asked: Mapping[str, str]) -> Node:
    return listing if "Inventory" in asked.get("includes", "") else listing | {"inventory": None}


def _number(asked: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    text = asked.get(name, str(default))
    if not text.isdigit() or not least <= int(text) <= most:
        raise Refused(400, f"Invalid value for {name}")
    return int(text)


def _check_product(one: Node) -> None:
    of_products, of_offerings, of_values = NOT_TAKEN
    strange = of_products & one.keys()
    for offer in one["offerings"]:
        strange |= of_offerings & offer.keys()
        if isinstance(offer.get("price"), bool) or not isinstance(offer.get("price"), int | float):
            raise Refused(400, "Expected float value for 'price'")
        if not 0 <= offer["quantity"] <= 999:
            raise Refused(400, "There was a problem with /quantity : cannot be greater than 999")
    for value in one.get("property_values", []):
        strange |= of_values & value.keys()
    if strange:
        raise Refused(400, f"Invalid keys in products: {', '.join(sorted(strange))}")


def _check_pools(body: Node) -> None:
    """Quantities may differ only by the properties that are named for it."""
    pools: dict[object, set[int]] = {}
    for one in body["products"]:
        apart: Sequence[int] = body.get("quantity_on_property", [])
        values = [(v["property_id"], *v["value_ids"]) for v in one["property_values"] if v["property_id"] in apart]
        pools.setdefault(tuple(sorted(values)), set()).add(one["offerings"][0]["quantity"])
    if any(len(quantities) > 1 for quantities in pools.values()):
        raise Refused(400, "quantity must be consistent across products, see quantity_on_property")
