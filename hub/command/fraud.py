"""`fraud …`: rules of review, tried on past orders before they are switched on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.command import report
from hub.command.channels import ACTOR, MERCHANT, DryRun, Json, Opened, Run

if TYPE_CHECKING:
    from hub.domain.fraud_rules import RuleSet

RULES = "A TOML file, or the name of rules that come with the product: default, strict."


def fraud(run: Run) -> typer.Typer:
    """The group of commands."""
    group = typer.Typer(no_args_is_help=True, help="Rules that say which orders wait for a person.")

    @group.command("check")
    def check(
        rules: Annotated[str, typer.Option(help=RULES)] = "default",
        last: Annotated[int, typer.Option(min=1, max=100_000, help="How many of the newest orders.")] = 1000,
        as_json: Json = False,
    ) -> None:
        """What rules would have held, and why; writes nothing. Example: python main.py fraud check --rules my.toml"""
        from hub.actions.check_rules import check_rules
        from hub.actions.switch_rules import checked

        text = rules_text(rules)

        async def work(parts: Opened) -> Any:
            trial = await check_rules(parts.services.database, MERCHANT, checked(text), last)
            if not as_json:
                report.say(f"{trial.would_hold} of {trial.orders} orders would wait (from {trial.hold_at} points on)")
                report.say("rules that say something: " + ", ".join(f"{k} {n}" for k, n in trial.by_rule.items() if n))
            return trial if as_json else [_row(held) for held in trial.held]

        run(work, as_json=as_json)

    _switching(group, run)
    _showing(group, run)
    return group


def _switching(group: typer.Typer, run: Run) -> None:
    @group.command("switch")
    def switch(
        rules: Annotated[str, typer.Argument(help=RULES)], dry_run: DryRun = False, as_json: Json = False
    ) -> None:
        """Put rules in force, as a new version. Example: python main.py fraud switch my.toml"""
        from hub.actions.switch_rules import checked, switch_rules

        text = rules_text(rules)

        async def work(parts: Opened) -> Any:
            name = checked(text).name
            if dry_run:
                return {"name": name, "version": None}
            return {"name": name, "version": await switch_rules(parts.services, MERCHANT, text, ACTOR)}

        run(work, as_json=as_json)


def _showing(group: typer.Typer, run: Run) -> None:
    @group.command("show")
    def show(
        version: Annotated[int | None, typer.Option(min=0, help="0: those that come with the product.")] = None,
        as_json: Json = False,
    ) -> None:
        """The rules in force, as TOML. Example: python main.py fraud show > rules.toml"""
        from hub.actions.show_rules import show_rules

        async def work(parts: Opened) -> Any:
            rules = await show_rules(parts.services.database, MERCHANT, version)
            return rules if as_json else rules.text

        run(work, as_json=as_json)


def rules_text(given: str) -> str:
    """The text of shipped rules by their name, else of a file."""
    from hub.domain.fraud_default import SHIPPED

    if given in SHIPPED:
        return SHIPPED[given]
    try:
        return Path(given).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"{given} cannot be read ({error}); shipped: {', '.join(SHIPPED)}") from None


def rules_of(given: str) -> RuleSet:
    """The rules that `given` means. Raises `Invalid` for rules that cannot be read."""
    from hub.domain.fraud_reading import read

    return read(rules_text(given))


def _row(held: Any) -> dict[str, Any]:
    return {
        "order": held.number,
        "score": held.score,
        "rules": ", ".join(f"{why['rule']} {why['points']:+}" for why in held.rules),
        "then": held.lifecycle,
        "was held": "yes" if held.was_held else "",
    }
