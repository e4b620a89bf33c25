"""The contracts of .importlinter catch what they are for: each wrong arrow is planted in a copy of the tree."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("hub", "connectors", "bot", "scheduler")

FORBIDDEN = {
    "hub.planted_a": ("import connectors.http", "the hub knows no edge"),
    "hub.planted_b": ("def late():\n    from bot import planted", "the hub knows no edge"),
    "hub.planted_c": ("import scheduler", "the hub knows no edge"),
    "bot.planted_a": ("import connectors.http", "no edge another"),
    "scheduler.planted_a": ("import bot", "no edge another"),
    "hub.planted_d": ("import main", "nothing knows main"),
    "connectors.planted_a": ("from tests.connectors import harness", "nothing knows main"),
    "hub.domain.planted_a": ("from hub import contract", "web, command > actions"),
    "hub.store.planted_a": ("import hub.flow.inbox", "web, command > actions"),
    "hub.store.planted_b": ("from hub.contract import About", "web, command > actions"),
    "hub.accounts": ("import hub.flow.inbox", "web, command > actions"),
    "hub.flow.planted_a": ("from hub.actions import planted", "web, command > actions"),
    "hub.actions.planted_a": ("import hub.web.planted", "web, command > actions"),
    "hub.actions.planted_b": ("from hub.command import planted", "web, command > actions"),
    "hub.command.planted_a": ("from hub.web import planted", "web, command > actions"),
    "hub.errors": ("from hub.domain import money", "web, command > actions"),
    "hub.domain.planted_c": ("import asyncio", "hub.domain is pure"),
    "hub.domain.planted_d": ("from time import time", "hub.domain is pure"),
    "connectors.acme": ("import hub.store.planted", "connectors import contract"),
    "connectors.acme.mapper": ("from hub.flow import inbox", "connectors import contract"),
    "connectors.planted_b": ("import hub.actions.planted", "connectors import contract"),
    "connectors.acme.client": ("from connectors.stranger import thing", "no connector imports another"),
    "connectors.acme.words": ("from connectors.playing import manners", "no connector imports another"),
    "bot.planted_b": ("import hub.flow.inbox", "bot imports actions"),
    "bot.flows.planted_a": ("from hub.store.models import conversations", "bot imports actions"),
    "scheduler.planted_b": ("import hub.store.planted", "scheduler imports actions"),
    "hub.web.planted_a": ("import hub.accounts", "hub.web imports actions"),
    "hub.web.api.planted_a": ("from hub.store import planted", "hub.web imports actions"),
    "hub.command.planted_b": ("from hub.flow import planted", "hub.command imports actions"),
    "hub.command.planted_c": ("import bench.demo", "nothing knows main"),
}

ALLOWED = {
    "connectors.acme.mapper": "import connectors.http\nfrom hub import contract, errors\nimport hub.domain.order",
    "bot.conversation": "import hub.flow.inbox, hub.store.models.conversations, hub.actions.planted, hub.ports",
    "scheduler.planted_a": "from hub.actions import planted\nimport hub.errors",
    "hub.web.webhooks": "from hub import accounts\nimport hub.flow.inbox",
    "hub.store.planted_a": "from hub.domain import money\nfrom hub import errors",
    "hub.command.planted_a": "from hub import errors, settings\nfrom hub.actions import planted",
    "hub.domain.planted_a": "from hub.errors import Conflict",
    "connectors.acme.server": "from connectors.playing import manners",
    "hub.flow.planted_a": "from hub import accounts, contract\nfrom hub.store import planted",
}


def _write(tree: Path, module: str, text: str = "", package: bool = False) -> None:
    path = tree.joinpath(*module.split("."))
    file = path / "__init__.py" if package or path.is_dir() else path.with_suffix(".py")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text + "\n", encoding="utf-8")


def _tree(root: Path) -> Path:
    """A copy of the four rooms in which every room of the hub exists, and two more connectors."""
    for room in ROOMS:
        shutil.copytree(ROOT / room, root / room, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / ".importlinter", root)
    for package in ("bot", "bot.flows", "scheduler", "hub.web", "hub.web.api", "hub.actions", "hub.flow", "hub.store"):
        if not root.joinpath(*package.split("."), "__init__.py").exists():
            _write(root, package, package=True)
    _write(root, "connectors.acme", package=True)
    _write(root, "connectors.stranger", "thing = 1", package=True)
    for module in ("hub.flow.inbox", "hub.store.models.conversations", "hub.accounts"):
        _write(root, module)
    for package in ("hub.flow", "hub.store", "hub.actions", "hub.web", "hub.command", "bot"):
        _write(root, f"{package}.planted")
    return root


def _lint(tree: Path) -> subprocess.CompletedProcess[str]:
    wide = {**os.environ, "COLUMNS": "400"}
    command = [Path(sys.executable).with_name("lint-imports"), "--no-logo", "--no-cache"]
    return subprocess.run(command, cwd=tree, env=wide, capture_output=True, text=True, timeout=60, check=False)


def _broken(said: str) -> dict[str, str]:
    """What lint-imports says about each broken contract, by its name."""
    _, _, details = said.partition("Broken contracts")
    parts = re.split(r"\n(.+)\n-{5,}\n", details)
    return dict(zip(parts[1::2], (" ".join(part.split()) for part in parts[2::2]), strict=True))


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The verdict on a tree with everything forbidden in it."""
    tree = _tree(tmp_path_factory.mktemp("forbidden"))
    for module, (text, _) in FORBIDDEN.items():
        _write(tree, module, text)
    answer = _lint(tree)
    assert answer.returncode == 1, answer.stdout + answer.stderr
    return _broken(answer.stdout)


@pytest.mark.parametrize("module", FORBIDDEN)
def test_a_forbidden_import_is_caught(broken: dict[str, str], module: str) -> None:
    text, contract = FORBIDDEN[module]
    said = " ".join(why for name, why in broken.items() if contract in name)
    assert f"{module} -> " in said or f"{module} (" in said, f"{text!r} in {module} went through"


def test_a_new_room_of_the_hub_must_be_given_its_place(tmp_path: Path) -> None:
    tree = _tree(tmp_path)
    _write(tree, "hub.attic")

    answer = _lint(tree)

    assert answer.returncode == 1
    assert "hub.attic" in answer.stdout


def test_allowed_imports_are_left_alone(tmp_path: Path) -> None:
    tree = _tree(tmp_path)
    for module, text in ALLOWED.items():
        _write(tree, module, text)

    said = " ".join(_lint(tree).stdout.split())

    assert [module for module in ALLOWED if f"- {module} -> " in said] == []
