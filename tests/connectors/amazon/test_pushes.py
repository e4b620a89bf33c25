"""What Amazon holds after each push, and that a lost answer is looked up instead of repeated."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from connectors.amazon import Amazon, AmazonChannel
from connectors.amazon.saying import carrier, package_reference
from connectors.http import AioHttp
from hub.contract import Account, Cursor
from hub.domain.outgoing import CancellationRequest, Kind, Receipt, Shipment, ShipmentLine, StockLevel
from hub.errors import Reject, Retry, Unknown
from tests.connectors.amazon.books import FRANCE, GERMANY, NOW, iso, plain_order
from tests.connectors.amazon.harness import HARNESS, ITEM, ORDER, TO_CANCEL
from tests.connectors.amazon.server import AmazonDouble
from tests.connectors.checks.between import Between

HARNESS_CURSOR = Cursor(at=NOW.replace(hour=0))
SHIPMENT: Any = HARNESS.pushes[Kind.PUSH_SHIPMENT]
CANCELLATION: Any = HARNESS.pushes[Kind.PUSH_CANCELLATION]


def narrowed(account: Account, **settings: str) -> Account:
    return Account(
        id=account.id,
        merchant_id=account.merchant_id,
        connector=account.connector,
        name=account.name,
        secrets=account.secrets,
        settings={**account.settings, **settings},
    )


def packages(double: AmazonDouble, order_id: str = ORDER) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = double.books.orders[order_id].get("packages", [])
    return found


# ---------------------------------------------------------------- shipments


async def test_the_package_arrives_with_carrier_tracking_and_items(
    channel: AmazonChannel, double: AmazonDouble
) -> None:
    receipt = await channel.push_shipment(SHIPMENT, "k")
    assert packages(double) == [
        {
            "packageReferenceId": "77",
            "packageStatus": {"status": "SHIPPED"},
            "carrier": "DHL",
            "trackingNumber": "JD014600003828000000",
            "shippingService": "DHL Paket",
            "shipTime": "2026-11-21T16:20:00.000Z",
            "packageItems": [{"orderItemId": ITEM, "quantity": 1}],
        }
    ]
    assert receipt == Receipt(external_id="77", details={"package": "77", "tracking_number": "JD014600003828000000"})
    assert double.books.orders[ORDER]["fulfillment"]["fulfillmentStatus"] == "PARTIALLY_SHIPPED"


async def test_our_own_package_comes_back_under_its_tracking_number(
    channel: AmazonChannel, double: AmazonDouble
) -> None:
    await channel.push_shipment(SHIPMENT, "k")
    page = await channel.pull_orders(HARNESS_CURSOR)
    (order,) = [news for d in page.deliveries for news in channel.read(d) if news.external_id == ORDER]  # type: ignore[union-attr]
    assert [(s.external_id, s.tracking_number) for s in order.shipments] == [("77", "JD014600003828000000")]  # type: ignore[union-attr]


async def test_two_parcels_of_one_order_are_two_packages(channel: AmazonChannel, double: AmazonDouble) -> None:
    await channel.push_shipment(SHIPMENT, "k1")
    other = replace(SHIPMENT, reference="P4ZK", tracking_number="JD2", carrier="Nordlicht Kurier", service="")
    await channel.push_shipment(other, "k2")
    assert [p["packageReferenceId"] for p in packages(double)] == ["77", package_reference("P4ZK")]
    assert packages(double)[1]["carrier"] == "Nordlicht Kurier", "a carrier Amazon has no code for goes by its name"


def test_references_become_positive_numbers() -> None:
    assert [package_reference(it) for it in ("1", "77", "999999999")] == ["1", "77", "999999999"]
    odd = ["0", "077", "-3", "P4ZK", "P4ZL", "x" * 300, "1" * 30, "٣"]
    made = [package_reference(it) for it in odd]
    assert all(it.isascii() and it.isdigit() and 0 < int(it) < 10**9 for it in made) and len(set(made)) == len(odd)
    assert made == [package_reference(it) for it in odd]


def test_carriers_amazon_knows_go_by_code() -> None:
    assert carrier("  dhl ") == ("DHL", "") and carrier("Royal  Mail") == ("Royal Mail", "")
    assert carrier("Post am Eck") == ("Other", "Post am Eck") and carrier("") == ("Other", "Other")


async def test_only_one_marketplace_needs_no_question(double: AmazonDouble, account: Account, http: AioHttp) -> None:
    channel = Amazon().open(narrowed(account, marketplace_ids=FRANCE), http)
    await channel.push_shipment(SHIPMENT, "k")
    assert double.asked("getOrder") == 0 and len(packages(double)) == 1


async def test_marketplaces_of_pulled_orders_are_remembered(channel: AmazonChannel, double: AmazonDouble) -> None:
    await channel.pull_orders(HARNESS_CURSOR)
    await channel.push_shipment(SHIPMENT, "k")
    assert double.asked("getOrder") == 0 and len(packages(double)) == 1


async def test_a_lost_answer_is_unknown_and_found_again(channel: AmazonChannel, double: AmazonDouble) -> None:
    await channel.pull_orders(HARNESS_CURSOR)
    assert await channel.look_up(Kind.PUSH_SHIPMENT, SHIPMENT, "k") is None
    double.drop_replies()
    with pytest.raises(Unknown):
        await channel.push_shipment(SHIPMENT, "k")
    found = await channel.look_up(Kind.PUSH_SHIPMENT, SHIPMENT, "k")
    assert found is not None and found.external_id == "77" and len(packages(double)) == 1


async def test_a_repeat_that_amazon_refuses_finds_the_first(channel: AmazonChannel, double: AmazonDouble) -> None:
    first = await channel.push_shipment(SHIPMENT, "k")
    assert await channel.push_shipment(SHIPMENT, "k") == first
    assert len(packages(double)) == 1
    with pytest.raises(Reject, match="already fulfilled"):
        lines = (ShipmentLine(line_id=ITEM, quantity=18),)
        await channel.push_shipment(replace(SHIPMENT, reference="78", tracking_number="JD3", lines=lines), "k2")


async def test_a_cancelled_package_is_not_ours_any_more(channel: AmazonChannel, double: AmazonDouble) -> None:
    await channel.push_shipment(SHIPMENT, "k")
    packages(double)[0]["packageStatus"]["status"] = "CANCELLED"
    assert await channel.look_up(Kind.PUSH_SHIPMENT, SHIPMENT, "k") is None


async def test_without_a_tracking_number_nothing_is_sent(channel: AmazonChannel, double: AmazonDouble) -> None:
    with pytest.raises(Reject, match="tracking number"):
        await channel.push_shipment(replace(SHIPMENT, tracking_number=""), "k")
    assert double.seen == []


async def test_pending_orders_are_refused_by_amazon(channel: AmazonChannel, double: AmazonDouble) -> None:
    double.books.orders[ORDER]["fulfillment"]["fulfillmentStatus"] = "PENDING"
    with pytest.raises(Reject):
        await channel.push_shipment(SHIPMENT, "k")
    assert double.effects() == []


# ---------------------------------------------------------------- many at once


def many(double: AmazonDouble, count: int) -> tuple[list[Shipment], list[str]]:
    """As many orders of one unit, and a shipment of each."""
    shipments = []
    for number in range(1, count + 1):
        order_id = f"404-{number:07d}-0000001"
        double.books.add(plain_order(order_id, iso(NOW), (GERMANY, FRANCE)[number % 2]))
        line = double.books.orders[order_id]["orderItems"][0]["orderItemId"]
        made = replace(SHIPMENT, reference=f"{number}", order_id=order_id, tracking_number=f"JD{number:05d}")
        shipments.append(replace(made, lines=(ShipmentLine(line_id=line, quantity=1),)))
    return shipments, [f"key-{shipment.reference}" for shipment in shipments]


async def test_many_go_as_one_feed_and_each_gets_its_answer(channel: AmazonChannel, double: AmazonDouble) -> None:
    double.feeds.gzip = True
    shipments, keys = many(double, 40)
    double.books.orders[shipments[6].order_id]["fulfillment"]["fulfillmentStatus"] = "CANCELLED"
    shipments[9] = replace(shipments[9], order_id="404-9999999-9999999")
    shipments[20] = replace(shipments[20], tracking_number="")
    answers = await channel.push_at_once(Kind.PUSH_SHIPMENT, shipments, keys)
    refused = {place: answer.why for place, answer in enumerate(answers) if answer.failure}
    assert set(refused) == {6, 9, 20} and "18028" in refused[6] and "tracking number" in refused[20]
    assert "does not exist" in refused[9]
    assert all(
        a.receipt and a.receipt.external_id == s.reference
        for a, s in zip(answers, shipments, strict=True)
        if not a.failure
    )
    assert len(double.effects()) == 37 and double.asked("createFeed") == 1 and double.asked("confirmShipment") == 0
    assert packages(double, shipments[0].order_id)[0]["trackingNumber"] == "JD00001"


async def test_a_feed_that_takes_its_time_is_looked_up(channel: AmazonChannel, double: AmazonDouble) -> None:
    shipments, keys = many(double, 31)
    double.books.orders[shipments[3].order_id]["fulfillment"]["fulfillmentStatus"] = "CANCELLED"
    double.feeds.slow = 2
    answers = await channel.push_at_once(Kind.PUSH_SHIPMENT, shipments, keys)
    assert {answer.failure for answer in answers} == {"unknown"}
    with pytest.raises(Retry, match="still being processed") as told:
        await channel.look_up(Kind.PUSH_SHIPMENT, shipments[0], keys[0])
    assert told.value.after == 60
    with pytest.raises(Reject, match="already fulfilled"):
        await channel.look_up(Kind.PUSH_SHIPMENT, shipments[3], keys[3])
    for shipment, key in list(zip(shipments, keys, strict=True))[4:]:
        found = await channel.look_up(Kind.PUSH_SHIPMENT, shipment, key)
        assert found is not None and found.external_id == shipment.reference
    assert double.asked("getFeedDocument") == 1, "the report is read once for all"


async def test_after_a_restart_the_orders_themselves_are_asked(
    channel: AmazonChannel, double: AmazonDouble, account: Account, http: AioHttp
) -> None:
    shipments, keys = many(double, 31)
    double.feeds.slow = 1
    await channel.push_at_once(Kind.PUSH_SHIPMENT, shipments, keys)
    again = Amazon().open(account, http)
    found = await again.look_up(Kind.PUSH_SHIPMENT, shipments[5], keys[5])
    assert found is not None and found.external_id == "6"


async def test_before_the_feed_is_made_nothing_has_happened(channel: AmazonChannel, double: AmazonDouble) -> None:
    shipments, keys = many(double, 31)
    double.fail(500)
    with pytest.raises(Retry):
        await channel.push_at_once(Kind.PUSH_SHIPMENT, shipments, keys)
    assert double.effects() == [], "no document, no feed: simply again"


async def test_a_lost_answer_to_the_feed_is_unknown_and_the_orders_tell(double: AmazonDouble, http: AioHttp) -> None:
    shipments, keys = many(double, 31)
    async with Between(double.url).serving() as between:
        channel = Amazon(patience=(0.0,)).open(HARNESS.account(between.url), http)
        await channel.check()
        between.spoil = between.passed + 2  # the document, then the feed; the upload goes elsewhere
        with pytest.raises(Unknown):
            await channel.push_at_once(Kind.PUSH_SHIPMENT, shipments, keys)
        assert len(double.effects()) == 31
        found = await channel.look_up(Kind.PUSH_SHIPMENT, shipments[0], keys[0])
    assert found is not None and found.external_id == "1" and double.asked("createFeed") == 1


@pytest.mark.parametrize(("status", "meaning"), [("CANCELLED", "reject"), ("FATAL", "unknown")])
async def test_feeds_that_end_badly(channel: AmazonChannel, double: AmazonDouble, status: str, meaning: str) -> None:
    shipments, keys = many(double, 31)
    double.feeds.fatal = status
    answers = await channel.push_at_once(Kind.PUSH_SHIPMENT, shipments, keys)
    assert {answer.failure for answer in answers} == {meaning}, "of a fatal one some may have been done"


async def test_without_the_merchant_token_many_are_confirmed_one_by_one(
    double: AmazonDouble, account: Account, http: AioHttp
) -> None:
    double.left["confirmShipment"], double.rates["confirmShipment"] = 100, "1000.0"
    channel = Amazon().open(narrowed(account, seller_id="", marketplace_ids=GERMANY), http)
    shipments, keys = many(double, 32)
    answers = await channel.push_at_once(Kind.PUSH_SHIPMENT, shipments, keys)
    assert [bool(answer.receipt) for answer in answers] == [False, True] * 16, "half of them are at home in France"
    assert double.asked("createFeed") == 0


# ---------------------------------------------------------------- cancellations


async def test_a_whole_order_is_cancelled_with_its_reason(channel: AmazonChannel, double: AmazonDouble) -> None:
    receipt = await channel.push_cancellation(CANCELLATION, "k")
    order = double.books.orders[TO_CANCEL]
    assert receipt.external_id == TO_CANCEL and order["fulfillment"]["fulfillmentStatus"] == "CANCELLED"
    assert order["orderItems"][0]["cancellation"]["cancellationExecution"]["cancelReason"] == "BuyerCanceled"
    assert await channel.push_cancellation(CANCELLATION, "k2") == receipt, "it is cancelled enough"
    assert double.effects() == [(Kind.PUSH_CANCELLATION, TO_CANCEL)]


async def test_nothing_is_cancelled_of_which_a_part_was_shipped(channel: AmazonChannel, double: AmazonDouble) -> None:
    await channel.push_shipment(SHIPMENT, "k")
    with pytest.raises(Reject, match="refund all of it"):
        await channel.push_cancellation(CancellationRequest(reference="c", order_id=ORDER, reason="x"), "k")
    assert double.asked("createFeed") == 0


async def test_single_units_cannot_be_cancelled(channel: AmazonChannel, double: AmazonDouble) -> None:
    line = double.books.orders[TO_CANCEL]["orderItems"][0]["orderItemId"]
    with pytest.raises(Reject, match="whole orders only"):
        await channel.push_cancellation(replace(CANCELLATION, lines={line: 1}), "k")
    await channel.push_cancellation(replace(CANCELLATION, lines={line: 2}, reason="moon"), "k")
    done = double.books.orders[TO_CANCEL]["orderItems"][0]["cancellation"]["cancellationExecution"]
    assert done["cancelReason"] == "GeneralAdjustment"


async def test_a_cancellation_under_way_is_looked_up(channel: AmazonChannel, double: AmazonDouble) -> None:
    assert await channel.look_up(Kind.PUSH_CANCELLATION, CANCELLATION, "k") is None
    double.feeds.slow = 2
    with pytest.raises(Unknown, match="still being processed"):
        await channel.push_cancellation(CANCELLATION, "k")
    with pytest.raises(Retry):
        await channel.look_up(Kind.PUSH_CANCELLATION, CANCELLATION, "k")
    found = await channel.look_up(Kind.PUSH_CANCELLATION, CANCELLATION, "k")
    assert found is not None and len(double.effects()) == 1


async def test_unknown_orders_and_missing_tokens_are_named(
    channel: AmazonChannel, double: AmazonDouble, account: Account, http: AioHttp
) -> None:
    with pytest.raises(Reject, match="no order '404'"):
        await channel.push_cancellation(CancellationRequest(reference="c", order_id="404", reason="x"), "k")
    bare = Amazon().open(narrowed(account, seller_id=""), http)
    with pytest.raises(Reject, match="seller_id"):
        await bare.push_cancellation(CANCELLATION, "k")
    with pytest.raises(Reject, match="seller_id"):
        await bare.push_stock(StockLevel(sku="KETTLE", listing_id="KETTLE", available=1, version=1), "k")


# ---------------------------------------------------------------- stock


async def test_stock_is_set_on_the_listing_and_read_back(channel: AmazonChannel, double: AmazonDouble) -> None:
    level = StockLevel(sku="OUR-NAME", listing_id="KETTLE", available=0, version=1)
    await channel.push_stock(level, "k")
    assert double.books.levels["KETTLE"] == 0
    assert await channel.look_up(Kind.PUSH_STOCK, level, "k") is not None
    wanted = ["KETTLE", "POT", "NOBODYS", *(f"SKU-{n:03d}" for n in range(45)), "with,comma", ""]
    told = await channel.read_stock(wanted)
    assert told == {"KETTLE": 0, "POT": 3} | {f"SKU-{n:03d}": n for n in range(45)}


async def test_a_level_that_was_accepted_and_ignored_shows(channel: AmazonChannel, double: AmazonDouble) -> None:
    double.books.ignore_stock = True
    level = StockLevel(sku="KETTLE", listing_id="KETTLE", available=99, version=1)
    await channel.push_stock(level, "k")
    assert await channel.look_up(Kind.PUSH_STOCK, level, "k") is None
    assert await channel.read_stock(["KETTLE"]) == {"KETTLE": 7}


async def test_an_invalid_submission_is_a_refusal_in_amazons_words(
    channel: AmazonChannel, double: AmazonDouble
) -> None:
    body = b'{"sku":"KETTLE","status":"INVALID","submissionId":"s","issues":[{"message":"size is required"}]}'
    double.fail(200, body=b'{"sku":"KETTLE"}')
    double.fail(200, body=body)
    with pytest.raises(Reject, match="size is required"):
        await channel.push_stock(StockLevel(sku="KETTLE", listing_id="KETTLE", available=1, version=1), "k")


async def test_a_listing_that_amazon_ships_stays_amazons(channel: AmazonChannel, double: AmazonDouble) -> None:
    """A quantity in DEFAULT would make the seller the one who ships it: offers lost, orders that nobody packs."""
    double.books.by_amazon.add("KETTLE")
    level = StockLevel(sku="KETTLE", listing_id="KETTLE", available=5, version=1)
    with pytest.raises(Reject, match="Amazon ships"):
        await channel.push_stock(level, "k")
    assert double.books.by_amazon == {"KETTLE"} and not double.effects()
    assert await channel.look_up(Kind.PUSH_STOCK, level, "k") is None
    with pytest.raises(Reject, match="no listing"):
        await channel.push_stock(StockLevel(sku="NOBODYS", listing_id="NOBODYS", available=5, version=1), "k")


async def test_a_level_leaves_the_handling_time_as_it_is(channel: AmazonChannel, double: AmazonDouble) -> None:
    double.books.lead_days["KETTLE"] = 12
    await channel.push_stock(StockLevel(sku="KETTLE", listing_id="KETTLE", available=5, version=1), "k")
    assert double.books.levels["KETTLE"] == 5 and double.books.lead_days == {"KETTLE": 12}
