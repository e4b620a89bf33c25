"""`terms …`: customers who pay later, and how much they may owe."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hub.command import report
from hub.command.channels import ACTOR, MERCHANT, DryRun, Json, Opened, Run
from hub.domain import money
from hub.domain import terms as rules

Currency = Annotated[str, typer.Option(help="Three letters of ISO 4217.")]
Email = Annotated[str, typer.Argument(help="The e-mail address that orders come from.")]


def terms(run: Run) -> typer.Typer:
    """The group of commands."""
    group = typer.Typer(no_args_is_help=True, help="Customers who pay later, and how much they may owe.")
    for add_commands in (_agreeing, _looking):
        add_commands(group, run)
    return group


def _agreeing(group: typer.Typer, run: Run) -> None:
    @group.command("set")
    def put(  # noqa: PLR0913, PLR0917 - options that people type
        email: Email,
        limit: Annotated[str, typer.Option(help="What may be owed, like 2500.00.")],
        currency: Currency = "EUR",
        days: Annotated[int, typer.Option(help="How many days until it is paid.")] = 30,
        dry_run: DryRun = False,
        as_json: Json = False,
    ) -> None:
        """Agree on terms, or change them. Example: python main.py terms set buyer@example.com --limit 2500 --days 30"""
        from hub.actions.set_terms import set_terms

        async def work(parts: Opened) -> Any:
            agreed = rules.agreed(email, currency, limit, days)
            changed = not dry_run and await set_terms(parts.services, MERCHANT, agreed, ACTOR)
            if not as_json and not dry_run:
                report.say("agreed" if changed else "nothing changes: these are the terms already")
            return agreed if as_json or dry_run else await _shown(parts, (agreed.email, agreed.currency))

        run(work, as_json=as_json)

    @group.command("remove")
    def remove(email: Email, currency: Currency = "EUR", dry_run: DryRun = False, as_json: Json = False) -> None:
        """Sell nothing more on terms; what is accepted stays here until it is paid. Example: python main.py terms
        remove buyer@example.com --currency EUR"""
        from hub.actions.list_terms import show_terms
        from hub.actions.set_terms import end_terms

        async def work(parts: Opened) -> Any:
            of = rules.of(email, currency)
            if dry_run:
                return await show_terms(parts.services.database, MERCHANT, of)
            await end_terms(parts.services, MERCHANT, of, ACTOR)
            return await show_terms(parts.services.database, MERCHANT, of) if as_json else await _shown(parts, of)

        run(work, as_json=as_json)


def _looking(group: typer.Typer, run: Run) -> None:
    @group.command("list")
    def accounts(
        search: Annotated[str, typer.Option(help="A part of the e-mail address.")] = "", as_json: Json = False
    ) -> None:
        """Who pays later, what they may owe and what they owe. Example: python main.py terms list"""
        from hub.actions.list_terms import TermsQuery, list_terms

        async def work(parts: Opened) -> Any:
            page = await list_terms(parts.services.database, MERCHANT, TermsQuery(search=search, limit=200))
            if not as_json and page.next:
                report.say("there are more; narrow it with --search, or use GET /api/v1/terms")
            return page if as_json else [_row(each) for each in page.terms]

        run(work, as_json=as_json)

    @group.command("show")
    def show(email: Email, currency: Currency = "EUR", as_json: Json = False) -> None:
        """One account, and the orders that make up its balance. Example: python main.py terms show buyer@example.com"""
        from hub.actions.list_terms import show_terms

        async def work(parts: Opened) -> Any:
            of = rules.of(email, currency)
            return await show_terms(parts.services.database, MERCHANT, of) if as_json else await _shown(parts, of)

        run(work, as_json=as_json)


async def _shown(parts: Opened, of: tuple[str, str]) -> list[dict[str, Any]]:
    """The account in words, and a table of what counts."""
    from hub.actions.list_terms import show_terms

    found = await show_terms(parts.services.database, MERCHANT, of)
    row = _row(found.terms)
    report.say(", ".join(f"{name} {value}" for name, value in row.items() if value not in {"", 0}))
    return [
        {
            "order": order.number,
            "placed": order.placed_at.date().isoformat(),
            "due": money.major(order.due, of[1]),
            "of": money.major(order.total, of[1]),
            "shipped": "yes" if order.shipped else "",
        }
        for order in found.orders
    ]


def _row(account: Any) -> dict[str, Any]:
    in_major = {name: money.major(getattr(account, name), account.currency) for name in ("limit", "owed", "left")}
    return {
        "customer": account.email,
        "currency": account.currency,
        **in_major,
        "days": account.days,
        "orders": account.orders,
        "held": account.held,
        "ended": account.ended_at.date().isoformat() if account.ended_at else "",
    }
