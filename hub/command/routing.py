"""`routing …`: the rules that say who ships what, and what other rules would have come to."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from hub.command import report
from hub.command.channels import ACTOR, MERCHANT, DryRun, Json, Opened, Run

File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="Rules as TOML.")]


def routing(run: Run) -> typer.Typer:
    """The group of commands."""
    group = typer.Typer(no_args_is_help=True, help="Who ships what: rules, promises, and what if.")
    for add in (_rules, _setting, _checking, _looking, _telling, _doing):
        add(group, run)
    return group


def _rules(group: typer.Typer, run: Run) -> None:
    @group.command("show")
    def show(
        version: Annotated[int, typer.Option(min=0, help="Of that version; 0: the newest.")] = 0,
        as_json: Json = False,
    ) -> None:
        """The rules in effect, as they were given. Example: python main.py routing show > rules.toml"""
        from hub.actions.routing_plans import show_plan

        async def work(parts: Opened) -> Any:
            found = await show_plan(parts.services, MERCHANT, version)
            if as_json:
                return found
            report.say(f"version {found.version}, by {found.made_by}" + (f": {found.note}" if found.note else ""))
            return found.source or found.plan

        run(work, as_json=as_json)


def _setting(group: typer.Typer, run: Run) -> None:
    @group.command("set")
    def put(
        file: File,
        note: Annotated[str, typer.Option(help="Why, for whoever reads it later.")] = "",
        dry_run: DryRun = False,
        as_json: Json = False,
    ) -> None:
        """Put rules into effect, as a new version. Example: python main.py routing set rules.toml --note autumn"""
        from hub.actions.routing_plans import NewPlan, check_plan, set_plan

        async def work(parts: Opened) -> Any:
            source = report.text_of(file)
            if dry_run:
                made = await check_plan(parts.services, MERCHANT, source)
            else:
                new = NewPlan(merchant_id=MERCHANT, source=source, actor=ACTOR, note=note)
                made = await set_plan(parts.services, new)
            _warn(made.warnings)
            if as_json:
                return made
            report.say("these rules can be set" if dry_run else f"version {made.version} is in effect within seconds")
            return None

        run(work, as_json=as_json)


def _checking(group: typer.Typer, run: Run) -> None:
    @group.command("check")
    def check(file: File, as_json: Json = False) -> None:
        """Read rules and say what is wrong; writes nothing. Example: python main.py routing check rules.toml"""
        from hub.actions.routing_plans import check_plan

        async def work(parts: Opened) -> Any:
            found = await check_plan(parts.services, MERCHANT, report.text_of(file))
            _warn(found.warnings)
            if as_json:
                return found
            report.say(f"{len(found.plan.rules)} rules can be set")
            return None

        run(work, as_json=as_json)


def _warn(warnings: tuple[str, ...]) -> None:
    for warning in warnings:
        report.say(f"note: {warning}")


def _looking(group: typer.Typer, run: Run) -> None:
    @group.command("simulate")
    def simulate(
        rules: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="The other rules, as TOML.")],
        days: Annotated[int, typer.Option(min=1, max=3660, help="Orders of so many days.")] = 30,
        as_json: Json = False,
    ) -> None:
        """Past orders under other rules; writes nothing. Example: python main.py routing simulate --rules new.toml"""
        from hub.actions.routing_simulate import simulate as replay

        async def work(parts: Opened) -> Any:
            found = await replay(parts.services, MERCHANT, days, report.text_of(rules))
            _warn(found.warnings)
            if as_json:
                return found
            report.say(f"{found.orders} orders since {found.since:%Y-%m-%d}, replayed twice in {found.seconds} s")
            return _table(found)

        run(work, as_json=as_json)


def _telling(group: typer.Typer, run: Run) -> None:
    @group.command("explain")
    def explain(number: str, as_json: Json = False) -> None:
        """Why an order ships from where it does. Example: python main.py routing explain 1001"""
        from hub.actions.show_order import find_order, show_order

        async def work(parts: Opened) -> Any:
            database = parts.services.database
            return (await show_order(database, MERCHANT, await find_order(database, MERCHANT, number))).routing

        run(work, as_json=as_json)

    @group.command("promises")
    def promises(
        days: Annotated[int, typer.Option(min=1, max=3660, help="Promises of so many days.")] = 30,
        as_json: Json = False,
    ) -> None:
        """Promises given and what happened, by location. Example: python main.py routing promises --days 7"""
        from hub.actions.routing_report import report_promises

        run(lambda parts: report_promises(parts.services, MERCHANT, days), as_json=as_json)


def _table(found: Any) -> list[dict[str, object]]:
    """What is compared, a line each."""
    names = ("routed", "waiting", "shipments", "split_orders", "cost", "promise_kept", "promise_broken")
    happened = {"routed": found.really.orders}
    rows: list[dict[str, object]] = [
        {
            "": name.replace("_", " "),
            "really": str(happened.get(name, getattr(found.really, name, "–"))),
            "rules now": str(getattr(found.now, name)),
            "these rules": str(getattr(found.then, name)),
        }
        for name in names
    ]
    for code in found.then.stock_left:
        left = {"rules now": str(found.now.stock_left.get(code, 0)), "these rules": str(found.then.stock_left[code])}
        rows.append({"": f"units left at {code}", "really": "–", **left})
    return rows


def _doing(group: typer.Typer, run: Run) -> None:
    @group.command("reject")
    def reject(
        fulfillment: str,
        reason: Annotated[str, typer.Option(help="Why the location does not ship it.")] = "rejected",
        as_json: Json = False,
    ) -> None:
        """A location does not ship: another is looked for. Example: python main.py routing reject 1001-F1"""
        from hub.actions.routing_reject import Rejection, reject_fulfillment

        asked = Rejection(merchant_id=MERCHANT, fulfillment=fulfillment, reason=reason, actor=ACTOR)
        run(lambda parts: reject_fulfillment(parts.services, asked), as_json=as_json)
