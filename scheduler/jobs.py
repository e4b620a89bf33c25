"""The table of jobs: what comes up when, and which action does it.

An `AccountJob` does its action for each of its accounts by itself: own slot, own task, own time limit, so that one slow
or broken account delays no other. `when` is its pace unless the account brings its own (a connector's `poll_every`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from hub.actions.automation_sweep import sweep_rules
from hub.actions.compare_stock import compare_stock, stock_readers
from hub.actions.expire_holds import expire_holds
from hub.actions.fire_slots import clean_firings
from hub.actions.floor_once import clean_keys
from hub.actions.floor_rules import release_due_waves
from hub.actions.forget_people import forget_people, forgetful
from hub.actions.give_up_waiting import give_up_waiting, overdue
from hub.actions.import_products import import_products, product_listers
from hub.actions.nudge_account import nudged
from hub.actions.pull_notices import noticed, pull_notices
from hub.actions.pull_orders import Keeps, pollable, pull_orders
from hub.actions.reassert_stock import reassert_stock, stock_takers
from hub.actions.refresh_tracking import carriers, refresh_tracking
from hub.actions.renew_credentials import renew_credentials, renewable
from hub.actions.repair_webhooks import hearing, repair_webhooks
from hub.actions.services import Services
from hub.actions.stock_reserve import expire_reservations
from hub.actions.targets import Target
from hub.actions.wake_forgotten import wake_forgotten
from scheduler.times import Cron, When, hours, minutes, seconds


@dataclass(frozen=True, slots=True)
class Job:
    """One thing for the whole installation. `limit`: seconds after which a firing is stopped."""

    name: str
    when: When
    action: Callable[[Services], Awaitable[object]]
    limit: float = 300.0


@dataclass(frozen=True, slots=True)
class AccountJob:
    """One thing for each of `accounts`, on its own. `concern`: where the account's health tells of it, if it does."""

    name: str
    when: When
    accounts: Callable[[Services], Awaitable[Sequence[Target]]]
    action: Callable[[Services, Keeps, int], Awaitable[object]]
    limit: float = 300.0
    concern: str = ""


async def _stock(services: Services, _inbox: Keeps, account_id: int) -> object:
    return await reassert_stock(services, account_id)


async def _compare(services: Services, _inbox: Keeps, account_id: int) -> object:
    return await compare_stock(services, account_id)


async def _products(services: Services, _inbox: Keeps, account_id: int) -> object:
    return await import_products(services, account_id, create=False)


async def _credentials(services: Services, _inbox: Keeps, account_id: int) -> object:
    return await renew_credentials(services, account_id)


async def _people(services: Services, _inbox: Keeps, account_id: int) -> object:
    return await forget_people(services, account_id)


JOBS: tuple[Job | AccountJob, ...] = (
    AccountJob("poll",            minutes(1),         pollable,     pull_orders,      180, "poll"),
    AccountJob("nudged",          seconds(15),        nudged,       pull_orders,      180, "poll"),
    AccountJob("notices",         minutes(1),         noticed,      pull_notices,     180, "notices"),
    AccountJob("repair_webhooks", hours(1),           hearing,      repair_webhooks,  300, "webhooks"),
    AccountJob("track",           hours(6),           carriers,     refresh_tracking, 900, "tracking"),
    AccountJob("reassert_stock",  hours(6),           stock_takers, _stock,           900),
    AccountJob("compare_stock",   hours(1),           stock_readers, _compare,        300, "stock"),
    AccountJob("products",        hours(24),          product_listers, _products,     900, "products"),
    AccountJob("renew_credentials", hours(24),        renewable,    _credentials,     120, "credentials"),
    AccountJob("forget_people",   hours(24),          forgetful,    _people,          600),
    AccountJob("give_up_waiting", minutes(10),        overdue,      give_up_waiting),
    Job("expire_holds",           seconds(30),        expire_holds),
    Job("automation",             minutes(1),         sweep_rules),
    Job("expire_reservations",    seconds(30),        expire_reservations),
    Job("waves",                  minutes(1),         release_due_waves),
    Job("wake_forgotten",         minutes(5),         wake_forgotten),
    Job("clean_firings",          Cron("10 3 * * *"), clean_firings),
    Job("clean_scan_keys",        Cron("20 3 * * *"), clean_keys),
)  # fmt: skip
"""`poll`: the pace of each connector's `About.poll_every`; `when` is only what an account without one would get.
`nudged`: an account that has news is pulled at the next look, and not twice within that pace."""

LOOK_SECONDS = 3.0
"""How often the accounts of account jobs are looked through for one whose slot has come."""
