"""Recorded payloads as the deliveries they once were, for `replay`. Pure."""

from __future__ import annotations

import msgspec

from hub.errors import Invalid

WRAPPED = {"order": "orders/create", "refund": "refunds/create", "fulfillment": "fulfillments/create"}
"""REST answers wrap the body of a webhook in its name; → the topic to send it as."""

MARKS = {
    "orders/create": ({"id", "line_items", "currency"}, {"financial_status", "total_price"}),
    "refunds/create": ({"id", "order_id"}, {"refund_line_items"}),
    "fulfillments/create": ({"id", "order_id", "status"}, {"tracking_numbers", "tracking_number"}),
    "customers/redact": ({"shop_domain", "customer"}, {"orders_to_redact"}),
    "customers/data_request": ({"shop_domain", "customer"}, {"orders_requested"}),
}
"""Topic → fields that a bare body of it must all have, and fields of which it has at least one."""

NEVER_SENT = {
    "draft_order": "a draft order becomes an order when it is completed; record that order instead",
    "risk": "fraud risks are read with the order",
    "risks": "fraud risks are read with the order",
    "fulfillment_order": "a fulfillment order is asked for, never sent",
    "original_fulfillment_order": "a moved fulfillment order is asked for, never sent",
    "fulfillment_event": "fulfillment events are what we send",
    "transactions": "transactions come inside refunds",
    "orders": "it holds many orders: put each into a file of its own",
}
"""Recordings of other calls, and why they cannot be replayed."""

_HELP = "an order, a refund or a fulfillment as a webhook or the REST API gives it can be"


def unwrap(body: bytes, topic: str) -> tuple[str, bytes]:
    """(topic, body) as Shopify would have sent them; the body's bytes are kept. An empty `topic` is inferred.

    Raises `Invalid` for what is no delivery, saying what it is and what could be replayed.
    """
    try:
        found = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Invalid("file", f"it is not one JSON object; {_HELP}") from None
    inner = next((name for name in WRAPPED if len(found) == 1 and name in found), None)
    if inner is None:
        return _bare(set(found), topic), body
    kind = WRAPPED[inner]
    if topic and topic.partition("/")[0] != kind.partition("/")[0]:
        raise Invalid("topic", f"the file holds a recorded {inner}, which {topic} does not carry")
    content = bytes(found[inner])
    if not _is(kind, _fields(content)):
        raise Invalid("file", f"it looks like a {inner}, but is not one that was made; {_HELP}")
    return topic or kind, content


def _bare(fields: set[str], topic: str) -> str:
    """The topic of a body that stands by itself: as told, else as its fields show."""
    found = next((known for known in MARKS if _is(known, fields)), "")
    for name, why in NEVER_SENT.items():
        if not found and name in fields:
            raise Invalid("file", f"{why}; {_HELP}")
    if topic or found:
        return topic or found
    raise Invalid("topic", f"what the file holds cannot be told: name it with --topic; {_HELP}")


def _is(topic: str, fields: set[str]) -> bool:
    must, one_of = MARKS[topic]
    return must <= fields and bool(one_of & fields)


def _fields(content: bytes) -> set[str]:
    try:
        return set(msgspec.json.decode(content, type=dict[str, msgspec.Raw]))
    except msgspec.DecodeError:
        return set()
