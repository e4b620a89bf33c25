"""The accounts page: what each account says of itself, and the buttons that heal it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.demo_store import server as store_side
from hub.actions.list_accounts import list_accounts, show_account
from hub.actions.renew_account import renew_account
from hub.domain.lifecycle import Lifecycle, Outbox, Work
from hub.errors import Invalid, NotFound
from hub.store.database import Database
from hub.web.services import Services
from tests.connectors.etsy.harness import HARNESS as ETSY
from tests.web.conftest import Client, csrf, signed_in, token
from tests.web.rows import START, Shop

ROOM = "/console/accounts"
NAME = "nordlicht"


@pytest.fixture
async def stores() -> AsyncIterator[store_side.StoreServer]:
    async with store_side.serve(options=store_side.Options(record=True)) as server:
        yield server


@pytest.fixture
async def desk(client: Client, hub: Services, shop: Shop) -> Client:
    """A merchant's browser."""
    return await signed_in(client, hub, shop)


async def connected(hub: Services, shop: Shop, stores: store_side.StoreServer, name: str = NAME) -> int:
    values = {
        "base_url": f"{stores.url}/{NAME}", "token": f"demo-token-{NAME}", "webhook_secret": f"demo-secret-{NAME}",
    }  # fmt: skip
    return await hub.accounts.add(shop.merchant_id, "demo_store", name, values)


async def page(desk: Client, path: str = ROOM, status: int = 200) -> str:
    async with desk.get(path) as reply:
        assert reply.status == status, await reply.text()
        return await reply.text()


async def press(desk: Client, path: str, **fields: str) -> str:
    """A button of the accounts page, and the page it leads to."""
    form = {"csrf": await csrf(desk, ROOM), **fields}
    async with desk.post(path, data=form) as reply:
        return await reply.text()


def article(text: str, account_id: int) -> str:
    """The part of the page that is about one account."""
    return text.partition(f'id="account-{account_id}"')[2].partition("</article>")[0]


async def signs(hub: Services, shop: Shop, account_id: int) -> dict[str, str]:
    seen = await show_account(hub, shop.merchant_id, account_id)
    return {sign.what: sign.key for sign in seen.signs}


# ------------------------------------------------------------ what is seen


async def test_an_account_that_is_well_has_every_line(
    desk: Client, hub: Services, shop: Shop, stores: store_side.StoreServer, database: Database
) -> None:
    account_id = await connected(hub, shop, stores)
    now = datetime.now(UTC)
    await database.plain.execute(
        "UPDATE accounts SET polled_at = $2, heard_at = $2, observed = $3 WHERE id = $1", account_id, now,
        json.dumps({"quota": {"left": 31, "of": 40, "unit": "calls a day", "at": now.isoformat()},
                    "webhooks": {"at": now.isoformat(), "missing": [], "elsewhere": []}}),
    )  # fmt: skip
    told = article(await page(desk), account_id)
    for words in (
        ">Well<", "Last delivery heard <time", "Polled every", ", last <time", "31 of 40 calls a day left",
        "All webhooks are subscribed; checked <time", "The credentials have no known end; given <time",
        "No message is stuck", "Every delivery could be read", "Poll now", "Connect again",
        f"/webhooks/{account_id}",
    ):  # fmt: skip
        assert words in told, words
    assert "tone-bad" not in told and "tone-wait" not in told


async def test_what_is_wrong_stands_first_with_what_heals_it(
    desk: Client, hub: Services, shop: Shop, stores: store_side.StoreServer, database: Database
) -> None:
    account_id = await connected(hub, shop, stores)
    shop.account_id = account_id
    order = await shop.order()
    await shop.message(order, "push_shipment", Outbox.DEAD, error="HTTP 503")
    await shop.message(order, "push_status", Outbox.REFUSED, error="no")
    await shop.delivery("$.total: wrong")
    await database.plain.execute(
        "UPDATE accounts SET state = 'reconnect', health = $2 WHERE id = $1", account_id,
        json.dumps({"reconnect": "the token was revoked"}),
    )  # fmt: skip
    told = article(await page(desk), account_id)
    places = [told.index(words) for words in (
        ">Broken<", "The channel refuses our credentials: the token was revoked", "2 messages are stuck",
        "1 delivery is set aside", "Nothing is polled until it is connected again",
    )]  # fmt: skip
    assert places == sorted(places)
    assert f'href="{ROOM}/{account_id}/connect"' in told
    assert f'action="{ROOM}/{account_id}/resend"' in told
    assert f'href="/console/deliveries?account={account_id}"' in told


