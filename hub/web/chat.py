"""The web chat's page. Its words travel over the socket at /chat/ws, which the bot brings along."""

from __future__ import annotations

from aiohttp import web

from hub.web import pages


async def chat_page(request: web.Request) -> web.Response:
    """The page; everything else happens in static/chat.js."""
    return pages.page(request, "chat.html", {"order": request.query.get("order", "")[:64]})


ROUTES = (web.get("/chat", chat_page), web.get("/chat/", chat_page))
