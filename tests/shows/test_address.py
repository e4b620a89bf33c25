"""An order with a bad address is held, the customer is asked by mail, corrects it in the chat, and it ships."""

from __future__ import annotations

from bot.conversation import Conversations
from bot.receiving import Receiver
from bot.transcript import Transcript
from connectors.demo_store.server.books import Books
from connectors.demo_store.server.orders import spoil
from hub.actions.pull_orders import pull_orders
from hub.actions.show_order import show_order
from hub.actions.verify_store import verify_store
from tests.bot.world import World as Chatting
from tests.shows.shops import SLOW, Shops, open_holds
from tests.support.world import World


async def visitor(shops: Shops) -> Chatting:
    """A web chat account, and somebody who opens it."""
    world = shops.world
    account = await world.account("webchat", "chat", {"signing_key": "s" * 32, "locale": "en"})
    channel = await world.accounts.open(account)
    services = world.services
    return Chatting(
        services, world.inbox, Receiver(world.database, world.inbox, services.ids, services.clock),
        Transcript(world.database, services.vault, services.ids, services.clock), Conversations(services),
        world.merchant_id, shops.mailbox, channel.account, world.node,
    )  # fmt: skip


async def tell_again(world: World, account_id: int, books: Books, placed: str) -> None:
    """Something of an order changes at its store, which tells the whole order; then all happens that can."""
    books.touch(books.orders[placed])
    await pull_orders(world.services, world.inbox, account_id)
    await world.drain()


async def test_a_bad_address_is_corrected_by_the_customer_in_the_chat_and_the_order_ships(shops: Shops) -> None:
    world = shops.world
    account_id = await world.store("nordlicht")
    await shops.warehouse(SLOW)
    await world.stock()
    assert world.stores is not None
    books = world.stores.books["nordlicht"]
    (placed,) = world.stores.seed_orders(1, store="nordlicht")
    told = books.orders[placed]
    good = told["shipping_address"]["postcode"]
    spoil(told, "bad_postcode", books.store)
    await pull_orders(world.services, world.inbox, account_id)
    await world.drain()
    held = await shops.order("nordlicht", placed)
    assert held.phase == "on_hold"
    assert open_holds(held)["address"]["faults"] == ["postcode_unknown"]

    chat = await visitor(shops)
    (mail,) = chat.mails()
    assert "change my address" in mail.get_content() or "Adresse ändern" in mail.get_content()
    number = held.number.lstrip("#")
    await chat.say("change my address")
    await chat.say(number)
    await chat.say(await chat.code())
    await chat.say("1")
    said = await chat.say(good)
    assert said[-1].endswith("Is that right?")
    assert good in said[-1]
    assert (await shops.order("nordlicht", placed)).phase == "on_hold", "nothing is changed before the yes"
    said = await chat.say("yes")
    assert said[0].startswith(f"Thank you. Order {number} now goes to: ")
    bad = told["shipping_address"]["postcode"]
    assert bad != good, "the store does not learn of it, and says its own address whenever it says anything"
    await tell_again(world, account_id, books, placed)

    shown = await show_order(world.database, world.merchant_id, int(held.id))
    assert shown.phase == "shipped"
    assert books.orders[placed]["items"][0]["shipped"], "the shop knows that it left"
    await tell_again(world, account_id, books, placed)

    shown = await show_order(world.database, world.merchant_id, int(held.id))
    assert shown.phase == "shipped"
    assert shown.ship_to is not None
    assert shown.ship_to.postcode == good
    assert not open_holds(shown)
    (released,) = [event for event in shown.events if event.kind == "hold_released"]
    assert (released.actor, released.details["resolution"]) == ("customer", "use_address")
    assert [event.kind for event in shown.events].count("revised") >= 2
    labels = await world.rows("SELECT payload->'recipient'->>'postcode' AS code FROM outbox WHERE kind = 'buy_label'")
    assert [row["code"] for row in labels] == [good]
    found = await verify_store(world.database)
    assert not found.violations, found.violations
