"""How the parts of an address are asked for."""

from __future__ import annotations

from bot.dialogue import Chat
from bot.entities import PLACE_PART, POSTCODE_PART, STREET_PART
from bot.prompts import YES_NO, Prompt
from bot.state import Option
from hub.domain.address_correcting import PARTS, POSTCODE, REGION, STREET, Wrong
from hub.domain.address_suggesting import regions
from hub.domain.order import Address

TALK = "talk"
"""The answer that wants a person."""

SHOWN = 60
"""Most characters of a part that are repeated."""

SURE = Prompt("address.sure", options=YES_NO)
_TALK = (Option(value=TALK, label="button.talk"),)
_KINDS = {POSTCODE: POSTCODE_PART, STREET: STREET_PART}

QUESTIONS = {
    ("street", ""): "address.street",
    ("street", "missing"): "address.street_missing",
    ("street", "number"): "address.street_number",
    ("street", "po_box"): "address.street_po_box",
    ("postcode", ""): "address.postcode",
    ("postcode", "missing"): "address.postcode_missing",
    ("postcode", "unknown"): "address.postcode_unknown",
    ("postcode", "mismatch"): "address.postcode_mismatch",
    ("city", ""): "address.city",
    ("city", "missing"): "address.city_missing",
    ("region", ""): "address.region",
    ("region", "missing"): "address.region_missing",
    ("region", "unknown"): "address.region_unknown",
    ("region", "mismatch"): "address.region_mismatch",
    ("name", ""): "address.name",
    ("name", "missing"): "address.name_missing",
}
"""Part and what is wrong with it (nothing: the customer wants to change it) → what is asked."""


async def ask_part(chat: Chat, turn: int, address: Address, wrong: Wrong, *, again: bool) -> str:
    """What the customer says to a part, or `TALK`; a person is offered with the question when it is asked `again`."""
    prompt = Prompt(
        QUESTIONS[wrong.part, wrong.why],
        expects=(_KINDS.get(wrong.part, PLACE_PART),),
        options=_TALK if again else (),
        retry="address.part_retry",
    )
    words = {"given": wrong.given, "example": wrong.example, "region": address.region, "postcode": address.postcode}
    shown = {name: value[:SHOWN] for name, value in words.items()}
    return await chat.ask(f"{turn}:{wrong.part}", prompt, country=address.country, **shown)


async def ask_which(chat: Chat, turn: int, country: str) -> str:
    """The part that is not right yet, or `TALK`."""
    parts = [part for part in PARTS if part != REGION or regions(country)]
    options = (*(Option(value=part, label=f"address.part_{part}") for part in parts), *_TALK)
    return await chat.ask(f"{turn}:which", Prompt("address.which", options=options))