async def test_an_account_that_cannot_be_opened_breaks_no_other(
    desk: Client, hub: Services, shop: Shop, stores: store_side.StoreServer
) -> None:
    """The shop's own account has no credentials stored at all."""
    account_id = await connected(hub, shop, stores)
    whole = await page(desk)
    assert "It cannot be opened: what is stored of the account lacks" in article(whole, shop.account_id)
    assert "Polled" not in article(whole, shop.account_id) and "Not polled yet" in article(whole, account_id)


async def test_the_api_tells_the_same(
    client: Client, hub: Services, shop: Shop, stores: store_side.StoreServer, database: Database
) -> None:
    account_id = await connected(hub, shop, stores)
    polled = datetime.now(UTC) - timedelta(minutes=2)
    await database.plain.execute("UPDATE accounts SET polled_at = $2 WHERE id = $1", account_id, polled)
    async with client.get("/api/v1/accounts", headers=await token(hub, shop, "merchant")) as reply:
        found = {it["id"]: it for it in (await reply.json())["accounts"]}
    told: dict[str, Any] = found[str(account_id)]
    assert (told["condition"], told["state"], told["quota"], told["webhooks"]) == ("well", "active", {}, {})
    assert 120 <= told["lag_seconds"] < 300
    assert told["credentials_end_at"] is None and told["credentials_at"]
    poll = next(sign for sign in told["signs"] if sign["what"] == "poll")
    assert (poll["key"], poll["level"], poll["heal"]) == ("polled", "well", "poll_now")
    assert poll["command"] == f"python main.py channel pull {account_id}"
    assert poll["says"].startswith("Polled every") and poll["at"]


async def test_the_live_part_is_the_same_list(desk: Client, shop: Shop) -> None:
    async with desk.get(f"{ROOM}/part") as reply:
        told = await reply.json()
    assert f"account-{shop.account_id}" in told["html"]


# ------------------------------------------------------------ what heals


async def test_poll_now_marks_the_account(
    desk: Client, hub: Services, shop: Shop, stores: store_side.StoreServer, database: Database
) -> None:
    account_id = await connected(hub, shop, stores)
    assert "It is polled within seconds" in await press(desk, f"{ROOM}/{account_id}/poll")
    assert await database.plain.fetchval("SELECT nudged_at IS NOT NULL FROM accounts WHERE id = $1", account_id)
    await database.plain.execute("UPDATE accounts SET state = 'reconnect' WHERE id = $1", account_id)
    assert "That did not work" in await press(desk, f"{ROOM}/{account_id}/poll")


async def test_webhooks_are_repaired_at_once(
    desk: Client, hub: Services, shop: Shop, stores: store_side.StoreServer, database: Database
) -> None:
    account_id = await connected(hub, shop, stores)
    assert (await signs(hub, shop, account_id))["webhooks"] == "never_checked"
    told = await press(desk, f"{ROOM}/{account_id}/repair-webhooks")
    assert "Subscribed again: " in told and "polled within seconds" in told
    assert (await signs(hub, shop, account_id))["webhooks"] == "subscribed", "the first subscriptions are no news"
    stores.books[NAME].hooks.clear()
    assert "Subscribed again: " in await press(desk, f"{ROOM}/{account_id}/repair-webhooks")
    assert (await signs(hub, shop, account_id))["webhooks"] == "repaired"
    assert await database.plain.fetchval("SELECT nudged_at IS NOT NULL FROM accounts WHERE id = $1", account_id)
    assert "nothing to repair" in await press(desk, f"{ROOM}/{account_id}/repair-webhooks")


