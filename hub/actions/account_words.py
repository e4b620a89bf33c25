"""The signs of an account in plain English, and the command that heals each; the console has a button for it besides.

A sentence has no full stop, and no time: the time a sign is about stands behind it ("Last polled 3 min ago").
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from hub.domain.signs import Heal, Level, Sign

Say = Callable[[Mapping[str, Any]], str]

LEVELS: Mapping[Level, str] = {
    Level.WELL: "Well", Level.WATCH: "Passing", Level.NEEDS_YOU: "Needs you", Level.BROKEN: "Broken",
}  # fmt: skip

CONCERNS: Mapping[str, str] = {
    "tracking": "asking for tracking", "products": "reading products", "check": "asking who we are",
    "notices": "reading the queue of notices", "credentials": "renewing the credentials",
}  # fmt: skip


def _topics(params: Mapping[str, Any]) -> str:
    return ", ".join(params.get("topics", ())) or "anything"


def _left(params: Mapping[str, Any]) -> str:
    return f"{params['left']:,} of {params['of']:,} {params['unit']} left"


def _times(params: Mapping[str, Any], one: str, many: str) -> str:
    return f"{params['count']} {one if params['count'] == 1 else many}"


def pace(seconds: int) -> str:
    """60 → every minute; 300 → every 5 minutes."""
    for size, name in ((3600, "hour"), (60, "minute"), (1, "second")):
        if seconds % size == 0 and seconds:
            return f"every {name}" if seconds == size else f"every {seconds // size} {name}s"
    return "all the time"


SAYS: Mapping[str, Say] = {
    "unopened": lambda p: f"It cannot be opened: {p['why']}",
    "reconnect": lambda p: f"The channel refuses our credentials: {p['why'] or 'no reason given'}",
    "closed": lambda p: f"The channel has closed the account: {p['why'] or 'no reason given'}",
    "polled": lambda p: f"Polled {pace(p['every'])}, last",
    "reading": lambda p: "Reading a long list; what changed is here up to",
    "not_yet_polled": lambda p: f"Not polled yet; it will be {pace(p['every'])}",
    "polls_stopped": lambda p: "Nothing polls it any more; last polled",
    "never_polled": lambda p: "Nothing has ever polled it",
    "paused": lambda p: "Nothing is polled until it is connected again; last polled",
    "told_to_wait": lambda p: f"The channel asked us to wait ({p['why']}); polled again",
    "poll_failed": lambda p: f"The last poll failed and is tried again by itself: {p['why']}; failed",
    "poll_broken": lambda p: f"Polling fails: {p['why']}; last good poll",
    "heard": lambda p: "Last delivery heard",
    "never_heard": lambda p: "No delivery heard yet",
    "managed_there": lambda p: "Webhooks are set up at the channel, not by us",
    "unreachable": lambda p: "The channel cannot send us webhooks: this server has no public address",
    "webhooks_failed": lambda p: f"Webhooks could not be put right: {p['why']}; tried",
    "webhooks_tried": lambda p: (
        f"Webhooks could not be put right yet, and are tried again by themselves: {p['why']}; tried"
    ),
    "never_checked": lambda p: "Webhooks have not been checked yet",
    "missing": lambda p: f"The channel does not tell us of {_topics(p)}; checked",
    "unchecked": lambda p: "Nobody checks its webhooks any more; last checked",
    "repaired": lambda p: (
        f"Webhooks were repaired ({_topics(p)}), "
        f"{p['missed'] or 'no'} {'delivery' if p['missed'] == 1 else 'deliveries'} missed; repaired"
    ),
    "subscribed": lambda p: "All webhooks are subscribed; checked",
    "left": lambda p: f"{_left(p)}; told",
    "scarce": lambda p: f"Only {_left(p)}; told",
    "scarce_until": lambda p: f"Only {_left(p)}; full again",
    "given": lambda p: "The credentials have no known end; given",
    "renewed": lambda p: "The credentials are renewed by themselves, last",
    "good_until": lambda p: "The credentials are good until",
    "end_soon": lambda p: "The credentials end, and have to be replaced by",
    "ended": lambda p: "The credentials should have been replaced by",
    "no_dead": lambda p: "No message is stuck",
    "dead": lambda p: f"{_times(p, 'message is', 'messages are')} stuck",
    "no_set_aside": lambda p: "Every delivery could be read",
    "set_aside": lambda p: f"{_times(p, 'delivery is', 'deliveries are')} set aside, unread",
    "passing_trouble": lambda p: f"{_concern(p)} failed and is tried again by itself: {p['why']}; failed",
    "trouble": lambda p: f"{_concern(p)} failed: {p['why']}; failed",
}


DATES = frozenset({"told_to_wait", "scarce_until", "good_until", "end_soon", "ended"})
"""Sentences that a date ends; behind the others stands how long ago it was."""


def _concern(params: Mapping[str, Any]) -> str:
    name = str(params["concern"])
    text = CONCERNS.get(name, name.replace("_", " "))
    return text[:1].upper() + text[1:]


def says(sign: Sign) -> str:
    """What a sign says; its time, if it has one, follows."""
    say = SAYS.get(sign.key)
    return say(sign.params) if say is not None else sign.key.replace("_", " ")


BUTTONS: Mapping[Heal, str] = {
    Heal.CONNECT_AGAIN: "Connect again", Heal.REPAIR_WEBHOOKS: "Repair webhooks now", Heal.POLL_NOW: "Poll now",
    Heal.RESEND_DEAD: "Resend the dead letters", Heal.LOOK_AT_SET_ASIDE: "Look at them",
    Heal.TEST: "Ask the channel",
}  # fmt: skip
"""What the console offers."""

COMMANDS: Mapping[Heal, str] = {
    Heal.CONNECT_AGAIN: "python main.py channel renew {id} --set KEY=VALUE",
    Heal.REPAIR_WEBHOOKS: "python main.py channel repair {id}",
    Heal.POLL_NOW: "python main.py channel pull {id}",
    Heal.RESEND_DEAD: "python main.py channel resend {id}",
    Heal.LOOK_AT_SET_ASIDE: "python main.py channel set-aside {id}",
    Heal.TEST: "python main.py channel test {id}",
    Heal.SET_PUBLIC_URL: "set CROSSDOCK_PUBLIC_URL to an https address that reaches this server",
    Heal.START_SCHEDULER: "python main.py serve",
}
"""What to type, or to set."""


def command(heal: Heal, account_id: object) -> str:
    """What heals, on the command line; empty where there is nothing to do."""
    return COMMANDS.get(heal, "").format(id=account_id)


# ---------------------------------------------------------------- on a terminal


class Saying(Protocol):
    """A sign as it is shown."""

    @property
    def level(self) -> str: ...
    @property
    def says(self) -> str: ...
    @property
    def at(self) -> datetime | None: ...
    @property
    def command(self) -> str: ...


class Shown(Protocol):
    """An account as it is shown (`list_accounts.AccountView`)."""

    @property
    def id(self) -> str: ...
    @property
    def connector(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def condition(self) -> str: ...
    @property
    def signs(self) -> Sequence[Saying]: ...


def brief(account: Shown) -> dict[str, str]:
    """One row of the list: what is worst, and what heals it."""
    worst = next((sign for sign in account.signs if sign.level == account.condition != Level.WELL), None)
    condition = LEVELS[Level(account.condition)].lower()
    row = {"id": account.id, "kind": account.connector, "name": account.name, "is": condition}
    return row | {"because": _line(worst) if worst else "", "do": worst.command if worst else ""}


def lines(account: Shown) -> list[str]:
    """Every sign, one line each, with the command that heals what is not well."""
    found = [f"{account.name} ({account.connector}, {account.id}): {LEVELS[Level(account.condition)].lower()}"]
    for sign in account.signs:
        do = f"  →  {sign.command}" if sign.command and sign.level != Level.WELL else ""
        found.append(f"  {LEVELS[Level(sign.level)].lower():<10} {_line(sign)}{do}")
    return found


def _line(sign: Saying) -> str:
    return f"{sign.says} {sign.at:%Y-%m-%d %H:%M} UTC" if sign.at else sign.says
