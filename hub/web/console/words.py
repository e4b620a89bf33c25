"""Keys and their parameters as plain English sentences: holds, events, messages, routing.

Everything is text; the templates escape it. A key that is not here is shown as its own words, never dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from hub.web.console.review_words import REVIEW_SAYS
from hub.web.console.vocabulary import MESSAGE_WORDS, PARCEL_WORDS, REASONS, RESOLUTIONS, RETURN_WORDS
from hub.web.pages import amount, words

Details = Mapping[str, Any]
Say = Callable[[Details], str]


def listed(items: Iterable[object]) -> str:
    """a, b and c."""
    texts = [str(item) for item in items]
    return " and ".join([", ".join(texts[:-1]), texts[-1]] if len(texts) > 1 else texts)


def money_of(details: Details, name: str) -> str:
    """An amount among details that also name its currency."""
    value = details.get(name)
    return amount(value, str(details.get("currency", ""))) if isinstance(value, int) else "?"


# ---------------------------------------------------------------- holds


def _missing_skus(details: Details) -> str:
    lines = [line.get("sku") or line.get("title") or line.get("listing") for line in details.get("lines", ())]
    return f"no product of ours is known for {listed(lines)}; import it, or map the listing to a SKU"


def _short(details: Details) -> str:
    return "not enough stock: " + listed(f"{units} more of {sku}" for sku, units in details.get("short", {}).items())


def _fault(name: str) -> str:
    """`postcode_missing` in words."""
    field, _, why = name.rpartition("_")
    told = {
        "missing": "is missing", "unknown": "does not exist there", "mismatch": "belongs to another region",
        "refused": "cannot be served by the carrier",
    }  # fmt: skip
    thing = {"line1": "street and number", "po_box": "PO box"}.get(field, field.replace("_", " "))
    return f"the {thing} {told.get(why, why)}"


HOLD_SAYS: Mapping[str, Say] = {
    "sums": lambda d: f"the parts add up to {money_of(d, 'expected')}, the channel says {money_of(d, 'told')}",
    "words": lambda d: f"the channel says {listed(d.get('words', ()))}, which nobody knows the meaning of",
    "skus": _missing_skus,
    "no_address": lambda d: "there is no address to ship to",
    "address": lambda d: f"the address cannot be delivered to: {listed(map(_fault, d.get('faults', ())))}",
    "contact": lambda d: f"no usable way to reach the buyer ({d.get('email') or 'no e-mail address'})",
    "channel_pending": lambda d: "the channel has not released the order yet",
    "payment_missing": lambda d: f"{money_of(d, 'due')} is not paid yet",
    "payment_failed": lambda d: f"a payment failed; {money_of(d, 'due')} is due",
    "capture_refused": lambda d: f"the payment could not be collected: {d.get('why', '')}",
    "duplicate": lambda d: f"looks like order {d.get('of', '')} placed twice: same buyer, goods and amount",
    "stock": _short,
    "routing": lambda d: f"no location may ship it now: {d.get('why', '')}",
    "no_carrier": lambda d: f"no carrier account is connected to buy a label for {d.get('fulfillment', '')}",
    "changed_after_routing": lambda d: (
        "the channel changed the order after a location had begun with it: "
        + listed(_value(it) for it in d.get("changed", ()))
    ),
    "cancelled_after_dispatch": lambda d: f"cancelled ({d.get('why', '')}) after goods had left: ask for them back",
    "defect": lambda d: f"a mistake of ours stopped it at {d.get('stage', '')}: {d.get('error', '')}",
    "rule": lambda d: (
        listed(f"{text} (rule “{name}”)" for name, text in d.get("asked", {}).items()) or "a rule asks for a look"
    ),
    **REVIEW_SAYS,
    "carrier": lambda d: f"the carrier refused the label of {d.get('parcel', '')}: {d.get('why', '')}",
}


def hold_says(detail: Details) -> str:
    """What is wrong, in one sentence without its full stop."""
    say = HOLD_SAYS.get(str(detail.get("what", "")))
    if say is not None:
        return say(detail)
    return f"{words(detail.get('what', 'held')).lower()}: {plain(detail)}" if plain(detail) else words("held").lower()


def plain(details: Details) -> str:
    """Details that no sentence is written for: `name value` pairs."""
    return ", ".join(
        f"{words(name).lower()} {_value(value)}"
        for name, value in details.items()
        if name not in {"what", "currency"} and value not in ("", None, [], {})
    )


def _value(value: object) -> str:
    if isinstance(value, Mapping):
        return listed(f"{name} {_value(item)}" for name, item in value.items())
    return listed(_value(item) for item in value) if isinstance(value, list | tuple) else str(value)


# ---------------------------------------------------------------- events


def _units(details: Details) -> str:
    """1 unit, 2 units."""
    units = details.get("units", "?")
    return f"{units} unit{'s' if units != 1 else ''}"


def _return_says(said: str, details: Details) -> str:
    """A return and where it is now: units, reason and tracking number where they were told."""
    parts = [said.lower()]
    parts += [_units(details)] if details.get("units") else []
    parts += [str(details[name]) for name in ("reason", "tracking_number") if details.get(name)]
    return f"Return {details.get('return', '')}: {', '.join(parts)}"


def _look_says(details: Details) -> str:
    """What a second look found."""
    found = {"ok": "as it should be", "wrong_item": "a wrong item", "damaged": "damage"}.get(
        str(details.get("result")), str(details.get("result", "?"))
    )
    sku, units = details.get("sku"), details.get("units")
    what = f" ({units} × {sku})" if sku and units else f" ({sku})" if sku else ""
    note = f": {details['note']}" if details.get("note") else ""
    return f"{details.get('fulfillment', '')} looked at a second time: {found}{what}{note}"


EVENT_SAYS: Mapping[str, Say] = {
    "received": lambda d: "Order received",
    "accepted": lambda d: "Review passed: everything an order needs is there",
    "held": lambda d: f"On hold ({REASONS.get(str(d.get('reason')), d.get('reason'))}): {hold_says(d)}",
    "hold_healed": lambda d: f"Hold lifted by itself ({REASONS.get(str(d.get('reason')), d.get('reason'))})",
    "hold_escalated": lambda d: f"Still on hold ({REASONS.get(str(d.get('reason')), d.get('reason'))}): it is overdue",
    "hold_released": lambda d: (
        f"Hold released ({REASONS.get(str(d.get('reason')), d.get('reason'))}): "
        f"{RESOLUTIONS.get(str(d.get('resolution')), d.get('resolution'))}"
    ),
    "routed": lambda d: f"Routed to {listed(d.get('locations', ()))}: {d.get('rule', '')}",
    "rejected_by_location": lambda d: (
        f"{d.get('location', '')} does not ship {d.get('fulfillment', '')}: {d.get('why', '')}"
    ),
    "nothing_to_ship": lambda d: f"Nothing to ship: {d.get('why', '')}",
    "released": lambda d: f"{d.get('fulfillment', '')} released for picking",
    "picked_short": lambda d: (
        f"{d.get('missing', '?')} × {d.get('sku', '?')} of {d.get('fulfillment', '')} not on the shelf"
    ),
    "found_damaged": lambda d: (
        f"{d.get('missing', '?')} × {d.get('sku', '?')} of {d.get('fulfillment', '')} found damaged, kept in quarantine"
    ),
    "look_asked": lambda d: f"{d.get('fulfillment', '')}: a second look before it is closed, for {d.get('why', '')}",
    "looked": _look_says,
    "rerouted": lambda d: f"{_units(d)} of {d.get('fulfillment', '')} to be shipped by somebody else",
    "unpacked": lambda d: f"{d.get('fulfillment', '')} taken out of its parcels, to be packed again",
    "picked": lambda d: f"{d.get('fulfillment', '')} picked, {_units(d)}",
    "packed": lambda d: f"{d.get('parcel', '')} packed, {d.get('grams', '?')} g",
    "labeled": lambda d: (
        f"Label bought for {d.get('parcel', '')}: {d.get('carrier', '')} {d.get('service', '')}, "
        f"{d.get('tracking_number', '')}, {money_of(d, 'cost')}"
    ),
    "dispatched": lambda d: f"{listed(d.get('parcels', ())) or d.get('fulfillment', '')} handed to the carrier",
    "scanned": lambda d: (
        f"{d.get('parcel', '')}: {PARCEL_WORDS.get(str(d.get('status')), words(d.get('status', '')))}"
        + (f", {d['place']}" if d.get("place") else "")
    ),
    "fulfillment_done": lambda d: f"{d.get('fulfillment', '')} is done",
    "payment_captured": lambda d: f"{money_of(d, 'amount')} collected",
    "refunded": lambda d: f"{money_of(d, 'amount')} refunded",
    "completed": lambda d: "Order completed",
    "cancelled": lambda d: "Order cancelled" + (f": {d['reason']}" if d.get("reason") else ""),
    "fulfillment_cancelled": lambda d: f"{d.get('fulfillment', '')} cancelled",
    "cancelled_too_late": lambda d: "The channel cancelled, but the order had been completed",
    "units_cancelled_at_channel": lambda d: "Units were cancelled at the channel",
    "revised": lambda d: "The channel sent a newer revision",
    "stale_revision": lambda d: "An older revision came late and changed nothing",
    "address_changed": lambda d: "The address was changed",
    "shipped_elsewhere": lambda d: "Goods were shipped by somebody else",
    "shipment_undone": lambda d: (
        f"The channel took a shipment back{': ' + str(d['tracking_number']) if d.get('tracking_number') else ''}"
    ),
    **{f"return_{state}": partial(_return_says, said) for state, said in RETURN_WORDS.items()},
    "return_changed": partial(_return_says, "Changed"),
    "return_in_doubt": lambda d: f"Return {d.get('return', '')}: the channel told of more units than were shipped",
    "rule_fired": lambda d: (
        f"Rule “{d.get('rule', '')}” (version {d.get('version', '')}, {d.get('trigger', '')}): "
        + listed([*d.get("did", ()), *(f"not done: {it}" for it in d.get("not_done", ()))])
        + f"; because of {listed(d.get('why', ()))}"
    ),
    "message_resent": lambda d: f"{MESSAGE_WORDS.get(str(d.get('kind')), 'Message')} sent again",
}


def event_says(kind: str, details: Details) -> str:
    """One event as a sentence."""
    say = EVENT_SAYS.get(kind)
    if say is not None:
        return say(details)
    return f"{words(kind)}: {plain(details)}" if plain(details) else words(kind)


def event_tone(kind: str) -> str:
    """The colour of an event's dot."""
    if kind in {"held", "hold_escalated", "cancelled_too_late", "stale_revision", "return_in_doubt"}:
        return "wait"
    if kind in {"completed", "fulfillment_done", "accepted", "hold_healed", "hold_released", "payment_captured"}:
        return "good"
    if kind in {"cancelled", "fulfillment_cancelled", "units_cancelled_at_channel"}:
        return "idle"
    return "move" if kind in {"dispatched", "scanned"} else "work"