async def test_a_channel_that_fails_is_told_and_stays_on_the_page(
    desk: Client, hub: Services, shop: Shop, stores: store_side.StoreServer
) -> None:
    account_id = await connected(hub, shop, stores)
    stores.mischief.fail(503)
    assert "That did not work: " in await press(desk, f"{ROOM}/{account_id}/repair-webhooks")
    assert (await signs(hub, shop, account_id))["webhooks"] == "webhooks_tried", "it is tried again by itself"
    stores.mischief.fail(403)
    assert "That did not work: " in await press(desk, f"{ROOM}/{account_id}/test")


async def test_a_shipment_refused_by_a_shop_that_had_cancelled_is_not_stuck(
    hub: Services, shop: Shop, stores: store_side.StoreServer
) -> None:
    account_id = shop.account_id = await connected(hub, shop, stores)
    cancelled = await shop.order(cancelled_at=datetime(2026, 11, 20, 10, 0, tzinfo=UTC))
    kept = await shop.order()
    await shop.message(cancelled, "push_shipment", Outbox.REFUSED, error="409 it is cancelled")
    assert (await signs(hub, shop, account_id))["dead"] == "no_dead"
    await shop.message(cancelled, "push_shipment", Outbox.DEAD, error="HTTP 503")
    await shop.message(kept, "push_shipment", Outbox.REFUSED, error="no such order")
    assert (await show_account(hub, shop.merchant_id, account_id)).dead == 2


async def test_a_label_that_cannot_be_voided_needs_somebody_until_its_parcel_has_arrived(
    hub: Services, shop: Shop, database: Database
) -> None:
    account_id = await shop.account(name="Carrier", connector="demo_carrier")
    order = await shop.order(state=Lifecycle.CANCELLED)
    work = await shop.work(order, Work.CANCELLED)
    parcel = await shop.parcel(order, work, {}, custody="cancelled", label="void_requested")

    async def stuck() -> int:
        return (await show_account(hub, shop.merchant_id, account_id)).dead

    now = {"account_id": account_id, "lane": f"account:{account_id}", "created_at": hub.clock.now()}
    await shop.message(parcel, "void_label", Outbox.REFUSED, **now)
    await shop.scan(parcel, "in_transit", "Malmö", 8)
    assert await stuck() == 1, "somebody may still call it back"
    await shop.scan(parcel, "delivered", "Malmö", 30)
    assert await stuck() == 0
    (listed,) = [it for it in await list_accounts(hub, shop.merchant_id) if it.id == str(account_id)]
    assert listed.dead == 0

    lost = await shop.parcel(order, work, {}, custody="cancelled", label="void_requested")
    await shop.message(lost, "void_label", Outbox.REFUSED, **now)
    await shop.message(lost, "void_label", Outbox.REFUSED, **now | {"created_at": hub.clock.now() - timedelta(days=61)})
    assert await stuck() == 1, "one of them long ago"
    back = await shop.put(
        "returns", order_id=order, number=f"R-{order}", state="received", reason="refused", details={},
        requested_by="agent", requested_at=START,
    )  # fmt: skip
    assert await stuck() == 1
    await database.plain.execute("UPDATE returns SET state = 'closed' WHERE id = $1", back)
    assert await stuck() == 0, "its goods are here again"


