"""What the samples say, worked out by hand from the files: minor units, units, and what each shop still lacks."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tests.shows.shops import body


class Line(NamedTuple):
    """One line: price of a unit, discount and tax of the whole line, units, and those shipped by others."""

    unit_price: int
    discount: int
    tax: int
    ordered: int
    shipped: int


class Told(NamedTuple):
    """One sample. `ledger`: what the books hold once it is in; `shipping`: what is charged for it."""

    order: str
    currency: str
    total: int
    tax: int
    lines: Sequence[Line]
    shipping: int
    payment: tuple[str, int, int, str, str]
    """State, amount, captured, gateway, last four digits."""
    ledger: Mapping[str, int]


SAMPLES: Mapping[str, Told] = {
    # 3 × 199.00 + 11.94 tax = 608.94, and the file says 409.94; 11.94 over three equal lines is 3.98 each.
    "pyapi_order": Told(
        "450789469", "USD", 40994, 1194, [Line(19900, 0, 398, 1, 0)] * 3, 0,
        ("authorized", 40994, 0, "authorize_net", "4242"),
        {"receivable": 40994, "sales": -39800, "tax": -1194},
    ),
    # 0.00 + (5.00 - 5.00) + 10.00 shipping; cancelled and voided, so nothing is owed.
    "goshopify_order": Told(
        "123456", "USD", 1000, 0, [Line(0, 0, 0, 1, 0), Line(500, 500, 0, 1, 0)], 1000,
        ("voided", 1000, 0, "visa", ""), {},
    ),
    # 3 × 150.00 + 5 × 0.00 + 20.00 shipping; five of eight units have left in two fulfillments.
    "spreevcr_base_order_1": Told(
        "5182437124", "EUR", 47000, 0, [Line(15000, 0, 0, 3, 3), Line(0, 0, 0, 5, 3)], 2000,
        ("captured", 47000, 47000, "bogus", ""), {"cash": 47000, "sales": -47000},
    ),
    # The same order two months later: the last two units left in a third fulfillment.
    "spreevcr_order_with_missing_data_1": Told(
        "5182437124", "EUR", 47000, 0, [Line(15000, 0, 0, 3, 3), Line(0, 0, 0, 5, 5)], 2000,
        ("captured", 47000, 47000, "bogus", ""), {"cash": 47000, "sales": -47000},
    ),
    # (99.00 - 5.00) + 100.00 + 100.00 + 10.00 shipping.
    "webhook2025_order_create_dis2": Told(
        "6200354537772", "HKD", 30400, 0,
        [Line(9900, 500, 0, 1, 0), Line(10000, 0, 0, 1, 0), Line(10000, 0, 0, 1, 0)], 1000,
        ("captured", 30400, 30400, "manual", ""), {"cash": 30400, "sales": -30400},
    ),
}  # fmt: skip

OTHERS = ("pyapi_refund", "pyapi_fulfillment")
"""Payloads that are no orders but that Shopify delivers too; both speak of 450789469."""

COLUMNS = ("sku", "location", "on_hand", "title", "account", "listing")


def skus(sample: Mapping[str, Any]) -> dict[str, str]:
    """Listing id → SKU of an order's lines: the shop's own SKU, else one we give the product."""
    found = {}
    for line in sample["line_items"]:
        listing = str(line["variant_id"] or line["product_id"])
        found[listing] = line.get("sku") or f"SHOPIFY-{listing}"
    return found


def stock_csv(files: Sequence[Path], accounts: Sequence[str], on_hand: int = 10) -> str:
    """The file of `stock import`: every product that the samples name, with what each account calls it."""
    text = io.StringIO()
    lines = csv.writer(text)
    lines.writerow(COLUMNS)
    for file in files:
        sample = body(file)
        titles = {str(line["variant_id"] or line["product_id"]): line["name"] for line in sample["line_items"]}
        for listing, sku in skus(sample).items():
            lines.writerows([sku, "berlin", on_hand, titles[listing], account, listing] for account in accounts)
    return text.getvalue()
