"""Orders, payments and variants in the shape of Medusa's admin API, by hand."""

from __future__ import annotations

from typing import Any

from tests.connectors.medusa.totals import decorate

Document = dict[str, Any]

ADDRESS: Document = {
    "id": "ordaddr_01", "first_name": "Zoë", "last_name": "Brandt", "company": "", "address_1": "Amselweg 4",
    "address_2": "", "city": "Lübeck", "province": "", "postal_code": "23552", "country_code": "de",
    "phone": "+4945112345",
}  # fmt: skip


def item(number: str, price: float, quantity: int, **more: Any) -> Document:
    """A line of `quantity` units at `price`; its id is ordli_ and the number."""
    made: Document = {
        "id": f"ordli_{number}", "title": "Linen shirt", "variant_title": "M / Black",
        "variant_id": f"variant_{number}", "variant_sku": f"SKU-{number}", "quantity": quantity,
        "unit_price": price, "is_tax_inclusive": False,
        "requires_shipping": True, "is_giftcard": False, "tax_lines": [], "adjustments": [],
        "created_at": "2026-11-20T09:00:00.000Z",
        "detail": dict.fromkeys(
            ("fulfilled_quantity", "shipped_quantity", "delivered_quantity", "return_requested_quantity",
             "return_received_quantity", "return_dismissed_quantity"), 0,
        ) | {"quantity": quantity},
        "variant": {
            "id": f"variant_{number}", "weight": 250,
            "product": {"id": "prod_1", "shipping_profile": {"id": "sp_01"}},
            "inventory_items": [{"inventory_item_id": f"iitem_{number}", "required_quantity": 1}],
        },
    }  # fmt: skip
    return made | more


def way(amount: float, **more: Any) -> Document:
    """A way of shipping."""
    made: Document = {
        "id": "ordsm_01", "name": "Standard", "amount": amount, "is_tax_inclusive": False, "tax_lines": [],
        "adjustments": [], "shipping_option_id": "so_01",
    }  # fmt: skip
    return made | more


def payment(number: str, amount: float, currency: str, *captures: float, at: str) -> Document:
    """An authorized payment, captured as said."""
    return {
        "id": f"pay_{number}", "amount": amount, "currency_code": currency, "provider_id": "pp_system_default",
        "created_at": at, "updated_at": at, "canceled_at": None, "refunds": [],
        "captures": [
            {"id": f"capt_{number}_{i}", "amount": taken, "created_at": at} for i, taken in enumerate(captures)
        ],
    }  # fmt: skip


def order(number: int, items: list[Document], at: str = "2026-11-20T09:00:00.000Z", **more: Any) -> Document:
    """An order placed and last changed `at`, paid in full by one captured payment unless `paid` says otherwise."""
    order_id, currency = f"order_{number:026d}", more.pop("currency_code", "eur")
    paid, status = more.pop("paid", True), "pending"
    made: Document = {
        "id": order_id, "display_id": number, "status": status, "version": 1, "is_draft_order": False,
        "created_at": at, "updated_at": at, "canceled_at": None, "email": "zoe@example.com",
        "currency_code": currency, "region_id": "reg_01", "items": items, "shipping_methods": [], "credit_lines": [],
        "shipping_address": dict(ADDRESS), "billing_address": dict(ADDRESS), "fulfillments": [], "returns": [],
        "customer": {"id": "cus_01", "email": "zoe@example.com", "first_name": "Zoë", "last_name": "Brandt",
                     "phone": None},
    }  # fmt: skip
    made |= more
    decorate(made)
    total = made["total"]
    captures = (total,) if paid else ()
    made["payment_collections"] = [
        {
            "id": f"pay_col_{number}", "amount": total, "currency_code": currency, "status": "authorized",
            "updated_at": at, "payments": [payment(str(number), total, currency, *captures, at=at)],
        }
    ]  # fmt: skip
    return restate(made)


def restate(document: Document) -> Document:
    """`payment_status` and `fulfillment_status` as core-flows' aggregate-status derives them, in place."""
    document["payment_status"] = _payment_status(document["payment_collections"])
    document["fulfillment_status"] = _fulfillment_status(document)
    return document


def _payment_status(collections: list[Document]) -> str:
    payments = [payment for collection in collections for payment in collection["payments"]]
    owed = sum(collection["amount"] for collection in collections)
    taken = sum(capture["amount"] for payment in payments for capture in payment["captures"])
    back = sum(refund["amount"] for payment in payments for refund in payment["refunds"])
    if back:
        return "refunded" if back >= owed else "partially_refunded"
    if taken or not owed:
        return "captured" if taken >= owed else "partially_captured"
    if payments and all(payment["canceled_at"] for payment in payments):
        return "canceled"
    return "authorized" if payments else "not_paid"


def _fulfillment_status(document: Document) -> str:
    alive = [each for each in document["fulfillments"] if not each["canceled_at"]]
    if not alive:
        return "canceled" if document["fulfillments"] else "not_fulfilled"
    open_ = any(each["detail"]["fulfilled_quantity"] < each["quantity"] for each in document["items"])
    for field, word in (("delivered_at", "delivered"), ("shipped_at", "shipped"), ("packed_at", "fulfilled")):
        there = [each for each in alive if each[field]]
        if there:
            return word if len(there) == len(alive) and not open_ else f"partially_{word}"
    return "not_fulfilled"


def variant(number: str, sku: str, *parts: tuple[int, dict[str, tuple[int, int]]], **more: Any) -> Document:
    """A variant made of inventory items: (units needed, {location: (stocked, reserved)}) each."""
    made: Document = {
        "id": f"variant_{number}", "title": "M / Black", "sku": sku, "ean": "4006381333931", "upc": None,
        "barcode": None, "weight": 250, "manage_inventory": True, "product": {"id": "prod_1", "title": "Linen shirt"},
        "prices": [
            {"id": "price_2", "amount": 17.5, "currency_code": "eur", "price_rules": [{"attribute": "region_id"}]},
            {"id": "price_1", "amount": 19.99, "currency_code": "eur", "price_rules": []},
            {"id": "price_3", "amount": 25, "currency_code": "usd", "price_rules": []},
        ],
        "inventory_items": [
            {
                "inventory_item_id": f"iitem_{number}{'abc'[place] if place else ''}", "required_quantity": needs,
                "inventory": {
                    "id": f"iitem_{number}",
                    "location_levels": [
                        {"location_id": where, "stocked_quantity": stocked, "reserved_quantity": reserved}
                        for where, (stocked, reserved) in levels.items()
                    ],
                },
            }
            for place, (needs, levels) in enumerate(parts)
        ],
    }  # fmt: skip
    return made | more