async def test_dead_letters_are_resent_those_of_this_account_only(
    desk: Client, hub: Services, shop: Shop, stores: store_side.StoreServer, database: Database
) -> None:
    account_id = await connected(hub, shop, stores)
    order = await shop.order(account_id=account_id)
    here: dict[str, Any] = {"account_id": account_id, "lane": f"account:{account_id}"}
    dead = [await shop.message(order, "push_status", state, **here) for state in (Outbox.DEAD, Outbox.REFUSED)]
    await shop.message(order, "push_status", Outbox.SENT, **here)
    elsewhere = await shop.message(order, "push_status", Outbox.DEAD)
    assert "2 messages are on the way again" in await press(desk, f"{ROOM}/{account_id}/resend")
    states = "SELECT count(*) FROM outbox WHERE id = ANY($1::bigint[]) AND state = 0"
    assert await database.plain.fetchval(states, dead) == 2
    assert await database.plain.fetchval("SELECT state FROM outbox WHERE id = $1", elsewhere) == Outbox.DEAD
    audited = "SELECT details FROM audit WHERE merchant_id = $1 AND action = 'resend_dead'"
    assert json.loads(await database.plain.fetchval(audited, shop.merchant_id)) == {"messages": 2}
    assert "0 messages are on the way again." in await press(desk, f"{ROOM}/{account_id}/resend")


async def test_what_may_have_arrived_and_cannot_be_looked_up_is_left_to_a_person(
    desk: Client, hub: Services, shop: Shop, database: Database
) -> None:
    account_id = await hub.accounts.add(shop.merchant_id, "csv_file", "Files", {})
    here: dict[str, Any] = {"account_id": account_id, "lane": f"account:{account_id}"}
    order = await shop.order(account_id=account_id)
    doubtful = await shop.message(order, "push_status", Outbox.DEAD, unsure=True, **here)
    await shop.message(order, "push_status", Outbox.DEAD, **here)
    told = await press(desk, f"{ROOM}/{account_id}/resend")
    assert "1 message is on the way again. 1 may have arrived already and cannot be looked up" in told
    assert await database.plain.fetchval("SELECT state FROM outbox WHERE id = $1", doubtful) == Outbox.DEAD


async def test_deliveries_set_aside_can_be_looked_at_by_account(
    desk: Client, hub: Services, shop: Shop, stores: store_side.StoreServer
) -> None:
    await shop.delivery("$.mine: wrong")
    account_id = await connected(hub, shop, stores)
    shop.account_id = account_id
    await shop.delivery("$.theirs: wrong")
    only = await page(desk, f"/console/deliveries?account={account_id}")
    assert "$.theirs" in only and "$.mine" not in only
    everything = await page(desk, "/console/deliveries")
    assert "$.theirs" in everything and "$.mine" in everything
    assert "$.theirs" in await page(desk, "/console/deliveries?account=nonsense")


# ------------------------------------------------------------ connecting again


async def test_connecting_again_replaces_a_secret_and_keeps_the_rest(
    desk: Client, hub: Services, shop: Shop, stores: store_side.StoreServer, database: Database
) -> None:
    account_id = await connected(hub, shop, stores)
    await renew_account(hub, shop.merchant_id, account_id, {"token": "revoked"}, "test")
    assert await database.plain.fetchval("SELECT state FROM accounts WHERE id = $1", account_id) == "reconnect"
    form = await page(desk, f"{ROOM}/{account_id}/connect")
    assert f"Connect {NAME} again" in form and "revoked" not in form and "demo-secret" not in form
    told = await press(desk, f"{ROOM}/{account_id}/connect", token=f"demo-token-{NAME}", webhook_secret="")
    assert f"{NAME} is connected again" in told and "but:" not in told
    account = (await hub.accounts.open(account_id)).account
    assert account.secrets["webhook_secret"] == f"demo-secret-{NAME}", "what was left empty stays"
    assert await database.plain.fetchval("SELECT state FROM accounts WHERE id = $1", account_id) == "active"
    audited = "SELECT count(*) FROM audit WHERE merchant_id = $1 AND action = 'renew_account'"
    assert await database.plain.fetchval(audited, shop.merchant_id) == 2


async def test_credentials_that_do_not_work_are_told_at_once(
    desk: Client, hub: Services, shop: Shop, stores: store_side.StoreServer
) -> None:
    account_id = await connected(hub, shop, stores)
    told = await press(desk, f"{ROOM}/{account_id}/connect", token="wrong")
    assert f"{NAME} is connected again, but: " in told
    assert (await signs(hub, shop, account_id))["connection"] == "reconnect"


