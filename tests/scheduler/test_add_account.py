"""Connecting an account of a kind that there is not: the one that is meant comes first."""

from __future__ import annotations

import pytest

from connectors import CONNECTORS
from hub.accounts import Accounts, Tools
from hub.errors import Invalid
from tests.support.world import World


def accounts(world: World, *, demo: bool = False) -> Accounts:
    """With every connector of this installation."""
    tools = Tools(CONNECTORS, world.http, world.services.vault, allow_demo=demo)
    return Accounts(world.database, tools, world.clock, world.ports.ids)


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("esty", "etsy"),
        ("Etsy", "etsy"),
        ("ebya", "ebay"),
        ("shopfy", "shopify"),
        ("woo", "woocommerce"),
        ("own-site", "own_site"),
        ("amazn ", "amazon"),
    ],
)
async def test_a_slip_is_answered_with_what_is_meant_and_then_with_all(world: World, word: str, meant: str) -> None:
    with pytest.raises(Invalid) as refusal:
        await accounts(world).add(world.merchant_id, word, "Mine", {})
    said = str(refusal.value)
    assert f"no connector {word!r}: did you mean {meant}? There are amazon, " in said
    assert "woocommerce" in said and await world.value("SELECT count(*) FROM accounts WHERE name = 'Mine'") == 0


@pytest.mark.parametrize("word", ["zzz", "kaufland", "a", "", "x" * 500])
async def test_a_word_that_is_like_none_is_answered_with_all(world: World, word: str) -> None:
    with pytest.raises(Invalid, match="; there are amazon, ") as refusal:
        accounts(world).connector(word)
    assert "did you mean" not in str(refusal.value) and len(str(refusal.value)) < 400


async def test_what_is_for_the_demo_only_is_proposed_there(world: World) -> None:
    with pytest.raises(Invalid, match="did you mean demo_store"):
        accounts(world, demo=True).connector("demostore")
    with pytest.raises(Invalid) as refusal:
        accounts(world).connector("demostore")
    assert "demo_" not in str(refusal.value)
