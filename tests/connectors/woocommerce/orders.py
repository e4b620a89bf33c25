"""Orders and products in WooCommerce's shape, to begin a test with."""

from __future__ import annotations

from typing import Any

HOME = {
    "first_name": "Ada",
    "last_name": "Pfeiffer",
    "company": "",
    "address_1": "Lange Straße 12",
    "address_2": "",
    "city": "Oldenburg",
    "state": "DE-NI",
    "postcode": "26122",
    "country": "DE",
    "phone": "",
}


def line(line_id: int, quantity: int, total: str, tax: str, product: tuple[int, int, str]) -> dict[str, Any]:
    """One line; `product` is (product, variation, SKU)."""
    return {
        "id": line_id,
        "name": f"Thing {product[0]}",
        "product_id": product[0],
        "variation_id": product[1],
        "quantity": quantity,
        "tax_class": "",
        "subtotal": total,
        "subtotal_tax": tax,
        "total": total,
        "total_tax": tax,
        "taxes": [{"id": 7, "total": tax, "subtotal": tax}],
        "meta_data": [],
        "sku": product[2],
        "price": 1.0,
    }


def order_of(order_id: int, **changes: Any) -> dict[str, Any]:
    """A paid order of three scarves and a lamp, 84.37 EUR, on its way to be shipped."""
    return {
        "id": order_id,
        "parent_id": 0,
        "number": str(order_id),
        "status": "processing",
        "currency": "EUR",
        "currency_symbol": "€",
        "total": "84.37",
        "total_tax": "13.47",
        "prices_include_tax": False,
        "customer_id": 0,
        "customer_note": "",
        "billing": {**HOME, "email": "ada@example.com", "phone": "+49 441 36116640"},
        "shipping": dict(HOME),
        "payment_method": "stripe",
        "transaction_id": f"ch_{order_id}",
        "date_paid_gmt": "2026-11-20T09:00:00",
        "date_completed_gmt": None,
        "line_items": [
            line(1, 3, "45.00", "8.55", (41, 0, "SCARF")),
            line(2, 1, "21.00", "3.99", (50, 52, "LAMP-RED")),
        ],
        "shipping_lines": [
            {
                "id": 3,
                "method_title": "DHL",
                "method_id": "flat_rate",
                "instance_id": "2",
                "total": "4.90",
                "total_tax": "0.93",
            }
        ],
        "fee_lines": [],
        "coupon_lines": [],
        "refunds": [],
        "meta_data": [],
    } | changes


def product_of(product_id: int, sku: str, **changes: Any) -> dict[str, Any]:
    """A simple product of 15.00, 250 g."""
    return {
        "id": product_id,
        "parent_id": 0,
        "type": "simple",
        "name": f"Thing {product_id}",
        "sku": sku,
        "price": "15.00",
        "weight": "0.25",
        "global_unique_id": "",
        "attributes": [],
        "manage_stock": True,
        "stock_quantity": 3,
    } | changes


def catalog() -> list[dict[str, Any]]:
    """A scarf, a lamp in three colors of which one has no SKU of its own, and what is not sold from here."""
    red = [{"id": 1, "name": "Color", "option": "red"}]
    blue = [{"id": 1, "name": "Color", "option": "blue"}]
    lamp = {"type": "variation", "parent_id": 50, "price": "21.00", "weight": ""}
    return [
        product_of(41, "SCARF", name="Scarf &#8220;Nordlicht&#8221;", global_unique_id="4006381333931"),
        product_of(50, "LAMP", type="variable", name="Lamp", manage_stock=False, stock_quantity=None),
        product_of(52, "LAMP-RED", **lamp, attributes=red),
        product_of(53, "LAMP-BLUE", **lamp, attributes=blue, manage_stock="parent"),
        product_of(54, "", **lamp, manage_stock=False, stock_quantity=None),
        product_of(60, "SET", type="grouped"),
        product_of(61, "ELSEWHERE", type="external"),
    ]