async def test_a_field_that_is_too_long_is_told_beside_the_form(
    desk: Client, hub: Services, shop: Shop, stores: store_side.StoreServer
) -> None:
    account_id = await connected(hub, shop, stores)
    form = {"csrf": await csrf(desk, ROOM), "token": "x" * 4001}
    async with desk.post(f"{ROOM}/{account_id}/connect", data=form) as reply:
        assert reply.status == 422
        assert "It is longer than 4000 characters" in await reply.text()


async def test_kinds_that_are_connected_in_the_browser_go_there_with_what_is_known(
    desk: Client, hub: Services, shop: Shop
) -> None:
    given = ETSY.account("http://127.0.0.1:9")
    account_id = await hub.accounts.add(shop.merchant_id, "etsy", "Cups", {**given.secrets, **given.settings})
    again = f"/connect/etsy?account={account_id}"
    assert f'href="{again}"' in article(await page(desk), account_id)
    form = await page(desk, again)
    assert 'value="Cups"' in form and f'value="{account_id}" selected' in form
    assert given.secrets["refresh_token"] not in form and given.secrets["shared_secret"] not in form
    assert 'name="keystring" maxlength="250" type="password" autocomplete="off" required' not in form
    assert 'value="Cups"' not in await page(desk, "/connect/etsy?account=4711")


async def test_renewing_says_what_is_wrong(hub: Services, shop: Shop, stores: store_side.StoreServer) -> None:
    account_id = await connected(hub, shop, stores)
    with pytest.raises(Invalid, match="has no such field"):
        await renew_account(hub, shop.merchant_id, account_id, {"colour": "blue"}, "test")
    with pytest.raises(NotFound):
        await renew_account(hub, shop.merchant_id + 1, account_id, {"token": "x"}, "test")


# ------------------------------------------------------------ who may


@pytest.mark.parametrize("what", ["poll", "repair-webhooks", "resend", "test", "connect"])
async def test_buttons_of_another_merchants_account_are_not_there(
    desk: Client, hub: Services, shop: Shop, what: str
) -> None:
    other = Shop(hub.database, shop.ids, shop.merchant_id + 700_000)
    account_id = await other.account("Somebody else")
    form = {"csrf": await csrf(desk, ROOM)}
    async with desk.post(f"{ROOM}/{account_id}/{what}", data=form) as reply:
        assert reply.status == 404
    await page(desk, f"{ROOM}/{account_id}/connect", 404)


async def test_accounts_are_for_merchants(client: Client, hub: Services, shop: Shop) -> None:
    agent = await signed_in(client, hub, shop, "agent")
    await page(agent, ROOM, 403)
    form = {"csrf": await csrf(agent, "/console/")}
    async with agent.post(f"{ROOM}/{shop.account_id}/poll", data=form) as reply:
        assert reply.status == 403


async def test_the_webhook_needs_an_address_that_reaches_us(
    hub: Services, shop: Shop, stores: store_side.StoreServer
) -> None:
    given = ETSY.account("http://127.0.0.1:9")
    account_id = await hub.accounts.add(shop.merchant_id, "etsy", "Cups", {**given.secrets, **given.settings})
    assert (await signs(hub, shop, account_id))["webhooks"] == "managed_there", "Etsy's are set up at Etsy"
    public = replace(hub, settings=hub.settings.model_copy(update={"public_url": ""}))
    shopify = {"shop": "x.myshopify.com", "access_token": "t"}
    account_id = await hub.accounts.add(shop.merchant_id, "shopify", "Main", shopify)
    seen = await show_account(public, shop.merchant_id, account_id)
    (webhooks,) = [sign for sign in seen.signs if sign.what == "webhooks"]
    assert (webhooks.key, webhooks.level, webhooks.heal) == ("unreachable", "watch", "set_public_url")
    assert "CROSSDOCK_PUBLIC_URL" in webhooks.command
