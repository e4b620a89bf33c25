"""Tables: whole in a file or a pipe, as much as fits in a terminal, and what was left out is named."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from hub.command.report import show
from hub.command.tables import cell, fitting, table

ORDERS = [
    {"number": "NO-1001", "placed_at": "2026-11-23T05:39:42.123456Z", "who": "Ελένη [b]", "tags": [], "why": "x " * 30},
    {"number": "NO-1002", "placed_at": "2026-11-23T06:00:00Z", "who": "Åsa", "tags": ["gift", "vip"], "why": "fine"},
]


def printed(width: int, terminal: bool) -> tuple[list[str], str]:
    """The lines, and what is said beside them."""
    file = StringIO()
    said = table(Console(file=file, width=width, force_terminal=terminal, no_color=True, color_system=None), ORDERS)
    return file.getvalue().splitlines(), said


def test_a_pipe_gets_a_line_a_row_whole() -> None:
    lines, said = printed(20, terminal=False)
    assert lines == [
        "number   placed_at          who        tags       why",
        "NO-1001  2026-11-23 05:39Z  Ελένη [b]             " + ("x " * 30).rstrip(),
        "NO-1002  2026-11-23 06:00Z  Åsa        gift, vip  fine",
    ]
    assert said == ""


def test_a_terminal_gets_what_fits_and_the_names_of_the_rest() -> None:
    lines, said = printed(42, terminal=True)
    assert [line.rstrip() for line in lines] == [
        "number   placed_at          who",
        "NO-1001  2026-11-23 05:39Z  Ελένη [b]",
        "NO-1002  2026-11-23 06:00Z  Åsa",
    ]
    assert said == "no room for tags, why: widen the terminal, or ask with --json"


def test_long_words_are_wrapped_where_there_is_some_room() -> None:
    lines, said = printed(80, terminal=True)
    assert said == ""
    assert len(lines) == 4, "the reason takes two lines"
    assert all(len(line.rstrip()) <= 80 for line in lines)
    assert "".join(lines).count("x ") == 30


@pytest.mark.parametrize(
    ("widths", "room", "shown"),
    [({"a": 10, "b": 10}, 22, ["a", "b"]), ({"a": 99, "b": 1}, 20, ["a"]), ({"a": 5, "b": 20, "c": 5}, 14, ["a", "c"])],
)
def test_what_comes_first_has_the_room(widths: dict[str, int], room: int, shown: list[str]) -> None:
    assert fitting(widths, room) == shown


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), ([1, 2], "1, 2"), ({"a": 1, "b": [2]}, "a=1 b=2"), ("2026-11-23", "2026-11-23"), (0, "0")],
)
def test_values_read_as_people_write_them(value: object, text: str) -> None:
    assert cell(value) == text


def test_nothing_found_is_said_and_is_no_document(capsys: pytest.CaptureFixture[str]) -> None:
    show({"orders": [], "next": ""}, as_json=False)
    out, err = capsys.readouterr()
    assert (out, err.strip()) == ("", "none")
    show({"orders": [], "next": ""}, as_json=True)
    assert capsys.readouterr().out.split() == ["{", '"orders":', "[],", '"next":', '""', "}"]
