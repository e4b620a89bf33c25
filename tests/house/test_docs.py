"""What the documents say is so: tables made from the code, commands that exist, links and paths that lead somewhere."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hub.settings import Settings
from main import app

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
COMMAND_LINE = (ROOT / "docs" / "reference" / "command-line.md").read_text(encoding="utf-8")

LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)(?:#[^)]*)?\)")
OWN_PATH = re.compile(r"`((?:hub|connectors|bot|scheduler|migrations|bench|tests|docs|\.ci)/[\w./-]+)`")
CALL = re.compile(r"python main\.py (.+?)(?:`|$)", re.MULTILINE)


def commands() -> dict[str, set[str]]:
    """Command → its options, as the reference tells them."""
    found: dict[str, set[str]] = {}
    for section in COMMAND_LINE.split("\n### ")[1:]:
        name = section.partition("\n")[0]
        cells = re.findall(r"^\| (`--.*?) \|", section, re.MULTILINE)
        found[name] = {option for cell in cells for option in re.findall(r"`(--[a-z-]+)", cell)}
    return found


COMMANDS = commands()


def named(file: Path) -> str:
    """A document's path, as the test's name."""
    return file.relative_to(ROOT).as_posix()


def test_the_tables_of_the_reference_are_those_of_the_code() -> None:
    answer = subprocess.run(
        [sys.executable, ROOT / ".ci" / "reference.py", "--check"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert answer.returncode == 0, answer.stderr


def test_every_setting_is_documented_and_nothing_else() -> None:
    text = (ROOT / "docs" / "reference" / "settings.md").read_text(encoding="utf-8")

    told = re.findall(r"^\| `CROSSDOCK_([A-Z_]+)` ", text, re.MULTILINE)

    assert told == [name.upper() for name in Settings.model_fields]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_of_the_reference_exists_with_its_options(command: str) -> None:
    helped = CliRunner().invoke(app, [*command.split(), "--help"], env={"COLUMNS": "200", "TERM": "dumb"})

    assert helped.exit_code == 0, helped.output
    said = re.sub(r"\x1b\[[0-9;]*m", "", helped.output)
    assert set(re.findall(r"(?<![\w-])--[a-z-]+(?=[\s,])", said)) >= COMMANDS[command]
    assert "Example:" in said


@pytest.mark.parametrize("file", DOCUMENTS, ids=named)
def test_links_lead_somewhere(file: Path) -> None:
    links = LINK.findall(file.read_text(encoding="utf-8"))

    assert [link for link in links if not (file.parent / link).exists()] == []


@pytest.mark.parametrize("file", DOCUMENTS, ids=named)
def test_paths_that_are_named_exist(file: Path) -> None:
    paths = OWN_PATH.findall(file.read_text(encoding="utf-8"))

    # `acme` is the connector that the guide makes up.
    assert [path for path in paths if "acme" not in path and not (ROOT / path).exists()] == []


@pytest.mark.parametrize("file", DOCUMENTS, ids=named)
def test_commands_that_are_shown_exist(file: Path) -> None:
    wrong = []
    for call in CALL.findall(file.read_text(encoding="utf-8").replace("\\\n", " ")):
        words = (
            shlex.split(call, comments=True) if call.count("'") % 2 == 0 and call.count('"') % 2 == 0 else call.split()
        )
        longest_first = (" ".join(words[:3]), " ".join(words[:2]), words[0])
        command = next((name for name in longest_first if name in COMMANDS), None)
        group = any(name.startswith(f"{words[0]} ") for name in COMMANDS) and len(words) == 1
        options = {word.partition("=")[0] for word in words if re.fullmatch(r"--[a-z-]+(=.*)?", word)} - {"--help"}
        if not group and words != ["--help"] and (command is None or options - COMMANDS[command]):
            wrong.append(call)

    assert wrong == []


def test_the_index_names_every_document() -> None:
    index = ROOT / "docs" / "README.md"
    named_there = {(index.parent / link).resolve() for link in LINK.findall(index.read_text(encoding="utf-8"))}

    assert {file for file in DOCUMENTS if file.is_relative_to(index.parent)} - named_there == {index}
