"""The limits of the house: how long a file and a function may be, and how many parameters one may take.

    python .ci/house.py [ROOT]

Prints the figures, names everything over a wall, and exits 1 if there is any. Tests are measured by file length only.
A function is measured from its `def` to its last line, signature and docstring included, decorators not; one inside
another counts in both. Parameters are counted without `self` and `cls`. Those of main.py are the options that people
type, so they have no limit there; elsewhere `# noqa: PLR0913` beside the `def` says that somebody decided it.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

FILE_LINES = 400
FUNCTION_LINES = 40
USUAL_LINES = 25
USUAL_SHARE = 0.90
PARAMETERS = 5

ROOMS = ("hub", "connectors", "bot", "scheduler", "migrations", "bench", ".ci", "tests")
TOP_FILES = ("main.py",)
GENERATED = ("migrations/0001_create_tables.py",)
"""Written by Tortoise from the models, read by nobody: not measured."""
NO_PARAMETER_LIMIT = ("main.py",)


@dataclass(frozen=True, slots=True)
class Function:
    """One function: where it is, how many lines it has, how many parameters it takes."""

    path: str
    line: int
    name: str
    lines: int
    parameters: int
    excused: bool
    """Whether its parameters may be more than the limit."""

    def __str__(self) -> str:
        return f"{self.path}:{self.line} {self.name}"


def python_files(root: Path) -> Iterator[Path]:
    """Every Python file of the project below `root`."""
    for name in TOP_FILES:
        if (root / name).is_file():
            yield root / name
    for room in ROOMS:
        yield from sorted((root / room).rglob("*.py"))


def functions(path: str, source: str) -> Iterator[Function]:
    """Every function in `source`, methods and inner functions included."""
    tree = ast.parse(source, path)
    text = source.splitlines()
    owners = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            is_method = isinstance(owners.get(node), ast.ClassDef) and not _is_static(node)
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            excused = path in NO_PARAMETER_LIMIT or "noqa: PLR0913" in text[node.lineno - 1]
            yield Function(path, node.lineno, node.name, lines, _parameters(node.args) - is_method, excused)


def _is_static(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any(isinstance(it, ast.Name) and it.id == "staticmethod" for it in node.decorator_list)


def _parameters(arguments: ast.arguments) -> int:
    named = len(arguments.posonlyargs) + len(arguments.args) + len(arguments.kwonlyargs)
    return named + (arguments.vararg is not None) + (arguments.kwarg is not None)


def over_the_wall(files: dict[str, int], product: list[Function]) -> list[str]:
    """What breaks a limit, one line each."""
    problems = [
        f"{path}: {count} lines, the wall is {FILE_LINES}" for path, count in files.items() if count > FILE_LINES
    ]
    for it in product:
        if it.lines > FUNCTION_LINES:
            problems.append(f"{it}: {it.lines} lines, the wall is {FUNCTION_LINES}")
        if it.parameters > PARAMETERS and not it.excused:
            problems.append(f"{it}: {it.parameters} parameters, the limit is {PARAMETERS}")
    if product and usual_share(product) < USUAL_SHARE:
        problems.append(f"only {usual_share(product):.1%} of functions are within {USUAL_LINES} lines")
    return problems


def usual_share(product: list[Function]) -> float:
    """The share of functions within the usual length."""
    return sum(it.lines <= USUAL_LINES for it in product) / len(product)


def measure(root: Path) -> tuple[dict[str, int], list[Function]]:
    """(lines by file, functions of the product) below `root`."""
    files: dict[str, int] = {}
    product: list[Function] = []
    for file in python_files(root):
        path, source = file.relative_to(root).as_posix(), file.read_text(encoding="utf-8")
        if path in GENERATED:
            continue
        files[path] = len(source.splitlines())
        if not path.startswith("tests/"):
            product += functions(path, source)
    return files, product


def report(files: dict[str, int], product: list[Function]) -> str:
    """The figures, on a few lines."""
    lengths = [it.lines for it in product] or [0]
    p90 = quantiles(lengths, n=10, method="inclusive")[-1] if len(lengths) > 1 else lengths[0]
    of_product = [count for path, count in files.items() if not path.startswith("tests/")] or [0]
    tests = [count for path, count in files.items() if path.startswith("tests/")] or [0]
    share = usual_share(product) if product else 1.0
    return (
        f"files      {len(of_product)}: median {median(of_product):.0f} lines, longest {max(of_product)}; "
        f"of tests {len(tests)}, longest {max(tests)}\n"
        f"functions  {len(product)}: median {median(lengths):.0f} lines, p90 {p90:.0f}, longest {max(lengths)}, "
        f"{share:.1%} within {USUAL_LINES}\n"
    )


def main() -> int:
    """Measures the project; 1 when something is over a wall."""
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent)
    files, product = measure(root)
    sys.stdout.write(report(files, product))
    problems = over_the_wall(files, product)
    for problem in problems:
        sys.stderr.write(f"{problem}\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
