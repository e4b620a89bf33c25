"""Rendering, against golden examples: one notice on transports of different ability."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.masking import mask_cards
from bot.transports import email, telegram, webchat
from bot.transports.render import Abilities, Rendered, render, replaces
from hub.domain.outgoing import Notice
from hub.errors import Invalid

SMS = Abilities(longest_text=160)
TWO = Abilities(longest_text=300, buttons=2, button_label=5, button_data=20)
SHIPPED = Notice(
    conversation_id=1, address="7", text="notice.shipped", edit_key="parcel:5",
    params={"number": "1001", "carrier": "DHL", "promised": "2026-11-24", "tracking_number": "JD1",
            "tracking_url": "https://dhl.example/JD1", "token": "t"},
)  # fmt: skip
QUESTION = Notice(
    conversation_id=1, address="7", text="unsure.which",
    buttons=(("q3:0", "flow.track"), ("q3:1", "flow.claim"), ("q3:2", "button.none")),
)  # fmt: skip
MENU = Notice(
    conversation_id=1,
    address="7",
    text="track.more",
    buttons=(("do:track", "button.track"), ("do:talk", "button.talk")),
)


def test_telegram() -> None:
    assert render(SHIPPED, "en", telegram.ABILITIES) == (
        Rendered(
            "Order 1001 is on its way with DHL. It should arrive by Tuesday, November 24. Tracking number JD1."
            " https://dhl.example/JD1"
        ),
    )
    assert render(QUESTION, "de", telegram.ABILITIES) == (
        Rendered(
            "Ich bin nicht sicher, was Sie meinen. Ist es eines davon?",
            (
                ("q3:0", "Wo ist meine Bestellung?"),
                ("q3:1", "Etwas kam beschädigt, falsch oder gar nicht an"),
                ("q3:2", "Nichts davon"),
            ),
        ),
    )


def test_email_has_a_subject_and_no_buttons() -> None:
    assert render(SHIPPED, "de", email.ABILITIES) == (
        Rendered(
            "Bestellung 1001 ist unterwegs mit DHL. Sie sollte bis Dienstag, 24. November ankommen. Sendungsnummer JD1."
            " https://dhl.example/JD1",
            (),
            "Bestellung 1001 ist unterwegs",
        ),
    )
    assert render(MENU, "en", email.ABILITIES) == (Rendered("Can I do anything else?", (), "A message"),)


def test_without_buttons_choices_are_numbered() -> None:
    assert render(QUESTION, "en", SMS) == (
        Rendered(
            "I am not sure what you mean. Is it one of these?\n1. Where is my order?\n"
            "2. Something arrived damaged, wrong or not at all\n3. None of these"
        ),
    )


def test_with_too_few_buttons_choices_are_numbered_and_shortcuts_are_left_out() -> None:
    assert render(QUESTION, "en", TWO)[0].buttons == ()
    assert "3. None of these" in render(QUESTION, "en", TWO)[0].text
    assert render(MENU, "en", TWO) == (
        Rendered("Can I do anything else?", (("do:track", "Trac…"), ("do:talk", "Talk…"))),
    )


def test_long_texts_are_cut_between_sentences_and_buttons_come_last() -> None:
    words = " ".join(f"Sentence number {n} is here." for n in range(20))
    notice = Notice(conversation_id=1, address="7", text=f"={words}", buttons=MENU.buttons)
    parts = render(notice, "en", Abilities(longest_text=100, buttons=2))
    assert len(parts) > 5
    assert all(len(part.text) <= 100 and part.text.endswith("here.") for part in parts)
    assert " ".join(part.text for part in parts) == words
    assert [bool(part.buttons) for part in parts] == [False] * (len(parts) - 1) + [True]


@given(st.text(max_size=400), st.integers(5, 50))
def test_no_letter_is_lost_in_the_cutting(words: str, longest: int) -> None:
    parts = render(Notice(conversation_id=1, address="7", text=f"={words}"), "en", Abilities(longest_text=longest))
    assert all(len(part.text) <= longest for part in parts)
    assert "".join("".join(part.text.split()) for part in parts) == "".join(words.split())


def test_names_from_outside_cannot_turn_the_text_around() -> None:
    notice = Notice(conversation_id=1, address="7", text="notice.confirmed", params={"number": "1\u202e\x00\x1b[31m0"})
    assert render(notice, "en", webchat.ABILITIES)[0].text == "Thank you! Order 1[31m0 is confirmed."


def test_which_notices_are_edited_in_place() -> None:
    def about(key: str, edit_key: str = "parcel:5") -> Notice:
        return Notice(conversation_id=1, address="7", text=key, edit_key=edit_key)

    assert replaces(about("notice.in_transit")) and replaces(about("notice.shipped"))
    for key in ("notice.out_for_delivery", "notice.exception", "notice.delivered", "track.parcel"):
        assert not replaces(about(key))
    assert not replaces(about("notice.shipped", ""))


def test_nothing_to_say_is_no_message_and_an_unknown_text_is_an_error() -> None:
    assert render(Notice(conversation_id=1, address="7", text=""), "en", SMS) == ()
    with pytest.raises(Invalid):
        render(Notice(conversation_id=1, address="7", text="no.such"), "en", SMS)


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        ("my card is 4111 1111 1111 1111 ok", "my card is •••• 1111 ok"),
        ("4111111111111111", "•••• 1111"), ("5555-5555-5555-4444", "•••• 4444"), ("378282246310005", "•••• 0005"),
        ("4111 1111 1111 1112", "4111 1111 1111 1112"), ("302-1234567-1234567", "302-1234567-1234567"),
        ("order 1002", "order 1002"), ("1Z999AA10123456784", "1Z999AA10123456784"),
    ],
)  # fmt: skip
def test_card_numbers_are_masked(words: str, kept: str) -> None:
    assert mask_cards(words) == kept
