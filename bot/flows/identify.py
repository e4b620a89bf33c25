"""Who is asking? A one-time code, sent to the order's own e-mail; never the order number and a name."""

from __future__ import annotations

from bot.dialogue import Chat
from bot.entities import CODE
from bot.prompts import Prompt
from bot.state import Option

TRIES = 5
"""Questions for a code before the flow gives up; the store counts wrong codes by itself."""

NEW_CODE = "new_code"
_NEW = (Option(value=NEW_CODE, label="button.new_code"),)
ASK_CODE = Prompt("identify.code", expects=(CODE,), options=_NEW, retry="identify.code_retry")
ASK_AGAIN = Prompt("identify.again", expects=(CODE,), options=_NEW, retry="identify.code_retry")
"""After a wrong code: no other one has been sent."""
ASK_NEW = Prompt("identify.new", expects=(CODE,), options=_NEW, retry="identify.code_retry")
"""After one more was sent."""
TALK = (Option(value="do:talk", label="button.talk"),)


async def identify(chat: Chat, number: str, again: bool = False) -> bool:
    """Whether the person may see order `number`. A number that does not exist is asked for a code all the same; with
    `again`, so is who has not proven it just lately."""
    if await chat.look("known", "may_change" if again else "may_see", number=number):
        return True
    sent = await chat.do(f"send:{number}", "send_code", binding=False, number=number)
    asked = ASK_CODE
    for attempt in range(1, TRIES + 1):
        if sent["limited"]:
            await chat.say("identify.limited", buttons=TALK)
            return False
        code = await chat.ask(f"code:{number}:{attempt}", asked, number=number, minutes=sent["minutes"])
        if code == NEW_CODE:
            sent = await chat.do(f"send:{number}:{attempt}", "send_code", binding=False, number=number)
            asked = ASK_NEW
            continue
        if await chat.do(f"check:{number}:{attempt}", "check_code", binding=False, number=number, code=code):
            return True
        await chat.say("identify.wrong")
        asked = ASK_AGAIN
    await chat.say("identify.failed", buttons=TALK)
    return False
