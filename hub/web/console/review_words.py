"""What review says of an order in plain English: each rule's part of a fraud score, credit, embargo; and what is asked
of whom meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hub.web.pages import amount

Details = Mapping[str, Any]
Say = Callable[[Details], str]

THINGS = {"email": "e-mail address", "ip": "IP address", "address": "postal address", "card": "card", "phone": "phone"}


def _money(details: Details, name: str) -> str:
    value = details.get(name)
    return amount(value, str(details.get("currency", ""))) if isinstance(value, int) else "?"


def _of(details: Details) -> str:
    return THINGS.get(str(details.get("of")), str(details.get("of")))


def _risk(details: Details) -> str:
    told = f" ({details['told']})" if details.get("told") else ""
    return f"{details.get('by') or 'the channel'} says {details.get('level')}{told}"


RULE_SAYS: Mapping[str, Say] = {
    "velocity": lambda d: f"{d.get('orders')} orders of one {_of(d)} within {d.get('minutes')} minutes",
    "many_cards": lambda d: f"{d.get('cards')} cards for one {_of(d)} within {d.get('minutes')} minutes",
    "high_value": lambda d: f"{_money(d, 'total')}",
    "first_order": lambda d: f"the first order of this e-mail address, {_money(d, 'total')}",
    "known_customer": lambda d: f"a customer since {d.get('since')}",
    "differ": lambda d: f"billed to {d.get('billed')}, sent to {d.get('sent')}",
    "distance": lambda d: f"some {d.get('km')} km between billing and shipping",
    "disposable_mail": lambda d: f"{d.get('domain')}",
    "blocklist": lambda d: f"the {THINGS.get(str(d.get('of')), d.get('of'))} is on the list",
    "channel_risk": _risk,
    "currency_mismatch": lambda d: f"{d.get('currency')} in {', '.join(d.get('countries', ()))}",
}


def rule_says(why: Details) -> str:
    """One rule's part: its name, its points, the facts."""
    say = RULE_SAYS.get(str(why.get("why")))
    facts = say(why) if say else ""
    points = why.get("points", 0)
    return f"{why.get('rule')} ({points:+}{': ' + facts if facts else ''})"


def _fraud(details: Details) -> str:
    parts = "; ".join(rule_says(why) for why in details.get("rules", ()))
    return f"{details.get('score')} points, from {details.get('hold_at')} on an order waits: {parts}"


def _credit(details: Details) -> str:
    return (
        f"the buyer owes {_money(details, 'owed')}; with {_money(details, 'due')} more that is above the limit of "
        f"{_money(details, 'limit')}"
    )


REVIEW_SAYS: Mapping[str, Say] = {
    "fraud": _fraud,
    "credit": _credit,
    "embargo": lambda d: f"the destination is under embargo ({d.get('entry')})",
}

ASKS: Mapping[str, str] = {
    "look_at_reasons": "look at the reasons, and decide",
    "decide_on_destination": "say whether goods may go there",
    "correct_address": "correct the address",
    "call_customer": "ask the customer",
    "pay_again": "pay",
    "look_for_payment": "look for the payment",
    "collect_payment": "collect the money another way",
    "raise_limit_or_collect": "collect what is owed, or let it pass",
    "release_order": "release the order",
    "say_which_product": "say which products these are",
    "ask_if_twice": "ask the customer if it was meant twice",
    "find_contact": "find a way to reach the customer",
    "bring_stock": "bring stock",
    "complete_customs": "complete the customs data",
    "look_and_decide": "look, and decide",
}

ENDS = {"escalate": "it goes to the {to}", "cancel": "the order is cancelled", "accept": "the order goes on"}


def protocol_says(protocol: Details) -> str:
    """What is asked of whom, and what happens at the deadline; nothing for a hold of an earlier release."""
    asks = protocol.get("ask")
    if not isinstance(asks, Mapping):
        return ""
    told = "; ".join(f"the {who} is asked to {ASKS.get(str(what), str(what))}" for who, what in asks.items())
    end = ENDS.get(str(protocol.get("then")), "").format(to=protocol.get("to", "merchant"))
    return f"{told[:1].upper()}{told[1:]}. When nobody does in time, {end}." if told and end else ""
