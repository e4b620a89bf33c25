"""Real Shopify orders from the webhook to the doorstep: exact money, holds that say what is missing, delivery."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from bot.transports import mailbox
from hub.actions.order_view import OrderView
from hub.actions.verify_store import verify_store
from hub.domain.order import Address
from tests.connectors.shopify.server import ShopifyDouble
from tests.shows.expected import SAMPLES, Told, stock_csv
from tests.shows.shops import Shops, body, open_holds

HONG_KONG = Address(
    name="Chan Tai Man", line1="1 Queen's Road", city="Central", region="Hong Kong Island", country="HK",
    phone="+85221234567",
)  # fmt: skip
MAIN = "Main street"
LATER = "spreevcr_order_with_missing_data_1"
"""A later revision of the order of `spreevcr_base_order_1`: it has a shop to itself."""

ORDERS = tuple(name for name in SAMPLES if name != LATER)

REVIEW = {
    "pyapi_order": {
        "manual": {"what": "sums", "expected": 60894, "told": 40994, "currency": "USD"},
        "mapping": {"39072856", "49148385", "457924702"},
    },
    "spreevcr_base_order_1": {"mapping": {"42077492100"}},
    "webhook2025_order_create_dis2": {
        "address": {"what": "no_address"},
        "mapping": {"50398373085484", "50451770802476", "50460159541548"},
    },
}
"""Sample → the holds it opens; of a mapping hold, the listings that nobody knows yet."""

PARCELS = {
    "pyapi_order": {"466157049": 1, "518995019": 1, "703073504": 1},
    "spreevcr_base_order_1": {"10069290820": 2},
    "webhook2025_order_create_dis2": {"15518808539436": 1, "15518808572204": 1, "15518808604972": 1},
}
"""Sample → units by Shopify's line id that we ship."""


async def sell(shops: Shops, samples: Path, *names: str) -> ShopifyDouble:
    """A shop that has these orders and told us of each once, and what is needed to ship them."""
    await shops.warehouse()
    double = await shops.open(MAIN)
    files = [samples / f"{name}.json" for name in names]
    for file in files:
        double.add_order_from_webhook(body(file))
    sent = await shops.replay(MAIN, files)
    assert [(one.topic, one.status) for one in sent] == [("orders/create", 200)] * len(files), sent
    return double


async def test_every_order_comes_in_exactly_and_says_what_it_lacks(shops: Shops, samples: Path) -> None:
    await sell(shops, samples, *ORDERS)
    await shops.world.drain()
    assert await shops.world.value("SELECT count(*) FROM orders") == len(ORDERS)
    assert await shops.world.value("SELECT count(*) FROM inbox WHERE state <> 9") == 0
    for name in ORDERS:
        order = await shops.order(MAIN, SAMPLES[name].order)
        exact(order, SAMPLES[name])
        assert await shops.ledger(order) == dict(SAMPLES[name].ledger), name
        assert reasons(order) == REVIEW.get(name, {}), name
        assert order.phase == ("on_hold" if name in REVIEW else "cancelled")


def exact(order: OrderView, told: Told) -> None:
    """Every amount to the minor unit."""
    assert (order.currency, order.total, order.tax_total) == (told.currency, told.total, told.tax)
    assert order.shop_total == told.total
    lines = [(ln.unit_price, ln.discount, ln.tax, ln.ordered, ln.shipped) for ln in order.lines]
    assert lines == list(map(tuple, told.lines))
    assert [charge.amount for charge in order.charges if charge.kind == "shipping"] == [told.shipping]
    (paid,) = order.payments
    assert (paid.state, paid.amount, paid.captured, paid.gateway, paid.last4) == told.payment


def reasons(order: OrderView) -> dict[str, object]:
    """Open holds; of a mapping hold only the listings that are missing."""
    found: dict[str, object] = dict(open_holds(order))
    for reason, detail in open_holds(order).items():
        if reason == "mapping":
            assert detail["what"] == "skus"
            found[reason] = {line["listing"] for line in detail["lines"]}
    return found


async def test_one_import_heals_and_everything_shippable_arrives(shops: Shops, samples: Path) -> None:
    double = await sell(shops, samples, *ORDERS)
    async with shops.world.worker():
        for name in REVIEW:
            await shops.until_phase(MAIN, SAMPLES[name].order, "on_hold")
        done = await shops.import_csv(stock_csv([samples / f"{name}.json" for name in SAMPLES], [MAIN]))
        assert (done.products, done.listings, done.counts, done.woken) == (10, 10, 10, 3)
        await arrives_by_itself(shops)
        await people_look(shops)
        await shops.until_quiet()
    for name in PARCELS:
        await arrived(shops, name, double)
    await nothing_else_left(shops, double)
    assert (await verify_store(shops.world.database)).violations == ()


