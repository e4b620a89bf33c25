"""Files of orders as rows, or as orders that are written whole: read as they are needed, never as a whole."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, TextIO

import msgspec
from msgspec import Struct

from hub.errors import Invalid

CHUNK = 1 << 20
LONGEST = 16 * 1024 * 1024
"""Characters of one order in a JSON file."""

MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
DELIMITERS = ",;\t|"
_TOKENS = re.compile(r'\\.|["{}\n]', re.DOTALL)


class Header(Struct, frozen=True):
    """The columns of a CSV, by the file's own names. A file may hold no more than that."""

    names: tuple[str, ...]


class Row(Struct, frozen=True):
    """One row: its line in the file, cells by the file's own column names; `broken` says why it cannot be read."""

    line: int
    cells: dict[str, str] = {}
    broken: str = ""


class Whole(Struct, frozen=True):
    """One order that stands in the file as JSON of `PlacedOrder`; `broken` says why it cannot be read."""

    line: int
    body: bytes = b""
    broken: str = ""


def read_file(path: Path) -> Iterator[Header | Row | Whole]:
    """Everything in the file, in its order. Raises `Invalid` for a file that holds no orders at all."""
    encoding = encoding_of(path)
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        start = file.read(4096).lstrip()
        file.seek(0)
        if not start:
            raise Invalid("file", "it is empty")
        yield from _json(file) if start[0] in "[{" else _csv(file)


def encoding_of(path: Path) -> str:
    """UTF-8 or UTF-16 by their marks, UTF-8 where all of it is, else Windows-1252, in which every byte is something."""
    with path.open("rb") as file:
        start = file.read(4)
        for mark, name in MARKS:
            if start.startswith(mark):
                return name
        file.seek(0)
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            while chunk := file.read(CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8"


# ---------------------------------------------------------------- CSV


def _csv(file: TextIO) -> Iterator[Header | Row]:
    first = file.readline()
    file.seek(0)
    reader = csv.reader(file, delimiter=_delimiter(first), strict=True)
    try:
        header = [name.strip() for name in next(reader)]
    except (csv.Error, StopIteration) as error:
        raise Invalid("file", f"its first line is no header of columns: {error}") from None
    twice = {name for name in header if name and header.count(name) > 1}
    if twice:
        raise Invalid("file", f"it has two columns named {', '.join(sorted(twice))}")
    yield Header(tuple(name for name in header if name))
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Row(line, broken=f"cannot be read as CSV: {error}")
            continue
        if any(cell.strip() for cell in cells):
            yield _row(line, header, cells)


def _row(line: int, header: list[str], cells: list[str]) -> Row:
    if len(cells) > len(header) and any(cell.strip() for cell in cells[len(header) :]):
        return Row(line, broken=f"has {len(cells)} cells, the header {len(header)}: is a text with a comma not quoted?")
    found = {name: cell.strip() for name, cell in zip(header, cells, strict=False) if name}
    odd = next((name for name, cell in found.items() if "\ufffd" in cell), "")
    return Row(line, found, f"holds characters that nobody can read, in column {odd!r}" if odd else "")


def _delimiter(header: str) -> str:
    outside = re.sub(r'"[^"]*"', "", header)
    return max(DELIMITERS, key=outside.count)


# ---------------------------------------------------------------- JSON


def _json(file: TextIO) -> Iterator[Row | Whole]:
    rows: bool | None = None
    numbers = msgspec.json.Decoder(float_hook=Decimal)
    for line, text in _objects(file):
        if not text:
            yield Whole(line, broken="the file ends here before its JSON does: get the rest of it, and import it again")
            continue
        try:
            value: Any = numbers.decode(text)
        except (msgspec.DecodeError, UnicodeEncodeError, RecursionError, ArithmeticError) as error:
            yield Whole(line, broken=f"is not JSON: {error}")
            continue
        if rows is None:
            rows = "lines" not in value
        if rows and isinstance(value, dict):
            yield _flat(line, value)
        else:
            yield Whole(line, text.encode("utf-8", "replace"))


def _flat(line: int, value: dict[str, Any]) -> Row:
    deep = next((name for name, it in value.items() if isinstance(it, dict | list)), "")
    cells = {name: _cell(it) for name, it in value.items() if not isinstance(it, dict | list)}
    return Row(line, cells, f"{deep!r} is no single value" if deep else "")


def _cell(value: object) -> str:
    if value is None:
        return ""
    return ("yes" if value else "no") if isinstance(value, bool) else str(value).strip()


def _objects(file: TextIO) -> Iterator[tuple[int, str]]:
    """(line, text) of every order: the objects of a list, of the list under `orders`, or one after the other."""
    start = file.read(1024)
    wrapped = bool(re.match(r'\s*\{\s*"orders"\s*:', start))
    file.seek(0)
    splitter = _Splitter(2 if wrapped else 1, "]" if start.lstrip().startswith("[") else "}")
    while chunk := file.read(CHUNK):
        if chunk.endswith("\\"):
            chunk += file.read(1)  # what is escaped must not be parted from its escape
        yield from splitter.feed(chunk)
    yield from splitter.end()


class _Splitter:
    """Finds where the objects of the wanted depth begin and end, and keeps no more than one of them."""

    def __init__(self, wanted: int, closing: str) -> None:
        self._wanted = wanted
        self._closing = closing
        self._last = ""
        self._depth = 0
        self._quoted = False
        self._kept = ""
        self._begin = -1
        self._line = self._began = 1

    def feed(self, chunk: str) -> Iterator[tuple[int, str]]:
        """The objects that end in `chunk`."""
        text, seen = self._kept + chunk, len(self._kept)
        self._last = chunk.rstrip()[-1:] or self._last
        for token in _TOKENS.finditer(text, seen):
            self._line += token[0].count("\n")
            if token[0] == '"':
                self._quoted = not self._quoted
            elif token[0] == "{" and not self._quoted:
                self._depth += 1
                if self._depth == self._wanted:
                    self._begin, self._began = token.start(), self._line
            elif token[0] == "}" and not self._quoted:
                if self._depth == self._wanted and self._begin >= 0:
                    yield self._began, text[self._begin : token.end()]
                    self._begin = -1
                self._depth -= 1
        self._kept = text[self._begin :] if self._begin >= 0 else ""
        self._begin = min(self._begin, 0)
        if len(self._kept) > LONGEST:
            raise Invalid(
                "file", f"the order in line {self._began} does not end: it has more than {LONGEST} characters"
            )

    def end(self) -> Iterator[tuple[int, str]]:
        """What began and never ended; nothing at all where only the end of the file is missing."""
        if self._begin >= 0:
            yield self._began, self._kept
        elif self._depth or self._last != self._closing:
            yield self._line, ""
