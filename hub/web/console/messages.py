"""What a person may do about an order and the messages it sends: send again what is dead, cancel the order."""

from __future__ import annotations

from aiohttp import web

from hub.actions.cancel_order import Cancel, cancel_order
from hub.actions.resend_message import resend_message
from hub.errors import Conflict
from hub.web.auth import WHO, check_form
from hub.web.console import view
from hub.web.services import services


async def send_again(request: web.Request) -> web.Response:
    """Queues a dead or refused message again."""
    form, who = await check_form(request), request[WHO]
    try:
        await resend_message(services(request), who.merchant_id, view.number(request, "message_id"), who.actor)
        view.note(request, "The message is on its way again.")
    except Conflict as error:
        view.note(request, f"That did not work: {error}", "bad")
    order = form.get("order", "")
    raise web.HTTPSeeOther(f"/console/orders/{order}" if order.isdecimal() else "/console/orders")


async def cancel(request: web.Request) -> web.Response:
    """Cancels an order before hand-over."""
    form, who = await check_form(request), request[WHO]
    order_id = view.number(request, "order_id")
    reason = form.get("reason", "").replace("\0", "").strip()[:200] or "cancelled in the console"
    asked = Cancel(merchant_id=who.merchant_id, order_id=order_id, actor=who.actor, reason=reason)
    try:
        await cancel_order(services(request), asked)
        view.note(request, "The order is cancelled; everything that was begun for it is being undone.")
    except Conflict as error:
        view.note(request, f"That did not work: {error}", "bad")
    raise web.HTTPSeeOther(f"/console/orders/{order_id}")


ROUTES = (
    web.post(r"/messages/{message_id:\d{1,19}}/send-again", send_again),
    web.post(r"/orders/{order_id:\d{1,19}}/cancel", cancel),
)
