"""Writes the tables of docs/reference that follow from the code: settings, commands, states.

    python .ci/reference.py [--check]

Each table stands between `<!-- table: NAME -->` and `<!-- end -->`; what is around it is written by people. With
`--check` nothing is written, and the exit code is 1 when a table is not what the code says.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from inspect import Parameter, signature
from pathlib import Path
from typing import Annotated, get_args, get_origin, get_type_hints

import typer
from pydantic import SecretStr
from typer.models import ArgumentInfo, OptionInfo

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from hub.domain import lifecycle  # noqa: E402 - the project is not installed, its root is on the path now
from hub.settings import PREFIX, Settings  # noqa: E402
from main import app  # noqa: E402

FOLDER = ROOT / "docs" / "reference"
TABLE = re.compile(r"(<!-- table: (?P<name>\S+) -->\n).*?(<!-- end -->)", re.DOTALL)


def settings() -> Iterator[str]:
    """Every setting with its default."""
    yield "| setting | default | what it does |"
    yield "|---|---|---|"
    for name, given in Settings.model_fields.items():
        value = given.default
        text = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
        yield f"| `{PREFIX}{name.upper()}` | {f'`{text}`' if text else 'empty'} | {given.description} |"


# ---------------------------------------------------------------- commands


def commands() -> Iterator[str]:
    """Every command with its arguments and options."""
    for words, work, says in leaves(app):
        said, _, example = " ".join((says or work.__doc__ or "").split()).partition("Example: ")
        yield from ("", f"### {words}", "", said.strip(), "")
        if example:
            yield from (f"    {example}", "")
        own = list(parameters(work))
        if own:
            yield from ("| | default | |", "|---|---|---|", *own)
    yield ""


def leaves(group: typer.Typer, *before: str) -> Iterator[tuple[str, Callable[..., object], str | None]]:
    """Every command that does something: the words that call it, its function, its help."""
    for inner in group.registered_commands:
        assert inner.callback is not None
        name = inner.name or inner.callback.__name__.replace("_", "-")
        yield " ".join((*before, name)), inner.callback, inner.help
    for below in group.registered_groups:
        assert below.typer_instance is not None
        alone = below.typer_instance.registered_callback
        if below.typer_instance.info.invoke_without_command and alone is not None and alone.callback is not None:
            yield " ".join((*before, str(below.name))), alone.callback, None
        yield from leaves(below.typer_instance, *before, str(below.name))


def parameters(work: Callable[..., object]) -> Iterator[str]:
    """One row for each argument and option of a command."""
    hints = get_type_hints(work, include_extras=True)
    for name, given in signature(work).parameters.items():
        if hints[name] is typer.Context:
            continue
        kind, *notes = get_args(hints[name]) if get_origin(hints[name]) is Annotated else (hints[name],)
        info = next((note for note in notes if isinstance(note, ArgumentInfo | OptionInfo)), None)
        default = "" if given.default in (None, False, "", given.empty) else f"`{given.default}`"
        asked = given.default is given.empty and not (info and getattr(info, "prompt", False))
        says = (info.help if info else "") or ""
        yield f"| `{_called(name, kind, info, given.default)}` | {'required' if asked else default} | {says} |"


def _called(name: str, kind: object, info: ArgumentInfo | OptionInfo | None, default: object) -> str:
    if isinstance(info, ArgumentInfo) or (info is None and default is Parameter.empty):
        return f"{name.upper()}{' …' if get_origin(kind) is list else ''}"
    # In Annotated, Typer takes the first name of an option for its default.
    names = (info.default, *(info.param_decls or ())) if info else ()
    option = next((it for it in names if isinstance(it, str) and it.startswith("--")), f"--{name.replace('_', '-')}")
    if bool in (kind, *get_args(kind)):
        return option.replace("/", "`, `")
    return f"{option} {'N' if int in (kind, *get_args(kind)) else 'TEXT'}"


# ---------------------------------------------------------------- states


def moves(table: Mapping[str, Mapping[Enum, Enum]]) -> Iterator[str]:
    """Event → from → to."""
    yield "| event | from | to |"
    yield "|---|---|---|"
    for event, allowed in table.items():
        for to in dict.fromkeys(allowed.values()):
            same = all(start is end for start, end in allowed.items())
            whence = ", ".join(_word(start) for start, end in allowed.items() if same or end is to)
            yield f"| {event} | {whence} | {'the same' if same else _word(to)} |"
            if same:
                break


def ways(table: Mapping[Enum, frozenset[Enum]]) -> Iterator[str]:
    """From → to, in the order in which the states are written down."""
    yield "| from | to |"
    yield "|---|---|"
    for start, ends in table.items():
        names = [_word(end) for end in type(start) if end in ends]
        yield f"| {_word(start)} | {', '.join(names) or 'nowhere: it ends here'} |"


def phases() -> Iterator[str]:
    """Every phase, numbered in the order in which they are looked for."""
    yield from (f"{number}. {phase}" for number, phase in enumerate(lifecycle.PHASES, 1))


def _word(state: Enum) -> str:
    return state.name.lower()


TABLES: Mapping[str, Callable[[], Iterator[str]]] = {
    "settings": settings,
    "commands": commands,
    "order-moves": lambda: moves(lifecycle.ORDER_MOVES),
    "work-moves": lambda: moves(lifecycle.WORK_MOVES),
    "payment-moves": lambda: ways(lifecycle.PAYMENT_MOVES),
    "label-moves": lambda: ways(lifecycle.LABEL_MOVES),
    "custody-moves": lambda: ways(lifecycle.CUSTODY_MOVES),
    "phases": phases,
}


def renewed(text: str) -> str:
    """`text` with every table as the code has it."""
    return TABLE.sub(lambda found: f"{found[1]}{chr(10).join(TABLES[found['name']]())}\n{found[3]}", text)


def main() -> int:
    """Writes, or with --check compares; 1 when something is out of date or a table stands nowhere."""
    check, stale, seen = "--check" in sys.argv[1:], [], set()
    for file in sorted(FOLDER.glob("*.md")):
        text = file.read_text(encoding="utf-8")
        seen |= {found["name"] for found in TABLE.finditer(text)}
        new = renewed(text)
        if new != text:
            stale.append(file)
            if not check:
                file.write_text(new, encoding="utf-8")
    what = "out of date; run python .ci/reference.py" if check else "written"
    for file in stale:
        sys.stderr.write(f"{file.relative_to(ROOT)}: {what}\n")
    for name in sorted(TABLES.keys() - seen):
        sys.stderr.write(f"the table {name} stands in no file of docs/reference\n")
    return 1 if (check and stale) or TABLES.keys() - seen else 0


if __name__ == "__main__":
    sys.exit(main())
