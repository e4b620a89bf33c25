"""What an event means for the dialogue under way: an answer, a correction, a digression, a step back, an old button."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from msgspec.structs import replace

from bot.answering import asked, asks_for_address, awaited_code, fits, left, meant_before, sure_of
from bot.builtin import UNSURE
from bot.dialogue import Flow
from bot.entities import FEW_WORDS, ORDER_NUMBER, another, lone_number
from bot.frames import BOT, PENDING, Work
from bot.prompts import FREE_TEXT
from bot.state import Frame, Heard, Option
from bot.texts import languages
from bot.tongues import WISH

PERHAPS = 0.25
"""Confidence from which an intent is worth offering."""

INSTEAD = 0.4
"""The same while a question is open: below it, the words were more likely meant as an answer."""

COMMAND = 1.0
"""Confidence of commands and of words that can mean nothing else: they count even where any words are an answer."""

BEST = 3
"""How many meanings are offered when none is sure."""

CANCEL = "cancel"
REPEAT = "repeat"
THANKS = "thanks"
START = "start"
FALLBACK = "help"
CONTROL = (CANCEL, REPEAT)
"""Intents that steer the dialogue itself; they have no flow."""


def hear(work: Work, heard: Heard) -> bool:
    """Changes the state by what was heard; says whether the flows are to run."""
    if heard.kind == "released":
        work.state = replace(work.state, control=BOT)
        work.say("desk.back")
        return True
    if work.state.control == PENDING and sure_of(heard) == START:
        work.state = replace(work.state, control=BOT, frames=())
    if work.state.control != BOT:
        return False
    if heard.kind == "due" or _version_gone(work):
        return True
    if heard.tongue is not None and heard.tongue.how == WISH and not any(map(str.isdigit, heard.text)):
        _change_language(work, heard.tongue.language)
    elif heard.button:
        _pressed(work, heard)
    else:
        _told(work, heard)
    return True


def _change_language(work: Work, language: str) -> None:
    """Asked for by name: says so in that language, or which languages there are; and where we were."""
    work.say("language.now" if language in languages() else "language.none")
    if work.state.top is None:
        work.push(FALLBACK)


def _version_gone(work: Work) -> bool:
    """Whether the dialogue under way can no longer be read: running it offers a fresh start."""
    top = work.state.top
    flow = work.flow(top.flow) if top else None
    return top is not None and flow is not None and flow.body(top.version) is None


def _pressed(work: Work, heard: Heard) -> None:
    """A button: of the present question, of an earlier one, or one that begins a flow."""
    kind, _, rest = heard.button.partition(":")
    top = work.state.top
    question = top.question if top else None
    if kind == "do":
        name, _, answer = rest.partition(":")
        flow = work.flow(name)
        if flow is not None:
            _begin(work, flow, {next(iter(flow.fills)): answer} if answer and flow.fills else {})
            return
    elif top is not None and question is not None and kind == f"q{question.id}":
        chosen = dict(enumerate(question.options)).get(int(rest) if rest.isdecimal() else -1)
        if chosen is not None:
            work.change(replace(top, slots={**top.slots, question.slot: chosen.value}))
            return
    work.say("button.earlier")


def _told(work: Work, heard: Heard) -> None:
    """Typed words, in the order in which a person would understand them."""
    intent = sure_of(heard)
    top = work.state.top
    command = bool(heard.intents) and heard.intents[0][1] >= COMMAND
    if not command and awaited_code(work, heard):
        return
    if intent in CONTROL and (command or not _expects_words(top, heard)):
        _steer(work, intent)
        return
    if intent == THANKS and top is not None and left(work, top, heard):
        _steer(work, CANCEL)
        return
    if not command and top is not None and fits(work, top, heard, sure=bool(intent)):
        return
    if not command and not intent and top is not None and work.is_transient(top) and meant_before(work, heard):
        return
    flow = work.flow(intent) if intent else None
    if flow is not None:
        _turn_to(work, flow, heard)
    elif not (top is None and _by_entity(work, heard)) and not _offer(work, heard):
        _not_understood(work)


def _not_understood(work: Work) -> None:
    top = work.state.top
    if top is None:
        work.push(FALLBACK)
    elif top.flow == UNSURE:
        work.pop()
        work.say("unsure.rephrase", buttons=(Option(value="do:talk", label="button.talk"),))
    elif top.question is not None:
        prompt = asked(work, top)[1].get(top.question.slot)
        work.say(prompt.retry if prompt else "ask.again")
    else:
        work.say("wait.still", topic=work.title(top.flow))


def _steer(work: Work, intent: str | None) -> None:
    top = work.state.top
    if intent == REPEAT:
        if top is None:
            work.push(FALLBACK)
        return
    if top is None:
        work.say("cancel.nothing")
        return
    gone = work.pop()
    work.say("cancel.done_stays" if any(done.rests_on for done in gone.done.values()) else "cancel.done")
    work.come_back(gone)


def _turn_to(work: Work, flow: Flow, heard: Heard) -> None:
    """A digression: the new flow comes on top, and what was under way is returned to. Who says again what they wish is
    asked again what the flow under way asks."""
    slots = _filled(flow, heard)
    top = work.state.top
    if top is not None and top.flow == flow.name and not slots and not (top.slots and another(heard.text)):
        return
    _begin(work, flow, slots)


def _begin(work: Work, flow: Flow, slots: Mapping[str, str]) -> None:
    top = work.state.top
    under = work.flow(top.flow) if top else None
    if under is not None and under.transient:
        work.pop()
    work.push(flow.name, slots)


def _filled(flow: Flow, heard: Heard) -> dict[str, str]:
    """Slots that what was found in the words already answers."""
    found = {slot: heard.entity(*kinds) or _wished(heard, kinds) for slot, kinds in flow.fills.items()}
    return {slot: value for slot, value in found.items() if value is not None}


def _at(top: Frame | None, flow: Flow) -> bool:
    """Whether that flow has the word: it is no news to offer it."""
    return top is not None and top.flow == flow.name


def _wished(heard: Heard, kinds: Collection[str]) -> str | None:
    """The one number in a wish, when it is an order's that the flow asks for: "where is 1030?"."""
    return lone_number(heard.text) if ORDER_NUMBER in kinds else None


