"""What the Admin API shows of an order that a webhook tells: the double keeps webhook bodies and answers with nodes."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from typing import Any

Node = dict[str, Any]

STATUS = {None: "UNFULFILLED", "partial": "PARTIALLY_FULFILLED", "fulfilled": "FULFILLED", "restocked": "RESTOCKED"}


def gid(kind: str, number: object) -> str:
    """The global id."""
    return f"gid://shopify/{kind}/{number}"


def cursor(mark: object) -> str:
    """An opaque cursor."""
    return base64.b64encode(str(mark).encode()).decode()


def connection(items: Sequence[Node], most: int = 250) -> Callable[..., Node]:
    """A connection whose cursors are positions. `most` is the largest page it gives."""

    def page(info: Any, first: int | None = None, after: str | None = None, reverse: bool = False, **_: Any) -> Node:
        listed = list(reversed(items)) if reverse else list(items)
        start = int(base64.b64decode(after)) if after else 0
        end = start + min(first or most, most)
        nodes = listed[start:end]
        return {
            "nodes": nodes,
            "pageInfo": {
                "hasNextPage": end < len(listed),
                "hasPreviousPage": start > 0,
                "startCursor": cursor(start) if nodes else None,
                "endCursor": cursor(start + len(nodes)) if nodes else None,
            },
        }

    return page


class Money:
    """Makes MoneyBags of one order; plain amounts are in the shop's currency."""

    def __init__(self, body: Node) -> None:
        both = body.get("total_price_set") or {}
        self.shop = body["currency"]
        self.buyer = both.get("presentment_money", {}).get("currency_code") or self.shop

    def bag(self, holder: Node, field: str) -> Node | None:
        """The bag of `field`, from its set or its plain amount; None when the order has neither."""
        both = holder.get(f"{field}_set")
        if both:
            return {"shopMoney": _money(both["shop_money"]), "presentmentMoney": _money(both["presentment_money"])}
        if holder.get(field) is None:
            return None
        assert self.shop == self.buyer or float(holder[field]) == 0, f"{field} is given in the shop's currency only"
        return self.of(holder[field])

    def of(self, amount: object) -> Node:
        """A bag of the same amount on both sides."""
        return {
            "shopMoney": {"amount": str(amount), "currencyCode": self.shop},
            "presentmentMoney": {"amount": str(amount), "currencyCode": self.buyer},
        }

    def allocations(self, holder: Node, spread: object = "0.0") -> list[Node]:
        given = holder.get("discount_allocations")
        if not given and float(str(spread)):
            return [{"allocatedAmountSet": self.of(spread)}]
        return [{"allocatedAmountSet": self.bag(each, "amount")} for each in given or ()]

    def taxes(self, holder: Node) -> list[Node]:
        return [
            {"title": each.get("title", "Tax"), "priceSet": self.bag(each, "price")}
            for each in holder.get("tax_lines") or ()
        ]


def _money(given: Node) -> Node:
    return {"amount": given["amount"], "currencyCode": given["currency_code"]}


def order_node(body: Node, page: int = 250, risk: Sequence[Node] = ()) -> Node:
    """The order as the API shows it; lists inside give at most `page` items a page."""
    money = Money(body)
    lines = [_line(line, money, _refunded(body, line)) for line in body["line_items"] if not line.get("tip")]
    return {
        "__typename": "Order",
        "id": gid("Order", body["id"]),
        "name": body["name"],
        "createdAt": body["created_at"],
        "processedAt": body.get("processed_at") or body["created_at"],
        "updatedAt": body["updated_at"],
        "cancelledAt": body.get("cancelled_at"),
        "cancelReason": (body.get("cancel_reason") or "").upper() or None,
        "currencyCode": money.shop,
        "presentmentCurrencyCode": money.buyer,
        "taxesIncluded": body.get("taxes_included", False),
        "dutiesIncluded": body.get("duties_included", False),
        "test": body.get("test", False),
        "displayFinancialStatus": (body.get("financial_status") or "").upper() or None,
        "displayFulfillmentStatus": STATUS.get(body.get("fulfillment_status"), "UNFULFILLED"),
        "totalCashRoundingAdjustment": {
            "paymentSet": money.bag(body, "total_cash_rounding_payment_adjustment") or money.of("0.0"),
            "refundSet": money.of("0.0"),
        },
        "lineItems": connection(lines, page),
        "shippingLines": connection(
            [_shipping(s, money) for s in body.get("shipping_lines") or () if not s.get("is_removed")]
        ),
        "fulfillments": lambda info, **_: [fulfillment_node(f, page=page) for f in body.get("fulfillments") or ()],
        "refunds": lambda info, **_: [refund_node(r, page) for r in body.get("refunds") or ()],
        "risk": {"assessments": list(risk), "recommendation": "NONE"},
        **_totals(body, money),
        **_people(body),
    }


def _totals(body: Node, money: Money) -> Node:
    return {
        "totalPriceSet": money.bag(body, "total_price"),
        "subtotalPriceSet": money.bag(body, "subtotal_price"),
        "totalTaxSet": money.bag(body, "total_tax"),
        "totalDiscountsSet": money.bag(body, "total_discounts"),
        "totalOutstandingSet": money.bag(body, "total_outstanding") or money.of("0.0"),
        "totalTipReceivedSet": money.bag(body, "total_tip_received") or money.of("0.0"),
        "originalTotalDutiesSet": money.bag(body, "original_total_duties"),
        "originalTotalAdditionalFeesSet": money.bag(body, "original_total_additional_fees"),
    }


