"""The rules of a merchant: read them, check them against each other and the accounts there are, save a version."""

from __future__ import annotations

from datetime import datetime

from hub.actions.services import Services
from hub.domain.automation import Rule
from hub.domain.automation_conflicts import Finding, findings
from hub.domain.automation_reading import read
from hub.domain.order import Value
from hub.errors import Conflict, Invalid
from hub.store import audit, sets
from hub.store.database import Database, Row, Tx

CHANNELS = "SELECT name, connector FROM accounts WHERE merchant_id = $1 AND state <> 'removed'"
NEWEST = """SELECT version, source, created_at, created_by FROM automation_sets
    WHERE merchant_id = $1 ORDER BY version DESC LIMIT 1"""
VERSION = """SELECT version, source, created_at, created_by FROM automation_sets
    WHERE merchant_id = $1 AND version = $2"""
LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('crossdock:automation:' || $1::text, 0))"
COUNTS = """SELECT rule, count(*)::bigint AS firings, count(DISTINCT order_id)::bigint AS orders, max(at) AS last
    FROM automation_firings WHERE merchant_id = $1 GROUP BY rule"""
RECENT = """SELECT f.rule, f.trigger, f.version, f.at, o.id, o.number FROM automation_firings f
    JOIN orders o ON o.id = f.order_id WHERE f.merchant_id = $1 ORDER BY f.at DESC, f.id DESC LIMIT $2"""


class Stored(Value, frozen=True, omit_defaults=False):
    """One version of a merchant's rules, as written; version 0 with an empty text before there are any."""

    version: int = 0
    source: str = ""
    created_at: datetime | None = None
    created_by: str = ""


class Checked(Value, frozen=True, omit_defaults=False):
    """What is to be said about a text: `mistakes` keep it from being saved, `findings` want a second look."""

    rules: int
    mistakes: tuple[str, ...]
    findings: tuple[Finding, ...]

    @property
    def failed(self) -> bool:
        """Whether it cannot be saved as it is."""
        return bool(self.mistakes)


class Saved(Value, frozen=True, omit_defaults=False):
    """The version that counts from now on, and what was odd about it."""

    version: int
    rules: int
    findings: tuple[Finding, ...]


class RuleView(Value, frozen=True, omit_defaults=False):
    """One rule with what it did so far, under any version."""

    name: str
    when: str
    off: bool
    firings: int
    orders: int
    last: datetime | None


class RecentFiring(Value, frozen=True, omit_defaults=False):
    """One firing, for a list."""

    rule: str
    trigger: str
    version: int
    at: datetime
    order_id: str
    number: str


async def stored_rules(database: Database, merchant_id: int, version: int = 0) -> Stored:
    """The newest version, or that one. Raises `Invalid` for a version that there is not."""
    if not version:
        row = await database.plain.fetchrow(NEWEST, merchant_id)
        return Stored(**dict(row)) if row is not None else Stored()
    row = await database.plain.fetchrow(VERSION, merchant_id, version) if 0 < version < 2**31 else None
    if row is None:
        raise Invalid("version", f"there is no version {version} of the rules; `automation show` names the newest")
    return Stored(**dict(row))


async def check_rules(database: Database, merchant_id: int, text: str) -> Checked:
    """Says what is wrong with a text and what is odd; writes nothing."""
    checked, _ = await _checked(database.plain, merchant_id, text)
    return checked


async def set_rules(services: Services, merchant_id: int, text: str, actor: str, *, anyway: bool = False) -> Saved:
    """Saves a text as the version that counts; workers follow within seconds. It acts on what happens from then on.

    Raises `Invalid` that names every mistake, and `Conflict` that names what is odd unless it is wanted `anyway`.
    """
    async with services.database.transaction() as tx:
        await tx.execute(LOCK, str(merchant_id))
        checked, _ = await _checked(tx, merchant_id, text)
        if checked.mistakes:
            raise Invalid("rules", "\n".join(checked.mistakes))
        if checked.findings and not anyway:
            raise Conflict("\n".join(said(finding) for finding in checked.findings))
        before = await tx.fetchrow(NEWEST, merchant_id)
        version, now = (before["version"] if before is not None else 0) + 1, services.clock.now()
        row = {
            "id": services.ids.next(), "merchant_id": merchant_id, "version": version, "source": text,
            "created_at": now, "created_by": actor,
        }  # fmt: skip
        await sets.insert(tx, "automation_sets", [row])
        await audit.append(tx, services.ids, audit.Entry(
            merchant_id=merchant_id, at=now, actor=actor, action="set_automation", subject=f"automation:{version}",
            details={"rules": checked.rules, "findings": len(checked.findings)},
        ))  # fmt: skip
    return Saved(version, checked.rules, checked.findings)


async def list_rules(database: Database, merchant_id: int) -> tuple[RuleView, ...]:
    """The rules that count, in their order, with how often each acted; then those that acted and are gone."""
    rules, _ = read((await stored_rules(database, merchant_id)).source)
    counts = {row["rule"]: row for row in await database.plain.fetch(COUNTS, merchant_id)}
    shown = [_view(rule.name, rule.when.value, rule.off, counts.pop(rule.name, None)) for rule in rules]
    return (*shown, *(_view(name, "", True, row) for name, row in sorted(counts.items())))


async def recent_firings(database: Database, merchant_id: int, most: int = 50) -> tuple[RecentFiring, ...]:
    """The last firings, newest first."""
    return tuple(
        RecentFiring(row["rule"], row["trigger"], row["version"], row["at"], str(row["id"]), row["number"])
        for row in await database.plain.fetch(RECENT, merchant_id, most)
    )


def said(finding: Finding) -> str:
    """A finding as one line."""
    head = {
        "conflict": f"conflict of {' and '.join(f'“{name}”' for name in finding.rules)}",
        "never": f"“{finding.rules[0]}” can never match",
        "shadowed": f"“{finding.rules[0]}” has no effect",
    }[finding.kind]
    return f"{head}: {finding.why}"


def _view(name: str, when: str, off: bool, row: Row | None) -> RuleView:
    if row is None:
        return RuleView(name=name, when=when, off=off, firings=0, orders=0, last=None)
    return RuleView(name=name, when=when, off=off, firings=row["firings"], orders=row["orders"], last=row["last"])


async def _checked(tx: Tx, merchant_id: int, text: str) -> tuple[Checked, tuple[Rule, ...]]:
    rules, mistakes = read(text)
    accounts = await tx.fetch(CHANNELS, merchant_id)
    channels = {name.casefold() for row in accounts for name in (row["name"], row["connector"])}
    return Checked(len(rules), mistakes, findings(rules, channels) if not mistakes else ()), rules
