"""`automation …`: a merchant's rules: when something happens to an order, do so and so."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from hub.command import report
from hub.command.channels import ACTOR, MERCHANT, Json, Opened, Run

RulesFile = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="Rules as TOML.")]


def automation(run: Run) -> typer.Typer:
    """The group of commands."""
    group = typer.Typer(no_args_is_help=True, help="Rules: when something happens to an order, do so and so.")
    _showing(group, run)
    _writing(group, run)
    _trying(group, run)
    return group


def _showing(group: typer.Typer, run: Run) -> None:
    @group.command("show")
    def show(
        version: Annotated[int, typer.Option(min=0, help="An older version; default: the one that counts.")] = 0,
        toml: Annotated[bool, typer.Option("--toml", help="The rules as they were written.")] = False,
        as_json: Json = False,
    ) -> None:
        """The rules, and how often each acted. Example: python main.py automation show --toml > rules.toml"""
        from hub.actions.automation_rules import list_rules, stored_rules

        async def work(parts: Opened) -> Any:
            database = parts.services.database
            stored = await stored_rules(database, MERCHANT, version)
            if toml and not as_json:
                typer.echo(stored.source, nl=False)
                return None
            if version or as_json:
                return stored
            report.say(f"version {stored.version}" if stored.version else "no rules yet")
            return await list_rules(database, MERCHANT)

        run(work, as_json=as_json)


def _writing(group: typer.Typer, run: Run) -> None:
    @group.command("check")
    def check(file: RulesFile, as_json: Json = False) -> None:
        """What is wrong or odd about rules. Example: python main.py automation check rules.toml"""
        from hub.actions.automation_rules import check_rules

        run(lambda parts: check_rules(parts.services.database, MERCHANT, _text(file)), as_json=as_json)

    @group.command("set")
    def put(
        file: RulesFile,
        anyway: Annotated[bool, typer.Option("--anyway", help="Save although there are conflicts.")] = False,
        as_json: Json = False,
    ) -> None:
        """Save rules as the version that counts. Example: python main.py automation set rules.toml"""
        from hub.actions.automation_rules import set_rules

        run(lambda p: set_rules(p.services, MERCHANT, _text(file), ACTOR, anyway=anyway), as_json=as_json)


def _trying(group: typer.Typer, run: Run) -> None:
    @group.command("try")
    def tried(
        rules: Annotated[
            Path | None, typer.Option(exists=True, dir_okay=False, help="Default: the saved ones.")
        ] = None,
        last: Annotated[int, typer.Option(min=1, max=10_000, help="How many of the newest orders.")] = 100,
        as_json: Json = False,
    ) -> None:
        """What rules would have done. Example: python main.py automation try --rules r.toml --last 500"""
        from hub.actions.automation_rules import stored_rules
        from hub.actions.automation_try import try_rules

        async def work(parts: Opened) -> Any:
            services = parts.services
            text = _text(rules) if rules else (await stored_rules(services.database, MERCHANT)).source
            found = await try_rules(services.database, services.clock, MERCHANT, text, last)
            if as_json:
                return found
            report.say(f"{found.matched} of {found.orders} orders; nothing was written")
            for tally in found.by_rule:
                report.say(f"{tally.rule} ({tally.when}): {tally.orders}")
            return found.firings

        run(work, as_json=as_json)


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8", errors="replace")
