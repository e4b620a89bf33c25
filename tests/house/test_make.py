"""`make` does all the set-up it needs, once, and again only when the lock has changed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


PYTHON = """#!/bin/sh
# Plays Python: makes environments, installs what can be installed, and says what else it was asked.
echo "$0 $*"
case "$*" in
  "-m venv "*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
  "-m pip install"*) ! grep -q "not a requirement" requirements-dev.txt ;;
esac
"""


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A fresh project with our Makefile and a Python that is made in no time."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "requirements-dev.txt").write_text("# locked\n", encoding="utf-8")
    (tmp_path / "python").write_text(PYTHON, encoding="utf-8")
    (tmp_path / "python").chmod(0o755)
    return tmp_path


def make(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs make as from a shell of its own, without a terminal."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS", "VIRTUAL_ENV"))}
    command = ["make", "--no-print-directory", "PYTHON=./python", *arguments]
    return subprocess.run(
        command, cwd=root, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False
    )


def test_demo_sets_up_first_and_setup_is_not_repeated(clone: Path) -> None:
    first = make(clone, "demo", "ARGS=--once --orders 5")
    again = make(clone, "demo")

    assert first.returncode == 0, first.stdout + first.stderr
    assert "./python -m venv .venv\n" in first.stdout
    assert re.search(
        r"^\.venv/bin/python -m pip install .*--require-hashes -r requirements-dev.txt$", first.stdout, re.M
    )
    assert first.stdout.endswith("\n.venv/bin/python main.py demo --once --orders 5\n")
    assert again.returncode == 0
    assert "pip" not in again.stdout
    assert "venv .venv" not in again.stdout


def test_a_changed_lock_is_installed_and_an_untouched_one_is_not(clone: Path) -> None:
    make(clone, "setup")
    later = time.time() + 60
    os.utime(clone / "requirements-dev.txt", (later, later))

    assert "pip install" in make(clone, "--dry-run", "setup").stdout

    os.utime(clone / "requirements-dev.txt", (0, 0))
    assert "pip install" not in make(clone, "--dry-run", "setup").stdout


def test_an_installation_that_failed_is_tried_again(clone: Path) -> None:
    lock = clone / "requirements-dev.txt"
    lock.write_text("not a requirement !\n", encoding="utf-8")
    os.utime(lock, (time.time() + 60,) * 2)
    failed = make(clone, "setup")
    lock.write_text("# nothing\n", encoding="utf-8")
    os.utime(lock, (time.time() + 60,) * 2)

    assert failed.returncode != 0
    assert "pip install" in make(clone, "--dry-run", "demo").stdout


def test_without_a_fit_python_it_says_what_to_install(clone: Path) -> None:
    answer = make(clone, "setup", "PYTHON=")

    assert answer.returncode != 0
    assert "needs Python 3.11 or later" in answer.stderr


@pytest.mark.parametrize(
    ("target", "called"),
    [
        ("check", ["ruff format --check", "ruff check", "mypy", "lint-imports", ".ci/house.py"]),
        ("test", ["-m pytest"]),
        ("bench", ["bench $bench"]),
    ],
)
def test_each_target_sets_up_and_does_what_it_says(target: str, called: list[str], clone: Path) -> None:
    told = make(clone, "--dry-run", target).stdout

    assert [part for part in ["-m venv", *called] if part not in told] == []
