"""A chat with the real flows, and a shop that is made up."""

from __future__ import annotations

from bot.flows import FLOWS
from bot.state import Heard
from tests.bot.talk import Talk

CODE = "424242"


def shop() -> Talk:
    """A chat that has proven nothing yet; every order has been shipped, and `CODE` is right."""
    proven: list[str] = []

    def check(number: str, code: str) -> bool:
        if code == CODE:
            proven.append(number)
        return number in proven

    def show(number: str) -> list[dict[str, object]]:
        return [{"number": number, "phase": "shipped", "promised": "2026-11-24", "parcels": [], "waiting": False}]

    return Talk(FLOWS, {
        "may_see": lambda number: number in proven,
        "send_code": lambda number: {"limited": False, "minutes": 10},
        "check_code": check, "show_order": show, "may_change": lambda number: number in proven,
        "show_destination": lambda number: {
            "number": number, "phase": "ready_to_route", "standing": "open", "address": None,
        },
    })  # fmt: skip


def tried(talk: Talk) -> list[str]:
    return [args["code"] for action, args in talk.ran if action == "check_code"]


def unsure(talk: Talk) -> list[str]:
    """Something that could mean several things."""
    return talk.hear(Heard(at=talk.now, text="hm", intents=(("claim", 0.45), ("return_items", 0.44))))
