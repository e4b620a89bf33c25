"""What every page shares: templates, static files, security headers, words for amounts, errors as a page."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from importlib import resources

import aiohttp_jinja2
import jinja2
from aiohttp import web
from babel.numbers import format_currency, get_currency_symbol
from markupsafe import Markup, escape

from hub.domain import money
from hub.web.auth import WHO
from hub.web.problems import Problem
from hub.web.services import REQUEST_ID, Services, services

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Nothing inline, nothing from elsewhere."""

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}

TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@lru_cache(maxsize=1)
def static_files() -> Mapping[str, tuple[bytes, str]]:
    """Name → (content, short hash) of every file in `static/`."""
    found = {}
    for file in resources.files("hub.web").joinpath("static").iterdir():
        if file.is_file():
            content = file.read_bytes()
            found[file.name] = (content, hashlib.sha256(content).hexdigest()[:12])
    return found


def static(name: str) -> str:
    """The address of a static file; it changes with the content, so browsers may keep it for ever."""
    return f"/static/{name}?v={static_files()[name][1]}"


async def static_file(request: web.Request) -> web.Response:
    """One static file."""
    name = request.match_info["name"]
    if name not in static_files():
        raise web.HTTPNotFound
    content, version = static_files()[name]
    kept = "public, max-age=31536000, immutable" if request.query.get("v") == version else "no-cache"
    kind = TYPES.get(name[name.rfind(".") :], "application/octet-stream")
    return web.Response(body=content, content_type=kind, charset="utf-8", headers={"Cache-Control": kept})


async def front(request: web.Request) -> web.StreamResponse:
    """Nothing lives at the root: people mean the console."""
    raise web.HTTPFound("/console/")


ROUTES = (
    web.get("/", front),
    web.get("/console", front),
    web.get("/static/{name}", static_file),
)


def setup(app: web.Application) -> None:
    """Templates for the pages of an application."""
    app[aiohttp_jinja2.APP_KEY] = templates()


@lru_cache(maxsize=1)
def templates() -> jinja2.Environment:
    """All templates, compiled once a process; autoescaped, and an unknown variable is an error, not an empty space."""
    env = jinja2.Environment(
        loader=jinja2.PackageLoader("hub.web"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.globals["static"] = static
    env.filters.update(money=amount, when=when, words=words, day=day)
    return env


def page(request: web.Request, template: str, context: Mapping[str, object], status: int = 200) -> web.Response:
    """A rendered page; what the layout needs is added."""
    response = aiohttp_jinja2.render_template(template, request, layout(request, context), status=status)
    response.headers["Cache-Control"] = "no-store"
    return response


def part(request: web.Request, template: str, context: Mapping[str, object]) -> str:
    """A piece of a page, for its live updates."""
    return aiohttp_jinja2.render_string(template, request, layout(request, context))


def layout(request: web.Request, context: Mapping[str, object]) -> dict[str, object]:
    """`context` with what every page knows: who looks, and where."""
    return {"who": request.get(WHO), "path": request.path, "csrf": "", **context}


def secure(response: web.StreamResponse, of: Services, request_id: str) -> None:
    """Adds the headers that keep browsers from doing what nobody asked for."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers["X-Request-Id"] = request_id
    response.headers["Server"] = "crossdock"
    if of.settings.url.startswith("https://"):
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")


ERROR_WORDS: Mapping[int, tuple[str, str]] = {
    401: ("Please sign in", "This page is for people who are signed in."),
    403: ("That is not allowed", ""),
    404: ("Not found", "It may have moved, or the link is incomplete."),
    409: ("That did not work", ""),
    413: ("Too large", ""),
    422: ("Please check what you entered", ""),
    502: ("The other side did not answer well", ""),
    503: ("Not available just now", "Nothing was lost. Try again in a moment."),
}


def error_page(request: web.Request, told: Problem) -> web.Response:
    """The problem as a page that says what to do next."""
    title, hint = ERROR_WORDS.get(told.status, ("Something went wrong", "Try again; if it stays, look in the log."))
    context = {
        "title": title,
        "hint": hint if told.detail == told.title else told.detail,
        "status": told.status,
        "request_id": request.get(REQUEST_ID, ""),
        "home": "/console/" if request.path.startswith(("/console", "/connect/")) else "",
        "sign_in": told.status == 401,
    }
    response = page(request, "error.html", context, told.status)
    response.headers.update(told.headers)
    return response


# ---------------------------------------------------------------- filters


@lru_cache(maxsize=64)
def _pattern(currency: str) -> str:
    digits = money.exponent(currency)
    gap = "\xa0" if get_currency_symbol(currency, locale="en")[-1].isalpha() else ""
    return f"¤{gap}#,##0" + (f".{'0' * digits}" if digits else "")


def amount(minor: int, currency: str) -> str:
    """Minor units as people write them: 1250 EUR → €12.50."""
    try:
        pattern = _pattern(currency)
    except ValueError:
        return f"{minor} {currency} (minor units)"
    value = Decimal(money.major(minor, currency))
    return format_currency(value, currency, format=pattern, locale="en", currency_digits=False)


def when(at: datetime | None, style: str = "time") -> Markup:
    """A moment as `<time>`: UTC in words, which the browser turns into local time (or, `ago`, into how long ago, or,
    `day`, into the date)."""
    if at is None:
        return Markup("–")
    utc = at.astimezone(UTC)
    text = utc.strftime("%d %b %Y" if style == "day" else "%d %b %Y, %H:%M UTC").lstrip("0")
    return Markup('<time datetime="{}" data-style="{}">{}</time>').format(utc.isoformat(), style, text)


def day(at: datetime | None) -> Markup:
    """The date of a moment, written as `when` writes it, without the time; nothing for None."""
    return when(at, "day") if at is not None else Markup()


def words(name: object) -> str:
    """`partially_shipped` → Partially shipped."""
    text = str(name).replace("_", " ").strip()
    return text[:1].upper() + text[1:]


def base_url(request: web.Request) -> str:
    """How the world reaches this server."""
    return services(request).settings.url


__all__ = ["Markup", "amount", "base_url", "day", "error_page", "escape", "page", "part", "secure", "setup", "static"]
