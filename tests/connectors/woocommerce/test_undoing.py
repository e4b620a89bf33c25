"""What the store holds after a cancellation or a refund, refusals in its words, and lost answers that are looked up."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from connectors.woocommerce import WooCommerceChannel
from hub.domain.outgoing import CancellationRequest, Kind, RefundRequest
from hub.errors import Reconnect, Reject, Retry, Unknown
from tests.connectors.woocommerce.harness import HARNESS, ORDER, OTHER
from tests.connectors.woocommerce.orders import order_of
from tests.connectors.woocommerce.server import WooDouble
from tests.connectors.woocommerce.told import meta, read_back

CANCEL: Any = HARNESS.pushes[Kind.PUSH_CANCELLATION]
REFUND: Any = HARNESS.pushes[Kind.PUSH_REFUND]


# ---------------------------------------------------------------- cancellations


async def test_an_order_is_cancelled_once(channel: WooCommerceChannel, double: WooDouble) -> None:
    await channel.push_cancellation(CANCEL, "k")
    await channel.push_cancellation(replace(CANCEL, reference="cancel-6"), "k")
    assert double.store.orders[ORDER]["status"] == "cancelled" and len(double.effects()) == 1
    assert meta(double, "_crossdock_cancellation") == "out of stock [cancel-5]"
    order = read_back(channel, double)
    assert order.cancelled_at is not None


async def test_units_are_taken_off_without_money(channel: WooCommerceChannel, double: WooDouble) -> None:
    request = CancellationRequest(reference="c-1", order_id=str(ORDER), reason="stock", lines={"1": 2})
    first, again = await channel.push_cancellation(request, "k"), await channel.push_cancellation(request, "k")
    assert first == again and double.effects() == [(Kind.PUSH_CANCELLATION, "c-1")]
    (made,) = double.store.refunds[ORDER]
    assert (made["amount"], made["refunded_payment"], made["restocked"], made["reason"]) == (
        "0",
        False,
        False,
        "stock [c-1]",
    )
    assert [(it["quantity"], it["total"]) for it in made["line_items"]] == [(-2, "-0")]
    assert double.store.orders[ORDER]["status"] == "processing"


async def test_what_is_completed_cannot_be_cancelled(channel: WooCommerceChannel, double: WooDouble) -> None:
    double.store.change(ORDER, status="completed")
    with pytest.raises(Reject, match="too late"):
        await channel.push_cancellation(CANCEL, "k")
    with pytest.raises(Reject, match="not 2 units of line 2"):
        await channel.push_cancellation(replace(CANCEL, order_id=str(OTHER), lines={"2": 2}), "k")


# ---------------------------------------------------------------- refunds


async def test_a_refund_goes_through_the_gateway_with_its_tax(channel: WooCommerceChannel, double: WooDouble) -> None:
    first, again = await channel.push_refund(REFUND, "k"), await channel.push_refund(REFUND, "k2")
    assert first == again and double.effects() == [(Kind.PUSH_REFUND, "refund-12")]
    (made,) = double.store.refunds[ORDER]
    assert (made["amount"], made["reason"], made["refunded_payment"]) == ("17.85", "broken [refund-12]", True)
    # One of three scarves: 45.00 and 8.55 tax for the three.
    assert [(it["quantity"], it["total"], it["taxes"]) for it in made["line_items"]] == [
        (-1, "-15.00", [{"id": 7, "total": "-2.85"}])
    ]


async def test_less_than_the_units_are_worth_is_spread(channel: WooCommerceChannel, double: WooDouble) -> None:
    await channel.push_refund(replace(REFUND, amount=1000), "k")
    (line,) = double.store.refunds[ORDER][0]["line_items"]
    assert (line["total"], line["taxes"][0]["total"]) == ("-8.40", "-1.60")


async def test_where_the_gateway_cannot_the_refund_is_written_down(
    channel: WooCommerceChannel, double: WooDouble
) -> None:
    double.store.orders[ORDER]["payment_method"] = "cod"
    await channel.push_refund(REFUND, "k")
    assert double.store.refunds[ORDER][0]["refunded_payment"] is False
    double.store.orders[OTHER]["payment_method"] = "some_gateway"
    with pytest.raises(Reject, match="does not support automatic refunds"):
        await channel.push_refund(replace(REFUND, order_id=str(OTHER)), "k")


async def test_more_than_is_left_or_another_currency_is_refused(channel: WooCommerceChannel, double: WooDouble) -> None:
    double.store.refund(ORDER, {"amount": "80.00", "api_refund": False})
    with pytest.raises(Reject, match=r"only 4\.37 EUR"):
        await channel.push_refund(REFUND, "k")
    with pytest.raises(Reject, match="not in USD"):
        await channel.push_refund(replace(REFUND, currency="USD", amount=1), "k")
    assert double.effects() == []


async def test_all_of_it_back_makes_the_order_refunded(channel: WooCommerceChannel, double: WooDouble) -> None:
    whole = RefundRequest(reference="r-1", order_id=str(ORDER), amount=8437, currency="EUR")
    await channel.push_refund(whole, "k")
    order = read_back(channel, double)
    assert order.cancelled_at is not None and order.words == {"status": "refunded"}


async def test_yen_have_no_decimals(channel: WooCommerceChannel, double: WooDouble) -> None:
    number = double.store.add_order(order_of(900, currency="JPY", total="3300"))
    await channel.push_refund(RefundRequest(reference="r", order_id=str(number), amount=1100, currency="JPY"), "k")
    assert double.store.refunds[number][0]["amount"] == "1100"


# ---------------------------------------------------------------- answers that say little


async def test_an_outage_is_not_a_refusal_and_a_refusal_is_no_outage(
    channel: WooCommerceChannel, double: WooDouble
) -> None:
    fatal = b'{"code":"internal_server_error","message":"<p>There has been a critical error on this website.</p>"}'
    for _ in range(2):
        double.fail(500, body=fatal)
        with pytest.raises(Retry):
            await channel.push_refund(REFUND, "k")
    double.fail(403, body=b"<html><body>Attention Required! | Cloudflare</body></html>")
    with pytest.raises(Retry, match="in front of the store"):
        await channel.check()
    double.fail(403, body=b'{"code":"woocommerce_rest_cannot_view","message":"Sorry, you cannot list resources."}')
    with pytest.raises(Reconnect, match="cannot list resources"):
        await channel.check()


async def test_a_lost_answer_is_unknown_and_found(channel: WooCommerceChannel, double: WooDouble) -> None:
    request = replace(CANCEL, lines={"1": 1})
    double.drop_replies(to="POST")
    with pytest.raises(Unknown):
        await channel.push_cancellation(request, "k")
    found = await channel.look_up(Kind.PUSH_CANCELLATION, request, "k")
    assert found is not None and found.external_id == str(double.store.refunds[ORDER][0]["id"])
    assert await channel.look_up(Kind.PUSH_CANCELLATION, replace(request, reference="5"), "k") is None


async def test_the_name_of_the_site_is_the_accounts(channel: WooCommerceChannel) -> None:
    assert await channel.check() == "Smith & Daughters"