def _people(body: Node) -> Node:
    details = body.get("client_details") or {}
    return {
        "note": body.get("note"),
        "email": body.get("email") or None,
        "phone": body.get("phone"),
        "customerLocale": body.get("customer_locale"),
        "clientIp": body.get("browser_ip") or details.get("browser_ip"),
        "paymentGatewayNames": body.get("payment_gateway_names") or [n for n in (body.get("gateway"),) if n],
        "shippingAddress": _address(body.get("shipping_address")),
        "billingAddress": _address(body.get("billing_address")),
        "customer": _customer(body.get("customer")),
    }


def _customer(who: Node | None) -> Node | None:
    """Old payloads have customers without an id; the API has none."""
    if not who or not who.get("id"):
        return None
    return {
        "id": gid("Customer", who["id"]),
        "firstName": who.get("first_name"),
        "lastName": who.get("last_name"),
        "defaultEmailAddress": {"emailAddress": who["email"]} if who.get("email") else None,
        "defaultPhoneNumber": {"phoneNumber": who["phone"]} if who.get("phone") else None,
    }


def _refunded(body: Node, line: Node) -> int:
    items = [item for refund in body.get("refunds") or () for item in refund.get("refund_line_items") or ()]
    return sum(item["quantity"] for item in items if item["line_item_id"] == line["id"])


def _line(line: Node, money: Money, refunded: int) -> Node:
    refs = {kind: line.get(f"{kind}_id") for kind in ("variant", "product")}
    return {
        "__typename": "LineItem",
        "id": gid("LineItem", line["id"]),
        "name": line.get("name") or line["title"],
        "title": line["title"],
        "sku": line.get("sku"),
        "quantity": line["quantity"],
        "currentQuantity": line.get("current_quantity", line["quantity"] - refunded),
        "requiresShipping": line.get("requires_shipping", True),
        "isGiftCard": line.get("gift_card", False),
        "taxable": line.get("taxable", True),
        "variant": {"id": gid("ProductVariant", refs["variant"])} if refs["variant"] else None,
        "product": {"id": gid("Product", refs["product"])} if refs["product"] else None,
        "originalUnitPriceSet": money.bag(line, "price"),
        "discountAllocations": money.allocations(line, line.get("total_discount") or "0.0"),
        "taxLines": lambda info, **_: money.taxes(line),
    }


def _shipping(line: Node, money: Money) -> Node:
    return {
        "title": line["title"],
        "code": line.get("code"),
        "originalPriceSet": money.bag(line, "price"),
        "discountedPriceSet": money.bag(line, "discounted_price") or money.bag(line, "price"),
        "discountAllocations": money.allocations(line),
        "taxLines": money.taxes(line),
    }


def _address(given: Node | None) -> Node | None:
    fields = ("name", "company", "address1", "address2", "city", "province", "zip", "phone")
    return given and {
        **{field: given.get(field) for field in fields},
        "provinceCode": given.get("province_code"),
        "countryCodeV2": given.get("country_code"),
    }


def fulfillment_node(body: Node, events: Sequence[Node] = (), page: int = 250) -> Node:
    """One fulfillment as the API shows it."""
    lines = [
        {
            "id": gid("FulfillmentLineItem", n),
            "quantity": each["quantity"],
            "lineItem": {"id": gid("LineItem", each["id"])},
        }
        for n, each in enumerate(body.get("line_items") or ())
    ]
    numbers = body.get("tracking_numbers") or [body.get("tracking_number")]
    tracking = [
        {"company": body.get("tracking_company"), "number": number, "url": body.get("tracking_url")}
        for number in numbers
        if number
    ]
    return {
        "__typename": "Fulfillment",
        "id": gid("Fulfillment", body["id"]),
        "status": body["status"].upper(),
        "createdAt": body["created_at"],
        "updatedAt": body["updated_at"],
        "trackingInfo": lambda info, **_: tracking,
        "fulfillmentLineItems": connection(lines, page),
        "events": connection(list(events)),
    }


def refund_node(body: Node, page: int = 250) -> Node:
    """One refund as the API shows it."""
    lines = [
        {
            "quantity": each["quantity"],
            "restockType": (each.get("restock_type") or "no_restock").upper(),
            "lineItem": {"id": gid("LineItem", each["line_item_id"])},
        }
        for each in body.get("refund_line_items") or ()
    ]
    return {
        "__typename": "Refund",
        "id": gid("Refund", body["id"]),
        "note": body.get("note"),
        "refundLineItems": connection(lines, page),
    }


def return_node(body: Node, page: int = 250) -> Node:
    """One return as the API shows it, of a returns/request body with `created_at`; `processed` maps a line's place to
    its units, `tracking` is (carrier, number)."""
    lines = [
        {
            "__typename": "ReturnLineItem",
            "id": gid("ReturnLineItem", each["id"]),
            "quantity": each["quantity"],
            "processedQuantity": body.get("processed", {}).get(place, 0),
            "returnReasonDefinition": {"handle": each["return_reason"].replace("_", "-")},
            "fulfillmentLineItem": {"lineItem": {"id": gid("LineItem", _sold(each))}},
        }
        for place, each in enumerate(body["return_line_items"])
    ]
    carrier, number = body.get("tracking", (None, None))
    parcel = {
        "__typename": "ReverseDeliveryShippingDeliverable",
        "tracking": {"number": number, "carrierName": carrier} if number else None,
    }
    deliveries = connection([{"deliverable": parcel}])
    return {
        "__typename": "Return",
        "id": gid("Return", body["id"]),
        "name": body["name"],
        "status": body["status"].upper(),
        "createdAt": body["created_at"],
        "requestApprovedAt": body.get("approved_at"),
        "closedAt": body.get("closed_at"),
        "returnLineItems": connection(lines, page),
        "reverseFulfillmentOrders": connection([{"reverseDeliveries": deliveries}]),
    }


def _sold(item: Node) -> object:
    return item["fulfillment_line_item"]["line_item"]["id"]
