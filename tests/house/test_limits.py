"""The house limits say what is over a wall, and count only what they should."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HOUSE = Path(__file__).resolve().parents[2] / ".ci" / "house.py"


def _measure(root: Path, **files: str) -> subprocess.CompletedProcess[str]:
    """What the program says of a project of these files; `hub__a` is hub/a.py."""
    for name, text in files.items():
        file = root.joinpath(*name.split("__")).with_suffix(".py")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return subprocess.run([sys.executable, HOUSE, root], capture_output=True, text=True, timeout=60, check=False)


def _function(lines: int, signature: str = "def long()") -> str:
    return f"{signature}:\n" + "    x = 1\n" * (lines - 1)


SHORT = "".join(f"def f{n}():\n    pass\n" for n in range(9))


def test_within_the_limits(tmp_path: Path) -> None:
    answer = _measure(tmp_path, hub__a=SHORT + _function(40), main="def cli(a, b, c, d, e, f): ...\n")

    assert answer.returncode == 0, answer.stderr
    assert "p90" in answer.stdout
    assert "longest 40" in answer.stdout


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("x = 1\n" * 401, "hub/a.py: 401 lines"),
        (SHORT + _function(41), "hub/a.py:19 long: 41 lines"),
        (_function(26), "only 0.0% of functions are within 25 lines"),
        (SHORT + "def many(a, b, c, *, d, e, f): ...\n", "many: 6 parameters"),
        ("class A:\n    @staticmethod\n    def many(a, b, c, d, e, f): ...\n", "many: 6 parameters"),
        ("class A:\n    def outer(self):\n        async def many(a, b, c, d, *e, **f): ...\n", "many: 6 parameters"),
    ],
)
def test_over_a_wall(tmp_path: Path, source: str, said: str) -> None:
    answer = _measure(tmp_path, hub__a=source)

    assert answer.returncode == 1
    assert said in answer.stderr


@pytest.mark.parametrize(
    "source",
    [
        "class A:\n    def five(self, a, b, c, d, e): ...\n",
        "class A:\n    @classmethod\n    def five(cls, a, b, c, d, e): ...\n",
        "def decided(  # noqa: PLR0913\n    a, b, c, d, e, f): ...\n",
    ],
)
def test_parameters_that_do_not_count(tmp_path: Path, source: str) -> None:
    assert _measure(tmp_path, hub__a=source).returncode == 0


def test_of_tests_only_the_length_of_the_file_counts(tmp_path: Path) -> None:
    assert _measure(tmp_path, tests__hub__test_a=_function(60)).returncode == 0

    answer = _measure(tmp_path, tests__hub__test_a="x = 1\n" * 401)

    assert "tests/hub/test_a.py: 401 lines" in answer.stderr


def test_what_tortoise_wrote_is_not_measured(tmp_path: Path) -> None:
    assert _measure(tmp_path, migrations__0001_create_tables="x = 1\n" * 401).returncode == 0

    assert _measure(tmp_path, migrations__0002_add_things="x = 1\n" * 401).returncode == 1
