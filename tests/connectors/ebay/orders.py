"""Orders as getOrder gives them, written by hand."""

from __future__ import annotations

from typing import Any


def amount(value: str, currency: str = "EUR") -> dict[str, str]:
    """Money."""
    return {"value": value, "currency": currency}


def plain_order(number: int, at: str, lines: int = 1) -> dict[str, Any]:
    """A paid order with `lines` lines of two units at 10.00 each and 4.90 for delivery."""
    made = [
        {
            "lineItemId": f"{10_000_000 + number}{line:02d}", "legacyItemId": f"1101{number:08d}", "sku": f"SKU-{line}",
            "title": f"Teapot {line}", "lineItemCost": amount("20.0"), "quantity": 2, "soldFormat": "FIXED_PRICE",
            "listingMarketplaceId": "EBAY_DE", "purchaseMarketplaceId": "EBAY_DE",
            "lineItemFulfillmentStatus": "NOT_STARTED", "total": amount("24.9"),
            "deliveryCost": {"shippingCost": amount("4.9")}, "appliedPromotions": [], "taxes": [], "refunds": [],
            "properties": {"buyerProtection": True},
        }
        for line in range(1, lines + 1)
    ]  # fmt: skip
    total = f"{20 * lines + 4.9:.1f}"
    return {
        "orderId": f"07-{number:05d}-11111", "legacyOrderId": f"1101{number:08d}-2200{number:09d}",
        "creationDate": at, "lastModifiedDate": at, "orderFulfillmentStatus": "NOT_STARTED",
        "orderPaymentStatus": "PAID", "sellerId": "testseller",
        "buyer": {"username": f"buyer-{number}", "taxAddress": {"postalCode": "10115", "countryCode": "DE"}},
        "pricingSummary": {
            "priceSubtotal": amount(f"{20 * lines}.0"), "deliveryCost": amount("4.9"), "total": amount(total),
        },
        "cancelStatus": {"cancelState": "NONE_REQUESTED", "cancelRequests": []},
        "paymentSummary": {
            "totalDueSeller": amount("22.0"), "refunds": [],
            "payments": [{
                "paymentMethod": "EBAY", "paymentReferenceId": f"42{number:06d}_S", "paymentDate": at,
                "amount": amount("22.0"), "paymentStatus": "PAID",
            }],
        },
        "fulfillmentStartInstructions": [{
            "fulfillmentInstructionsType": "SHIP_TO", "ebaySupportedFulfillment": False,
            "shippingStep": {
                "shipTo": {
                    "fullName": "Ada Byron", "email": f"b{number}@members.ebay.com",
                    "contactAddress": {
                        "addressLine1": "Invalidenstraße 1", "city": "Berlin", "postalCode": "10115",
                        "countryCode": "DE",
                    },
                    "primaryPhone": {"phoneNumber": "+49 30 1234567"},
                },
                "shippingCarrierCode": "DHL", "shippingServiceCode": "DE_DHLPaket",
            },
        }],
        "fulfillmentHrefs": [], "lineItems": made, "salesRecordReference": str(number),
    }  # fmt: skip
