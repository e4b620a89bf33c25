"""Tables by area. Every table has `merchant_id`, and every unique key starts with it.

Ids are made in the app (`hub.ports.TimeOrderedIds`). Rows refer to each other by plain id columns: the hot path writes
whole batches, and the invariants that foreign keys would hold are checked by `hub.store.invariants`.
"""

from hub.store.models.audit import AuditEntry, Token, User
from hub.store.models.automation import AutomationFiring, AutomationSet, OrderMark
from hub.store.models.channels import Account, InboxRow, JobFiring, OutboxRow
from hub.store.models.conversations import ChatMessage, Conversation, Effect, LoginCode
from hub.store.models.customers import Customer, Identity
from hub.store.models.floor import Bin, Box, FloorKey, Lot, PickMark, PickTask, ProductCode, Tote, WaveRule
from hub.store.models.fulfillment import FulfillmentLine, FulfillmentOrder, PickLine, Wave
from hub.store.models.inventory import (
    CountLine,
    CountSheet,
    KitOrder,
    KitPart,
    Receipt,
    Reservation,
    Transfer,
    TransferLine,
)
from hub.store.models.money import LedgerEntry, Payment, Refund
from hub.store.models.orders import Hold, Order, OrderLine
from hub.store.models.quality import Packer, QualityCheck, QualityRule
from hub.store.models.returns import Claim, Exchange, Return, ReturnLine
from hub.store.models.review import ReviewRules, Terms
from hub.store.models.routing import LocationDay, RoutingPlan
from hub.store.models.shipping import Parcel, Scan
from hub.store.models.stock import Allotment, Component, Listing, Location, Movement, Product, Stale, Stock

__all__ = [
    "Account",
    "Allotment",
    "AuditEntry",
    "AutomationFiring",
    "AutomationSet",
    "Bin",
    "Box",
    "ChatMessage",
    "Claim",
    "Component",
    "Conversation",
    "CountLine",
    "CountSheet",
    "Customer",
    "Effect",
    "Exchange",
    "FloorKey",
    "FulfillmentLine",
    "FulfillmentOrder",
    "Hold",
    "Identity",
    "InboxRow",
    "JobFiring",
    "KitOrder",
    "KitPart",
    "LedgerEntry",
    "Listing",
    "Location",
    "LocationDay",
    "LoginCode",
    "Lot",
    "Movement",
    "Order",
    "OrderLine",
    "OrderMark",
    "OutboxRow",
    "Packer",
    "Parcel",
    "Payment",
    "PickLine",
    "PickMark",
    "PickTask",
    "Product",
    "ProductCode",
    "QualityCheck",
    "QualityRule",
    "Receipt",
    "Refund",
    "Reservation",
    "Return",
    "ReturnLine",
    "ReviewRules",
    "RoutingPlan",
    "Scan",
    "Stale",
    "Stock",
    "Terms",
    "Token",
    "Tote",
    "Transfer",
    "TransferLine",
    "User",
    "Wave",
    "WaveRule",
]
