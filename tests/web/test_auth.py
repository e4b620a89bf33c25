"""Signing in, staying in, staying out: sessions, lockout, form tokens, roles, bearer tokens, the open demo."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from hub.actions.create_token import NewToken, create_token
from hub.actions.create_user import NewUser, create_user
from hub.actions.sign_in import LOCKED_FOR, TRIES, sign_in
from hub.errors import Conflict, Forbidden, Invalid
from hub.ports import ManualClock
from hub.store import audit
from hub.store.database import Database
from hub.web.services import Services
from tests.web.conftest import PASSWORD, Client, csrf, settings, signed_in, token
from tests.web.rows import START, Shop

Serve = Callable[[Services], Awaitable[Client]]

HTML = {"Accept": "text/html"}


async def user(hub: Services, shop: Shop, role: str = "merchant") -> str:
    email = f"{role}-{shop.ids.next()}@example.com"
    await create_user(hub, NewUser(merchant_id=shop.merchant_id, email=email, role=role, password=PASSWORD), "test")
    return email


async def enter(client: Client, email: str, password: str = PASSWORD) -> tuple[int, str]:
    form = {"csrf": await csrf(client, "/console/sign-in"), "email": email, "password": password}
    async with client.post("/console/sign-in", data=form, allow_redirects=False) as reply:
        return reply.status, await reply.text()


# ------------------------------------------------------------ closed by default


@pytest.mark.parametrize("path", [
    "/console/", "/console/orders", "/console/orders/part", "/console/orders/1", "/console/holds",
    "/console/deliveries", "/console/accounts", "/console/labels/1.pdf", "/console/deliveries/1/body",
])  # fmt: skip
async def test_nothing_of_the_console_is_open(client: Client, path: str) -> None:
    async with client.get(path, headers=HTML, allow_redirects=False) as reply:
        assert (reply.status, reply.headers["Location"]) == (303, "/console/sign-in")
    async with client.get(path, headers={"Accept": "application/json"}) as reply:
        assert reply.status == 401


@pytest.mark.parametrize("path", ["/console/orders/1/cancel", "/console/holds/1/release",
                                  "/console/messages/1/send-again", "/console/deliveries/1/read-again"])  # fmt: skip
async def test_nothing_can_be_done_without_signing_in(client: Client, path: str) -> None:
    async with client.post(path, data={"csrf": ""}, allow_redirects=False) as reply:
        assert reply.status == 401


async def test_the_demo_is_open_on_this_machine_and_says_so(hub: Services, shop: Shop, serve: Serve) -> None:
    client = await serve(replace(hub, settings=settings(demo=True), demo_merchant=shop.merchant_id))
    number = (await shop.order("DEMO-1")) and "DEMO-1"
    async with client.get("/console/") as reply:
        text = await reply.text()
    assert reply.status == 200
    assert number in text
    assert "open without sign-in" in text


@pytest.mark.parametrize("headers", [
    {"X-Forwarded-For": "203.0.113.9"}, {"Forwarded": "for=203.0.113.9"}, {"X-Real-IP": "203.0.113.9"},
    {"Host": "evil.example"}, {"Host": "127.0.0.1.evil.example:80"},
])  # fmt: skip
async def test_the_demo_is_closed_behind_a_proxy_and_under_foreign_names(
    hub: Services, serve: Serve, headers: dict[str, str]
) -> None:
    client = await serve(replace(hub, settings=settings(demo=True)))
    async with client.get("/console/", headers=headers | HTML, allow_redirects=False) as reply:
        assert (reply.status, reply.headers["Location"]) == (303, "/console/sign-in")


# ------------------------------------------------------------ signing in


async def test_signing_in_and_out(client: Client, hub: Services, shop: Shop) -> None:
    await shop.order("MINE-1")
    await signed_in(client, hub, shop)
    async with client.get("/console/") as reply:
        assert "MINE-1" in await reply.text()
    async with client.post("/console/sign-out", data={"csrf": await csrf(client, "/console/")}) as reply:
        assert str(reply.url).endswith("/console/sign-in")
    async with client.get("/console/", headers=HTML, allow_redirects=False) as reply:
        assert reply.status == 303


async def test_the_session_cookie_is_for_this_site_and_no_script(client: Client, hub: Services, serve: Serve) -> None:
    async with client.get("/console/sign-in") as reply:
        cookie = reply.headers["Set-Cookie"]
    assert cookie.startswith("crossdock=")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    secure = await serve(replace(hub, settings=settings(public_url="https://hub.example.com")))
    async with secure.get("/console/sign-in") as reply:
        cookie = reply.headers["Set-Cookie"]
        assert reply.headers["Strict-Transport-Security"]
    assert cookie.startswith("__Host-crossdock=")
    assert "Secure" in cookie


async def test_signing_in_starts_a_new_session(client: Client, hub: Services, shop: Shop) -> None:
    before = await csrf(client, "/console/sign-in")
    await signed_in(client, hub, shop)
    assert await csrf(client, "/console/") not in {"", before}


async def test_a_forged_or_foreign_cookie_is_nobody(client: Client, hub: Services, shop: Shop, serve: Serve) -> None:
    await signed_in(client, hub, shop)
    cookie = next(c.value for c in client.session.cookie_jar if c.key == "crossdock")
    for value in ("garbage", cookie[:-4] + "AAAA", ""):
        other = await serve(hub)
        async with other.get(
            "/console/", headers=HTML | {"Cookie": f"crossdock={value}"}, allow_redirects=False
        ) as reply:
            assert reply.status == 303


async def test_a_changed_password_ends_every_session(
    client: Client, hub: Services, shop: Shop, database: Database
) -> None:
    await signed_in(client, hub, shop)
    await database.plain.execute("UPDATE users SET password = 'changed' WHERE merchant_id = $1", shop.merchant_id)
    async with client.get("/console/", headers=HTML, allow_redirects=False) as reply:
        assert reply.status == 303


async def test_a_removed_user_is_out(client: Client, hub: Services, shop: Shop, database: Database) -> None:
    await signed_in(client, hub, shop)
    await database.plain.execute("DELETE FROM users WHERE merchant_id = $1", shop.merchant_id)
    async with client.get("/console/", headers=HTML, allow_redirects=False) as reply:
        assert reply.status == 303


async def test_unknown_wrong_and_locked_get_the_same_answer(client: Client, hub: Services, shop: Shop) -> None:
    email = await user(hub, shop)
    wrong = await enter(client, email, "not the password")
    unknown = await enter(client, f"nobody-{shop.ids.next()}@example.com")
    junk = await enter(client, "no address at all")
    for _ in range(TRIES):
        await enter(client, email, "not the password")
    locked = await enter(client, email)
    assert {wrong[0], unknown[0], junk[0], locked[0]} == {403}
    told = {text.partition('role="alert"')[2].partition("</p>")[0] for _, text in (wrong, unknown, junk, locked)}
    assert len(told) == 1
    assert "too many tries" in told.pop()


async def test_a_locked_user_may_try_again_after_the_time(hub: Services, shop: Shop, database: Database) -> None:
    clock = ManualClock(START)
    services = replace(hub, clock=clock)
    email = await user(services, shop)
    for _ in range(TRIES):
        with pytest.raises(Forbidden):
            await sign_in(services, email, "not the password")
    with pytest.raises(Forbidden):
        await sign_in(services, email, PASSWORD)
    clock.advance(LOCKED_FOR + timedelta(seconds=1))
    assert (await sign_in(services, email, PASSWORD)).merchant_id == shop.merchant_id
    actions = await database.plain.fetch(
        "SELECT action FROM audit WHERE merchant_id = $1 ORDER BY seq", shop.merchant_id
    )
    assert [row["action"] for row in actions] == ["create_user", "lock_user", "sign_in"]
    assert await audit.faults(database.plain, shop.merchant_id) == []


async def test_the_last_try_still_counts_when_it_is_right(hub: Services, shop: Shop) -> None:
    email = await user(hub, shop)
    for _ in range(TRIES - 1):
        with pytest.raises(Forbidden):
            await sign_in(hub, email, "not the password")
    await sign_in(hub, email, PASSWORD)
    with pytest.raises(Forbidden):
        await sign_in(hub, email, "not the password")
    await sign_in(hub, email, PASSWORD)


async def test_passwords_are_kept_as_argon2id_and_never_shown(hub: Services, shop: Shop, database: Database) -> None:
    email = await user(hub, shop)
    kept = await database.plain.fetchval("SELECT password FROM users WHERE email = $1", email)
    assert kept.startswith("$argon2id$")
    new = NewUser(merchant_id=1, email="a@example.com", role="agent", password=PASSWORD)
    assert PASSWORD not in repr(new)


async def test_users_must_be_new_and_sound(hub: Services, shop: Shop) -> None:
    email = await user(hub, shop)
    new = NewUser(merchant_id=shop.merchant_id, email=email.upper(), role="agent", password=PASSWORD)
    with pytest.raises(Conflict):
        await create_user(hub, new, "test")
    for wrong in ({"email": "no address"}, {"role": "owner"}, {"password": "short"}, {"password": "x" * 201}):
        fields = {"merchant_id": 1, "email": "new@example.com", "role": "agent", "password": PASSWORD, **wrong}
        with pytest.raises(Invalid):
            await create_user(hub, NewUser(**fields), "test")


# ------------------------------------------------------------ forms and roles


async def test_a_form_without_the_token_of_its_session_is_refused(client: Client, hub: Services, shop: Shop) -> None:
    order = await shop.order()
    await signed_in(client, hub, shop)
    good = await csrf(client, f"/console/orders/{order}")
    for form in ({}, {"csrf": ""}, {"csrf": good[:-1]}, {"csrf": "é"}):
        async with client.post(f"/console/orders/{order}/cancel", data=form, allow_redirects=False) as reply:
            assert reply.status == 403
    foreign = {"Sec-Fetch-Site": "cross-site"}
    async with client.post(f"/console/orders/{order}/cancel", data={"csrf": good}, headers=foreign) as reply:
        assert reply.status == 403
    state = await shop.database.plain.fetchval("SELECT state FROM orders WHERE id = $1", order)
    assert state == 1


async def test_signing_in_needs_the_form_of_this_browser(client: Client, hub: Services, shop: Shop) -> None:
    form = {"csrf": "x" * 32, "email": await user(hub, shop), "password": PASSWORD}
    async with client.post("/console/sign-in", data=form, allow_redirects=False) as reply:
        assert reply.status == 403


async def test_agents_see_orders_but_neither_accounts_nor_bodies(client: Client, hub: Services, shop: Shop) -> None:
    delivery = await shop.delivery("$.id: is missing")
    await signed_in(client, hub, shop, "agent")
    for path, status in (("/console/orders", 200), ("/console/holds", 200), ("/console/deliveries", 200),
                         ("/console/accounts", 403), (f"/console/deliveries/{delivery}/body", 403)):  # fmt: skip
        async with client.get(path) as reply:
            assert reply.status == status, path
    form = {"csrf": await csrf(client, "/console/orders")}
    async with client.post(f"/console/deliveries/{delivery}/read-again", data=form) as reply:
        assert reply.status == 403


# ------------------------------------------------------------ bearer tokens


@pytest.mark.parametrize("given", [
    "", "Bearer", "Bearer ", "Basic abc", "Bearer x", "Bearer crossdock_1_", "Bearer crossdock_x_y",
    "Bearer crossdock_99999999999999999999_y", "Bearer crossdock_9223372036854775808_y", "Bearer crossdock_1_nonsense",
    "Bearer crossdock_²_y",
])  # fmt: skip
async def test_a_token_that_does_not_count_is_refused(client: Client, given: str) -> None:
    async with client.get("/api/v1/orders", headers={"Authorization": given}) as reply:
        assert (reply.status, (await reply.json())["code"]) == (401, "unauthorized")
        assert reply.headers["WWW-Authenticate"].startswith("Bearer")


async def test_a_token_opens_the_api_until_it_is_withdrawn(
    client: Client, hub: Services, shop: Shop, database: Database
) -> None:
    headers = await token(hub, shop)
    async with client.get("/api/v1/orders", headers=headers) as reply:
        assert reply.status == 200
    kept = await database.plain.fetchrow("SELECT digest, used_at FROM tokens WHERE merchant_id = $1", shop.merchant_id)
    assert kept is not None
    assert kept["used_at"] is not None
    assert kept["digest"] not in headers["Authorization"]
    await database.plain.execute("DELETE FROM tokens WHERE merchant_id = $1", shop.merchant_id)
    async with client.get("/api/v1/orders", headers=headers) as reply:
        assert reply.status == 401


async def test_a_session_does_not_open_the_api(client: Client, hub: Services, shop: Shop) -> None:
    await signed_in(client, hub, shop)
    async with client.get("/api/v1/orders") as reply:
        assert reply.status == 401


async def test_tokens_have_a_name_and_a_role(hub: Services, shop: Shop) -> None:
    for fields in ({"name": " "}, {"name": "till", "role": "root"}):
        with pytest.raises(Invalid):
            await create_token(hub, NewToken(merchant_id=shop.merchant_id, **fields), "test")
