"""Who asks: a person with a session, a program with a bearer token, or, on the demo only, whoever sits at this machine.

Nothing is open by default. Sessions are encrypted cookies (HttpOnly, SameSite=Lax, Secure behind https); signing in
makes a new one, a changed password ends it, and every form carries a token of its session.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

from aiohttp import web
from aiohttp_session import Session
from aiohttp_session.cookie_storage import EncryptedCookieStorage
from cryptography.fernet import Fernet

from hub.actions.create_token import check_token
from hub.actions.sign_in import SignedIn, check_session
from hub.domain.order import Value
from hub.errors import Forbidden
from hub.web.problems import Unauthorized
from hub.web.services import Services, services

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]

SESSION_SECONDS = 12 * 3600
LOOPBACK = frozenset({"127.0.0.1", "::1"})
LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")
CSRF_FIELD = "csrf"
SIGN_IN = "/console/sign-in"


class Who(Value, frozen=True):
    """Whoever asks. `actor` is what events and the audit trail name: `user:<id>`, `token:<id>` or `demo`."""

    merchant_id: int
    actor: str
    role: str
    name: str

    @property
    def is_demo(self) -> bool:
        return self.actor == "demo"


WHO = web.RequestKey("who", Who)
SESSION = web.RequestKey("session", Session)
STORAGE = web.AppKey("storage", EncryptedCookieStorage)


def storage(of: Services) -> EncryptedCookieStorage:
    """Sessions under a key derived from the vault's; a prefix that browsers tie to https, where there is https."""
    secure = of.settings.url.startswith("https://")
    key = base64.urlsafe_b64encode(bytes.fromhex(of.vault.mac("console sessions")))
    return EncryptedCookieStorage(
        Fernet(key),
        cookie_name="__Host-crossdock" if secure else "crossdock",
        max_age=SESSION_SECONDS,
        secure=secure,
        httponly=True,
        samesite="Lax",
    )


@web.middleware
async def with_session(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Opens the visitor's session before the handler and keeps it behind, redirects included."""
    kept = request.config_dict[STORAGE]
    request[SESSION] = await kept.load_session(request)
    try:
        response = await handler(request)
    except web.HTTPRedirection as redirect:
        response = redirection(redirect)
    session = request[SESSION]
    if session._changed and not response.prepared:
        await kept.save_session(request, response, session)
    return response


def redirection(raised: web.HTTPRedirection) -> web.Response:
    """A redirect that was raised, as an answer that takes cookies and headers."""
    return web.Response(status=raised.status, headers={"Location": str(raised.headers["Location"])})


@web.middleware
async def signed_in_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Lets in who is signed in, and takes forms only with the token of their session; others are sent to sign in."""
    if request.path == SIGN_IN:
        return await handler(request)
    who = await find_who(request)
    if who is None:
        if request.method == "GET" and "text/html" in request.headers.get("Accept", ""):
            raise web.HTTPSeeOther(SIGN_IN)
        raise Unauthorized("sign in first")
    request[WHO] = who
    if request.method not in {"GET", "HEAD"}:
        await check_form(request)
    return await handler(request)


async def find_who(request: web.Request) -> Who | None:
    """The person behind the session; the demo's owner where the demo is open; None for anybody else."""
    hub, session = services(request), request[SESSION]
    user_id = session.get("user")
    if isinstance(user_id, int):
        user = await check_session(hub, user_id, str(session.get("stamp", "")))
        if user is not None:
            return Who(
                merchant_id=user.merchant_id, actor=f"user:{user.user_id}", role=user.role, name=user.name or user.email
            )
    if demo_is_open(request):
        return Who(merchant_id=hub.demo_merchant, actor="demo", role="merchant", name="Demo")
    return None


def demo_is_open(request: web.Request) -> bool:
    """Whether this request may do without signing in: the demo is on, and it comes from this very machine.

    The peer of the connection must be loopback, no proxy in between (they look like loopback for all the world), and
    the name asked for local (a foreign page cannot reach in by pointing its own name here).
    """
    peer = request.transport.get_extra_info("peername") if request.transport else None
    if not services(request).settings.demo or not peer or peer[0] not in LOOPBACK:
        return False
    if any(name in request.headers for name in FORWARDED):
        return False
    return request.host.rsplit(":", 1)[0] in LOCAL_NAMES or request.host in LOCAL_NAMES


def start_session(request: web.Request, user: SignedIn | None) -> None:
    """A new session for `user`, or for nobody; nothing of the one before is kept."""
    session = Session(None, data=None, new=True, max_age=SESSION_SECONDS)
    session["id"] = services(request).rng.token(18)
    if user is not None:
        session["user"], session["stamp"] = user.user_id, user.stamp
    request[SESSION] = session


def csrf(request: web.Request) -> str:
    """The token that forms of this session carry; made with the session's first form."""
    session = request[SESSION]
    if "csrf" not in session:
        session["csrf"] = services(request).rng.token(24)
    return str(session["csrf"])


async def check_form(request: web.Request) -> Mapping[str, str]:
    """The fields of a form. Raises `Forbidden` unless it carries the token of its session and comes from our pages."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
        raise Forbidden("this form was sent from another site")
    form = {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    given, wanted = form.get(CSRF_FIELD, ""), str(request[SESSION].get("csrf", ""))
    if not wanted or not hmac.compare_digest(given.encode(), wanted.encode()):
        raise Forbidden("this form is out of date; go back, reload the page and send it again")
    return form


# ---------------------------------------------------------------- programs


async def bearer(request: web.Request) -> Who:
    """Whom the bearer token stands for. Raises `Unauthorized` without one that counts."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthorized("send `Authorization: Bearer <token>`; `python main.py token create` makes one")
    try:
        found = await check_token(services(request), token.strip())
    except Forbidden as error:
        raise Unauthorized(str(error)) from None
    return Who(merchant_id=found.merchant_id, actor=f"token:{found.token_id}", role=found.role, name=found.name)


@web.middleware
async def with_bearer(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Lets in programs with a token; the description of the API is open."""
    if request.path not in {"/api/openapi.json", "/api/docs"}:
        request[WHO] = await bearer(request)
    return await handler(request)


def needs_role(request: web.Request, *roles: str) -> Who:
    """Who asks. Raises `Forbidden` when their role is none of `roles`."""
    who = request[WHO]
    if who.role not in roles:
        raise Forbidden(f"this is for {' or '.join(roles)}; you are signed in as {who.role}")
    return who
