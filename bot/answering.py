"""Which question words answer: the present one, one that awaits a code, one under a passing one, an earlier one."""

from __future__ import annotations

import re
from collections.abc import Mapping

from msgspec.structs import replace

from bot.dialogue import Asked, Chat, Outcome, drive
from bot.entities import ADDRESS_PARTS, CODE, CODE_DIGITS, ORDER_NUMBER, POSTCODE_PART, entities
from bot.frames import Work
from bot.prompts import FEW_WORDS, FREE_TEXT, Prompt
from bot.state import Frame, Heard

SURE = 0.55
"""Confidence from which an intent is taken at its word."""

_A_NO = re.compile(
    r"^\W*(?:no|nope|nah|nein|nee?|nö)\b(?! (?:problem|prob|worries|bother)\b)|\b(?:no|nope|nein|nö)\W*$", re.IGNORECASE
)
"""Words that begin or end with a no."""


def sure_of(heard: Heard) -> str | None:
    """The intent that the words surely have."""
    return heard.intents[0][0] if heard.intents and heard.intents[0][1] >= SURE else None


def awaited_code(work: Work, heard: Heard) -> bool:
    """Takes a one-time code for the question that awaits one, whatever has been said since; says whether it was one.

    Six digits may also be an order number that was asked for meanwhile: they are, in a shop whose numbers look so.
    """
    code = next((found.value for found in entities(heard.text, (CODE,)) if found.kind == CODE), None)
    if code is None or asks_for_address(work.state.top):
        return False
    for frame in reversed(work.state.frames):
        outcome, _ = asked(work, frame)
        if not isinstance(outcome, Asked):
            continue
        if CODE in outcome.prompt.expects:
            _answer(work, frame, outcome.slot, code)
            return True
        if ORDER_NUMBER in outcome.prompt.expects and _numbers_look_like_codes(work):
            return False
    return False


def _numbers_look_like_codes(work: Work) -> bool:
    """Whether an order that this dialogue is about has a number that could be a code."""
    about = [
        frame.slots.get(slot, "")
        for frame in work.state.frames
        if (flow := work.flow(frame.flow)) is not None
        for slot, kinds in flow.fills.items()
        if ORDER_NUMBER in kinds
    ]
    return any(len(number) == CODE_DIGITS and number.isdecimal() for number in about)


def meant_before(work: Work, heard: Heard) -> bool:
    """Takes a bare fact, or the words of a button, for the question under a passing one that cannot use them; says
    whether it did."""
    if len(heard.text.split()) > FEW_WORDS:
        return False
    for frame in reversed(work.state.frames):
        outcome, _ = asked(work, frame)
        if isinstance(outcome, Asked) and FREE_TEXT not in outcome.prompt.expects:
            value = outcome.prompt.read(heard)
            if value is not None:
                _answer(work, frame, outcome.slot, value)
                return True
        if not work.is_transient(frame):
            return False
    return False


def _answer(work: Work, frame: Frame, slot: str, value: str) -> None:
    """Answers the question of a frame, which has the word from now on."""
    work.lift(frame)
    work.change(replace(frame, slots={**frame.slots, slot: value}))


def fits(work: Work, top: Frame, heard: Heard, *, sure: bool) -> bool:
    """Takes the words as an answer or as a correction of one, if they are that; says whether they were."""
    outcome, prompts = asked(work, top)
    if _wishes_else(work, top, heard, outcome):
        return False
    if heard.corrected and not asks_for_address(top):
        meant = replace(heard, text=heard.corrected)
        if _corrected(work, top, {slot: prompt.read(meant) for slot, prompt in _strictest_last(_correctable(prompts))}):
            return True
    if isinstance(outcome, Asked):
        value = outcome.prompt.read(heard) or _plain_no(outcome.prompt, heard)
        if value is not None:
            work.change(replace(top, slots={**top.slots, outcome.slot: value}))
            return True
    if sure or not heard.found:
        return False
    return _corrected(work, top, {slot: heard.entity(*prompt.expects) for slot, prompt in prompts.items()})


def left(work: Work, top: Frame, heard: Heard) -> bool:
    """Whether thanks with a no ("no thanks", "danke, nein") leave the open question, because they are no answer to it.
    No town and no street is called so; with a number it may be "No. 5"."""
    if top.question is None or work.is_transient(top) or not _A_NO.search(heard.text):
        return False
    if asks_for_address(top):
        return not any(map(str.isdigit, heard.text))
    outcome, _ = asked(work, top)
    prompt = outcome.prompt if isinstance(outcome, Asked) else None
    return prompt is None or (prompt.read(heard) or _plain_no(prompt, heard)) is None


def asks_for_address(top: Frame | None) -> bool:
    """Whether a part of an address is asked for: "No. 5, Main Street" corrects nothing, and 560001 is a postcode."""
    return top is not None and top.question is not None and not ADDRESS_PARTS.isdisjoint(top.question.expects)


def _wishes_else(work: Work, top: Frame, heard: Heard, outcome: Outcome | None) -> bool:
    """Whether the words name another flow, so that a number in them is what that is about ("cancel BR-1030")."""
    name, confidence = heard.wish
    flow = work.flow(name)
    if flow is None or flow.transient or name == top.flow or confidence < SURE or sure_of(heard) != name:
        return False
    prompt = outcome.prompt if isinstance(outcome, Asked) else None
    return prompt is None or prompt.read(heard) is None or prompt.fact(heard) is not None


def _correctable(prompts: Mapping[str, Prompt]) -> Mapping[str, Prompt]:
    """What "no, …" may mean. Of an address only a postcode: a street or a town could be any words, and a house number
    is no order."""
    if all(ADDRESS_PARTS.isdisjoint(prompt.expects) for prompt in prompts.values()):
        return prompts
    return {slot: prompt for slot, prompt in prompts.items() if POSTCODE_PART in prompt.expects}


def _plain_no(prompt: Prompt, heard: Heard) -> str | None:
    """The no before a reason, where it is an answer: "no, that is not my street"."""
    if not heard.corrected or not prompt.options:
        return None
    lead = heard.text.removesuffix(heard.corrected).strip(" ,.;:!-–—")
    return prompt.read(replace(heard, text=lead)) if lead else None


def _strictest_last(prompts: Mapping[str, Prompt]) -> list[tuple[str, Prompt]]:
    """In the order of asking, but prompts that take any words first: they are the last to be corrected."""
    return sorted(prompts.items(), key=lambda item: FREE_TEXT not in item[1].expects)


def _corrected(work: Work, top: Frame, meant: Mapping[str, str | None]) -> bool:
    """Changes the last of the answers that the words could replace; `meant` is what they would be for each."""
    for slot, value in reversed(list(meant.items())):
        if value is not None and top.slots.get(slot) not in (None, value):
            work.correct(slot, value)
            return True
    return False


def asked(work: Work, top: Frame) -> tuple[Outcome | None, dict[str, Prompt]]:
    """Where the top frame stands now, and the prompts it came by: a dry run, of which nothing is kept."""
    flow = work.flow(top.flow)
    body = flow.body(top.version) if flow else None
    if body is None:
        return None, {}
    chat = Chat(top, work.at)
    return drive(body, chat), chat.asked
