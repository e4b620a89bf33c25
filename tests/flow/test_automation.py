"""Rules of merchants on the real line: every trigger and every action, once each, and nothing for others."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from hub.actions.automation_rules import list_rules, set_rules
from hub.actions.automation_sweep import sweep_rules
from hub.actions.automation_try import try_rules
from hub.actions.release_hold import Release, release_hold
from hub.domain.automation import FITS, Trigger
from hub.domain.lifecycle import Lifecycle, Work
from hub.domain.order import ChannelPayment, ParcelScan, PaymentStatus, ScanStatus
from hub.domain.outgoing import Kind
from tests.flow.desk import Desk, an_order, at, mug
from tests.support.world import MERCHANT

DOES = {
    "tag": 'then.tag = ["vip"]', "service": 'then.service = "express"', "priority": "then.priority = 8",
    "hold": 'then.hold = "Call the buyer"', "notify": 'then.notify = "ops@example.com"',
    "note": 'then.note = "Looked at by the rule"',
}  # fmt: skip


async def give(desk: Desk, text: str, merchant: int = MERCHANT) -> None:
    """Saves rules, as the console does, and lets the line see them at once."""
    await set_rules(desk.world.services, merchant, text, "user:1", anyway=True)
    desk.directory.forget()


async def fired(desk: Desk, order_id: int) -> list[dict[str, Any]]:
    """What the timeline says of rules."""
    rows = await desk.world.rows(
        "SELECT details FROM events WHERE order_id = $1 AND kind = 'rule_fired' ORDER BY recorded_at, subject_id, seq",
        order_id,
    )
    return [msgspec.json.decode(row["details"]) for row in rows]


async def mark(desk: Desk, order_id: int) -> dict[str, Any]:
    """What rules set on an order."""
    rows = await desk.world.rows("SELECT * FROM order_marks WHERE order_id = $1", order_id)
    return dict(rows[0]) | {"tags": msgspec.json.decode(rows[0]["tags"])} if rows else {}


async def test_a_service_set_at_accept_is_what_the_label_is_bought_for(desk: Desk) -> None:
    await give(desk, '[[rule]]\nname = "Fast"\nwhen = "accepted"\nif.country = ["DE"]\nthen.service = "express"')
    order_id = await desk.ship(an_order())

    (work,) = await desk.world.rows("SELECT service, why FROM fulfillment_orders WHERE order_id = $1", order_id)
    assert work["service"] == "express"
    assert msgspec.json.decode(work["why"])["service"] == "express, set by a rule"
    ((_, asked, _),) = desk.book("paper_carrier", "carrier").done
    assert asked.service == "express"  # type: ignore[attr-defined]
    (firing,) = await fired(desk, order_id)
    assert firing == {
        "rule": "Fast", "version": 1, "trigger": "accepted", "why": ["country DE"], "did": ["service express"],
    }  # fmt: skip
    assert await desk.events(order_id) == ["received", "accepted", "rule_fired", "routed"]
    await desk.sound()


# ---------------------------------------------------------------- every trigger with every action


async def _accepted(desk: Desk) -> int:
    return await desk.ship(an_order())


async def _held(desk: Desk) -> int:
    return await desk.take(an_order(lines=(mug(sku="", listing_id="unknown"),)))


async def _scanned(desk: Desk, status: ScanStatus) -> int:
    order_id = await desk.ship(an_order())
    (parcel,) = await desk.parcels(order_id)
    scan = ParcelScan(tracking_number=parcel["tracking_number"], external_id="s1", status=status, at=at(60))
    await desk.tell(scan, account=desk.carrier)
    await desk.take_in()
    await desk.works()
    return order_id


async def _delivered(desk: Desk) -> int:
    return await _scanned(desk, ScanStatus.DELIVERED)


async def _exception(desk: Desk) -> int:
    return await _scanned(desk, ScanStatus.EXCEPTION)


async def _captured(desk: Desk) -> int:
    account = await desk.world.account("paper_pay", "pay", {})
    authorized = ChannelPayment(external_id="P1", status=PaymentStatus.AUTHORIZED, amount=2500)
    order = an_order(payments=(authorized,), paid=False)
    await desk.tell(order)
    await desk.take_in()
    order_id = await desk.order_id(order.external_id)
    await desk.world.database.plain.execute(
        "UPDATE payments SET account_id = $2 WHERE order_id = $1", order_id, account
    )
    await desk.orders()
    for _ in range(3):
        await desk.works()
        await desk.send()
    await desk.orders()
    return order_id


async def _overdue(desk: Desk) -> int:
    order_id = await _held(desk)
    desk.world.clock.advance(timedelta(hours=5))
    assert await sweep_rules(desk.world.services) > 0
    assert await sweep_rules(desk.world.services) == 0, "once for an order"
    return order_id


HAPPENS: dict[Trigger, Callable[[Desk], Awaitable[int]]] = {
    Trigger.ACCEPTED: _accepted, Trigger.HELD: _held, Trigger.ROUTED: _accepted, Trigger.DISPATCHED: _accepted,
    Trigger.DELIVERED: _delivered, Trigger.EXCEPTION: _exception, Trigger.CAPTURED: _captured,
    Trigger.OVERDUE: _overdue,
}  # fmt: skip


@pytest.mark.parametrize("trigger", list(Trigger))
async def test_each_action_works_at_each_trigger_that_it_fits(desk: Desk, trigger: Trigger) -> None:
    mail = await desk.world.account("email", "mail", {})
    more = 'state = "received"\nhours = 4\n' if trigger is Trigger.OVERDUE else ""
    text = "\n".join(
        f'[[rule]]\nname = "{action}"\nwhen = "{trigger}"\n{more}{DOES[action]}' for action in sorted(FITS[trigger])
    )
    await give(desk, text)

    order_id = await HAPPENS[trigger](desk)

    told = await fired(desk, order_id)
    assert [firing["rule"] for firing in told] == sorted(FITS[trigger])
    assert all(firing["trigger"] == trigger and firing["version"] == 1 and firing["why"] for firing in told)
    assert all(len(firing["did"]) == 1 and "not_done" not in firing for firing in told)
    set_ = await mark(desk, order_id)
    assert set_["tags"] == ["vip"]
    assert set_["priority"] == 8
    assert set_["service"] == ("express" if "service" in FITS[trigger] else "")
    await desk.send(mail)
    mails = [payload for _, payload, _ in desk.book("email", "mail").done if payload.address == "ops@example.com"]  # type: ignore[attr-defined]
    assert [payload.text for payload in mails] == ["notice.rule"]  # type: ignore[attr-defined]
    holds = await desk.holds(order_id)
    assert ("rule" in holds) is ("hold" in FITS[trigger])
    if "hold" in FITS[trigger]:
        assert holds["rule"] == {"what": "rule", "asked": {"hold": "Call the buyer"}}
    await desk.sound()


# ---------------------------------------------------------------- holds keep back, people let go


@pytest.mark.parametrize(("trigger", "state"), [("accepted", Lifecycle.ACCEPTED), ("routed", Lifecycle.IN_PROGRESS)])
async def test_a_rule_keeps_an_order_back_until_a_person_lets_it_go_and_not_again(
    desk: Desk, trigger: str, state: Lifecycle
) -> None:
    await give(desk, f'[[rule]]\nname = "Look"\nwhen = "{trigger}"\n{DOES["hold"]}')
    order_id = await desk.ship(an_order())
    assert (await desk.order(order_id))["state"] is state
    assert await desk.works_of(order_id) == ([Work.OPEN] if trigger == "routed" else [])
    hold_id = await desk.world.value("SELECT id FROM holds WHERE order_id = $1", order_id)

    release = Release(merchant_id=MERCHANT, hold_id=hold_id, resolution="accept", actor="user:1")
    await release_hold(desk.world.services, release)
    await desk.orders()
    for _ in range(3):
        await desk.works()
        await desk.send()

    assert await desk.works_of(order_id) == [Work.DISPATCHED]
    assert len(await fired(desk, order_id)) == 1
    assert not await desk.holds(order_id)
    await desk.sound()


async def test_an_order_that_is_kept_back_takes_no_stock_from_others(desk: Desk) -> None:
    await desk.count(MUG=2)
    await give(desk, f'[[rule]]\nname = "Look"\nwhen = "accepted"\nif.note = ["slow"]\n{DOES["hold"]}')
    held, free = an_order(note="SLOW please"), an_order()
    first = await desk.take(held, free)
    second = await desk.order_id(free.external_id)
    assert (await desk.order(first))["state"] is Lifecycle.ACCEPTED
    assert (await desk.order(second))["state"] is Lifecycle.IN_PROGRESS
    assert await desk.stock() == (2, 2)


# ---------------------------------------------------------------- conditions, order, and others


async def test_conditions_read_the_order_as_it_is(desk: Desk) -> None:
    await give(
        desk,
        """
