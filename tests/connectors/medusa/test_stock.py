"""Stock: what the shop counts after a push, and which location it is counted at."""

from __future__ import annotations

from dataclasses import replace as with_
from typing import Any

import pytest

from connectors.http import AioHttp
from connectors.medusa import Medusa, MedusaChannel
from hub.domain.outgoing import Kind, StockLevel
from hub.errors import Reject
from tests.connectors.medusa.documents import variant
from tests.connectors.medusa.harness import HARNESS, LOCATION
from tests.connectors.medusa.server import MedusaDouble

STOCK: Any = HARNESS.pushes[Kind.PUSH_STOCK]


def levels(double: MedusaDouble, number: str) -> dict[str, int]:
    (part,) = double.shop.variants[f"variant_{number}"]["inventory_items"]
    return {each["location_id"]: each["stocked_quantity"] for each in part["inventory"]["location_levels"]}


async def test_what_is_reserved_is_stocked_besides(channel: MedusaChannel, double: MedusaDouble) -> None:
    assert await channel.read_stock(["variant_11", "variant_404"]) == {"variant_11": 7}
    await channel.push_stock(STOCK, "k")
    assert levels(double, "11") == {LOCATION: 43}
    assert await channel.read_stock(["variant_11"]) == {"variant_11": 40}
    assert await channel.look_up(Kind.PUSH_STOCK, STOCK, "k") is not None


async def test_a_variant_that_takes_two_of_a_thing(channel: MedusaChannel, double: MedusaDouble) -> None:
    made = variant("pair", "PAIR", (2, {LOCATION: (9, 3)}))
    double.shop.variants[made["id"]] = made
    assert await channel.read_stock(["variant_pair"]) == {"variant_pair": 3}
    await channel.push_stock(StockLevel(sku="PAIR", listing_id="variant_pair", available=5, version=1), "k")
    assert levels(double, "pair") == {LOCATION: 13}


async def test_kits_are_read_and_not_set(channel: MedusaChannel, double: MedusaDouble) -> None:
    made = variant("kit", "KIT", (1, {LOCATION: (9, 0)}), (2, {LOCATION: (5, 0)}))
    double.shop.variants[made["id"]] = made
    assert await channel.read_stock(["variant_kit"]) == {"variant_kit": 2}
    with pytest.raises(Reject, match="made of 2 inventory items"):
        await channel.push_stock(StockLevel(sku="KIT", listing_id="variant_kit", available=5, version=1), "k")


async def test_uncounted_variants_are_left_alone(channel: MedusaChannel, double: MedusaDouble) -> None:
    double.shop.variants["variant_11"]["manage_inventory"] = False
    receipt = await channel.push_stock(STOCK, "k")
    assert "does not count" in receipt.details["not_sent"] and double.effects() == []
    assert await channel.read_stock(["variant_11"]) == {}


async def test_the_location_is_the_accounts_or_the_shops_and_never_a_guess(double: MedusaDouble, http: AioHttp) -> None:
    account = HARNESS.account(double.url)
    made = variant("two", "TWO", (1, {LOCATION: (1, 0), "sloc_hamburg": (2, 0)}))
    double.shop.variants[made["id"]] = made
    level, channel = StockLevel(sku="TWO", listing_id="", available=5, version=1), Medusa().open(account, http)
    with pytest.raises(Reject, match="location_id"):
        await channel.push_stock(level, "k")
    double.shop.default_location = "sloc_hamburg"
    await channel.push_stock(level, "k")
    new = with_(account, settings={**account.settings, "location_id": "sloc_new"})
    await Medusa().open(new, http).push_stock(level, "k")
    assert levels(double, "two") == {LOCATION: 1, "sloc_hamburg": 5, "sloc_new": 5}


async def test_an_sku_that_several_variants_have_is_not_guessed(channel: MedusaChannel, double: MedusaDouble) -> None:
    for number in ("x", "y"):
        double.shop.variants[f"variant_{number}"] = variant(number, "SAME", (1, {LOCATION: (1, 0)}))
    for sku, why in (("SAME", "several variants"), ("UNHEARD-OF", "no variant")):
        with pytest.raises(Reject, match=why):
            await channel.push_stock(StockLevel(sku=sku, listing_id="", available=1, version=1), "k")
