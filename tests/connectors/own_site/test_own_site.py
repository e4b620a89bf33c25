"""Orders of one's own: what is reckoned, what follows from the delivery, who may post."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from connectors.http import AioHttp
from hub.contract import Delivery, Secrets
from hub.domain import money
from hub.domain.order import ChannelOrder
from hub.domain.placed_order_reading import ALPHABET, require_sums, short_name
from hub.domain.sanity import sane
from hub.errors import BadPayload, Forbidden
from tests.connectors.checks.common import lowered
from tests.connectors.own_site.harness import HARNESS

AT = "2026-11-22T09:00:00Z"


@pytest.fixture
def site(http: AioHttp):
    return HARNESS.connector.open(HARNESS.account(""), http)


def read(site, **body: object) -> ChannelOrder:
    whole = {"currency": "EUR", "placed_at": AT, "lines": [{"sku": "A", "quantity": 1, "unit_price": "1.00"}]} | body
    (order,) = site.read(Delivery("key:abc", "order", json.dumps(whole).encode()))
    assert isinstance(order, ChannelOrder)
    return sane(order)


def test_without_an_id_the_delivery_names_the_order(site) -> None:
    one, other = read(site), read(site)
    assert one.external_id == one.number == other.external_id == short_name("key:abc")
    assert len(one.number) == 14
    assert set(one.number) <= {*ALPHABET, "-"}
    assert short_name("key:abd") != short_name("key:abc")
    assert read(site, id=" web-1 ").number == "web-1"


@settings(max_examples=60)
@given(
    lines=some.lists(
        some.tuples(some.integers(1, 99), some.integers(0, 10**6), some.integers(0, 10**4), some.integers(0, 10**4)),
        min_size=1, max_size=6,
    ),
    shipping=some.integers(-(10**4), 10**4),
    currency=some.sampled_from(["EUR", "JPY", "BHD"]),
    included=some.booleans(),
    written=some.booleans(),
)  # fmt: skip
def test_sums_are_exact_in_both_ways_of_writing(lines, shipping, currency, included, written) -> None:
    def amount(value: int) -> int | str:
        return money.major(value, currency) if written else value

    site = HARNESS.connector.open(HARNESS.account(""), None)  # type: ignore[arg-type]
    given_lines = [
        {"sku": "A", "quantity": units, "unit_price": amount(price), "discount": amount(less), "tax": amount(tax)}
        for units, price, less, tax in lines
    ]
    body = {
        "currency": currency, "placed_at": AT, "tax_included": included, "lines": given_lines,
        "charges": [{"amount": amount(shipping)}],
    }  # fmt: skip
    (order,) = site.read(Delivery("k", "order", json.dumps(body).encode()))
    taxes = sum(tax for *_, tax in lines)
    goods = sum(units * price - less for units, price, less, _ in lines)
    assert order.total == goods + shipping + (0 if included else taxes)
    assert order.tax_total == taxes
    require_sums(order)


def test_a_total_that_is_not_the_sum_is_told(site) -> None:
    with pytest.raises(BadPayload, match=r"\$\.total: is 1\.01 EUR, but lines, charges and tax make 1\.00 EUR"):
        require_sums(read(site, total="1.01"))
    require_sums(read(site, total=100))


@pytest.mark.parametrize("price", ["1,00", "", "1e3", "1_000", " 1", "+1", "١", "0x10", "NaN", ".5", "1.", "1.0.0"])
def test_amounts_are_plain_decimals(site, price: str) -> None:
    with pytest.raises(BadPayload, match=r"\$\.lines\[0\]\.unit_price"):
        read(site, lines=[{"sku": "A", "quantity": 1, "unit_price": price}])


async def test_posts_need_the_secret_of_the_account(site, http: AioHttp) -> None:
    body = b'{"id": "x"}'
    headers = lowered(site.sign("order", body))
    assert site.verify(headers, body).id.startswith("webhook:msg_")
    account = HARNESS.account("")
    for secrets in (Secrets(), Secrets(webhook_secret="")):
        bare = HARNESS.connector.open(replace(account, secrets=secrets), http)
        with pytest.raises(Forbidden, match="no signing secret"):
            bare.verify(headers, body)
    both = HARNESS.connector.open(
        replace(account, secrets=Secrets(webhook_secret=f"a-new-one {account.secrets['webhook_secret']}")), http
    )
    assert both.verify(headers, body).occurred_at is not None
