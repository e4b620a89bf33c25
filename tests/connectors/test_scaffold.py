"""`new-connector` makes a connector that works as it stands: in a copy of the tree, the contract suite runs over it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from connectors.scaffold import new_connector, renamed
from hub.errors import Conflict, Invalid

ROOT = Path(__file__).resolve().parents[2]
NEEDED = (
    "hub",
    "connectors",
    "docs/how-to",
    "migrations",
    "tests/support",
    "tests/connectors/demo_store",
    "tests/connectors/checks",
    "tests/connectors/harness.py",
    "tests/connectors/test_contract.py",
    "tests/connectors/__init__.py",
    "tests/__init__.py",
    "tests/conftest.py",
    "pyproject.toml",
    ".importlinter",
)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """As much of the source tree as a connector needs."""
    for name in NEEDED:
        source, target = ROOT / name, tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    return tmp_path


def run(tree: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs Python in the tree, on its own modules."""
    env = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=tree, env=env, capture_output=True, text=True, timeout=180, check=False)


@pytest.mark.long
def test_the_copy_passes_the_contract_suite_and_its_own_tests(tree: Path) -> None:
    new_connector("zebra_shop", tree)

    tests = ["tests/connectors/test_contract.py", "tests/connectors/zebra_shop", "-k", "zebra_shop"]
    answer = run(tree, "-m", "pytest", "-p", "no:cacheprovider", "-n", "0", *tests)

    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert answer.stdout.count(".") > 30


def test_the_copy_is_held_to_its_quality_and_the_rules_of_the_house(tree: Path) -> None:
    new_connector("zebra_shop", tree)

    quality = run(tree, "-c", "from connectors.quality import check; print(*check(['zebra_shop']), sep='\\n')")
    lint = run(
        tree, "-m", "ruff", "check", "connectors/zebra_shop", "tests/connectors/zebra_shop", "connectors/__init__.py"
    )
    form = run(tree, "-m", "ruff", "format", "--check", "connectors/zebra_shop", "tests/connectors/zebra_shop")

    assert quality.stdout.strip() == "", quality.stdout + quality.stderr
    assert lint.returncode == 0, lint.stdout
    assert form.returncode == 0, form.stdout


def test_one_line_registers_it(tree: Path) -> None:
    before = (tree / "connectors" / "__init__.py").read_text(encoding="utf-8")

    made = new_connector("acme", tree)

    after = (tree / "connectors" / "__init__.py").read_text(encoding="utf-8")
    added = [line for line in after.splitlines() if line not in before.splitlines()]
    assert [line.strip() for line in added] == ['"acme": "connectors.acme:Acme",']
    assert tree / "connectors" / "acme" in made
    assert tree / "tests" / "connectors" / "acme" in made
    assert all(path.exists() for path in made)


def test_nothing_of_the_model_is_left_in_the_copy(tree: Path) -> None:
    new_connector("acme", tree)

    for folder in (tree / "connectors" / "acme", tree / "tests" / "connectors" / "acme"):
        for file in (file for file in folder.rglob("*") if file.is_file()):
            left = re.findall(r"demo_store|DemoStore|Demo Store|X-Demo", file.read_text(encoding="utf-8"))
            assert left == [], file


def test_names_in_each_spelling() -> None:
    text = "demo_store DemoStoreChannel 'Demo Store' connect-demo-store.md X-Demo-Topic"

    assert renamed(text, "acme_shop") == "acme_shop AcmeShopChannel 'Acme Shop' connect-acme-shop.md X-Acme-Topic"


@pytest.mark.parametrize(
    "name", ["", "Acme", "acme-shop", "1st", "acme__shop", "_acme", "acme_", "class", "../acme", "ac me"]
)
def test_a_name_that_is_none_is_refused(name: str, tree: Path) -> None:
    with pytest.raises(Invalid, match="name"):
        new_connector(name, tree)


@pytest.mark.parametrize("name", ["demo_store", "http", "signing", "checks"])
def test_a_name_that_is_taken_is_refused(name: str, tree: Path) -> None:
    with pytest.raises(Conflict, match="taken"):
        new_connector(name, tree)


def test_outside_a_source_tree_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="source tree"):
        new_connector("acme", tmp_path)
