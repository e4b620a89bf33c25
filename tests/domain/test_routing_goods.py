"""Brands and tags: which rules are for an order that has them, and which locations ship them."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from hub.domain.outcome import Outcome
from hub.domain.routing import RouteFacts, route
from hub.domain.routing_plan import Filter, Plan, Rule, Site, read_plan
from hub.domain.routing_shelves import Availability, Good
from tests.domain.build import CARRIER, CONTACT, MERCHANT, NOW, line
from tests.domain.test_routing import BERLIN, MUNICH, accepted

MUG, CUP = "MUG-1", "CUP-1"
GOODS = {MUG: Good("Acme", ("fragile", "gift")), CUP: Good("Nordic Home")}
PAIR = (line(), line(id=102, external_id="L2", sku=CUP, ordered=1))


def decided(plan: Plan, goods: dict[str, Good] | None = None, lines: tuple[object, ...] = (line(),)) -> Outcome:
    free = Availability({(sku, place): 9 for sku in (MUG, CUP) for place in (1, 2)})
    facts = RouteFacts(
        {MERCHANT: (BERLIN, MUNICH)}, free, {MERCHANT: CARRIER}, {1: (CONTACT,)},
        plans={MERCHANT: replace(plan, version=1)}, goods={MERCHANT: GOODS if goods is None else goods},
    )  # fmt: skip
    return route(accepted(lines=lines), facts, NOW)


@pytest.mark.parametrize(
    ("when", "why"),
    [
        (Filter(brands=("acme",)), None),
        (Filter(brands=("Other", "ac*")), None),
        (Filter(brands=("Nordic*",)), "has nothing of the brands Nordic*"),
        (Filter(tags=("GIFT",)), None),
        (Filter(tags=("heavy", "cold")), "has nothing that is tagged heavy, cold"),
    ],
)
def test_a_rule_is_for_orders_with_its_brands_and_tags(when: Filter, why: str | None) -> None:
    outcome = decided(Plan(rules=(Rule(name="special", when=when), Rule(name="rest"))))

    details = outcome.events[0].details
    assert details["name"] == ("special" if why is None else "rest")
    assert details.get("tried", []) == ([] if why is None else [{"rule": "special", "skipped": why}])


def test_a_line_with_nothing_left_to_ship_does_not_count() -> None:
    gone = line(id=102, external_id="L2", sku=CUP, ordered=1, cancelled=1)
    plan = Plan(rules=(Rule(name="nordic", when=Filter(brands=("Nordic*",))), Rule(name="rest")))

    assert decided(plan, lines=(line(), gone)).events[0].details["name"] == "rest"


def test_a_location_ships_only_its_brands() -> None:
    plan = Plan(locations={"berlin": Site(brands=("Nordic*",)), "munich": Site(brands=("Acme",))})

    outcome = decided(plan, lines=PAIR)

    assert [(w.location_id, [ln.sku for ln in w.lines]) for w in outcome.changes.works] == [(1, [CUP]), (2, [MUG])]
    considered = {entry["location"]: entry for entry in outcome.events[0].details["considered"]}  # type: ignore[attr-defined]
    assert considered["berlin"]["lacks"] == {MUG: 2}


def test_a_location_that_ships_nothing_of_the_order_is_out_and_says_why() -> None:
    outcome = decided(Plan(locations={"berlin": Site(brands=("Nordic*",))}))

    assert [work.location_id for work in outcome.changes.works] == [2]
    assert {"location": "berlin", "out": "ships only Nordic*"} in outcome.events[0].details["considered"]  # type: ignore[operator]


def test_what_has_no_brand_ships_only_from_where_every_brand_does() -> None:
    outcome = decided(Plan(locations={"berlin": Site(brands=("*?",))}), goods={})

    assert [work.location_id for work in outcome.changes.works] == [2]


def test_only_a_plan_that_asks_needs_the_products() -> None:
    assert not Plan(locations={"berlin": Site(skus=("A*",))}).asks_goods
    assert Plan(locations={"berlin": Site(brands=("A",))}).asks_goods
    assert read_plan('[[rules]]\nname = "x"\nwhen = {tags = ["cold"]}').asks_goods
    assert read_plan('[[rules]]\nname = "x"\nwhen = {brands = ["Acme"]}').asks_goods
