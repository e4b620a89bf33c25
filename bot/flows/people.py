"""Where people take over: on request, and for everything the bot has no flow of its own for."""

from __future__ import annotations

from bot.dialogue import Chat
from bot.prompts import YES_NO, Prompt

OFFER = Prompt("person.offer", options=YES_NO, retry="person.offer_retry")
"""Asks whether to get somebody; `topic` is the text key of what for."""


async def talk(chat: Chat) -> None:
    """Gives the word to a person."""
    await chat.say("desk.waiting")
    await chat.hand_over()


async def by_person(chat: Chat) -> None:
    """Something that a person does: offers one."""
    sure = await chat.ask("sure", OFFER, topic=f"flow.{chat.flow}")
    if sure == "yes":
        await chat.call(talk)
    else:
        await chat.say("person.declined")


async def thanks(chat: Chat) -> None:
    """A polite end."""
    await chat.say("thanks.welcome")