async def arrives_by_itself(shops: Shops) -> None:
    """Only the mapping was missing: the import alone lets it go. The others keep what only a person can decide."""
    await shops.until_phase(MAIN, "5182437124", "delivered")
    for name in ("pyapi_order", "webhook2025_order_create_dis2"):
        order = await shops.order(MAIN, SAMPLES[name].order)
        assert set(open_holds(order)) == set(REVIEW[name]) - {"mapping"}
        assert order.parcels == ()


async def people_look(shops: Shops) -> None:
    """An agent accepts the sums that do not add up, and enters the address that the buyer gave on the phone."""
    (sums,) = (h for h in (await shops.order(MAIN, "450789469")).holds if h.is_open)
    await shops.release(sums.id, "accept")
    (address,) = (h for h in (await shops.order(MAIN, "6200354537772")).holds if h.is_open)
    await shops.release(address.id, "use_address", HONG_KONG)
    for number in ("450789469", "6200354537772"):
        order = await shops.until_phase(MAIN, number, "delivered")
        assert open_holds(order) == {}
    assert order.ship_to == HONG_KONG


async def arrived(shops: Shops, name: str, double: ShopifyDouble) -> None:
    """Every unit is delivered, and Shopify knows with which number."""
    order = await shops.order(MAIN, SAMPLES[name].order)
    (parcel,) = order.parcels
    assert (order.lifecycle, parcel.custody, parcel.tracking) == ("completed", "delivered", "delivered")
    assert all(line.delivered == line.shipped == line.ordered and not line.reserved for line in order.lines)
    exact_after(order, SAMPLES[name])
    (pushed,) = (made for made in double.fulfillments if made["order_id"] == order.external_id)
    assert pushed["tracking_number"] == parcel.tracking_number
    assert pushed["lines"] == PARCELS[name]
    assert events(double, order.external_id, parcel.tracking_number)[-1] == "DELIVERED"


def exact_after(order: OrderView, told: Told) -> None:
    """Shipping moves no money: the shop collects it."""
    assert (order.total, order.payments[0].amount, order.payments[0].captured) == (
        told.total, told.payment[1], told.payment[2],
    )  # fmt: skip


def events(double: ShopifyDouble, order_id: str, tracking_number: str) -> list[str]:
    """What Shopify was told of a parcel, in order of time."""
    (made,) = (f for f in double.state.orders[order_id]["fulfillments"] if f.get("tracking_number") == tracking_number)
    told = double.state.events.get(str(made["id"]), [])
    return [event["status"] for event in sorted(told, key=lambda event: event["happenedAt"])]


async def nothing_else_left(shops: Shops, double: ShopifyDouble) -> None:
    """No other parcel, no second push, nobody written to who gave no address, and stock that adds up."""
    assert len(double.fulfillments) == len(PARCELS)
    cancelled = await shops.order(MAIN, "123456")
    assert (cancelled.lifecycle, cancelled.parcels, cancelled.fulfillments) == ("cancelled", (), ())
    assert all(line.cancelled == line.ordered for line in cancelled.lines)
    stock = await shops.world.rows("SELECT sku, on_hand, reserved FROM stock")
    assert {row["reserved"] for row in stock} == {0}
    left = {row["sku"]: 10 - row["on_hand"] for row in stock if row["on_hand"] < 10}
    assert Counter(left.values()) == {1: 6, 2: 1} and left["SHOPIFY-42077492100"] == 2
    refused = await shops.world.rows("SELECT kind, error FROM outbox WHERE state IN (10, 11)")
    assert {(row["kind"], row["error"].partition(" with")[0]) for row in refused} == {
        ("push_stock", "Shopify has no variant")
    }, "the double sells nothing; only levels may be refused there"
    mails = await shops.world.rows("SELECT payload->>'address' AS who, payload->>'text' AS what FROM outbox "
                                   "WHERE kind = 'notify' AND state = 9 ORDER BY id")  # fmt: skip
    heard = {"notice.confirmed", "notice.shipped", "notice.out_for_delivery", "notice.delivered"}
    for who in ("bob.norman@hostmail.com", "example@example.com"):
        assert {row["what"] for row in mails if row["who"] == who} == heard
    assert len(mails) == len(list(mailbox.read(shops.mailbox))) == 8


async def test_an_order_that_others_shipped_completes_without_a_parcel(shops: Shops, samples: Path) -> None:
    """Nothing of it is in stock, or known at all: nothing of it is left to ship."""
    double = await sell(shops, samples, LATER)
    async with shops.world.worker():
        await shops.until_phase(MAIN, SAMPLES[LATER].order, "delivered")
        await shops.until_quiet()
    order = await shops.order(MAIN, SAMPLES[LATER].order)
    exact(order, SAMPLES[LATER])
    assert (order.lifecycle, order.holds, order.parcels, order.fulfillments) == ("completed", (), (), ())
    assert await shops.ledger(order) == dict(SAMPLES[LATER].ledger)
    assert double.fulfillments == [] and await shops.world.value("SELECT count(*) FROM outbox") == 0
