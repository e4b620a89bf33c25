"""Hello, and what one can ask for."""

from __future__ import annotations

from bot.dialogue import Chat
from bot.state import Option

MENU = (Option(value="do:track", label="button.track"), Option(value="do:talk", label="button.talk"))


async def start(chat: Chat) -> None:
    """The first words."""
    await chat.say("start.hello", buttons=MENU)


async def menu(chat: Chat) -> None:
    """What the bot can do."""
    await chat.say("help.menu", buttons=MENU)