[[rule]]
name = "All of it"
when = "accepted"
if.channel = ["SHOP"]
if.country = ["AT", "DE"]
if.country_not = ["FR"]
if.total = { currency = "EUR", at_least = "25.00", below = "25.01" }
if.weight = { at_least = 700, below = 701 }
if.units = { at_least = 2 }
if.sku = ["CUP", "MUG"]
if.first_order = true
if.note = ["gift"]
if.tag_not = ["vip"]
then.tag = ["all"]

[[rule]]
name = "Another currency"
when = "accepted"
if.total = { currency = "USD", at_least = "1.00" }
then.tag = ["usd"]

[[rule]]
name = "Not the first"
when = "accepted"
if.first_order = false
then.tag = ["again"]
""",
    )
    first = an_order(lines=(mug(grams=350),), note="A Gift, please")
    order_id = await desk.take(first)
    (firing,) = await fired(desk, order_id)
    assert firing["why"] == [
        "channel SHOP", "country DE", "country DE, none of these", "total 25.00 EUR", "weight 700 g", "2 units",
        "SKU MUG", "no tag vip", "the buyer's first order", "the note has “gift”",
    ]  # fmt: skip
    again = await desk.take(an_order(buyer=first.buyer, placed_at=at(600)))
    assert [firing["rule"] for firing in await fired(desk, again)] == ["Not the first"]


async def test_what_a_rule_set_is_a_fact_for_the_next_trigger_and_the_upper_rule_wins(desk: Desk) -> None:
    await give(
        desk,
        """
