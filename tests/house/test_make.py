"""`make` does all the set-up it needs, once, and again only when the lock has changed."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh project with our Makefile, a lock that needs no index, and a main that says how it was called."""
    root = tmp_path_factory.mktemp("clone")
    shutil.copy(ROOT / "Makefile", root)
    (root / "requirements-dev.txt").write_text("# nothing\n", encoding="utf-8")
    (root / "main.py").write_text("import sys\nprint('main', *sys.argv[1:], sys.prefix)\n", encoding="utf-8")
    return root


def make(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs make as from a shell of its own, without a terminal."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS", "VIRTUAL_ENV"))}
    command = ["make", "--no-print-directory", *arguments]
    return subprocess.run(
        command, cwd=root, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300, check=False
    )


def test_demo_sets_up_first_and_setup_is_not_repeated(clone: Path) -> None:
    first = make(clone, "demo", "ARGS=--once --orders 5")
    again = make(clone, "demo")

    assert first.returncode == 0, first.stdout + first.stderr
    assert "pip install" in first.stdout
    assert "--require-hashes" in first.stdout
    assert f"main demo --once --orders 5 {clone / '.venv'}" in first.stdout
    assert again.returncode == 0
    assert "pip install" not in again.stdout


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


def test_without_a_fit_python_it_says_what_to_install(tmp_path: Path) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "requirements-dev.txt").touch()

    answer = make(tmp_path, "setup", "PYTHON=")

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
def test_each_target_sets_up_and_does_what_it_says(target: str, called: list[str], tmp_path: Path) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "requirements-dev.txt").touch()

    told = make(tmp_path, "--dry-run", target).stdout

    assert [part for part in ["-m venv", *called] if part not in told] == []
