"""A chat with the real flows, and a shop that is made up."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from msgspec import to_builtins

from bot.flows import FLOWS
from bot.state import Heard
from hub.domain.address_correcting import Checks
from hub.domain.address_standing import Standing
from hub.domain.order import Address
from tests.bot.talk import Refuse, Talk

CODE = "424242"
CUT = Address(name="Ada Berg", line1="Drottninggatan", postcode="12", city="Stockholm", country="SE")
BETTER = Address(name="Ada Berg", line1="Drottninggatan 5", postcode="111 51", city="Stockholm", country="SE")


class Addresses:
    """Where orders go: all to `CUT`, as `standing` says; `BETTER` is suggested for 1002. Each is corrected once, and
    whoever comes after that comes too late."""

    def __init__(self, standing: Standing) -> None:
        self._standing = standing
        self._corrected: dict[str, Any] = {}

    def show(self, number: str) -> dict[str, Any]:
        """What `show_destination` tells."""
        suggestion = BETTER if number == "1002" else None
        address = self._corrected.get(number, to_builtins(CUT))
        return {
            "number": number, "phase": "on_hold", "standing": self._standing.value, "hold": "7", "address": address,
            "suggestion": to_builtins(suggestion), "checks": to_builtins(Checks()),
        }  # fmt: skip

    def correct(self, number: str, hold: str, seen: object, address: object) -> dict[str, Any]:
        """What `correct_address` does."""
        if number in self._corrected:
            raise Refuse("conflict")
        self._corrected[number] = address
        return {"corrected": True}


def shop(standing: Standing = Standing.OPEN, known: Collection[str] = ()) -> Talk:
    """A chat that has proven `known` orders; every order has been shipped, and `CODE` is right."""
    proven = set(known)
    addresses = Addresses(standing)

    def check(number: str, code: str) -> bool:
        if code == CODE:
            proven.add(number)
        return number in proven

    def show(number: str) -> list[dict[str, object]]:
        return [{"number": number, "phase": "shipped", "promised": "2026-11-24", "parcels": [], "waiting": False}]

    return Talk(FLOWS, {
        "may_see": lambda number: number in proven,
        "may_change": lambda number: number in proven,
        "send_code": lambda number: {"limited": False, "minutes": 10},
        "check_code": check,
        "show_order": show,
        "show_destination": addresses.show,
        "correct_address": addresses.correct,
    })  # fmt: skip


def tried(talk: Talk) -> list[str]:
    return [args["code"] for action, args in talk.ran if action == "check_code"]


def unsure(talk: Talk) -> list[str]:
    """Something that could mean several things."""
    return talk.hear(Heard(at=talk.now, text="hm", intents=(("claim", 0.45), ("return_items", 0.44))))
