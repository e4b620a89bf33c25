"""`verify …`: is the store as it should be, and as the channels have it?"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hub.command.channels import MERCHANT, Json, Opened, Run


def verify(run: Run) -> typer.Typer:
    """The group of commands; called alone it checks the invariants."""
    group = typer.Typer(invoke_without_command=True)

    @group.callback()
    def invariants(context: typer.Context, as_json: Json = False) -> None:
        """The invariants, on the store as it is. Example: python main.py verify --json"""
        from hub.actions.verify_store import verify_store

        if context.invoked_subcommand is None:
            run(lambda parts: verify_store(parts.services.database), as_json=as_json)

    @group.command("orders")
    def orders(
        account: Annotated[str, typer.Option(help="Id or name of the account.")],
        last: Annotated[int, typer.Option(min=1, max=10_000, help="How many of its newest orders.")] = 100,
        pull: Annotated[bool, typer.Option("--pull", help="Bring in what is missing.")] = False,
        as_json: Json = False,
    ) -> None:
        """Ask a channel for its last orders and compare. Example: python main.py verify orders --account 7 --last 50"""
        from hub.actions.bring_orders import bring_orders
        from hub.actions.find_account import find_account
        from hub.actions.verify_orders import verify_orders

        async def work(parts: Opened) -> Any:
            account_id = await find_account(parts.services.database, MERCHANT, account)
            compared, listed = await verify_orders(parts.services, account_id, last)
            if not pull:
                return compared
            async with parts.inbox() as inbox:
                return await bring_orders(parts.services, inbox, account_id, compared, listed)

        run(work, as_json=as_json)

    return group
