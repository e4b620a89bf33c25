"""`orders …`, `stock …`, `user …`, `token …`: what the store holds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from hub.command import report
from hub.command.channels import ACTOR, MERCHANT, MINUS, DryRun, Json, Opened, Run


def orders(run: Run) -> typer.Typer:
    """The group of commands."""
    group = typer.Typer(no_args_is_help=True, help="Look at orders, import them from files.")
    _importing(group, run)
    _releasing(group, run)

    @group.command("list")
    def listed(
        phase: Annotated[str, typer.Option(help="Only orders in this phase.")] = "",
        channel: Annotated[str, typer.Option(help="Only orders of this account or kind.")] = "",
        search: Annotated[str, typer.Option(help="Number, e-mail, tracking number or part of a name.")] = "",
        limit: Annotated[int, typer.Option(min=1, max=200)] = 50,
        as_json: Json = False,
    ) -> None:
        """Newest first. Example: python main.py orders list --phase on_hold"""
        from hub.actions.list_orders import OrderQuery, list_orders

        query = OrderQuery(phase=phase, channel=channel, search=search, limit=limit)
        run(lambda parts: list_orders(parts.services.database, MERCHANT, query), as_json=as_json)

    @group.command("show")
    def show(number: str, as_json: Json = False) -> None:
        """One order with everything. Example: python main.py orders show NO-1001"""
        from hub.actions.show_order import find_order, show_order

        async def work(parts: Opened) -> Any:
            database = parts.services.database
            return await show_order(database, MERCHANT, await find_order(database, MERCHANT, number))

        run(work, as_json=as_json)

    return group


def _releasing(group: typer.Typer, run: Run) -> None:
    @group.command("release")
    def release(
        reason: Annotated[str, typer.Option(help="Which holds: fraud, address, payment, duplicate …")],
        resolution: Annotated[str, typer.Option(help="What is done: accept, cancel, retry, use_suggestion …")],
        note: Annotated[str, typer.Option(help="For the audit trail.")] = "",
        dry_run: DryRun = False,
        as_json: Json = False,
    ) -> None:
        """All holds of a reason. Example: python main.py orders release --reason address --resolution use_suggestion"""
        from hub.actions.release_holds import Releases, release_holds

        asked = Releases(
            merchant_id=MERCHANT, resolution=resolution, actor=ACTOR, reason=reason, note=note, dry_run=dry_run
        )

        async def work(parts: Opened) -> Any:
            done = await release_holds(parts.services, asked)
            if as_json:
                return done
            verb = "would be released" if dry_run else "released"
            report.say(f"{done.released} of {len(done.holds)} {verb}{'; there are more' if done.more else ''}")
            return report.Rows(done.holds, done.failed)

        run(work, as_json=as_json)


def _importing(group: typer.Typer, run: Run) -> None:
    @group.command("import")
    def imported(  # noqa: PLR0913, PLR0917 - options that people type
        account: Annotated[str, typer.Option(help="Id or name of the account that the orders belong to.")],
        file: Annotated[
            Path | None, typer.Argument(exists=True, dir_okay=False, help="CSV or JSON; default: the account's path.")
        ] = None,
        columns: Annotated[list[str] | None, typer.Option("--map", help="THEIRS=ours, for a column.")] = None,
        fixed: Annotated[
            list[str] | None, typer.Option("--set", help="ours=value, for what the file does not say.")
        ] = None,
        mapping: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="Both, as TOML.")] = None,
        dry_run: DryRun = False,
        as_json: Json = False,
    ) -> None:
        """Orders from CSV or JSON. Example: python main.py orders import orders.csv --account Wholesale --dry-run"""
        from hub.actions.import_orders import Asked, import_orders
        from hub.command import importing

        async def work(parts: Opened) -> Any:
            how = importing.how(mapping, columns or (), fixed or ())
            asked = Asked(merchant_id=MERCHANT, account=account, file=file, how=how, dry_run=dry_run)
            tell = importing.teller(dry_run, as_json)
            async with parts.inbox() as inbox:
                done = await import_orders(parts.services, inbox, asked, tell)
            return done if as_json else importing.summary(done)

        run(work, as_json=as_json)


def stock(run: Run) -> typer.Typer:
    """The group of commands."""
    group = typer.Typer(no_args_is_help=True, help="Products, locations and how many lie where.")
    _counting(group, run)

    @group.command("location")
    def location(
        code: str,
        address: Annotated[
            str, typer.Option(help='JSON: {"company": …, "line1": …, "city": …, "country": …}; a new place needs it.')
        ] = "",
        automatic: Annotated[
            bool | None, typer.Option("--automatic/--by-people", help="Picks and packs by itself, or people do.")
        ] = None,
        at: Annotated[str, typer.Option(help="LATITUDE,LONGITUDE; a new place without: from its postcode.")] = "",
    ) -> None:
        """Add a place, or change what is told. Example: python main.py stock location BER --address '{"line1": …}'"""
        from hub.actions.add_location import add_location, read_location

        run(lambda parts: add_location(parts.services, MERCHANT, read_location(code, address, automatic, at)))

    @group.command("show")
    def show(
        search: Annotated[str, typer.Option(help="Part of a SKU or title.")] = "",
        after: Annotated[str, typer.Option(help="Last SKU of the page before.")] = "",
        as_json: Json = False,
    ) -> None:
        """How many lie where. Example: python main.py stock show --search MUG"""
        from hub.actions.list_stock import StockQuery, list_stock

        query = StockQuery(search=search, after=after)
        run(lambda parts: list_stock(parts.services.database, MERCHANT, query), as_json=as_json)

    return group


def _counting(group: typer.Typer, run: Run) -> None:
    @group.command("import")
    def imported(
        file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
        dry_run: DryRun = False,
        as_json: Json = False,
    ) -> None:
        """Products, listings and counts from CSV. Example: python main.py stock import stock.csv"""
        from hub.actions.import_stock import import_stock, read_csv

        async def work(parts: Opened) -> Any:
            lines = read_csv(report.text_of(file))
            return {"lines": len(lines)} if dry_run else await import_stock(parts.services, MERCHANT, lines)

        run(work, as_json=as_json)

    @group.command("set", context_settings=MINUS)
    def counted(
        sku: str,
        location: str,
        units: Annotated[int, typer.Argument(help="Counted, not added.")],
        as_json: Json = False,
    ) -> None:
        """Say how many lie there. Example: python main.py stock set MUG-BLUE BER 40"""
        from hub.actions.set_stock import SetStock, set_stock

        asked = SetStock(merchant_id=MERCHANT, sku=sku, location=location, units=units)
        run(lambda parts: set_stock(parts.services, asked), as_json=as_json)


def users(run: Run) -> typer.Typer:
    """The group of commands."""
    group = typer.Typer(no_args_is_help=True, help="People who may sign in.")

    @group.callback()
    def only() -> None:
        """Keeps `add` a command of its own."""

    @group.command("add")
    def add(
        email: str,
        password: Annotated[str, typer.Option(prompt=True, hide_input=True, confirmation_prompt=True)],
        role: Annotated[str, typer.Option(help="merchant or agent.")] = "merchant",
    ) -> None:
        """Let a person sign in to the console. Example: python main.py user add ann@example.com"""
        from hub.actions.create_user import NewUser, create_user

        new = NewUser(merchant_id=MERCHANT, email=email, role=role, password=password)
        run(lambda parts: create_user(parts.services, new, ACTOR))

    return group


def tokens(run: Run) -> typer.Typer:
    """The group of commands."""
    group = typer.Typer(no_args_is_help=True, help="Bearer tokens of the API.")

    @group.callback()
    def only() -> None:
        """Keeps `create` a command of its own."""

    @group.command("create")
    def create(
        name: Annotated[str, typer.Option(help="What uses it.")],
        role: Annotated[str, typer.Option(help="merchant, agent or api.")] = "api",
        as_json: Json = False,
    ) -> None:
        """A bearer token, shown once. Example: python main.py token create --role api --name erp"""
        from hub.actions.create_token import NewToken, create_token

        async def work(parts: Opened) -> Any:
            made = await create_token(parts.services, NewToken(merchant_id=MERCHANT, name=name, role=role), ACTOR)
            return {"token": made} if as_json else made

        run(work, as_json=as_json)

    return group
