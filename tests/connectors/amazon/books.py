"""What the double holds of one seller: orders with their packages, listings, and what was done to them.

Written from orders_2026-01-01.json, ordersV0.json (confirmShipment) and listingsItems_2021-08-01.json.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from hub.domain.outgoing import Kind

Node = dict[str, Any]

SELLER = "A3TH9S8BH6GOGM"
GERMANY, FRANCE = "A1PA6795UKMFR9", "A13V1IB3VIYZZH"
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
DATASETS = (
    "BUYER", "RECIPIENT", "PROCEEDS", "EXPENSE", "PROMOTION", "CANCELLATION", "FULFILLMENT", "PACKAGES", "TAX",
    "PAYMENT", "FULFILLMENT_ORDERS",
)  # fmt: skip
LAG = timedelta(minutes=2)


class Wrong(Exception):
    """Amazon refuses: a status, a code, and words for people."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


def bad(message: str) -> Wrong:
    return Wrong(400, "InvalidInput", message)


def iso(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment(text: object, name: str) -> datetime:
    if not isinstance(text, str) or not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", text):
        raise bad(f"{name} is not an ISO 8601 time")
    return datetime.fromisoformat(text)


class Books:
    """One seller. `now` is the double's clock: nothing moves it but tests and what is written."""

    def __init__(self) -> None:
        self.now = NOW
        self.orders: dict[str, Node] = {}
        self.levels: dict[str, int] = {}
        self.effects: list[tuple[Kind, str]] = []
        self.searches: dict[str, tuple[Node, list[str]]] = {}
        self.by_amazon: set[str] = set()
        """SKUs that Amazon's warehouses ship."""
        self.lead_days: dict[str, int] = {}
        """SKU → the seller's handling time, `lead_time_to_ship_max_days`."""
        self.ignore_stock = False
        self._seeded = 0

    # ---------------------------------------------------------------- orders

    def add(self, order: Node, **changes: object) -> str:
        """An order as the API tells it."""
        made = copy.deepcopy(order) | changes
        self.orders[made["orderId"]] = made
        return str(made["orderId"])

    def seed(self, count: int) -> list[str]:
        """Orders of one line, seven of them in the same second, all changed after whatever was searched before."""
        begun, made = self.now + timedelta(seconds=1), []
        for number in range(count):
            self._seeded += 1
            at = iso(begun + timedelta(seconds=number // 7))
            marketplace = (GERMANY, FRANCE)[self._seeded % 2]
            order_id = f"305-{self._seeded:07d}-{self._seeded * 7 % 10_000_000:07d}"
            made.append(self.add(plain_order(order_id, at, marketplace)))
        self.now = begun + timedelta(seconds=count // 7) + LAG + timedelta(seconds=10)
        return made

    def touch(self, order_id: str) -> None:
        """The order changes now, and a while passes."""
        self.now += timedelta(seconds=1)
        self.orders[order_id]["lastUpdatedTime"] = iso(self.now)
        self.now += LAG + timedelta(seconds=10)

    def search(self, query: Mapping[str, str]) -> Node:
        """searchOrders."""
        wanted = {name: value for name, value in query.items() if name not in ("paginationToken", "includedData")}
        begin, end, key = self._window(query)
        size = int(query.get("maxResultsPerPage", "100"))
        if not 1 <= size <= 100:
            raise bad("maxResultsPerPage must be between 1 and 100")
        if token := query.get("paginationToken"):
            kept, ids = self.searches.get(token, ({}, []))
            if kept != wanted:
                raise bad("paginationToken is unknown, or was given for other parameters")
        else:
            markets = set(filter(None, query.get("marketplaceIds", "").split(",")))
            found = [o for o in self.orders.values() if begin <= moment(o[key], key) <= end]
            # The contract promises no order of the list: the newest come first, to see who relies on one.
            found.sort(key=lambda o: (o[key], o["orderId"]), reverse=True)
            ids = [o["orderId"] for o in found if not markets or o["salesChannel"]["marketplaceId"] in markets]
        page, rest = ids[:size], ids[size:]
        answer: Node = {"orders": [shown(self.orders[it], query.get("includedData", "")) for it in page]}
        answer["lastUpdatedBefore" if key == "lastUpdatedTime" else "createdBefore"] = iso(end)
        if rest:
            mark = f"token-{len(self.searches)}"
            self.searches[mark] = wanted, rest
            answer["pagination"] = {"nextToken": mark}
        return answer

    def _window(self, query: Mapping[str, str]) -> tuple[datetime, datetime, str]:
        given = [name for name in ("createdAfter", "lastUpdatedAfter") if name in query]
        if len(given) != 1:
            raise bad("exactly one of createdAfter and lastUpdatedAfter must be provided")
        (after,) = given
        before, other = after.replace("After", "Before"), {"c": "lastUpdatedBefore", "l": "createdBefore"}[after[0]]
        if other in query:
            raise bad(f"{other} must not be provided with {after}")
        begin, latest = moment(query[after], after), self.now - LAG
        end = moment(query[before], before) if before in query else latest
        if end > latest:
            raise bad(f"{before} must be at least two minutes before the time of the request")
        if begin > end and before in query:
            raise bad(f"{before} must be equal to or after {after}")
        return begin, end, {"c": "createdTime", "l": "lastUpdatedTime"}[after[0]]

    def get(self, order_id: str, included: str) -> Node:
        """getOrder."""
        if order_id not in self.orders:
            raise Wrong(404, "NotFound", f"order {order_id} does not exist")
        return {"order": shown(self.orders[order_id], included)}

    # ---------------------------------------------------------------- confirmShipment

    def confirm(self, order_id: str, body: Node) -> None:
        """confirmShipment: `orders/v0/orders/{orderId}/shipmentConfirmation`."""
        order, detail = self.orders.get(order_id), body.get("packageDetail")
        if order is None:
            raise Wrong(404, "NotFound", f"order {order_id} does not exist")
        if not isinstance(detail, dict) or body.get("marketplaceId") != order["salesChannel"]["marketplaceId"]:
            raise bad("packageDetail is missing, or marketplaceId is not that of the order")
        for name in ("packageReferenceId", "carrierCode", "trackingNumber", "shipDate", "orderItems"):
            if not detail.get(name):
                raise bad(f"packageDetail.{name} is required")
        if not isinstance(detail["packageReferenceId"], str) or not detail["packageReferenceId"].isdigit():
            raise bad("PackageReferenceId: is invalid, must be a positive numeric value.")
        if detail["carrierCode"] == "Other" and not detail.get("carrierName"):
            raise bad("carrierName is required when carrierCode is Other")
        moment(detail["shipDate"], "shipDate")
        units = {it["orderItemId"]: it["quantity"] for it in detail["orderItems"]}
        self.ship(order, units, detail)

    def ship(self, order: Node, units: Mapping[str, int], detail: Node) -> None:
        """Packs units of an order. Raises `Wrong` for more than there is, or a package that is there already."""
        items = {item["orderItemId"]: item for item in order["orderItems"]}
        known = {package["packageReferenceId"] for package in order.get("packages", ())}
        left = all(
            line in items and 0 < count <= items[line]["fulfillment"]["quantityUnfulfilled"]
            for line, count in units.items()
        )
        status = order["fulfillment"]["fulfillmentStatus"]
        if detail["packageReferenceId"] in known or not left or status not in ("UNSHIPPED", "PARTIALLY_SHIPPED"):
            raise bad("Failed to create package due to not finding a matching package or order already fulfilled.")
        for line, count in units.items():
            items[line]["fulfillment"]["quantityUnfulfilled"] -= count
            items[line]["fulfillment"]["quantityFulfilled"] += count
        order.setdefault("packages", []).append(
            {
                "packageReferenceId": detail["packageReferenceId"],
                "packageStatus": {"status": "SHIPPED"},
                "carrier": detail.get("carrierName") or detail["carrierCode"],
                "trackingNumber": detail["trackingNumber"],
                "shippingService": detail.get("shippingMethod", ""),
                "shipTime": detail["shipDate"],
                "packageItems": [{"orderItemId": line, "quantity": count} for line, count in units.items()],
            }
        )
        over = not any(item["fulfillment"]["quantityUnfulfilled"] for item in items.values())
        order["fulfillment"]["fulfillmentStatus"] = "SHIPPED" if over else "PARTIALLY_SHIPPED"
        self.effects.append((Kind.PUSH_SHIPMENT, detail["packageReferenceId"]))
        self.touch(order["orderId"])

    def cancel(self, order_id: str, reasons: Mapping[str, str]) -> None:
        """An order acknowledgement with status Failure."""
        order = self.orders.get(order_id)
        if order is None:
            raise bad(f"order {order_id} does not exist")
        if order["fulfillment"]["fulfillmentStatus"] != "UNSHIPPED":
            raise bad("the order cannot be cancelled any more")
        if set(reasons) != {item["orderItemId"] for item in order["orderItems"]}:
            raise bad("every item of the order must be named")
        order["fulfillment"]["fulfillmentStatus"] = "CANCELLED"
        for item in order["orderItems"]:
            why = {"cancelledBy": "MERCHANT", "cancelReason": reasons[item["orderItemId"]]}
            item["cancellation"] = {"cancellationExecution": why}
            item["fulfillment"]["quantityUnfulfilled"] = 0
        self.effects.append((Kind.PUSH_CANCELLATION, order_id))
        self.touch(order_id)

    # ---------------------------------------------------------------- listings

    def patch(self, sku: str, body: Node) -> Node:
        """patchListingsItem."""
        if not body.get("productType") or not body.get("patches"):
            raise bad("productType and patches are required")
        if sku not in self.levels:
            raise bad(f"SKU {sku} is not one of the seller's")
        (patch,) = body["patches"]
        if patch["op"] not in ("replace", "merge") or patch["path"] != "/attributes/fulfillment_availability":
            raise bad("this seller changes stock only")
        (value,) = patch["value"]
        if value["fulfillment_channel_code"] != "DEFAULT" or not isinstance(value["quantity"], int):
            raise bad("fulfillment_availability is wrong")
        if patch["op"] == "replace":
            self.lead_days.pop(sku, None)  # what a replaced attribute does not say any more is gone
        self.by_amazon.discard(sku)  # a quantity in DEFAULT makes the listing one that the seller ships
        if not self.ignore_stock:
            self.levels[sku] = value["quantity"]
        self.effects.append((Kind.PUSH_STOCK, sku))
        return {"sku": sku, "status": "ACCEPTED", "submissionId": f"sub-{len(self.effects)}", "issues": []}

    def listed(self, sku: str) -> Node:
        """One listing, every data set."""
        if sku not in self.levels:
            raise Wrong(404, "NOT_FOUND", f"SKU {sku} was not found")
        summary = {"asin": "B0" + sku[:8], "productType": "LUGGAGE", "itemName": f"{sku} in {{}}"}
        return {
            "sku": sku,
            "summaries": [
                {"marketplaceId": it, **summary, "itemName": f"{sku} in {name}"}
                for it, name in ((FRANCE, "France"), (GERMANY, "Germany"))
            ],
            "offers": [
                {"marketplaceId": GERMANY, "offerType": "B2B", "price": {"amount": "9.00", "currencyCode": "EUR"}},
                {"marketplaceId": GERMANY, "offerType": "B2C", "price": {"amount": "12.5", "currencyCode": "EUR"}},
            ],
            "fulfillmentAvailability": [
                {"fulfillmentChannelCode": "AMAZON_EU"}
                if sku in self.by_amazon
                else {"fulfillmentChannelCode": "DEFAULT", "quantity": self.levels[sku]}
            ],
        }


def shown(order: Node, included: str) -> Node:
    """The order with the data sets that were asked for."""
    sets = {name for name in included.split(",") if name}
    if unknown := sets - set(DATASETS):
        raise bad(f"includedData: {sorted(unknown)}")
    hidden = {name.lower() for name in DATASETS if name not in sets}
    made = {name: value for name, value in order.items() if name.lower() not in hidden}
    made["orderItems"] = [
        {name: value for name, value in item.items() if name.lower() not in hidden} for item in order["orderItems"]
    ]
    return made


def euros(amount: str) -> Node:
    return {"amount": amount, "currencyCode": "EUR"}


def plain_order(order_id: str, at: str, marketplace: str = GERMANY, units: int = 1) -> Node:
    """An unshipped order of one line, with everything an order needs."""
    total = euros(f"{units * 20}.00")
    return {
        "orderId": order_id,
        "createdTime": at,
        "lastUpdatedTime": at,
        "programs": [],
        "salesChannel": {"channelName": "AMAZON", "marketplaceId": marketplace, "marketplaceName": "Amazon"},
        "buyer": {"buyerName": "Erika Muster", "buyerEmail": f"{order_id[:3]}x@marketplace.amazon.de"},
        "recipient": {"deliveryAddress": {
            "name": "Erika Muster", "addressLine1": "Hauptstr. 1", "city": "Berlin", "postalCode": "10115",
            "countryCode": "DE", "addressType": "RESIDENTIAL",
        }},
        "proceeds": {"grandTotal": total},
        "fulfillment": {
            "fulfillmentStatus": "UNSHIPPED", "fulfilledBy": "MERCHANT", "fulfillmentServiceLevel": "STANDARD",
        },
        "orderItems": [{
            "orderItemId": f"{order_id.replace('-', '')}1",
            "quantityOrdered": units,
            "product": {"asin": "B000000001", "title": "Kettle", "sellerSku": "KETTLE",
                        "price": {"unitPrice": euros("20.00")}},
            "proceeds": {"proceedsTotal": total, "breakdowns": [{"type": "ITEM", "subtotal": total}]},
            "fulfillment": {"quantityFulfilled": 0, "quantityUnfulfilled": units},
        }],
    }  # fmt: skip


def queue_of(ids: Sequence[str]) -> list[Node]:
    """ORDER_CHANGE notifications about orders, as Amazon writes them."""
    return [order_change(order_id, number) for number, order_id in enumerate(ids)]


def order_change(order_id: str, number: int = 0, changed: str | None = None, seller: str = SELLER) -> Node:
    """One ORDER_CHANGE."""
    return {
        "NotificationVersion": "1.0",
        "NotificationType": "ORDER_CHANGE",
        "PayloadVersion": "1.0",
        "EventTime": iso(NOW),
        "Payload": {"OrderChangeNotification": {
            "NotificationLevel": "OrderLevel",
            "SellerId": seller,
            "AmazonOrderId": order_id,
            "OrderChangeType": "OrderStatusChange",
            "OrderChangeTrigger": {"TimeOfOrderChange": changed, "ChangeReason": "Status changed"},
            "Summary": {"MarketplaceId": GERMANY, "OrderStatus": "Unshipped", "FulfillmentType": "MFN",
                        "OrderItems": []},
        }},
        "NotificationMetadata": {
            "ApplicationId": "app", "SubscriptionId": "sub", "PublishTime": iso(NOW),
            "NotificationId": f"notice-{number}",
        },
    }  # fmt: skip
