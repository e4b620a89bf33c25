"""Correcting an address part by part: what is asked for, what an answer becomes, what never changes."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from hub.domain.address import faults
from hub.domain.address_correcting import LONGEST, PARTS, Checks, Wrong, corrected, example, fits_a_label, tidy, wrongs
from hub.domain.order import Address

SE = Address(name="Astrid Lind", line1="Strandvägen 7", city="Stockholm", postcode="12", country="SE")
US = Address(name="Ann", line1="5 Main St", city="Los Angeles", postcode="90001", region="NY", country="US")
ALL = Checks()

COUNTRIES = ("SE", "DE", "GB", "US", "KW", "NL", "JP", "CA", "BR", "IE", "AE", "PL", "IN", "FR", "HK")


def asked(address: Address, checks: Checks = ALL, last: str = "") -> list[tuple[str, str]]:
    return [(wrong.part, wrong.why) for wrong in wrongs(address, checks, last)]


def test_a_postcode_that_does_not_exist_is_asked_for_with_an_example_of_its_country() -> None:
    assert wrongs(SE, ALL) == (Wrong(part="postcode", why="unknown", given="12", example="11455"),)
    assert example(replace(SE, country="GB"), "postcode") == "EC1Y 8SY"
    assert example(replace(SE, country="HK"), "postcode") == ""


def test_several_parts_are_asked_for_one_after_the_other() -> None:
    both = Address(line1="Heidestr.", postcode="1", country="DE")
    assert asked(both) == [
        ("street", "number"), ("name", "missing"), ("city", "missing"), ("postcode", "unknown"),
    ]  # fmt: skip
    assert asked(both, Checks(house_numbers=False))[0] == ("name", "missing")


def test_a_po_box_is_asked_for_where_the_carrier_refuses_it_and_leaves_the_second_line_too() -> None:
    boxed = replace(SE, postcode="11455", line1="Lind AB", line2="PO Box 12")
    assert asked(boxed) == []
    assert asked(boxed, Checks(no_po_box=True)) == [("street", "po_box")]
    better = corrected(boxed, "street", "Storgatan 3")
    assert better == replace(boxed, line1="Storgatan 3", line2="")


def test_who_says_that_the_postcode_is_right_is_asked_for_the_region() -> None:
    assert asked(US) == [("postcode", "mismatch")]
    (wrong,) = wrongs(US, ALL, "postcode")
    assert (wrong.part, wrong.why, wrong.given, wrong.example) == ("region", "mismatch", "NY", "California (CA)")
    assert asked(US, last="region") == [("postcode", "mismatch")]


@pytest.mark.parametrize(("words", "postcode"), [
    ("11455", "11455"), ("114 55", "114 55"), ("SE-114 55", "11455"), ("114 55 Stockholm", "114 55"),
    ("Stockholm, 11455.", "11455"), ("１１４５５", "11455"), ("99", "99"), ("11455\u0000\u200b", "11455"),
    ("l1455", "11455"), ("1145", "1145"),
])  # fmt: skip
def test_a_postcode_is_found_in_what_is_said(words: str, postcode: str) -> None:
    assert corrected(SE, "postcode", words) == replace(SE, postcode=postcode)


@pytest.mark.parametrize(("words", "street"), [
    ("17", "Heidestr. 17"), ("17 a", "Heidestr. 17 a"), ("17-19", "Heidestr. 17-19"),
    ("Heidestr. 17\nHinterhaus", "Heidestr. 17, Hinterhaus"), ("Torstraße 5", "Torstraße 5"),
])  # fmt: skip
def test_a_bare_number_is_the_number_of_the_street_that_is_there(words: str, street: str) -> None:
    home = Address(name="A", line1="Heidestr.", city="Berlin", postcode="10557", country="DE")
    assert corrected(home, "street", words) == replace(home, line1=street)


def test_a_number_stands_where_the_country_writes_it_and_never_beside_another() -> None:
    assert corrected(replace(US, line1="Main St"), "street", "5") == replace(US, line1="5 Main St")
    assert corrected(US, "street", "7") is None


@pytest.mark.parametrize(("words", "region"), [
    ("california", "CA"), ("Ca", "CA"), ("US-CA", "CA"), ("Californa", "CA"), ("Atlantis", "Atlantis"),
])  # fmt: skip
def test_a_region_is_known_by_name_by_code_and_nearly(words: str, region: str) -> None:
    assert corrected(US, "region", words) == replace(US, region=region)


def test_a_town_is_told_from_its_postcode() -> None:
    home = replace(SE, postcode="11455")
    assert corrected(home, "city", "11455 Göteborg") == replace(home, city="Göteborg")
    assert corrected(home, "city", "11455") is None


@pytest.mark.parametrize(
    "words",
    ["😀", "Stockholm 😀", "x' OR 1=1; --", "<b>Lund</b>", "a" * (LONGEST + 1), "", " \t\r\n", "\x00\x1b[2J", "…"],
)
@pytest.mark.parametrize("part", PARTS)
def test_what_no_label_can_say_is_refused(part: str, words: str) -> None:
    assert corrected(SE, part, words) is None


def test_nobody_corrects_the_country() -> None:
    with pytest.raises(KeyError):
        corrected(SE, "country", "Norway")


@given(st.sampled_from(COUNTRIES), st.sampled_from(PARTS), st.text(max_size=150))
def test_an_answer_changes_its_own_part_only_and_can_be_printed(country: str, part: str, words: str) -> None:
    home = replace(US, country=country, line2="PO Box 3", phone="1")
    better = corrected(home, part, words)
    if better is None:
        return
    own = {"street": ("line1", "line2")}.get(part, (part,))
    changed = {name for name in home.__struct_fields__ if getattr(home, name) != getattr(better, name)}
    assert changed <= set(own)
    said = getattr(better, own[0])
    assert 0 < len(said) <= LONGEST
    assert not any(unicodedata.category(letter)[0] == "C" for letter in said)
    assert wrongs(better, ALL) is not None


@given(st.text(max_size=200))
def test_tidying_twice_is_tidying_once(words: str) -> None:
    assert tidy(tidy(words)) == tidy(words)
    assert "\n" not in tidy(words)


@given(st.sampled_from(COUNTRIES))
def test_an_example_is_an_answer_that_is_taken(country: str) -> None:
    home = replace(US, country=country, region="")
    code = example(home, "postcode")
    if code:
        better = corrected(home, "postcode", f"it could be {code}")
        assert better is not None
        assert not [fault for fault in faults(better) if fault.field == "postcode"]


def test_what_wrongs_lets_pass_is_what_review_lets_pass() -> None:
    fine = replace(SE, postcode="114 55")
    assert (wrongs(fine, ALL), faults(fine)) == ((), ())
    assert fits_a_label("Nyhavn 1–3, 2. sal") and fits_a_label("東京都 1-2-3")