def _by_entity(work: Work, heard: Heard) -> bool:
    """Bare facts (an order number and nothing else) begin the first flow that they answer a question of."""
    if not heard.found and len(heard.text.split()) > FEW_WORDS:
        return False
    for flow in work.flows.values():
        slots = _filled(flow, heard)
        if slots:
            _begin(work, flow, slots)
            return True
    return False


def _offer(work: Work, heard: Heard) -> bool:
    """Not sure: the best few meanings as buttons."""
    top = work.state.top
    likely = [name for name, confidence in heard.intents if confidence >= PERHAPS and name not in CONTROL]
    if top is not None and top.question is not None and heard.intents and heard.intents[0][1] < INSTEAD:
        return False
    flows = [flow for flow in map(work.flow, likely) if flow is not None and flow.title and not _at(top, flow)][:BEST]
    if not flows:
        return False
    choices = [[flow.name, flow.title] for flow in flows]
    slots = {flow.name: _filled(flow, heard) for flow in flows}
    under = work.flow(top.flow) if top else None
    if under is not None and under.transient:
        work.pop()
    work.push(UNSURE, args={"choices": choices, "slots": slots})
    return True


def _expects_words(top: Frame | None, heard: Heard) -> bool:
    """Whether the present question takes any words, so that only a bare command may steer past it."""
    if asks_for_address(top) and any(letter.isdigit() for letter in heard.text):
        return True
    return top is not None and top.question is not None and FREE_TEXT in top.question.expects
