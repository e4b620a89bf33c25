"""`orders import`: how a file is to be read, and its orders told one by one."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import typer

from hub.actions.import_orders import How, Imported, Told
from hub.domain.money import major
from hub.errors import Invalid

STATES = {"new": ("is new",) * 2, "there": ("is there already, unchanged",) * 2,
          "changed": ("is changed", "would be changed"), "error": ("is not taken", "cannot be taken")}  # fmt: skip
"""State → in words, done and on a dry run."""


class Mapping(msgspec.Struct, forbid_unknown_fields=True):
    """The file of `--mapping`: [columns] and [set]."""

    columns: dict[str, str] = {}
    set: dict[str, str | int | bool] = {}


def how(mapping: Path | None, columns: Sequence[str], fixed: Sequence[str]) -> How:
    """From the file, then from the options, which win. Raises `Invalid`."""
    given = _mapping(mapping) if mapping is not None else Mapping()
    said = {name: ("yes" if it else "no") if isinstance(it, bool) else str(it) for name, it in given.set.items()}
    return How(columns={**given.columns, **_pairs("--map", columns)}, fixed={**said, **_pairs("--set", fixed)})


def _mapping(file: Path) -> Mapping:
    try:
        return msgspec.convert(tomllib.loads(file.read_text(encoding="utf-8")), Mapping)
    except (ValueError, OSError) as error:
        raise Invalid("--mapping", f"{file.name}: {error}") from None


def _pairs(option: str, given: Sequence[str]) -> dict[str, str]:
    pairs = {}
    for text in given:
        name, found, value = text.rpartition("=") if option == "--map" else text.partition("=")
        if not found or not name:
            raise Invalid(option, f"{text!r} is not NAME=VALUE")
        pairs[name] = value
    return pairs


def teller(dry_run: bool, as_json: bool) -> Callable[[Told], None]:
    """Writes a line for each order; nothing with `--json`, where one document says it all."""

    def tell(told: Told) -> None:
        if not as_json:
            typer.echo(sentence(told, dry_run))

    return tell


def sentence(told: Told, dry_run: bool) -> str:
    """One order, in words."""
    said = f"line {told.line}: {told.order or 'an order without a number'} {STATES[told.state][dry_run]}"
    if told.state == "error":
        return f"{said}: {_printable(f'{told.column}: ' if told.column else '')}{_printable(told.why)}"
    if told.state == "there":
        return _printable(said)
    units = f"{told.lines} line{'s' if told.lines != 1 else ''}"
    return _printable(f"{said}, {units}, {major(told.total, told.currency)} {told.currency}")


def _printable(text: str) -> str:
    """What a file says must not move the cursor of a terminal, nor stop one that cannot show it."""
    shown = "".join(letter if letter.isprintable() else "\ufffd" for letter in text)
    return shown.encode(sys.stdout.encoding or "utf-8", "replace").decode(sys.stdout.encoding or "utf-8")


class Counts(msgspec.Struct, frozen=True):
    """What an import came to, for people who have read it line by line."""

    orders: int
    new: int
    there: int
    changed: int
    errors: int
    dry_run: bool

    @property
    def failed(self) -> bool:
        return self.errors > 0


def summary(done: Imported) -> Counts:
    """The counts, without what was told line by line."""
    return Counts(done.orders, done.new, done.there, done.changed, done.errors, done.dry_run)
