"""Holds each connector to its own word: what its quality.toml calls done, the code must have.

    # connectors/<name>/quality.toml
    webhooks  = "done"
    manifests = { exempt = "a store closes no manifests" }
    products  = { todo = "the catalogue API needs a second key" }

Every rule of `connectors.quality_rules.RULES` stands in every file.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import Any, get_type_hints

from connectors.quality_rules import ABILITIES, RULES, Subject
from hub import contract

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class Problem:
    """Where a connector and its quality.toml part."""

    connector: str
    rule: str
    why: str

    def __str__(self) -> str:
        return f"{self.connector}: {self.rule}: {self.why}"


@dataclass(frozen=True, slots=True)
class Standing:
    """What a quality.toml says of one rule: `status` is done, todo or exempt; `why` explains the last two."""

    status: str
    why: str = ""


# ---------------------------------------------------------------- the check


def check(names: Iterable[str], root: Path = ROOT) -> list[Problem]:
    """Everything in which the connectors `names` of the tree at `root` fall short of their quality.toml."""
    return [Problem(name, rule, why) for name in names for rule, why in _problems(name, root)]


def standings(name: str, root: Path = ROOT) -> dict[str, Standing]:
    """What the connector's quality.toml says, by rule. Raises ValueError where it cannot be read."""
    told = tomllib.loads((root / "connectors" / name / "quality.toml").read_text(encoding="utf-8"))
    return {rule: _standing(rule, value) for rule, value in told.items()}


def _standing(rule: str, value: object) -> Standing:
    if value == "done":
        return Standing("done")
    if isinstance(value, dict) and len(value) == 1:
        ((status, why),) = value.items()
        if status in ("todo", "exempt") and isinstance(why, str) and why.strip():
            return Standing(status, why)
    raise ValueError(f'{rule} must be "done", {{ todo = "why" }} or {{ exempt = "why" }}')


def _problems(name: str, root: Path) -> Iterator[tuple[str, str]]:
    try:
        told = standings(name, root)
    except (OSError, ValueError) as error:
        yield "quality.toml", f"cannot be read: {error}"
        return
    for rule in told.keys() - RULES.keys():
        near = get_close_matches(rule, RULES, 1)
        yield rule, "no such rule" + (f"; did you mean {near[0]}?" if near else "")
    subject = subject_of(name, root)
    for rule, test in RULES.items():
        if rule not in told:
            yield rule, "quality.toml does not say"
            continue
        short = test(subject)
        if told[rule].status == "done" and short:
            yield rule, f"is called done, but {short}"
        elif told[rule].status != "done" and rule in ABILITIES and not short:
            yield rule, f"is called {told[rule].status}, but the code has it"


def subject_of(name: str, root: Path = ROOT) -> Subject:
    """The connector `name` with what the rules look at."""
    package: Any = import_module("connectors")
    connector: contract.Connector = package.CONNECTORS[name]
    channel = get_type_hints(type(connector).open)["return"]
    return Subject(
        name=name,
        code=root / "connectors" / name,
        tests=root / "tests" / "connectors" / name,
        docs=root / "docs" / "how-to",
        about=connector.about,
        channel=channel,
        topics=tuple(_topics(name, root)),
    )


def _topics(name: str, root: Path) -> Iterator[str]:
    """The topics that the connector reads: the keys of its table READERS, whichever module has it."""
    for file in sorted((root / "connectors" / name).glob("*.py")):
        if re.search(r"^READERS\b", file.read_text(encoding="utf-8"), re.MULTILINE):
            yield from import_module(f"connectors.{name}.{file.stem}").READERS