def actor_says(actor: str) -> str:
    """Who did it, for people."""
    kind, _, rest = actor.partition(":")
    return {"hub": "Crossdock", "channel": "the channel", "carrier": "the carrier", "user": f"user {rest}",
            "token": "a program", "rule": "a rule of yours", "demo": "you (demo)",
            "customer": "the customer"}.get(kind, actor)  # fmt: skip


# ---------------------------------------------------------------- messages and routing


def message_says(kind: str, what: str) -> str:
    """What a message is about: its kind, and what it says if that says more."""
    name = MESSAGE_WORDS.get(kind, words(kind))
    said = words(what.removeprefix("notice.")).lower() if kind in {"push_status", "notify"} else what
    return f"{name}: {said}" if said else name


def routing_says(why: Details) -> str:
    """Why a location was chosen: how far it is, and what others lacked."""
    chosen = str(why.get("location", ""))
    others = []
    own = ""
    for item in why.get("considered", ()):
        if item.get("out"):
            others.append(f"{item.get('location')} ({item['out']})")
            continue
        lacks = item.get("lacks") or {}
        if item.get("location") == chosen:
            own = f"{item.get('km', '?')} km away, " + ("has part of it" if lacks else "has everything")
        else:
            missing = "lacks " + listed(f"{units} {sku}" for sku, units in lacks.items()) if lacks else "has everything"
            others.append(f"{item.get('location')} ({item.get('km', '?')} km, {missing})")
    text = own or (plain(why) if not chosen else "chosen by rule")
    return f"{text}. Also considered: {listed(others)}" if others else text
