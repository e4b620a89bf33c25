"""Texts: the same keys and parameters in every language, formats, optional parts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.flows import FLOWS
from bot.texts import languages, parameters, templates, text
from hub.domain.lifecycle import PHASES
from hub.domain.order import ScanStatus
from hub.domain.tracking import TOLD
from hub.errors import Invalid

BOT = Path(__file__).resolve().parents[2] / "bot"


def test_every_language_has_the_same_keys_and_parameters() -> None:
    assert {"en", "de"} <= set(languages())
    english = templates("en")
    for name in languages()[1:]:
        other = templates(name)
        assert set(other) == set(english)
        for key, template in other.items():
            assert parameters(template) == parameters(english[key]), (name, key)
            assert template.count("[[") == template.count("]]"), (name, key)


def test_every_key_in_the_code_exists() -> None:
    groups = {key.split(".")[0] for key in templates("en")}
    quoted = re.compile(r'"((?:' + "|".join(sorted(groups)) + r')\.[a-z_]+)"')
    used = {key for path in BOT.rglob("*.py") for key in quoted.findall(path.read_text())}
    assert len(used) > 30
    assert used - set(templates("en")) == set()


def test_every_phase_scan_and_flow_has_words() -> None:
    for key in (*(f"phase.{it}" for it in PHASES), *(f"scan.{it}" for it in ScanStatus)):
        assert text(key, "en") and text(key, "de")
    assert all(text(flow.title, "de") for flow in FLOWS.values() if flow.title)


def test_optional_parts_need_their_parameters() -> None:
    full = {"number": "1001", "shop": "Toys", "promised": "2026-11-24"}
    assert text("notice.confirmed", "en", full) == (
        "Thank you! Order 1001 from Toys is confirmed. It should arrive by Tuesday, November 24."
    )
    assert text("notice.confirmed", "de-AT", full) == (
        "Vielen Dank! Bestellung 1001 bei Toys ist bestätigt. Sie sollte bis Dienstag, 24. November ankommen."
    )
    assert text("notice.confirmed", "en", {"number": "1001", "promised": ""}) == "Thank you! Order 1001 is confirmed."


def test_a_language_without_texts_gets_english_days_and_countries_too() -> None:
    promised = {"number": "1001", "promised": "2026-11-26"}
    assert text("notice.confirmed", "sv", promised).endswith("by Thursday, November 26.")
    asked = {"given": "12", "country": "SE", "example": "11455"}
    assert "(Sweden)" in text("address.postcode_unknown", "sv-SE", asked)
    assert "(Schweden)" in text("address.postcode_unknown", "de-AT", asked)


def test_parameters_are_not_templates() -> None:
    assert "{number} [[x]] phase.shipped" in text("notice.confirmed", "en", {"number": "{number} [[x]] phase.shipped"})


def test_an_unknown_language_is_english_and_an_unknown_key_is_an_error() -> None:
    assert text("button.yes", "xx-YY") == text("button.yes", "") == "Yes"
    assert text("button.yes", "de_DE") == "Ja"
    assert text("=1001", "de") == "1001"
    with pytest.raises(Invalid, match=r"no text 'nope\.nope'"):
        text("nope.nope", "en")
    with pytest.raises(Invalid, match="not a date"):
        text("notice.confirmed", "en", {"number": "1", "promised": "soon"})


def test_every_notice_the_hub_sends_has_words_and_a_subject() -> None:
    for what in ("confirmed", "shipped", *TOLD.values()):
        for language in languages():
            assert "1001" in text(f"notice.{what}", language, {"number": "1001", "token": "t"})
            assert "1001" in text(f"subject.{what}", language, {"number": "1001"})