[[rule]]
name = "First"
when = "accepted"
then.service = "express"
then.tag = ["fast"]
[[rule]]
name = "Second"
when = "accepted"
if.tag = ["fast"]
then.note = "never in the same pass"
[[rule]]
name = "Third"
when = "accepted"
then.service = "economy"
then.note = "says so"
[[rule]]
name = "Later"
when = "dispatched"
if.tag = ["fast"]
if.service = ["express"]
then.priority = 9
""",
    )
    order_id = await desk.ship(an_order())
    told = {firing["rule"]: firing for firing in await fired(desk, order_id)}
    assert list(told) == ["First", "Third", "Later"]
    assert told["Third"]["did"] == ["note: says so"]
    assert told["Third"]["not_done"] == ["service economy: a rule further up had set express"]
    assert told["Later"]["why"] == ["tag fast", "service express"]


async def test_another_merchants_rules_never_act(desk: Desk) -> None:
    text = (
        "\n".join(
            f'[[rule]]\nname = "{trigger} {action}"\nwhen = "{trigger}"\n{DOES[action]}'
            for trigger, action in itertools.product(set(Trigger) - {Trigger.OVERDUE}, sorted(FITS[Trigger.DELIVERED]))
        )
        + '\n[[rule]]\nname = "late"\nwhen = "overdue"\nstate = "in_progress"\nhours = 1\nthen.note = "late"'
    )
    await give(desk, text, merchant=MERCHANT + 1)
    order_id = await _delivered(desk)
    desk.world.clock.advance(timedelta(hours=5))
    assert await sweep_rules(desk.world.services) == 0
    assert await fired(desk, order_id) == []
    assert await mark(desk, order_id) == {}
    assert await list_rules(desk.world.database, MERCHANT) == ()
    assert (await desk.order(order_id))["state"] is Lifecycle.IN_PROGRESS


async def test_a_merchant_without_rules_costs_no_statement(desk: Desk) -> None:
    async def statements() -> int:
        await desk.tell(*(an_order() for _ in range(3)))
        await desk.take_in()
        await desk.settle()
        before = desk.world.database.statements
        await desk.orders()
        return desk.world.database.statements - before

    without = await statements()
    await give(desk, '[[rule]]\nname = "x"\nwhen = "accepted"\nthen.note = "x"', merchant=MERCHANT + 1)
    assert await statements() == without
    await give(desk, '[[rule]]\nname = "x"\nwhen = "accepted"\nif.country = ["FR"]\nthen.note = "x"')
    assert await statements() == without + 2, "one where rules wait for what happened, one where routing made orders"


async def test_without_somebody_who_mails_the_timeline_says_so(desk: Desk) -> None:
    await give(desk, f'[[rule]]\nname = "Tell"\nwhen = "accepted"\n{DOES["notify"]}')
    (firing,) = await fired(desk, await desk.take(an_order()))
    assert firing["did"] == []
    assert firing["not_done"] == ["notify ops@example.com: no account that sends e-mail is connected"]
    assert await desk.messages(Kind.NOTIFY) == []


async def test_two_parcels_of_an_order_make_a_rule_act_once(desk: Desk) -> None:
    await desk.count(MUG=0, CUP=5)
    await desk.count("munich", MUG=5)
    await give(desk, f'[[rule]]\nname = "Once"\nwhen = "dispatched"\n{DOES["note"]}')
    lines = (mug(), mug(external_id="L2", sku="CUP", listing_id="V2"))
    order_id = await desk.ship(an_order(lines=lines))
    assert await desk.works_of(order_id) == [Work.DISPATCHED, Work.DISPATCHED]
    assert len(await fired(desk, order_id)) == 1


async def test_trying_says_what_would_act_and_writes_nothing(desk: Desk) -> None:
    ordered = await _delivered(desk)
    held = await _held(desk)
    desk.world.clock.advance(timedelta(hours=5))
    tables = ("events", "holds", "outbox", "automation_firings", "automation_sets", "order_marks", "audit")
    count = " + ".join(f"(SELECT count(*) FROM {table})" for table in tables)
    before = await desk.world.value(f"SELECT {count}")
    text = """
