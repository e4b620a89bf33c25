"""What the double's shop knows. Orders are kept as webhook bodies."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from hub.domain.outgoing import Kind
from tests.connectors.shopify.nodes import Node, connection, fulfillment_node, gid, order_node, refund_node, return_node

NOW = "2026-11-22T12:00:00Z"
LOCATION = gid("Location", 70001)


def tail(gid_: str) -> str:
    """The number of a global id."""
    return gid_.rsplit("/", 1)[-1]


class ShopState:
    """One shop. `page` limits the lists inside an order; `reference` is that of the call being served."""

    def __init__(self, shop: str) -> None:
        self.shop = shop
        self.page = 250
        self.reference = ""
        self.orders: dict[str, Node] = {}
        self.fulfillment_orders: dict[str, list[Node]] = {}
        self.transactions: dict[str, list[Node]] = {}
        self.returns: dict[str, list[Node]] = {}
        """Bodies of returns/request by order, with what the API knows besides: see `return_node`."""
        self.scopes = {"read_orders", "write_orders", "read_returns"}
        self.risks: dict[str, list[Node]] = {}
        self.events: dict[str, list[Node]] = {}
        self.fulfillments: list[Node] = []
        """What was pushed: order_id, tracking_number, company, url, notify, lines {line id: units}."""
        self.subscriptions: dict[str, Node] = {}
        self.variants: dict[str, Node] = {}
        self.levels: dict[tuple[str, str], int] = {}
        self.effects: list[tuple[Kind, str]] = []
        self.ids = itertools.count(9_000_001)

    # ---------------------------------------------------------------- orders

    def add_order(self, body: Node, split: Sequence[Sequence[object]] | None = None) -> str:
        """Takes an order as a webhook or the REST API gives it. `split` makes one fulfillment order of each group of
        line ids; a newer body of a known order replaces the older."""
        order = copy.deepcopy(body.get("order", body))
        number = str(order["id"])
        known = self.orders.get(number)
        if known and datetime.fromisoformat(known["updated_at"]) > datetime.fromisoformat(order["updated_at"]):
            return number
        for field in ("fulfillments", "refunds"):
            order[field] = order.get(field) or []
        self.orders[number] = order
        groups = split or [[line["id"] for line in order["line_items"]]]
        self.fulfillment_orders[number] = [self._fulfillment_order(order, group) for group in groups]
        self.transactions[number] = self._paid(order)
        return number

    def _fulfillment_order(self, order: Node, group: Sequence[object]) -> Node:
        shipped: dict[object, int] = {}
        for fulfillment in order["fulfillments"]:
            for line in fulfillment["line_items"] if fulfillment["status"] == "success" else ():
                shipped[line["id"]] = shipped.get(line["id"], 0) + line["quantity"]
        lines = [
            {"id": gid("FulfillmentOrderLineItem", next(self.ids)), "line": line["id"], "remaining": left}
            for line in order["line_items"]
            if line["id"] in group and line.get("requires_shipping", True)
            and (left := line.get("current_quantity", line["quantity"]) - shipped.get(line["id"], 0)) > 0
        ]  # fmt: skip
        return {"id": gid("FulfillmentOrder", next(self.ids)), "status": "OPEN" if lines else "CLOSED", "lines": lines}

    def _paid(self, order: Node) -> list[Node]:
        kind = {"authorized": "AUTHORIZATION", "pending": None, "voided": None}.get(
            order.get("financial_status"), "SALE"
        )
        both = order.get("total_price_set") or {}
        total = both.get("presentment_money") or {"amount": order["total_price"], "currency_code": order["currency"]}
        return [self.transaction(kind, total["amount"], total["currency_code"], None)] if kind else []

    def transaction(self, kind: str, amount: str, currency: str, parent: str | None) -> Node:
        money = {"amount": amount, "currencyCode": currency}
        return {
            "id": gid("OrderTransaction", next(self.ids)),
            "kind": kind,
            "status": "SUCCESS",
            "gateway": "shopify_payments",
            "amountSet": {"presentmentMoney": money, "shopMoney": money},
            "parentTransaction": {"id": parent} if parent else None,
        }

    def node(self, number: str) -> Node:
        """The order as the API shows it."""
        node = order_node(self.orders[number], self.page, self.risks.get(number, ()))
        bodies = self.orders[number]["fulfillments"]
        shipped = [fulfillment_node(f, self.events.get(str(f["id"]), ()), self.page) for f in bodies]
        back = [return_node(each, self.page) for each in self.returns.get(number, ())]
        return node | {
            "returnStatus": "IN_PROGRESS" if back else "NO_RETURN",
            "returns": connection(back, self.page),
            "fulfillments": lambda info, **_: shipped,
            "fulfillmentOrders": connection([self._show(each) for each in self.fulfillment_orders[number]], self.page),
            "transactions": lambda info, **_: self.transactions[number],
        }

    def _show(self, order: Node) -> Node:
        lines = [
            {
                "id": line["id"],
                "remainingQuantity": line["remaining"],
                "lineItem": {"id": gid("LineItem", line["line"])},
            }
            for line in order["lines"]
        ]
        shown = {"__typename": "FulfillmentOrder", "id": order["id"], "status": order["status"]}
        return shown | {"lineItems": connection(lines, self.page)}

    def find(self, gid_: str) -> Node | None:
        """`node(id:)` for what has lists to be read on."""
        for number, order in self.orders.items():
            if gid_ == gid("Order", number):
                return self.node(number)
            for each in self.fulfillment_orders[number]:
                if each["id"] == gid_:
                    return self._show(each)
            for each in order["fulfillments"]:
                if gid("Fulfillment", each["id"]) == gid_:
                    return fulfillment_node(each, page=self.page)
            for each in self.returns.get(number, ()):
                if gid("Return", each["id"]) == gid_:
                    return return_node(each, self.page)
            for each in order["refunds"]:
                if gid("Refund", each["id"]) == gid_:
                    return refund_node(each, self.page)
        return None

    def did(self, kind: Kind) -> None:
        """Notes an effect under the reference of the call."""
        self.effects.append((kind, self.reference))

    def subscribe(self, topic: str, uri: str) -> Node:
        """A subscription that is simply there."""
        id_ = gid("WebhookSubscription", next(self.ids))
        self.subscriptions[id_] = {
            "id": id_, "topic": topic, "uri": uri, "format": "JSON", "includeFields": [], "filter": None,
        }  # fmt: skip
        return self.subscriptions[id_]

    def add_variant(self, number: int, sku: str, price: str = "10.00", **more: Any) -> Node:
        """A variant with its inventory item, stocked with 7 at the primary location."""
        item = gid("InventoryItem", number + 1)
        weight = more.get("weight")
        self.levels[item, LOCATION] = 7
        self.variants[str(number)] = {
            "id": gid("ProductVariant", number), "sku": sku, "barcode": more.get("barcode"), "price": price,
            "displayName": more.get("title", f"Thing {sku}"),
            "product": {"vendor": more.get("vendor", "Nordlicht"), "tags": more.get("tags", [])},
            "inventoryItem": {
                "id": item, "measurement": {"weight": weight},
                "inventoryLevel": lambda info, locationId, **_: self._level(item, locationId),
            },
        }  # fmt: skip
        return self.variants[str(number)]

    def _level(self, item: str, location: str) -> Node | None:
        there = self.levels.get((item, location))
        return None if there is None else {"quantities": lambda info, names: [{"quantity": there} for _ in names]}
