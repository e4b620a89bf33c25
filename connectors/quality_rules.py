"""The rules of quality: what a connector's `quality.toml` may call done, and how the code shows that it is.

Each rule returns why it is not kept, empty when it is. `docs/reference/quality.md` lists them for people.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from hub import contract
from hub.domain.outgoing import Kind

FILE_LINES = 250


@dataclass(frozen=True, slots=True)
class Subject:
    """One connector as the rules look at it."""

    name: str
    code: Path
    tests: Path
    docs: Path
    about: contract.About
    channel: type
    topics: tuple[str, ...]

    def modules(self) -> Iterator[tuple[Path, ast.Module]]:
        """Its Python files; the other side that it brings along (`server`) is not the connector."""
        for file in sorted(self.code.rglob("*.py")):
            if Path(file.relative_to(self.code).parts[0]).stem != "server":
                yield file, ast.parse(file.read_text(encoding="utf-8"))


Rule = Callable[[Subject], str]
"""Why the rule is not kept; empty when it is."""


# ---------------------------------------------------------------- rules about what it can do


def _can(subject: Subject, capabilities: Sequence[str]) -> str:
    lacking = [name for name in capabilities if not issubclass(subject.channel, getattr(contract, name))]
    return f"{subject.channel.__name__} is no {', '.join(lacking)}" if lacking else ""


def polling(subject: Subject) -> str:
    """Orders are pulled, at a declared interval."""
    return _can(subject, ["PullsOrders"]) or ("" if subject.about.poll_every else "About.poll_every is not set")


def at_once(subject: Subject) -> str:
    """Many messages go in one call, for the kinds declared."""
    return _can(subject, ["PushesAtOnce"]) or ("" if subject.about.at_once else "About.at_once names no kind")


def safe_repeats(subject: Subject) -> str:
    """After a lost answer every push can be repeated with its key, or looked up."""
    if not _can(subject, ["LooksUp"]):
        return ""
    taken = {kind for kind in Kind if hasattr(subject.channel, kind.value)}
    risky = sorted(taken - subject.about.repeatable)
    return f"no look_up(), and no key for {', '.join(risky)}" if risky else ""


# ---------------------------------------------------------------- rules about how it is made


def declared(subject: Subject) -> str:
    """The declaration is complete and bears the folder's name."""
    about = subject.about
    if about.name != subject.name:
        return f"About.name is {about.name!r}"
    untitled = [field.name for field in about.credentials if not field.title]
    return f"credentials without a title: {', '.join(untitled)}" if untitled or not about.title else ""


def contract_suite(subject: Subject) -> str:
    """The suite can meet it."""
    return "" if (subject.tests / "harness.py").is_file() else f"there is no {subject.tests.name}/harness.py"


def fixtures(subject: Subject) -> str:
    """Each topic that is read has a recorded delivery that says what to expect."""
    seen: set[str] = set()
    for file in sorted((subject.tests / "fixtures").glob("*.json")):
        kept = json.loads(file.read_text(encoding="utf-8"))
        if "expect" not in kept:
            return f"{file.name} does not say what to expect"
        seen.add(kept["topic"])
    missing = [topic for topic in subject.topics if topic not in seen]
    return f"no fixture of {', '.join(missing)}" if missing else "" if seen else "there are no fixtures"


def typed_wire(subject: Subject) -> str:
    """What comes from outside is read through the structs of wire.py, never as loose JSON."""
    if not (subject.code / "wire.py").is_file():
        return "there is no wire.py"
    return _imports(subject, "json", "simplejson", "orjson")


def pure_mapper(subject: Subject) -> str:
    """mapper.py waits for nothing and calls nobody."""
    file = subject.code / "mapper.py"
    if not file.is_file():
        return "there is no mapper.py"
    tree = ast.parse(file.read_text(encoding="utf-8"))
    waits = any(isinstance(node, ast.AsyncFunctionDef | ast.Await) for node in ast.walk(tree))
    calls = any(name.endswith((".client", "AioHttp")) for name in _imported(tree))
    return "mapper.py waits or calls: that belongs in client.py" if waits or calls else ""


def words_in_tables(subject: Subject) -> str:
    """Their status words stand in tables."""
    return "" if (subject.code / "words.py").is_file() else "there is no words.py"


def one_way_out(subject: Subject) -> str:
    """Every call goes through the Http that `open` was given."""
    return _imports(subject, "aiohttp", "httpx", "requests", "urllib.request", "http.client", "socket")


def small_files(subject: Subject) -> str:
    """No file is long."""
    counts = {file.name: len(file.read_text(encoding="utf-8").splitlines()) for file, _ in subject.modules()}
    long = [f"{name} has {count} lines" for name, count in counts.items() if count > FILE_LINES]
    return f"{', '.join(long)}; {FILE_LINES} is the limit" if long else ""


def documented(subject: Subject) -> str:
    """Merchants are told how to connect it, and what each field is."""
    file = subject.docs / f"connect-{subject.name.replace('_', '-')}.md"
    if not file.is_file():
        return f"there is no docs/how-to/{file.name}"
    text = file.read_text(encoding="utf-8")
    unnamed = [field.name for field in subject.about.credentials if field.name not in text]
    return f"{file.name} does not name {', '.join(unnamed)}" if unnamed else ""


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _imports(subject: Subject, *unwanted: str) -> str:
    for file, tree in subject.modules():
        for name in _imported(tree):
            if any(name == it or name.startswith(f"{it}.") for it in unwanted):
                return f"{file.name} imports {name}"
    return ""


CAPABILITIES: Mapping[str, tuple[str, ...]] = {
    "webhooks": ("HearsWebhooks",),
    "webhook-repair": ("ManagesWebhooks",),
    "products": ("ListsProducts",),
    "shipments": ("TakesShipments",),
    "status-updates": ("TakesStatus",),
    "stock": ("TakesStock",),
    "cancellations": ("TakesCancellations",),
    "refunds": ("TakesRefunds",),
    "returns": ("TakesReturns",),
    "rates": ("QuotesRates",),
    "labels": ("BuysLabels", "VoidsLabels"),
    "tracking": ("TracksParcels",),
    "manifests": ("ClosesManifests",),
    "payments": ("TakesPayments",),
    "notices": ("Notifies",),
}
"""Rule → what the channel's class must be able to do."""

MADE: tuple[Rule, ...] = (
    declared,
    contract_suite,
    fixtures,
    typed_wire,
    pure_mapper,
    words_in_tables,
    one_way_out,
    small_files,
    documented,
    safe_repeats,
)

RULES: Mapping[str, Rule] = {
    **{rule.__name__.replace("_", "-"): rule for rule in (*MADE, polling, at_once)},
    **{name: partial(_can, capabilities=needs) for name, needs in CAPABILITIES.items()},
}
"""Every rule, in the order of the reference."""

ABILITIES = frozenset({*CAPABILITIES, "polling", "at-once"})
"""Rules about what a connector can do: one that can may not call them todo or exempt."""