[[rule]]
name = "Tag"
when = "accepted"
then.tag = ["vip"]
[[rule]]
name = "Arrived"
when = "delivered"
if.tag = ["vip"]
then.note = "there"
[[rule]]
name = "Unknown goods"
when = "held"
reason = ["mapping"]
then.notify = "ops@example.com"
[[rule]]
name = "Waits too long"
when = "overdue"
state = "received"
hours = 4
then.priority = 9
"""
    tried = await try_rules(desk.world.database, desk.world.clock, MERCHANT, text, 10)
    assert (tried.orders, tried.matched) == (2, 2)
    assert [(f.order_id, f.rule) for f in tried.firings] == [
        (str(held), "Unknown goods"), (str(held), "Waits too long"), (str(ordered), "Tag"), (str(ordered), "Arrived"),
    ]  # fmt: skip
    assert [tally.orders for tally in tried.by_rule] == [1, 1, 1, 1]
    assert await desk.world.value(f"SELECT {count}") == before
    assert (await try_rules(desk.world.database, desk.world.clock, MERCHANT + 1, text, 10)).orders == 0


async def test_what_happened_outside_the_line_is_found_by_the_clock(desk: Desk) -> None:
    """An event that no stage wrote, as a person's hand-over is written."""
    order_id = await desk.take(an_order())
    await give(desk, f'[[rule]]\nname = "Gone"\nwhen = "dispatched"\n{DOES["note"]}')
    await desk.world.database.plain.execute(
        """INSERT INTO events (merchant_id, subject_id, seq, order_id, kind, actor, source, occurred_at, recorded_at)
           SELECT merchant_id, id, version + 1, id, 'dispatched', 'user:1', 'hub', $2, $2 FROM orders WHERE id = $1""",
        order_id, desk.world.clock.now(),
    )  # fmt: skip
    await desk.world.database.plain.execute("UPDATE orders SET version = version + 1 WHERE id = $1", order_id)
    assert await sweep_rules(desk.world.services) == 1
    assert await sweep_rules(desk.world.services) == 0
    assert [firing["rule"] for firing in await fired(desk, order_id)] == ["Gone"]
