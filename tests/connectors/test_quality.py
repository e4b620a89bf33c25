"""What a quality.toml calls done must be so: claims are tried on a copy of the demo store that lacks something."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from connectors import CONNECTORS
from connectors.quality import ROOT, Problem, check, standings, subject_of
from connectors.quality_rules import CAPABILITIES, RULES
from hub import contract

NAME = "demo_store"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """What the rules read of the demo store."""
    for name in (f"connectors/{NAME}", f"tests/connectors/{NAME}", "docs/how-to"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def claims(tree: Path) -> Path:
    return tree / "connectors" / NAME / "quality.toml"


def said(tree: Path) -> dict[str, str]:
    """Why, by rule."""
    return {problem.rule: problem.why for problem in check([NAME], tree)}


@pytest.mark.parametrize("name", list(CONNECTORS))
def test_every_connector_keeps_its_word(name: str) -> None:
    assert [str(problem) for problem in check([name])] == []


def test_every_rule_is_in_the_reference() -> None:
    text = (ROOT / "docs" / "reference" / "quality.md").read_text(encoding="utf-8")

    assert [rule for rule in RULES if f"| `{rule}` |" not in text] == []


def test_every_rule_about_a_capability_names_one_of_the_contract() -> None:
    for capabilities in CAPABILITIES.values():
        for name in capabilities:
            assert getattr(contract, name).__name__ == name


LACKING: dict[str, Callable[[Path, Path, Path], object]] = {
    "contract-suite": lambda code, tests, docs: (tests / "harness.py").unlink(),
    "fixtures": lambda code, tests, docs: [file.unlink() for file in (tests / "fixtures").glob("refund*")],
    "typed-wire": lambda code, tests, docs: (code / "wire.py").unlink(),
    "pure-mapper": lambda code, tests, docs: (code / "mapper.py").write_text("async def order() -> None: ...\n"),
    "words-in-tables": lambda code, tests, docs: (code / "words.py").unlink(),
    "one-way-out": lambda code, tests, docs: (code / "client.py").write_text("from aiohttp import ClientSession\n"),
    "documented": lambda code, tests, docs: (docs / "connect-demo-store.md").write_text(
        "It is easy: base_url, token.\n"
    ),
}


@pytest.mark.parametrize("rule", LACKING)
def test_done_must_be_so(tree: Path, rule: str) -> None:
    assert rule not in said(tree)

    LACKING[rule](tree / "connectors" / NAME, tree / "tests" / "connectors" / NAME, tree / "docs" / "how-to")

    assert said(tree)[rule].startswith("is called done, but ")


def test_a_long_file_is_not_small(tree: Path) -> None:
    text = claims(tree).read_text(encoding="utf-8").splitlines()
    claims(tree).write_text("\n".join('small-files = "done"' if "small-files" in line else line for line in text))
    (tree / "connectors" / NAME / "words.py").write_text("X = 1\n" * 251)

    assert "words.py has 251 lines" in said(tree)["small-files"]


def test_a_fixture_must_say_what_to_expect(tree: Path) -> None:
    file = tree / "tests" / "connectors" / NAME / "fixtures" / "order_created__mute.json"
    file.write_text('{"topic": "order.created", "body": {}}', encoding="utf-8")

    assert "order_created__mute.json does not say what to expect" in said(tree)["fixtures"]


def test_what_it_cannot_do_cannot_be_done(tree: Path) -> None:
    text = claims(tree).read_text(encoding="utf-8")
    claims(tree).write_text(
        text.replace('rates          = { exempt = "the stores quote no carriers" }', 'rates = "done"')
    )

    assert "DemoStoreChannel is no QuotesRates" in said(tree)["rates"]


def test_what_it_can_do_must_be_called_done(tree: Path) -> None:
    text = claims(tree).read_text(encoding="utf-8")
    claims(tree).write_text(text.replace('refunds        = "done"', 'refunds = { todo = "later" }'))

    assert said(tree)["refunds"] == "is called todo, but the code has it"


def test_a_rule_that_is_missing_and_one_that_is_none(tree: Path) -> None:
    text = claims(tree).read_text(encoding="utf-8")
    claims(tree).write_text(text.replace("webhooks       =", "webhook ="))

    assert said(tree)["webhooks"] == "quality.toml does not say"
    assert said(tree)["webhook"] == "no such rule; did you mean webhooks?"


@pytest.mark.parametrize(
    "value", ['"perhaps"', "true", '{ exempt = "" }', '{ later = "x" }', '{ todo = "a", exempt = "b" }']
)
def test_a_standing_is_done_or_says_why_not(tree: Path, value: str) -> None:
    claims(tree).write_text(f"webhooks = {value}\n", encoding="utf-8")

    assert "webhooks must be" in said(tree)["quality.toml"]


def test_a_file_that_is_missing_or_no_toml_is_one_problem(tree: Path) -> None:
    claims(tree).write_text("webhooks", encoding="utf-8")
    assert list(said(tree)) == ["quality.toml"]

    claims(tree).unlink()
    assert list(said(tree)) == ["quality.toml"]


def test_standings_give_the_reasons() -> None:
    told = standings(NAME)

    assert told["webhooks"].status == "done"
    assert told["rates"].status == "exempt"
    assert told["rates"].why


def test_a_push_that_can_neither_be_repeated_nor_looked_up_is_not_safe() -> None:
    class Careless:
        async def push_refund(self) -> None: ...

        async def push_stock(self) -> None: ...

    subject = subject_of(NAME)
    careless = replace(subject, channel=Careless)

    assert RULES["safe-repeats"](careless) == ""
    unsafe = replace(careless, about=replace(subject.about, repeatable=frozenset()))
    assert RULES["safe-repeats"](unsafe) == "no look_up(), and no key for push_refund, push_stock"


def test_a_problem_names_connector_and_rule() -> None:
    assert (
        str(Problem("acme", "stock", "is called done, but it is not")) == "acme: stock: is called done, but it is not"
    )
