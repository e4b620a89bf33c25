"""Flows that the engine itself brings: choosing what was meant, starting again, changing what is already done."""

from __future__ import annotations

from bot.dialogue import Amend, Chat, Flow, Start
from bot.prompts import YES_NO, Prompt
from bot.state import Option

UNSURE = "unsure"
RESTART = "restart"
CHANGE_DONE = "change_done"
NEITHER = "none"


async def unsure(chat: Chat) -> Start | None:
    """Offers the likeliest meanings of what was said. Args: `choices`, a list of [flow, text key of its title], and
    `slots` by flow."""
    options = tuple(Option(value=flow, label=title) for flow, title in chat.args["choices"])
    none = Option(value=NEITHER, label="button.none")
    only = options[0].value if len(options) == 1 else ""
    choice = await chat.ask("choice", Prompt("unsure.which", options=(*options, none), yes=only, no=NEITHER))
    if choice == NEITHER:
        await chat.say("unsure.rephrase", buttons=(Option(value="do:talk", label="button.talk"),))
        return None
    return Start(choice, chat.args["slots"].get(choice, {}))


async def restart(chat: Chat) -> Start | None:
    """A dialogue whose version is gone: start again with what was answered? Args: `flow`, `slots`."""
    if await chat.ask("again", Prompt("restart.again", options=YES_NO)) == "yes":
        return Start(chat.args["flow"], chat.args["slots"])
    await chat.say("cancel.done")
    return None


async def change_done(chat: Chat) -> Amend | None:
    """An answer changes on which effects rest: takes them back first, newest first, if the person is sure.

    Args: `slot`, `value`, and `effects`, each with `name`, `undo`, `args` and `result`.
    """
    if await chat.ask("sure", Prompt("commit.sure", options=YES_NO)) != "yes":
        await chat.say("commit.kept")
        return None
    for index, effect in enumerate(chat.args["effects"]):
        await chat.do(f"undo{index}", effect["undo"], args=effect["args"], result=effect["result"])
    return Amend(chat.args["slot"], chat.args["value"], [effect["name"] for effect in chat.args["effects"]])


BUILTIN = {
    UNSURE: Flow(UNSURE, unsure, transient=True),
    RESTART: Flow(RESTART, restart, transient=True),
    CHANGE_DONE: Flow(CHANGE_DONE, change_done, transient=True),
}
