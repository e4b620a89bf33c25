"""What the rooms of the console share: rendering with a form token, live parts, notes that show once, ids."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from aiohttp import web

from hub.errors import NotFound
from hub.web import pages
from hub.web.auth import SESSION, csrf
from hub.web.console import vocabulary, words
from hub.web.console.review_words import protocol_says

WORDS: Mapping[str, object] = {
    name: getattr(module, name)
    for module, names in (
        (vocabulary, (
            "PHASE_WORDS", "PHASE_TONES", "PARCEL_WORDS", "PARCEL_TONES", "RETURN_WORDS", "RETURN_TONES", "REASONS",
            "RESOLUTIONS", "MESSAGE_TONES", "WORK_TONES", "ADDRESS_FIELDS",
        )),
        (words, ("hold_says", "event_says", "event_tone", "actor_says", "message_says", "routing_says", "listed")),
    )
    for name in names
} | {"protocol_says": protocol_says}  # fmt: skip
"""What templates may say."""


def show(request: web.Request, template: str, context: Mapping[str, object], status: int = 200) -> web.Response:
    """A page of the console."""
    session = request[SESSION]
    note = session.pop("note", None)
    if note is not None:
        session.changed()
    return pages.page(request, template, {**WORDS, "csrf": csrf(request), "note": note, **context}, status)


def live(request: web.Request, template: str, context: Mapping[str, object]) -> web.Response:
    """A part of a page as JSON with a tag; 204 when the browser has this very part (`?tag=`)."""
    html = pages.part(request, template, {**WORDS, "csrf": csrf(request), **context})
    mark = tag(html)
    if request.query.get("tag") == mark:
        return web.Response(status=204)
    return web.json_response({"tag": mark, "html": html}, headers={"Cache-Control": "no-store"})


def tag(html: str) -> str:
    """A short hash that changes when the part does."""
    return hashlib.sha256(html.encode()).hexdigest()[:16]


def note(request: web.Request, text: str, tone: str = "good") -> None:
    """Says `text` on top of the next page."""
    request[SESSION]["note"] = [tone, text]


def number(request: web.Request, name: str) -> int:
    """An id from the path. Raises `NotFound` for one that no row can have."""
    value = int(request.match_info[name])
    if value >= 2**63:
        raise NotFound("there is no such thing")
    return value


def pdf(document: bytes, name: str) -> web.Response:
    """A paper, shown in the browser and kept by nobody."""
    headers = {
        "Content-Disposition": f'inline; filename="{name}.pdf"',
        "Cache-Control": "private, no-store",
        "Content-Security-Policy": "frame-ancestors 'none'",
    }
    return web.Response(body=document, content_type="application/pdf", headers=headers)
