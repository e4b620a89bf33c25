"""A new connector: a working copy of the demo store under another name, tests included, and its one line."""

from __future__ import annotations

import keyword
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from hub.errors import Conflict, Invalid

MODEL = "demo_store"
TEXT = frozenset({".py", ".toml", ".json", ".md", ".graphql", ".txt"})
ROOT = Path(__file__).resolve().parents[1]

_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_LINE = re.compile(rf'^(?P<indent> +)"{MODEL}": "connectors\.{MODEL}:DemoStore",\n', re.MULTILINE)


def new_connector(name: str, root: Path = ROOT) -> list[Path]:
    """Makes the connector `name` (lower case, such as "acme" or "acme_shop") in the source tree at `root`.

    Returns the folders and files that were made or changed. Raises `Invalid` for a name that cannot be one, or where
    there is no source tree, and `Conflict` when the name is taken.
    """
    _require_free(name, root)
    made = [
        _copy(root / "connectors" / MODEL, root / "connectors" / name, name),
        _copy(root / "tests" / "connectors" / MODEL, root / "tests" / "connectors" / name, name),
    ]
    guide = root / "docs" / "how-to" / f"connect-{MODEL.replace('_', '-')}.md"
    if guide.is_file():
        made.append(guide.with_name(f"connect-{name.replace('_', '-')}.md"))
        made[-1].write_text(renamed(guide.read_text(encoding="utf-8"), name), encoding="utf-8")
    made.append(_add_line(root / "connectors" / "__init__.py", name))
    _tidy([path for path in made if path.suffix != ".md"])
    return made


def renamed(text: str, name: str) -> str:
    """`text` about the demo store as text about `name`."""
    words = name.split("_")
    spelled = {
        "demo_store": name,
        "demo-store": "-".join(words),
        "DemoStore": "".join(word.capitalize() for word in words),
        "Demo Store": " ".join(word.capitalize() for word in words),
        "X-Demo": f"X-{words[0].capitalize()}",
        "x-demo": f"x-{words[0]}",
    }
    for old, new in spelled.items():
        text = text.replace(old, new)
    return text


def _require_free(name: str, root: Path) -> None:
    if not _NAME.fullmatch(name) or keyword.iskeyword(name):
        raise Invalid(
            "name", f"{name!r} is no module name: use lower case, digits and single underscores, such as acme"
        )
    for source in (root / "connectors" / MODEL, root / "tests" / "connectors" / MODEL):
        if not source.is_dir():
            raise Invalid("root", f"{source} is missing: run this in a source tree of Crossdock")
    for folder in (root / "connectors", root / "tests" / "connectors"):
        if (folder / name).exists() or (folder / f"{name}.py").exists():
            raise Conflict(f"{name} is taken: {folder / name} exists")


def _copy(source: Path, target: Path, name: str) -> Path:
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    for file in sorted(target.rglob("*")):
        if file.suffix in TEXT:
            file.write_text(renamed(file.read_text(encoding="utf-8"), name), encoding="utf-8")
    return target


def _add_line(registry: Path, name: str) -> Path:
    """One line under that of the model: nothing else registers a connector."""
    text = registry.read_text(encoding="utf-8")
    line = _LINE.search(text)
    if line is None:
        raise Invalid("root", f"{registry} has no line for {MODEL}: add one for {name} beside the others")
    registry.write_text(text[: line.end()] + renamed(line.group(), name) + text[line.end() :], encoding="utf-8")
    return registry


def _tidy(paths: list[Path]) -> None:
    """Sorts imports and wraps lines anew, as the name's length and place in the alphabet ask; without ruff, not."""
    if find_spec("ruff") is None:
        return
    for command in (["check", "--quiet", "--fix-only", "--select", "I"], ["format", "--quiet"]):
        subprocess.run([sys.executable, "-m", "ruff", *command, *map(str, paths)], check=False, timeout=60)  # noqa: S603
